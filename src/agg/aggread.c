/*
 * aggread.c
 *	  Rows of a table, put into groups in memory.
 *
 * Batches are taken from the scan below the node (it is never asked for rows):
 * a segment or block whose every row passes and whose metadata answer all
 * aggregates is not decoded at all.
 */
#include "postgres.h"

#include "common/int.h"
#include "executor/executor.h"
#include "executor/instrument.h"
#include "utils/memutils.h"

#include "agg/aggdistinct.h"
#include "agg/aggread.h"
#include "agg/aggresult.h"
#include "agg/aggspill.h"
#include "agg/aggstate.h"
#include "agg/aggstream.h"
#include "agg/aggteam.h"
#include "agg/aggupdate.h"
#include "agg/rowspill.h"
#include "block/block_hot.h"
#include "block/blockprune.h"

/* ---------- groups ---------- */

static MemoryContext
state_context(AggFill *fill)
{
	return fill->fake->curaggcontext->ecxt_per_tuple_memory;
}

void
aggread_reset(AggFill *fill)
{
	int			i;

	/* transition functions may have registered callbacks */
	ReScanExprContext(fill->fake->curaggcontext);
	aggkeys_reset(fill->keys);
	for (i = 0; i < fill->nfuncs; i++)
		aggstate_forget(&fill->funcs[i]);
	fill->capacity = 0;
	fill->bounded_groups = 0;
}

void
aggread_reserve(AggFill *fill)
{
	uint32		capacity = fill->capacity;
	int			i;

	if (aggkeys_ngroups(fill->keys) <= capacity)
		return;
	while (capacity < aggkeys_ngroups(fill->keys))
		capacity = Max(capacity * 2, fill->nkeys == 0 ? 1 : 64);
	for (i = 0; i < fill->nfuncs; i++)
		aggstate_resize(&fill->funcs[i], fill->capacity, capacity);
	fill->capacity = capacity;
}

void
aggread_combine(AggFill *fill, const uint32 *groups, uint32 n,
				StringInfo states)
{
	int			i;

	aggread_reserve(fill);
	for (i = 0; i < fill->nfuncs; i++)
		aggresult_combine(&fill->funcs[i], groups, n, states);
}

/*
 * With ORDER BY bucket DESC LIMIT n nobody asks for groups below the n-th
 * largest bucket.  A bucket begins at or before what is in it, so rows before
 * that bucket's start belong to such groups.  These may stay incomplete.
 */
static void
raise_bound(AggFill *fill, BlockScan *scan)
{
	int64		bound;

	if (fill->buckets == 0 ||
		aggkeys_ngroups(fill->keys) == fill->bounded_groups)
		return;
	fill->bounded_groups = aggkeys_ngroups(fill->keys);
	if (!aggkeys_nth_largest(fill->keys, fill->bucket_key, fill->buckets,
							 &bound))
		return;
	if (pg_sub_s64_overflow(bound, fill->bucket_slack, &bound))
		return;
	if (scan->bound_attno == 0 || bound > scan->bound_low)
		scan->bound_low = bound;
	scan->bound_high = PG_INT64_MAX;
	scan->bound_attno = fill->bucket_attno;
}

/* Bytes of the values of count(DISTINCT). */
static Size
values_memory(const AggFill *fill)
{
	Size		used = 0;
	int			i;

	for (i = 0; fill->any_distinct && i < fill->nfuncs; i++)
		if (fill->funcs[i].kind == AGG_DISTINCT)
			used += aggdistinct_memory(&fill->funcs[i]);
	return used;
}

static Size
used_memory(AggFill *fill)
{
	Size		used = aggkeys_memory(fill->keys) +
	MemoryContextMemAllocated(state_context(fill), true) +
	values_memory(fill);

	fill->peak = Max(fill->peak, used);
	return used;
}

bool
aggread_is_full(AggFill *fill)
{
	if (fill->nkeys == 0 || aggkeys_is_frozen(fill->keys))
		return false;
	return used_memory(fill) > fill->limit &&
		aggkeys_ngroups(fill->keys) > 1;
}

/*
 * When memory is full, values may have half of it: they have gone to disk before
 * a group has to.
 */
static Size
values_limit(void)
{
	return aggfill_memory_limit() / 2;
}

static void
bound_values(AggFill *fill)
{
	int			i;

	if (values_memory(fill) <= values_limit() ||
		used_memory(fill) <= aggfill_memory_limit())
		return;
	for (i = 0; i < fill->nfuncs; i++)
		if (fill->funcs[i].kind == AGG_DISTINCT)
			aggdistinct_spill(&fill->funcs[i], values_limit());
}

static void
update_groups(AggFill *fill, BlockScan *scan)
{
	Batch	   *batch = &scan->batch;
	const AggLeftOut *left_out;
	int			i;

	if (fill->groups == NULL)
		fill->groups = MemoryContextAlloc(fill->query_memory,
										  sizeof(AggGroups));
	aggkeys_lookup(fill->keys, batch, fill->groups);
	left_out = aggkeys_left_out(fill->keys);
	if (left_out != NULL)
		rowspill_put(fill->rows, fill->spill, left_out);
	aggread_reserve(fill);
	for (i = 0; i < fill->nfuncs && batch->nselected > 0; i++)
		aggupdate_function(&fill->funcs[i], batch, fill->groups);
	if (fill->any_distinct)
		bound_values(fill);
}

