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

#include "agg/aggfunc.h"
#include "agg/aggprivate.h"
#include "agg/aggread.h"
#include "agg/aggspill.h"
#include "agg/aggstate.h"
#include "agg/rowspill.h"
#include "block/block_hot.h"
#include "block/blockprune.h"
#include "option/settings.h"

/* ---------- life ---------- */

/* buckets: of the plan, as AGG_PRIVATE_BUCKETS has them. */
static void
set_buckets(AggRead *read, List *buckets)
{
	if (buckets == NIL)
		return;
	read->buckets = linitial_int(buckets);
	read->bucket_key = lsecond_int(buckets);
	read->bucket_attno = lthird_int(buckets);
	read->bucket_slack = lfourth_int(buckets) ? BUCKET_ZONE_SLACK : 0;
	aggread_order_by(read, read->bucket_attno, true);
}

void
aggread_create(AggRead *read, AggGroupSet *set, ScanNode *scan,
			   const CustomScan *plan)
{
	int			i;

	read->set = set;
	read->scan = scan;
	read->exprs = plan->custom_scan_tlist;
	set_buckets(read, list_nth(plan->custom_private, AGG_PRIVATE_BUCKETS));
	read->takes_summaries = settings_enable_metadata_agg && set->nkeys == 0;
	for (i = 0; i < set->nfuncs; i++)
		read->takes_summaries &= aggfunc_takes_summary(&set->funcs[i]);
}

void
aggread_rescan(AggRead *read)
{
	read->in_segment = false;
	read->files = NULL;
}

void
aggread_reset(AggRead *read)
{
	agggroups_reset(read->set);
	read->bounded_groups = 0;
}

void
aggread_order_by(AggRead *read, AttrNumber attno, bool desc)
{
	Assert(!read->scan->begun);
	Assert(read->order_attno == 0);
	read->order_attno = attno;
	read->order_desc = desc;
}

void
aggread_set_early(AggRead *read, uint32 groups)
{
	read->early_groups = groups;
}

void
aggread_set_poll(AggRead *read, void (*poll) (void *arg), void *arg)
{
	read->poll = poll;
	read->poll_arg = arg;
}

void
aggread_set_look(AggRead *read, bool (*look) (void *arg), void *arg)
{
	read->look = look;
	read->look_arg = arg;
}

bool
aggread_look(const AggRead *read)
{
	return read->look != NULL && read->look(read->look_arg);
}

/* ---------- groups ---------- */

/*
 * With ORDER BY bucket DESC LIMIT n nobody asks for groups below the n-th
 * largest bucket.  A bucket begins at or before what is in it, so rows before
 * that bucket's start belong to such groups.  These may stay incomplete.
 */
static void
raise_bound(AggRead *read, BlockScan *scan)
{
	int64		bound;

	if (read->buckets == 0 ||
		aggkeys_ngroups(read->set->keys) == read->bounded_groups)
		return;
	read->bounded_groups = aggkeys_ngroups(read->set->keys);
	if (!aggkeys_nth_largest(read->set->keys, read->bucket_key, read->buckets,
							 &bound))
		return;
	if (pg_sub_s64_overflow(bound, read->bucket_slack, &bound))
		return;
	if (scan->bound_attno == 0 || bound > scan->bound_low)
		scan->bound_low = bound;
	scan->bound_high = PG_INT64_MAX;
	scan->bound_attno = read->bucket_attno;
}

static void
update_groups(AggRead *read, BlockScan *scan)
{
	AggKeys    *keys = read->set->keys;
	Batch	   *batch = &scan->batch;
	const AggLeftOut *left_out;

	if (read->groups == NULL)
		read->groups = MemoryContextAlloc(read->set->query_memory,
										  sizeof(AggGroups));
	aggkeys_lookup(keys, batch, read->groups);
	left_out = aggkeys_left_out(keys);
	Assert(left_out == NULL || read->files != NULL);
	if (left_out != NULL)
		rowspill_put(read->rows, read->files, left_out);
	agggroups_add(read->set, batch, read->groups);
}

/* ---------- metadata ---------- */

typedef bool (*SummaryLookup) (BlockScan *scan, AttrNumber attno,
							   DirectorySummaryData *summary);

