/*
 * analyze.c
 *	  Rows for ANALYZE.
 *
 * ANALYZE samples m of the table's T heap blocks, puts the rows we return into
 * a reservoir in which every row has the same chance, and takes
 * liverows / m * T for the number of rows in the table.  Let S be the number
 * of segment rows.
 *
 * - Each sampled block adds S / T to liverows, whatever rows it returns, so
 *	 that the estimate comes out as hot rows plus S.
 * - To be in proportion, S * m / T segment rows would have to be returned.
 *	 That may be billions, so both kinds are thinned by the same rate f, chosen
 *	 such that somewhat more segment rows than fit into the reservoir remain.
 *	 (More, because ANALYZE sorts a full reservoir by TID, which it needs for
 *	 the correlation statistics, and takes an unfilled one to be in order.)
 *
 * Segment rows come with the first sampled block, before its heap block is
 * opened, because heapam keeps that block's buffer locked between calls.  They
 * are taken from up to ANALYZE_SITES column blocks chosen at random, several
 * rows from each, since decoding a block costs the same for one row as for
 * many.  m is assumed to be what the default statistics target makes it; a
 * column with a larger target shifts the proportion of hot to segment rows in
 * the sample, not the estimate of their number.
 *
 * A table without heap blocks claims to have one (size.c); T is 1 then and no
 * heap block is read.
 */
#include "postgres.h"

#include <math.h>

#include "access/heapam.h"
#include "commands/vacuum.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"

#include "table/analyze.h"
#include "write/size.h"

#define ANALYZE_SITES 2000
#define ANALYZE_EXCESS 1.1		/* over the reservoir's size */

typedef struct AnalyzeState
{
	CompatSample sample;		/* what heapam takes a sampled block from */
	bool		hot_open;		/* heapam is at that block */
	bool		counted;		/* the block's share of segment rows */
	bool		segments_done;

	double		keep_hot;		/* chance of a hot row */
	double		share;			/* segment rows per block: S / T */

	int			nsites;			/* column blocks to take rows from, sorted */
	uint64	   *sites;			/* counted over the segments */
	double		fraction;		/* of a site's rows to take */

	int			site;			/* next or current site */
	bool		site_open;
	double		due;			/* rows to take; a fraction is carried over */
	uint32		row;			/* next row of the site to decide about */
	uint32		end;			/* its end */
	int			entry;			/* segment of the site */
	uint64		before;			/* column blocks in segments before it */
} AnalyzeState;

static inline uint64
analyze_column_blocks(uint32 rows)
{
	return (rows + CODEC_BLOCK_ROWS - 1) / CODEC_BLOCK_ROWS;
}

/* Choose column blocks to take `wanted` of the segments' rows from. */
static void
analyze_choose_sites(AnalyzeState *state, DirectoryList *list, double wanted)
{
	uint64		nblocks = 0;
	int			i;

	for (i = 0; i < list->n; i++)
		nblocks += analyze_column_blocks(list->entries[i].d.rows);
	state->nsites = (int) Min(nblocks, ANALYZE_SITES);
	state->fraction = Min(1.0, wanted / list->rows * nblocks / state->nsites);
	state->sites = palloc(state->nsites * sizeof(uint64));
	for (i = 0; i < state->nsites; i++)
	{
		/* one from each of nsites equal parts: random, sorted, distinct */
		uint64		low = nblocks * (uint64) i / state->nsites;
		uint64		high = nblocks * (uint64) (i + 1) / state->nsites;

		state->sites[i] = pg_prng_uint64_range(&pg_global_prng_state, low,
											   high - 1);
	}
}

static AnalyzeState *
analyze_begin(RustsScan scan)
{
	AnalyzeState *state;
	BlockNumber nblocks;
	double		target = 300.0 * Max(default_statistics_target, 1);
	double		sampled;
	double		rows;
	double		rate = 1;
	MemoryContext old = MemoryContextSwitchTo(scan->parent);

	state = palloc0(sizeof(AnalyzeState));
	scan->analyze = state;
	/*
	 * ANALYZE gives its scans no snapshot: hot rows count by their present
	 * state, so segments do too, or rows flushed since the statement's
	 * snapshot would count nowhere.
	 */
	scan->cursor.snapshot = SnapshotSelf;
	cursor_load(&scan->cursor);

	rows = (double) (scan->cursor.list->rows - scan->cursor.list->dead_rows);
	nblocks = RelationGetNumberOfBlocks(scan->base.rs_rd);
	sampled = Min(target, (double) nblocks);
	state->segments_done = rows == 0;
	state->keep_hot = 1;
	if (rows > 0 && nblocks > 0)
	{
		double		due = rows * sampled / nblocks;

		rate = Min(1.0, target * ANALYZE_EXCESS / due);
		state->share = rows / nblocks;
		state->keep_hot = rate;
		analyze_choose_sites(state, scan->cursor.list, due * rate);
	}
	MemoryContextSwitchTo(old);
	return state;
}

void
analyze_end(RustsScan scan)
{
	if (scan->analyze == NULL)
		return;
	if (scan->analyze->sites != NULL)
		pfree(scan->analyze->sites);
	pfree(scan->analyze);
	scan->analyze = NULL;
}

