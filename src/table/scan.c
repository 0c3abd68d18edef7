/*
 * scan.c
 *	  Table scans: heap's scan for the hot rows, a cursor for the segments.
 *
 * A scan owns a child scan that heapam began with the same parameters.  The
 * child does what it does for a heap: relation reference, predicate lock on
 * the relation (which covers segment rows as well), ring buffer, synchronised
 * and parallel scanning of the hot blocks, and it unregisters a snapshot that
 * belongs to the scan (SO_TEMP_SNAPSHOT).  Our own copy of the flags never has
 * that bit, except when the executor gives the scan a snapshot afterwards
 * (table_scan_update_snapshot); that one we unregister ourselves.
 *
 * Phases are described in scan.h.  heapam's scan restarts when it is asked
 * again after its end, from the side that the direction says, which is just
 * what walking back from the segments into the hot rows needs.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/skey.h"
#include "pgstat.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "table/analyze.h"
#include "table/bitmap.h"
#include "table/parallel.h"
#include "table/sample.h"
#include "table/moved.h"
#include "table/scan.h"
#include "write/bulk.h"
#include "write/size.h"

TableScanDesc
scan_begin(Relation rel, Snapshot snapshot, int nkeys,
		   struct ScanKeyData *key, ParallelTableScanDesc pscan, uint32 flags)
{
	RustsScan	scan = palloc0(sizeof(RustsScanData));

	bulk_write_pending(rel);
	scan->heap = heap_beginscan(rel, snapshot, nkeys, key, pscan, flags);
	scan->base = *scan->heap;
	scan->base.rs_flags &= ~SO_TEMP_SNAPSHOT;
	scan->parent = CurrentMemoryContext;
	scan->phase = SCAN_INITIAL;
	cursor_init(&scan->cursor, rel, snapshot);

	/* relation_size may have told ANALYZE of a block that is not there */
	if (size_is_inflated(rel))
		((HeapScanDesc) scan->heap)->rs_nblocks = 0;
	return &scan->base;
}

/* Everything but the child. */
void
scan_free_wrapper(RustsScan scan)
{
	cursor_close(&scan->cursor);
	analyze_end(scan);
	sample_end(scan);
	bitmap_end(scan);
	if (scan->base.rs_flags & SO_TEMP_SNAPSHOT)
		UnregisterSnapshot(scan->base.rs_snapshot);
	pfree(scan);
}

void
scan_end(TableScanDesc sscan)
{
	RustsScan	scan = (RustsScan) sscan;
	TableScanDesc heap = scan->heap;

	scan_free_wrapper(scan);
	heap_endscan(heap);
}

void
scan_rescan(TableScanDesc sscan, struct ScanKeyData *key, bool set_params,
			bool allow_strat, bool allow_sync, bool allow_pagemode)
{
	RustsScan	scan = (RustsScan) sscan;

	heap_rescan(scan->heap, key, set_params, allow_strat, allow_sync,
				allow_pagemode);
	scan->base.rs_flags = (scan->heap->rs_flags & ~SO_TEMP_SNAPSHOT) |
		(scan->base.rs_flags & SO_TEMP_SNAPSHOT);
	scan->phase = SCAN_INITIAL;

	/* the directory cannot change for an MVCC snapshot: keep it */
	if (scan->cursor.snapshot == NULL || !IsMVCCSnapshot(scan->cursor.snapshot))
		cursor_close(&scan->cursor);
	cursor_set_range(&scan->cursor, 0, ROWID_NUMBER_MAX);
	analyze_end(scan);
	sample_end(scan);
	bitmap_restart(scan);
}

/* Do scan keys, if any, accept the row?  heapam does this for hot rows. */
static bool
scan_keys_match(RustsScan scan, TupleTableSlot *slot)
{
	ScanKey		keys = scan->heap->rs_key;
	int			i;

	for (i = 0; i < scan->heap->rs_nkeys; i++)
	{
		bool		isnull;
		Datum		value = slot_getattr(slot, keys[i].sk_attno, &isnull);

		if (isnull || (keys[i].sk_flags & SK_ISNULL) ||
			!DatumGetBool(FunctionCall2Coll(&keys[i].sk_func,
											keys[i].sk_collation, value,
											keys[i].sk_argument)))
			return false;
	}
	return true;
}

static bool
scan_hot(RustsScan scan, ScanDirection direction, TupleTableSlot *slot,
		 bool tidrange)
{
	const TupleTableSlotOps *ops = slot_lend_to_heap(slot);
	bool		found;

	do
	{
		if (tidrange)
			found = heap_getnextslot_tidrange(scan->heap, direction, slot);
		else
			found = heap_getnextslot(scan->heap, direction, slot);
	} while (found && moved_and_gone(scan->base.rs_rd, slot,
									 scan->heap->rs_snapshot));
	slot_take_back(slot, ops);
	return found;
}

