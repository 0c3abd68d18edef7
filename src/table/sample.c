/*
 * sample.c
 *	  TABLESAMPLE.
 *
 * A sampling method chooses blocks and then rows in them.  The blocks of a
 * rusts table are heap's, followed by the virtual blocks of the segments that
 * the snapshot sees, in directory order: block h + i of h heap blocks is
 * virtual block number i, counted over the segments.
 *
 * A method that chooses blocks (SYSTEM) is asked once, for all blocks; a heap
 * block it names is served by heapam, which is made to "choose" just that one
 * by a stand-in for the method.  A method that takes every block (BERNOULLI)
 * is left to heapam until the heap is through, then gets the virtual blocks in
 * order.  A virtual block is identified to the method by its own block number,
 * so that REPEATABLE chooses the same rows of a segment whatever happens to
 * the hot rows.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/tsmapi.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "pgstat.h"

#include "table/moved.h"
#include "table/sample.h"

typedef struct SampleState
{
	bool		in_segments;
	uint64		nblocks;		/* virtual blocks, all segments */
	uint64	   *first;			/* per entry: sum of blocks before it */
	uint64		next;			/* virtual block that is next, in order */

	/* the current virtual block */
	int			entry;
	uint32		row;			/* its first row in the entry */
	BlockNumber blockno;
	OffsetNumber nrows;
} SampleState;

/* A scan state for heapam whose sampling method names one block. */
typedef struct SampleProxy
{
	SampleScanState state;		/* must be first */
	BlockNumber blockno;
} SampleProxy;

static SampleState *
sample_state(RustsScan scan)
{
	SampleState *state = scan->sample;
	DirectoryList *list;
	MemoryContext old;
	int			i;

	if (state != NULL)
		return state;

	cursor_load(&scan->cursor);
	list = scan->cursor.list;
	old = MemoryContextSwitchTo(scan->parent);
	state = palloc0(sizeof(SampleState));
	state->first = palloc((list->n + 1) * sizeof(uint64));
	MemoryContextSwitchTo(old);
	for (i = 0; i < list->n; i++)
	{
		state->first[i] = state->nblocks;
		state->nblocks += rowid_blocks(list->entries[i].d.rows);
	}
	state->first[i] = state->nblocks;
	scan->sample = state;
	return state;
}

void
sample_end(RustsScan scan)
{
	if (scan->sample == NULL)
		return;
	pfree(scan->sample->first);
	pfree(scan->sample);
	scan->sample = NULL;
}

static BlockNumber
sample_proxy_next_block(SampleScanState *scanstate, BlockNumber nblocks)
{
	return ((SampleProxy *) scanstate)->blockno;
}

/* Let heapam go to the given block. */
static bool
sample_heap_block(RustsScan scan, SampleScanState *scanstate,
				  BlockNumber blockno)
{
	TsmRoutine	method = *((TsmRoutine *) scanstate->tsmroutine);
	SampleProxy proxy;

	method.NextSampleBlock = sample_proxy_next_block;
	proxy.state = *scanstate;
	proxy.state.tsmroutine = &method;
	proxy.blockno = blockno;
	return GetHeapamTableAmRoutine()->scan_sample_next_block(scan->heap,
															 &proxy.state);
}

/* Go to virtual block i, counted over the segments; false: past the last. */
static bool
sample_segment_block(RustsScan scan, SampleState *state, uint64 i)
{
	DirectoryEntryData *d;
	int			lo = 0;
	int			hi = scan->cursor.list->n;

	if (i >= state->nblocks)
		return false;
	/* first[lo] <= i < first[hi] */
	while (hi - lo > 1)
	{
		int			mid = lo + (hi - lo) / 2;

		if (state->first[mid] <= i)
			lo = mid;
		else
			hi = mid;
	}

	d = &scan->cursor.list->entries[lo].d;
	state->entry = lo;
	state->row = (uint32) (i - state->first[lo]) * ROWID_ROWS;
	state->blockno = ROWID_BASE + d->first_block +
		(uint32) (i - state->first[lo]);
	state->nrows = (OffsetNumber) Min(d->rows - state->row, ROWID_ROWS);
	return true;
}

bool
sample_next_block(TableScanDesc sscan, SampleScanState *scanstate)
{
	RustsScan	scan = (RustsScan) sscan;
	SampleState *state = sample_state(scan);
	TsmRoutine *method = scanstate->tsmroutine;
	BlockNumber heap_blocks = ((HeapScanDesc) scan->heap)->rs_nblocks;
	BlockNumber blockno;

	if (method->NextSampleBlock == NULL)
	{
		if (!state->in_segments &&
			GetHeapamTableAmRoutine()->scan_sample_next_block(scan->heap,
															  scanstate))
			return true;
		state->in_segments = true;
		return sample_segment_block(scan, state, state->next++);
	}

	if (heap_blocks + state->nblocks == 0)
		return false;
	blockno = method->NextSampleBlock(scanstate, (BlockNumber)
									  (heap_blocks + state->nblocks));
	state->in_segments = !BlockNumberIsValid(blockno) ||
		blockno >= heap_blocks;
	if (!state->in_segments)
		return sample_heap_block(scan, scanstate, blockno);
	if (!BlockNumberIsValid(blockno))
	{
		/* heapam lets go of its page only when told of the end */
		if (heap_blocks > 0)
			(void) sample_heap_block(scan, scanstate, InvalidBlockNumber);
		return false;
	}
	return sample_segment_block(scan, state, blockno - heap_blocks);
}

bool
sample_next_tuple(TableScanDesc sscan, SampleScanState *scanstate,
				  TupleTableSlot *slot)
{
	RustsScan	scan = (RustsScan) sscan;
	SampleState *state = sample_state(scan);
	SegmentReader *reader;
	OffsetNumber offset;

	if (!state->in_segments)
	{
		const TupleTableSlotOps *ops = slot_lend_to_heap(slot);
		bool		found;

		do
			found = GetHeapamTableAmRoutine()->scan_sample_next_tuple(scan->heap,
																	  scanstate,
																	  slot);
		while (found && moved_and_gone(sscan->rs_rd, slot,
									   scan->heap->rs_snapshot));
		slot_take_back(slot, ops);
		return found;
	}

	for (;;)
	{
		uint32		row;

		CHECK_FOR_INTERRUPTS();
		offset = scanstate->tsmroutine->NextSampleTuple(scanstate,
														state->blockno,
														state->nrows);
		if (!OffsetNumberIsValid(offset))
		{
			ExecClearTuple(slot);
			return false;
		}
		row = state->row + offset - 1;
		reader = cursor_reader(&scan->cursor, state->entry,
							   slot->tts_tupleDescriptor, false);
		if (segment_reader_row_dead(reader, row))
			continue;
		slot_store_segment_row(slot, RelationGetRelid(sscan->rs_rd), reader,
							   row, &scan->cursor.owner);
		pgstat_count_heap_getnext(sscan->rs_rd);
		return true;
	}
}