/* ---------- metadata ---------- */

typedef bool (*SummaryLookup) (BlockScan *scan, AttrNumber attno,
							   DirectorySummaryData *summary);

/* Answer for rows rows from their summaries; false: they do not suffice. */
static bool
add_summaries(AggFill *fill, BlockScan *scan, SummaryLookup lookup,
			  uint32 rows)
{
	DirectorySummaryData summary;
	int			i;

	if (!fill->takes_summaries)
		return false;
	for (i = 0; i < fill->nfuncs; i++)
		if (fill->funcs[i].nargs > 0 &&
			(!lookup(scan, fill->funcs[i].column, &summary) ||
			 !aggstate_summary_suffices(&fill->funcs[i], &summary, rows)))
			return false;
	memset(&summary, 0, sizeof(summary));
	for (i = 0; i < fill->nfuncs; i++)
	{
		if (fill->funcs[i].nargs > 0)
			(void) lookup(scan, fill->funcs[i].column, &summary);
		aggstate_add_summary(&fill->funcs[i], 0, &summary, rows);
	}
	return true;
}

/* ---------- reading ---------- */

/* Is it time to hand groups over although there is room for more? */
static bool
has_enough(const AggFill *fill)
{
	return fill->early_groups > 0 &&
		aggkeys_ngroups(fill->keys) >= fill->early_groups;
}

/* Read blocks of the current segment; false: not all of it. */
static bool
read_segment(AggFill *fill, BlockScan *scan)
{
	if (scan->whole &&
		add_summaries(fill, scan, blockprune_segment_zone,
					  scan->entry->d.rows))
	{
		scan->counters.segments_metadata++;
		return true;
	}
	while (blockscan_next_block(scan))
	{
		if (scan->full &&
			add_summaries(fill, scan, blockprune_block_zone, scan->batch.n))
		{
			scan->counters.blocks_metadata++;
			continue;
		}
		if (!blockscan_filter(scan))
			continue;
		update_groups(fill, scan);
		raise_bound(fill, scan);
		if (fill->in_team)
			aggteam_poll_block(fill);
		if (aggread_is_full(fill) || has_enough(fill))
			return false;
	}
	return true;
}

/* After a segment, is there something to hand over? */
static bool
has_result(AggFill *fill, const BlockScan *scan)
{
	if (fill->early_groups == 0)
		return aggstream_look(fill);
	/* who waits for complete groups wants to know what is done */
	return fill->stream.attno > 0 && scan->piece_row == scan->piece_end;
}

BlockScan *
aggread_begin_scan(AggFill *fill)
{
	bool		begun = fill->scan->begun;
	BlockScan  *scan = scannode_scan(fill->scan);

	if (begun)
		return scan;
	aggstream_begin(&fill->stream, scan);
	if (fill->buckets > 0)
	{
		blockprune_order_by(scan, fill->bucket_attno, true);
		scan->backwards = true;
	}
	return scan;
}

static bool
read_batches(AggFill *fill)
{
	BlockScan  *scan = aggread_begin_scan(fill);

	while (block_hot_next_batch(scan))
	{
		if (!blockscan_filter(scan))
			continue;
		update_groups(fill, scan);
		raise_bound(fill, scan);
		if (aggread_is_full(fill))
			return false;
	}
	while (fill->in_segment ||
		   (!scan->segments_done && blockscan_next_segment(scan)))
	{
		fill->in_segment = !read_segment(fill, scan);
		if (fill->in_segment || has_result(fill, scan))
			return false;
	}
	return true;
}

/* The scan is not asked for rows: it would look as if it never ran. */
bool
aggread_table(AggFill *fill)
{
	Instrumentation *instrument = fill->child->instrument;
	bool		result;

	if (instrument != NULL)
		InstrStartNode(instrument);
	result = read_batches(fill);
	if (instrument != NULL)
		InstrStopNode(instrument, 0);
	return result;
}

void
aggread_freeze(AggFill *fill)
{
	MemoryContext old = MemoryContextSwitchTo(fill->query_memory);

	if (fill->rows == NULL)
		fill->rows = rowspill_create(scannode_scan(fill->scan),
									 fill->plan->custom_scan_tlist,
									 fill->child->state);
	MemoryContextSwitchTo(old);
	aggkeys_freeze(fill->keys);
}

bool
aggread_rows(AggFill *fill)
{
	while (!aggread_is_full(fill))
	{
		if (!rowspill_next(fill->rows, fill->spill))
			return true;
		update_groups(fill, fill->scan->scan);
	}
	return false;
}

void
aggread_finish(AggFill *fill)
{
	int			i;

	(void) used_memory(fill);
	for (i = 0; fill->any_distinct && i < fill->nfuncs; i++)
		if (fill->funcs[i].kind == AGG_DISTINCT)
			aggdistinct_finish(&fill->funcs[i], values_limit());
}

void
aggread_begin_groups(AggFill *fill)
{
	if (fill->nkeys > 0)
		return;
	(void) aggkeys_lookup_row(fill->keys, NULL, NULL);
	aggread_reserve(fill);
}