/* Answer for rows rows from their summaries; false: they do not suffice. */
static bool
add_summaries(AggRead *read, BlockScan *scan, SummaryLookup lookup,
			  uint32 rows)
{
	AggGroupSet *set = read->set;
	DirectorySummaryData summary;
	int			i;

	if (!read->takes_summaries)
		return false;
	for (i = 0; i < set->nfuncs; i++)
		if (set->funcs[i].nargs > 0 &&
			(!lookup(scan, set->funcs[i].column, &summary) ||
			 !aggstate_summary_suffices(&set->funcs[i], &summary, rows)))
			return false;
	/* an aggregation without keys has one group */
	Assert(set->nkeys == 0 && set->capacity > 0);
	memset(&summary, 0, sizeof(summary));
	for (i = 0; i < set->nfuncs; i++)
	{
		if (set->funcs[i].nargs > 0)
			(void) lookup(scan, set->funcs[i].column, &summary);
		aggstate_add_summary(&set->funcs[i], 0, &summary, rows);
	}
	return true;
}

/* ---------- reading ---------- */

/* Is it time to hand groups over although there is room for more? */
static bool
has_enough(const AggRead *read)
{
	return read->early_groups > 0 &&
		aggkeys_ngroups(read->set->keys) >= read->early_groups;
}

/* Read blocks of the current segment; false: not all of it. */
static bool
read_segment(AggRead *read, BlockScan *scan)
{
	if (scan->whole &&
		add_summaries(read, scan, blockprune_segment_zone,
					  scan->entry->d.rows))
	{
		scan->counters.segments_metadata++;
		return true;
	}
	while (blockscan_next_block(scan))
	{
		if (scan->full &&
			add_summaries(read, scan, blockprune_block_zone, scan->batch.n))
		{
			scan->counters.blocks_metadata++;
			continue;
		}
		if (!blockscan_filter(scan))
			continue;
		update_groups(read, scan);
		raise_bound(read, scan);
		if (read->poll != NULL)
			read->poll(read->poll_arg);
		if (agggroups_is_full(read->set) || has_enough(read))
			return false;
	}
	return true;
}

BlockScan *
aggread_begin_scan(AggRead *read)
{
	bool		begun = read->scan->begun;
	BlockScan  *scan = scannode_scan(read->scan);

	if (begun)
		return scan;
	if (read->order_attno > 0)
		blockprune_order_by(scan, read->order_attno, read->order_desc);
	if (read->buckets > 0)
		scan->backwards = true;
	return scan;
}

static bool
read_batches(AggRead *read)
{
	BlockScan  *scan = aggread_begin_scan(read);

	while (block_hot_next_batch(scan))
	{
		if (!blockscan_filter(scan))
			continue;
		update_groups(read, scan);
		raise_bound(read, scan);
		if (agggroups_is_full(read->set))
			return false;
	}
	while (read->in_segment ||
		   (!scan->segments_done && blockscan_next_segment(scan)))
	{
		Assert(scan->entry != NULL);
		read->in_segment = !read_segment(read, scan);
		if (read->in_segment || aggread_look(read))
			return false;
	}
	return true;
}

/* The scan is not asked for rows: it would look as if it never ran. */
bool
aggread_table(AggRead *read)
{
	Instrumentation *instrument = read->scan->css.ss.ps.instrument;
	bool		result;

	if (instrument != NULL)
		InstrStartNode(instrument);
	result = read_batches(read);
	if (instrument != NULL)
		InstrStopNode(instrument, 0);
	return result;
}

void
aggread_freeze(AggRead *read, AggSpill *files)
{
	MemoryContext old = MemoryContextSwitchTo(read->set->query_memory);

	if (read->rows == NULL)
		read->rows = rowspill_create(scannode_scan(read->scan),
									 read->exprs,
									 read->scan->css.ss.ps.state);
	MemoryContextSwitchTo(old);
	read->files = files;
	aggkeys_freeze(read->set->keys);
}

bool
aggread_rows(AggRead *read)
{
	Assert(read->files != NULL && aggspill_is_reading(read->files));
	while (!agggroups_is_full(read->set))
	{
		if (!rowspill_next(read->rows, read->files))
			return true;
		update_groups(read, read->scan->scan);
	}
	return false;
}