/* The next segment row, of those that are this participant's. */
static bool
scan_segments_forward(RustsScan scan, TupleTableSlot *slot)
{
	for (;;)
	{
		while (!cursor_next(&scan->cursor, slot))
		{
			if (scan->base.rs_parallel == NULL ||
				!parallel_scan_claim(scan->base.rs_parallel, &scan->cursor))
				return false;
		}
		if (scan->heap->rs_nkeys == 0 || scan_keys_match(scan, slot))
			return true;
	}
}

static bool
scan_segments_backward(RustsScan scan, TupleTableSlot *slot)
{
	while (cursor_prev(&scan->cursor, slot))
	{
		if (scan->heap->rs_nkeys == 0 || scan_keys_match(scan, slot))
			return true;
	}
	return false;
}

/* Before the first segment row, coming from the hot rows. */
static void
scan_enter_segments(RustsScan scan)
{
	scan->phase = SCAN_SEGMENTS;
	if (scan->base.rs_parallel != NULL)
		cursor_set_range(&scan->cursor, 0, 0);	/* claim first */
	else
		cursor_set_range(&scan->cursor, scan->cursor.low, scan->cursor.high);
}

static bool
scan_forward(RustsScan scan, TupleTableSlot *slot, bool tidrange)
{
	switch (scan->phase)
	{
		case SCAN_INITIAL:
		case SCAN_BEFORE:
			scan->phase = SCAN_HOT;
			/* FALLTHROUGH */
		case SCAN_HOT:
			if (scan_hot(scan, ForwardScanDirection, slot, tidrange))
				return true;
			scan_enter_segments(scan);
			/* FALLTHROUGH */
		case SCAN_SEGMENTS:
			if (scan_segments_forward(scan, slot))
			{
				pgstat_count_heap_getnext(scan->base.rs_rd);
				return true;
			}
			scan->phase = SCAN_AFTER;
			break;
		case SCAN_AFTER:
			break;
	}
	ExecClearTuple(slot);
	return false;
}

static bool
scan_backward(RustsScan scan, TupleTableSlot *slot, bool tidrange)
{
	switch (scan->phase)
	{
		case SCAN_INITIAL:
		case SCAN_AFTER:
			scan->phase = SCAN_SEGMENTS;
			cursor_seek_end(&scan->cursor);
			/* FALLTHROUGH */
		case SCAN_SEGMENTS:
			if (scan_segments_backward(scan, slot))
			{
				pgstat_count_heap_getnext(scan->base.rs_rd);
				return true;
			}
			scan->phase = SCAN_HOT;
			/* FALLTHROUGH */
		case SCAN_HOT:
			if (scan_hot(scan, BackwardScanDirection, slot, tidrange))
				return true;
			scan->phase = SCAN_BEFORE;
			break;
		case SCAN_BEFORE:
			break;
	}
	ExecClearTuple(slot);
	return false;
}

bool
scan_getnextslot(TableScanDesc sscan, ScanDirection direction,
				 TupleTableSlot *slot)
{
	RustsScan	scan = (RustsScan) sscan;

	if (ScanDirectionIsForward(direction))
		return scan_forward(scan, slot, false);
	if (ScanDirectionIsBackward(direction))
		return scan_backward(scan, slot, false);
	return scan_hot(scan, direction, slot, false);
}

/* The row number of a TID; past a block's rows counts as its end. */
static uint64
scan_tid_number(ItemPointer tid, bool after)
{
	OffsetNumber offset = ItemPointerGetOffsetNumberNoCheck(tid);
	uint64		base;

	if (ItemPointerGetBlockNumberNoCheck(tid) < ROWID_BASE)
		return 0;
	base = rowid_number_of_block(rowid_block(tid));
	if (offset > ROWID_ROWS)
		return base + ROWID_ROWS;
	if (after)
		return base + offset;
	return base + Max(offset, FirstOffsetNumber) - 1;
}

void
scan_set_tidrange(TableScanDesc sscan, ItemPointer mintid, ItemPointer maxtid)
{
	RustsScan	scan = (RustsScan) sscan;

	heap_set_tidrange(scan->heap, mintid, maxtid);
	cursor_set_range(&scan->cursor, scan_tid_number(mintid, false),
					 scan_tid_number(maxtid, true));
}

bool
scan_getnextslot_tidrange(TableScanDesc sscan, ScanDirection direction,
						  TupleTableSlot *slot)
{
	RustsScan	scan = (RustsScan) sscan;

	if (ScanDirectionIsForward(direction))
		return scan_forward(scan, slot, true);
	if (ScanDirectionIsBackward(direction))
		return scan_backward(scan, slot, true);
	return scan_hot(scan, direction, slot, true);
}