/* Let heapam open the sampled block. */
static bool
analyze_open_hot(RustsScan scan, AnalyzeState *state)
{
	const TableAmRoutine *heap = GetHeapamTableAmRoutine();

	state->hot_open = !size_is_inflated(scan->base.rs_rd) &&
		compat_analyze_next_block(heap, scan->heap, state->sample);
	return state->hot_open;
}

#if COMPAT_ANALYZE_STREAMS
/*
 * The first call leaves the stream alone if there are segment rows to give.
 * A block that does not exist is taken from it without being read.
 */
bool
analyze_next_block(TableScanDesc sscan, ReadStream *stream)
{
	RustsScan	scan = (RustsScan) sscan;
	AnalyzeState *state = scan->analyze;
	bool		first = state == NULL;
	BufferAccessStrategy strategy;

	if (first)
		state = analyze_begin(scan);
	state->sample = stream;
	state->hot_open = false;
	state->counted = false;
	if (size_is_inflated(sscan->rs_rd))
		return read_stream_next_block(stream, &strategy) != InvalidBlockNumber;
	return (first && !state->segments_done) || analyze_open_hot(scan, state);
}
#else
bool
analyze_next_block(TableScanDesc sscan, BlockNumber blockno,
				   BufferAccessStrategy strategy)
{
	RustsScan	scan = (RustsScan) sscan;
	AnalyzeState *state = scan->analyze;

	if (state == NULL)
		state = analyze_begin(scan);
	state->sample.blockno = blockno;
	state->sample.strategy = strategy;
	state->hot_open = false;
	state->counted = false;
	return true;
}
#endif

/* Go to the current site's rows. */
static void
analyze_open_site(AnalyzeState *state, DirectoryList *list)
{
	uint64		site = state->sites[state->site];
	DirectoryEntryData *d = &list->entries[state->entry].d;

	while (site - state->before >= analyze_column_blocks(d->rows))
	{
		state->before += analyze_column_blocks(d->rows);
		d = &list->entries[++state->entry].d;
	}
	state->row = (uint32) (site - state->before) * CODEC_BLOCK_ROWS;
	state->end = Min(state->row + CODEC_BLOCK_ROWS, d->rows);
	state->due += state->fraction * (state->end - state->row);
	state->site_open = true;
}

/*
 * The next row of the current site, or false when it has given its share.
 * Selection sampling: every subset of the right size is equally likely, and no
 * row comes twice, which would spoil the estimate of distinct values.
 */
static bool
analyze_site_row(RustsScan scan, AnalyzeState *state, TupleTableSlot *slot)
{
	SegmentReader *reader = cursor_reader(&scan->cursor, state->entry,
										  slot->tts_tupleDescriptor, false);

	while (state->row < state->end && state->due >= 1)
	{
		uint32		row = state->row++;

		if (pg_prng_double(&pg_global_prng_state) * (state->end - row) >=
			floor(state->due))
			continue;
		state->due -= 1;
		if (segment_reader_row_dead(reader, row))
			continue;
		slot_store_segment_row(slot, RelationGetRelid(scan->base.rs_rd),
							   reader, row, &scan->cursor.owner);
		return true;
	}
	return false;
}

static bool
analyze_segment_row(RustsScan scan, AnalyzeState *state, TupleTableSlot *slot)
{
	while (state->site < state->nsites)
	{
		CHECK_FOR_INTERRUPTS();
		if (!state->site_open)
			analyze_open_site(state, scan->cursor.list);
		if (analyze_site_row(scan, state, slot))
			return true;
		state->site++;
		state->site_open = false;
	}
	state->segments_done = true;
	return false;
}

/* The next hot row of the sampled block that survives thinning. */
static bool
analyze_hot_row(RustsScan scan, AnalyzeState *state, TransactionId oldest_xmin,
				double *liverows, double *deadrows, TupleTableSlot *slot)
{
	const TableAmRoutine *heap = GetHeapamTableAmRoutine();
	const TupleTableSlotOps *ops;
	bool		found;

	if (!state->hot_open && !analyze_open_hot(scan, state))
		return false;

	ops = slot_lend_to_heap(slot);
	do
		found = heap->scan_analyze_next_tuple(scan->heap, oldest_xmin,
											  liverows, deadrows, slot);
	while (found && state->keep_hot < 1 &&
		   pg_prng_double(&pg_global_prng_state) >= state->keep_hot);
	slot_take_back(slot, ops);
	return found;
}

bool
analyze_next_tuple(TableScanDesc sscan, TransactionId oldest_xmin,
				   double *liverows, double *deadrows, TupleTableSlot *slot)
{
	RustsScan	scan = (RustsScan) sscan;
	AnalyzeState *state = scan->analyze;

	if (!state->counted)
	{
		*liverows += state->share;
		state->counted = true;
	}
	if (!state->segments_done && analyze_segment_row(scan, state, slot))
		return true;
	if (analyze_hot_row(scan, state, oldest_xmin, liverows, deadrows, slot))
		return true;
	ExecClearTuple(slot);
	return false;
}
