/*
 * bitmap.c
 *	  Bitmap heap scans.
 *
 * Pages of hot rows go to heapam, pages of virtual blocks are fetched row by
 * row.  Up to PostgreSQL 17 the executor would prefetch the heap blocks that a
 * bitmap names, and virtual ones have no file behind them; planner.c sees to
 * it that it does not.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "pgstat.h"
#include "utils/snapmgr.h"

#include "table/bitmap.h"

typedef struct BitmapState
{
	SegmentFetch *fetch;
	bool		is_virtual;		/* the current page */
	int			next;			/* index into its offsets */
} BitmapState;

static BitmapState *
bitmap_state(RustsScan scan)
{
	MemoryContext old;

	if (scan->bitmap == NULL)
	{
		old = MemoryContextSwitchTo(scan->parent);
		scan->bitmap = palloc0(sizeof(BitmapState));
		scan->bitmap->fetch = fetch_begin(scan->base.rs_rd, true);
		MemoryContextSwitchTo(old);
	}
	return scan->bitmap;
}

void
bitmap_end(RustsScan scan)
{
	if (scan->bitmap == NULL)
		return;
	fetch_end(scan->bitmap->fetch);
	pfree(scan->bitmap);
	scan->bitmap = NULL;
}

bool
bitmap_next_block(TableScanDesc sscan, TBMIterateResult *tbmres)
{
	RustsScan	scan = (RustsScan) sscan;
	BitmapState *state = bitmap_state(scan);

	state->is_virtual = tbmres->blockno >= ROWID_BASE;
	state->next = 0;
	if (state->is_virtual)
		return true;

	/* a parallel worker gives the scan its snapshot after scan_begin */
	scan->heap->rs_snapshot = sscan->rs_snapshot;
	return GetHeapamTableAmRoutine()->scan_bitmap_next_block(scan->heap,
															 tbmres);
}

/* The next offset that the page's part of the bitmap names. */
static OffsetNumber
bitmap_next_offset(BitmapState *state, TBMIterateResult *tbmres)
{
	int			i = state->next++;

	if (tbmres->ntuples >= 0)
		return i < tbmres->ntuples ? tbmres->offsets[i] : InvalidOffsetNumber;
	return i < ROWID_ROWS ? (OffsetNumber) (i + 1) : InvalidOffsetNumber;
}

bool
bitmap_next_tuple(TableScanDesc sscan, TBMIterateResult *tbmres,
				  TupleTableSlot *slot)
{
	RustsScan	scan = (RustsScan) sscan;
	BitmapState *state = bitmap_state(scan);
	const TupleTableSlotOps *ops;
	OffsetNumber offset;
	bool		found;

	if (!state->is_virtual)
	{
		ops = slot_lend_to_heap(slot);
		found = GetHeapamTableAmRoutine()->scan_bitmap_next_tuple(scan->heap,
																  tbmres,
																  slot);
		slot_take_back(slot, ops);
		return found;
	}

	while ((offset = bitmap_next_offset(state, tbmres)) != InvalidOffsetNumber)
	{
		ItemPointerData tid;

		ItemPointerSet(&tid, tbmres->blockno, offset);
		if (fetch_row(state->fetch, &tid, sscan->rs_snapshot, slot))
		{
			pgstat_count_heap_fetch(sscan->rs_rd);
			return true;
		}
	}
	return false;
}
