/*
 * index_validate.c
 *	  Second pass of CREATE INDEX CONCURRENTLY: add what is missing.
 *
 * The caller has sorted the TIDs of all index entries and wants every row that
 * the snapshot sees and that has no entry to get one.  Hot rows come in the
 * order of their TIDs and segment rows after them, as virtual TIDs sort after
 * all others, so a single merge is enough.
 *
 * A hot row is indexed under the root of its HOT chain, and roots are in order
 * by pages only: so the index's TIDs of a page are noted before its rows are
 * looked at.  The scan keeps the page pinned meanwhile, and a pinned page is
 * not pruned, so the roots of its rows do not change.
 *
 * heapam has this pass too, but for a heap.  Its insertions would compare a row
 * that must be unique with entries of segment rows, and fetch these as if they
 * were the heap's.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "catalog/index.h"
#include "catalog/pg_am_d.h"
#include "commands/progress.h"
#include "compat/compat.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/tuplesort.h"

#include "table/cursor.h"
#include "table/index_rows.h"
#include "table/index_validate.h"
#include "table/slot.h"

/* The sorted TIDs of the index. */
typedef struct TidStream
{
	Tuplesortstate *sort;
	ItemPointerData tid;		/* the next one */
	bool		done;
} TidStream;

typedef struct IndexValidate
{
	Relation	table;
	Relation	index;
	Snapshot	snapshot;
	ValidateIndexState *state;
	TidStream	stream;
	IndexRows	rows;
} IndexValidate;

/* The page that a scan of the hot rows is at; both by offset - 1. */
typedef struct HotPage
{
	BlockNumber block;
	OffsetNumber roots[MaxHeapTuplesPerPage];
	bool		in_index[MaxHeapTuplesPerPage];
} HotPage;

static void
index_validate_advance(TidStream *stream)
{
	Datum		value;
	bool		isnull;

	stream->done = !compat_tuplesort_getdatum(stream->sort, &value,
											  &isnull);
	if (stream->done)
		return;
	itemptr_decode(&stream->tid, DatumGetInt64(value));
#ifndef USE_FLOAT8_BYVAL
	pfree(DatumGetPointer(value));
#endif
}

/* Index the row in the slot under tid, if it belongs in the index. */
static void
index_validate_insert(IndexValidate *validate, ItemPointer tid)
{
	IndexRows  *rows = &validate->rows;
	bool		unique = rows->info->ii_Unique;

	if (!index_rows_form(rows))
		return;
	index_insert(validate->index, rows->values, rows->isnull, tid,
				 validate->table,
				 unique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO, false,
				 rows->info);
	validate->state->tups_inserted += 1;
}

/* ---------- hot rows ---------- */

/* The scan is at a new page. */
static void
index_validate_enter_page(IndexValidate *validate, HeapScanDesc scan,
						  HotPage *page)
{
	TidStream  *stream = &validate->stream;

	page->block = scan->rs_cblock;
	LockBuffer(scan->rs_cbuf, BUFFER_LOCK_SHARE);
	heap_get_root_tuples(BufferGetPage(scan->rs_cbuf), page->roots);
	LockBuffer(scan->rs_cbuf, BUFFER_LOCK_UNLOCK);
	memset(page->in_index, 0, sizeof(page->in_index));
	while (!stream->done &&
		   ItemPointerGetBlockNumber(&stream->tid) <= page->block)
	{
		OffsetNumber offset = ItemPointerGetOffsetNumber(&stream->tid);

		CHECK_FOR_INTERRUPTS();
		if (ItemPointerGetBlockNumber(&stream->tid) == page->block &&
			offset <= MaxHeapTuplesPerPage)
			page->in_index[offset - 1] = true;
		index_validate_advance(stream);
	}
	pgstat_progress_update_param(PROGRESS_SCAN_BLOCKS_DONE, page->block);
}

/* The offset under which an index has the scan's row. */
static OffsetNumber
index_validate_root(IndexValidate *validate, HeapTuple tuple,
					const HotPage *page)
{
	OffsetNumber offset = ItemPointerGetOffsetNumber(&tuple->t_self);

	if (!HeapTupleIsHeapOnly(tuple))
		return offset;
	if (!OffsetNumberIsValid(page->roots[offset - 1]))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg_internal("failed to find parent tuple for heap-only tuple at (%u,%u) in table \"%s\"",
								 page->block, offset,
								 RelationGetRelationName(validate->table))));
	return page->roots[offset - 1];
}

static bool
index_validate_next_hot(IndexValidate *validate, TableScanDesc scan)
{
	TupleTableSlot *slot = validate->rows.slot;
	const TupleTableSlotOps *ops = slot_lend_to_heap(slot);
	bool		found = heap_getnextslot(scan, ForwardScanDirection, slot);

	slot_take_back(slot, ops);
	return found;
}

static void
index_validate_hot(IndexValidate *validate)
{
	/* not a synchronised scan: it begins at the first block */
	TableScanDesc scan = heap_beginscan(validate->table, validate->snapshot,
										0, NULL, NULL,
										SO_TYPE_SEQSCAN | SO_ALLOW_STRAT |
										SO_ALLOW_PAGEMODE);
	HeapScanDesc heap_scan = (HeapScanDesc) scan;
	HotPage		page = {InvalidBlockNumber};

	pgstat_progress_update_param(PROGRESS_SCAN_BLOCKS_TOTAL,
								 heap_scan->rs_nblocks);
	while (index_validate_next_hot(validate, scan))
	{
		OffsetNumber root;
		ItemPointerData tid;

		CHECK_FOR_INTERRUPTS();
		validate->state->htups += 1;
		if (heap_scan->rs_cblock != page.block)
			index_validate_enter_page(validate, heap_scan, &page);
		root = index_validate_root(validate, &heap_scan->rs_ctup, &page);
		if (page.in_index[root - 1])
			continue;
		ItemPointerSet(&tid, page.block, root);
		index_validate_insert(validate, &tid);
	}
	heap_endscan(scan);
}

/* ---------- segment rows ---------- */

static void
index_validate_segments(IndexValidate *validate)
{
	TidStream  *stream = &validate->stream;
	TupleTableSlot *slot = validate->rows.slot;
	SegmentCursor cursor;

	cursor_init(&cursor, validate->table, validate->snapshot);
	while (cursor_next(&cursor, slot))
	{
		ItemPointer tid = &slot->tts_tid;

		CHECK_FOR_INTERRUPTS();
		validate->state->htups += 1;
		while (!stream->done && ItemPointerCompare(&stream->tid, tid) < 0)
			index_validate_advance(stream);
		if (stream->done || !ItemPointerEquals(&stream->tid, tid))
			index_validate_insert(validate, tid);
	}
	ExecClearTuple(slot);
	cursor_close(&cursor);
}

void
index_validate_scan(Relation table, Relation index, IndexInfo *info,
					Snapshot snapshot, ValidateIndexState *state)
{
	IndexValidate validate = {table, index, snapshot, state,
	{state->tuplesort}};

	index_rows_begin(&validate.rows, table, info);
	index_validate_advance(&validate.stream);
	index_validate_hot(&validate);
	/* BRIN has nothing to say about virtual blocks (index_build.c) */
	if (index->rd_rel->relam != BRIN_AM_OID)
		index_validate_segments(&validate);
	index_rows_end(&validate.rows);
}
