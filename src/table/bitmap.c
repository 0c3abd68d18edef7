/*
 * bitmap.c
 *	  Bitmap heap scans.
 *
 * Up to PostgreSQL 17 the executor goes from page to page: pages of hot rows
 * are heapam's, pages of virtual blocks are fetched row by row.  The executor
 * would prefetch the heap blocks that a bitmap names, and virtual ones have no
 * file behind them; planner.c sees to it that it does not.
 *
 * From PostgreSQL 18 on heapam goes from page to page itself, and reads ahead.
 * It must never see a virtual block.  So it gets the bitmap of a table that
 * never had any; otherwise the iteration is here, and each row is fetched as
 * an index scan would.  A lossy page of hot rows is asked for all its rows,
 * which are fetched without following chains of updates: each version of a
 * row has its own turn.
 *
 * Whether the table ever had segments is looked up after the bitmap was made.
 * An entry with a virtual TID is older than the bitmap, and the number in it
 * was reserved before it was written, so no bitmap that holds one is heapam's.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/snapmgr.h"

#include "table/bitmap.h"
#include "table/moved.h"
#include "write/size.h"

#if COMPAT_SCAN_ITERATES_BITMAP

typedef struct BitmapState
{
	bool		begun;			/* with this bitmap */
	bool		heap_only;		/* it has no virtual TIDs */
	IndexFetchTableData *fetch;

	/* the current page */
	bool		in_page;
	BlockNumber blockno;
	bool		lossy;
	bool		recheck;
	int			noffsets;
	int			next;			/* index into offsets */
	OffsetNumber offsets[TBM_MAX_TUPLES_PER_PAGE];
} BitmapState;

static BitmapState *
bitmap_state(RustsScan scan)
{
	BitmapState *state = scan->bitmap;
	MemoryContext old;

	if (state == NULL)
	{
		old = MemoryContextSwitchTo(scan->parent);
		state = scan->bitmap = palloc(sizeof(BitmapState));
		state->begun = false;
		state->heap_only = true;
		state->fetch = fetch_index_begin(scan->base.rs_rd);
		MemoryContextSwitchTo(old);
	}
	if (!state->begun)
	{
		state->begun = true;
		state->heap_only &= !size_had_segments(scan->base.rs_rd);
		state->in_page = false;
	}
	return state;
}

void
bitmap_restart(RustsScan scan)
{
	if (scan->bitmap != NULL)
		scan->bitmap->begun = false;
}

void
bitmap_end(RustsScan scan)
{
	if (scan->bitmap == NULL)
		return;
	fetch_index_end(scan->bitmap->fetch);
	pfree(scan->bitmap);
	scan->bitmap = NULL;
}

/* A page that heapam takes from the bitmap itself. */
static bool
bitmap_heap_tuple(RustsScan scan, TupleTableSlot *slot, bool *recheck,
				  uint64 *lossy_pages, uint64 *exact_pages)
{
	const TupleTableSlotOps *ops = slot_lend_to_heap(slot);
	bool		found;

	scan->heap->st.rs_tbmiterator = scan->base.st.rs_tbmiterator;
	do
		found = GetHeapamTableAmRoutine()->scan_bitmap_next_tuple(scan->heap,
																  slot,
																  recheck,
																  lossy_pages,
																  exact_pages);
	while (found && moved_and_gone(scan->base.rs_rd, slot,
								   scan->heap->rs_snapshot));
	slot_take_back(slot, ops);
	return found;
}

/* Go to the next page; false: there is none. */
static bool
bitmap_next_page(RustsScan scan, BitmapState *state, uint64 *lossy_pages,
				 uint64 *exact_pages)
{
	TBMIterateResult page;
	int			i;

	state->in_page = tbm_iterate(&scan->base.st.rs_tbmiterator, &page);
	if (!state->in_page)
		return false;
	state->blockno = page.blockno;
	state->lossy = page.lossy;
	state->recheck = page.recheck;
	state->next = 0;
	if (page.lossy)
	{
		state->noffsets = page.blockno >= ROWID_BASE ? ROWID_ROWS :
			(int) MaxHeapTuplesPerPage;
		for (i = 0; i < state->noffsets; i++)
			state->offsets[i] = (OffsetNumber) (i + 1);
		(*lossy_pages)++;
	}
	else
	{
		state->noffsets = tbm_extract_page_tuple(&page, state->offsets,
												 TBM_MAX_TUPLES_PER_PAGE);
		(*exact_pages)++;
	}
	return true;
}

static bool
bitmap_fetch(RustsScan scan, BitmapState *state, OffsetNumber offset,
			 TupleTableSlot *slot)
{
	Relation	rel = scan->base.rs_rd;
	Snapshot	snapshot = scan->base.rs_snapshot;
	ItemPointerData tid;
	bool		call_again = false;
	bool		found;

	ItemPointerSet(&tid, state->blockno, offset);
	if (state->lossy && !rowid_is_virtual(&tid))
		found = fetch_row_version(rel, &tid, snapshot, slot);
	else
		found = fetch_index_tuple(state->fetch, &tid, snapshot, slot,
								  &call_again, NULL);
	if (found)
		pgstat_count_heap_fetch(rel);
	return found;
}

bool
bitmap_next_tuple(TableScanDesc sscan, TupleTableSlot *slot, bool *recheck,
				  uint64 *lossy_pages, uint64 *exact_pages)
{
	RustsScan	scan = (RustsScan) sscan;
	BitmapState *state = bitmap_state(scan);

	if (state->heap_only)
		return bitmap_heap_tuple(scan, slot, recheck, lossy_pages, exact_pages);
	do
	{
		while (state->in_page && state->next < state->noffsets)
		{
			if (!bitmap_fetch(scan, state, state->offsets[state->next++], slot))
				continue;
			*recheck = state->recheck;
			return true;
		}
		CHECK_FOR_INTERRUPTS();
	} while (bitmap_next_page(scan, state, lossy_pages, exact_pages));
	ExecClearTuple(slot);
	return false;
}

#else							/* the executor iterates */

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

/* Pages come from outside. */
void
bitmap_restart(RustsScan scan)
{
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
		do
			found = GetHeapamTableAmRoutine()->scan_bitmap_next_tuple(scan->heap,
																	  tbmres,
																	  slot);
		while (found && moved_and_gone(sscan->rs_rd, slot,
									   scan->heap->rs_snapshot));
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

#endif							/* COMPAT_SCAN_ITERATES_BITMAP */
