/*
 * scantop.c
 *	  Keep only rows that can still be among the first of an order.
 *
 * This is for queries that want the first few rows in the order of a column,
 * or the first of each group (ORDER BY time DESC LIMIT n; DISTINCT ON (host)
 * ... ORDER BY host, time DESC; last(v, time) GROUP BY host).  The filter lets
 * a superset of these rows pass: a row is dropped only when enough rows that
 * precede it have passed before.  Nodes above that sort, limit or aggregate
 * then come to the same result as without the filter.
 *
 * What has passed also bounds what is still of interest, so segments are
 * visited from the good end of the order, and whatever lies beyond the bound is
 * skipped by its metadata: segments, blocks, and series whose best row is
 * better than anything in the segment.
 *
 * NULLs always pass.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "utils/memutils.h"

#include "block/blockprune.h"
#include "scan/scantop.h"
#include "segment/segment_series.h"
#include "vector/selection.h"

/*
 * A set of values of the tag that groups: all of them have a best value, and
 * none of these is worse than this.
 */
typedef struct TopSet
{
	uint8		digest[SUMMARY_DIGEST_LENGTH];
	int64		worst;
} TopSet;

#define TOP_SETS 16

struct ScanTop
{
	ScanTopPlan plan;
	MemoryContext context;

	/* one group: the best values so far, the worst of them at 0 (a heap) */
	int64	   *heap;
	int			n;

	/* groups: the best of each */
	AggKeys    *keys;
	AggGroups  *groups;
	int64	   *best;
	bool	   *has;
	uint32		capacity;

	/* groups by one tag: which sets of values are done with, up to where */
	int			nsets;
	int			next_set;
	TopSet		sets[TOP_SETS];

	/* the segment being read: its set, and its groups while all were seen */
	bool		collecting;
	uint8		digest[SUMMARY_DIGEST_LENGTH];
	uint32	   *members;
	uint32		nmembers;
	uint32		nruns;			/* nmembers, once all runs were seen */
	uint32		members_size;
};

/* ---------- plans ---------- */

List *
scantop_describe(const ScanTopPlan *plan)
{
	List	   *numbers = list_make4_int(plan->attno, plan->desc, plan->ties,
										 plan->count);

	return list_make3(numbers, plan->keys, plan->eqs);
}

void
scantop_read(List *description, ScanTopPlan *plan)
{
	List	   *numbers = linitial(description);

	plan->attno = linitial_int(numbers);
	plan->desc = lsecond_int(numbers);
	plan->ties = lthird_int(numbers);
	plan->count = lfourth_int(numbers);
	plan->keys = lsecond(description);
	plan->eqs = lthird(description);
}

/* ---------- one group ---------- */

/* Does a come before b in the order? */
static inline bool
top_precedes(const ScanTop *top, int64 a, int64 b)
{
	return top->plan.desc ? a > b : a < b;
}

/* Restore the heap after its root was replaced. */
static void
top_sift_down(ScanTop *top)
{
	int			i = 0;

	for (;;)
	{
		int			child = 2 * i + 1;
		int64		swap;

		if (child >= top->n)
			return;
		if (child + 1 < top->n &&
			top_precedes(top, top->heap[child], top->heap[child + 1]))
			child++;
		if (!top_precedes(top, top->heap[i], top->heap[child]))
			return;
		swap = top->heap[i];
		top->heap[i] = top->heap[child];
		top->heap[child] = swap;
		i = child;
	}
}

static void
top_push(ScanTop *top, int64 value)
{
	int			i = top->n++;

	while (i > 0)
	{
		int			parent = (i - 1) / 2;

		if (!top_precedes(top, top->heap[parent], value))
			break;
		top->heap[i] = top->heap[parent];
		i = parent;
	}
	top->heap[i] = value;
}

/* Account for a value; may it pass? */
static bool
top_offer(ScanTop *top, int64 value)
{
	if (top->n < top->plan.count)
	{
		top_push(top, value);
		return true;
	}
	if (top_precedes(top, value, top->heap[0]))
	{
		top->heap[0] = value;
		top_sift_down(top);
		return true;
	}
	return top->plan.ties && value == top->heap[0];
}

/* Tell the scan what is still of interest. */
static void
top_set_bound(ScanTop *top, BlockScan *scan)
{
	int64		worst;

	if (top->n < top->plan.count)
		return;
	worst = top->heap[0];
	scan->bound_attno = top->plan.attno;
	scan->bound_low = PG_INT64_MIN;
	scan->bound_high = PG_INT64_MAX;
	if (top->plan.desc)
		scan->bound_low = worst + (!top->plan.ties && worst < PG_INT64_MAX);
	else
		scan->bound_high = worst - (!top->plan.ties && worst > PG_INT64_MIN);
}

/* ---------- groups ---------- */

static void
top_reserve(ScanTop *top)
{
	uint32		capacity = Max(top->capacity, 64);

	if (aggkeys_ngroups(top->keys) <= top->capacity)
		return;
	while (capacity < aggkeys_ngroups(top->keys))
		capacity *= 2;
	if (top->best == NULL)
	{
		top->best = MemoryContextAllocHuge(top->context, capacity *
										   sizeof(int64));
		top->has = MemoryContextAllocHuge(top->context, capacity *
										  sizeof(bool));
	}
	else
	{
		top->best = repalloc_huge(top->best, capacity * sizeof(int64));
		top->has = repalloc_huge(top->has, capacity * sizeof(bool));
	}
	memset(top->has + top->capacity, 0, capacity - top->capacity);
	top->capacity = capacity;
}

/* Account for a value of a group; may it pass? */
static inline bool
top_offer_group(ScanTop *top, uint32 group, int64 value)
{
	if (!top->has[group] || top_precedes(top, value, top->best[group]))
	{
		top->has[group] = true;
		top->best[group] = value;
		return true;
	}
	return top->plan.ties && value == top->best[group];
}

static uint32
top_group_of(const AggGroups *groups, int *range, int row, bool backwards)
{
	if (groups->nranges < 0)
		return groups->groups[row];
	if (backwards)
		while (groups->ranges[*range].from > row)
			(*range)--;
	else
		while (groups->ranges[*range].to <= row)
			(*range)++;
	return groups->ranges[*range].group;
}

/* ---------- filters ---------- */

/*
 * Narrow the batch.  Rows are looked at from the good end of a sorted run, so
 * that few pass which are superseded by a later one.
 */
static void
top_filter_rows(ScanTop *top, BlockScan *scan)
{
	Batch	   *batch = &scan->batch;
	const Vector *vector;
	bool		desc = top->plan.desc;
	int			range = 0;
	int			i;
	int			row;

	if (top->keys != NULL)
	{
		aggkeys_lookup(top->keys, batch, top->groups);
		top_reserve(top);
		if (desc)
			range = top->groups->nranges - 1;
	}
	vector = batch_column(batch, top->plan.attno);
	for (i = 0; i < batch->n; i++)
	{
		bool		pass;
		int			at;
		int64		value;

		row = desc ? batch->n - 1 - i : i;
		if (!selection_has(batch->selected, row))
			continue;
		at = vector->constant ? 0 : row;
		if (vector->isnull != NULL && vector->isnull[at])
			continue;
		value = (int64) vector->values[at];
		if (vector->dictionary != NULL)
			value = (int64) vector->dictionary[value];
		if (top->keys == NULL)
			pass = top_offer(top, value);
		else
			pass = top_offer_group(top, top_group_of(top->groups, &range, row,
													 desc), value);
		if (!pass)
		{
			selection_remove(batch->selected, row);
			batch->nselected--;
		}
	}
	if (top->keys == NULL)
		top_set_bound(top, scan);
}

/* ---------- sets of series ---------- */

/* The digest of the one tag that groups, when no run of it is NULL. */
static bool
top_segment_digest(ScanTop *top, BlockScan *scan, uint8 *digest)
{
	DirectorySummaryData summary;

	if (list_length(top->plan.keys) != 1 ||
		!blockprune_segment_zone(scan, linitial_int(top->plan.keys), &summary) ||
		(summary.flags & SUMMARY_HAS_DIGEST) == 0 || summary.null_count > 0)
		return false;
	memcpy(digest, &summary.min, SUMMARY_DIGEST_LENGTH);
	return true;
}

static TopSet *
top_find_set(ScanTop *top, const uint8 *digest)
{
	int			i;

	for (i = 0; i < top->nsets; i++)
		if (memcmp(top->sets[i].digest, digest, SUMMARY_DIGEST_LENGTH) == 0)
			return &top->sets[i];
	return NULL;
}

/* A segment has been read: what is known of its set now? */
static void
top_finish_segment(ScanTop *top)
{
	int64		worst = top->plan.desc ? PG_INT64_MAX : PG_INT64_MIN;
	TopSet	   *set;
	uint32		i;

	if (!top->collecting)
		return;
	top->collecting = false;
	if (top->nmembers == 0 || top->nmembers != top->nruns)
		return;					/* pruned, or runs were filtered out */
	for (i = 0; i < top->nmembers; i++)
	{
		uint32		group = top->members[i];

		if (!top->has[group])
			return;
		if (top_precedes(top, worst, top->best[group]))
			worst = top->best[group];
	}
	set = top_find_set(top, top->digest);
	if (set == NULL)
	{
		set = &top->sets[top->next_set];
		top->next_set = (top->next_set + 1) % TOP_SETS;
		top->nsets = Min(top->nsets + 1, TOP_SETS);
	}
	memcpy(set->digest, top->digest, SUMMARY_DIGEST_LENGTH);
	set->worst = worst;
}

/*
 * A segment with the series of one that has been read, all of whose best rows
 * are better than anything in here, need not be opened.
 */
static bool
top_skip_segment(ScanTop *top, BlockScan *scan)
{
	DirectorySummaryData summary;
	TopSet	   *set;
	int64		limit;

	top_finish_segment(top);
	top->nmembers = 0;
	top->collecting = top_segment_digest(top, scan, top->digest);
	if (!top->collecting || (set = top_find_set(top, top->digest)) == NULL ||
		!blockprune_segment_zone(scan, top->plan.attno, &summary) ||
		(summary.flags & SUMMARY_HAS_MINMAX) == 0 || summary.null_count > 0)
		return false;
	limit = top->plan.desc ? summary.max : summary.min;
	if (!top_precedes(top, set->worst, limit) &&
		(top->plan.ties || set->worst != limit))
		return false;
	top->collecting = false;
	return true;
}

/* Remember the group of a run, while no filter has taken any out. */
static void
top_collect(ScanTop *top, uint32 group)
{
	if (top->nmembers == top->members_size)
	{
		top->members_size = Max(1024, top->members_size * 2);
		if (top->members == NULL)
			top->members = MemoryContextAllocHuge(top->context,
												  top->members_size *
												  sizeof(uint32));
		else
			top->members = repalloc_huge(top->members, top->members_size *
										 sizeof(uint32));
	}
	top->members[top->nmembers++] = group;
}

/*
 * Narrow a batch of series runs: a series whose best row is better than all of
 * the segment has nothing to add.
 */
static void
top_filter_runs(ScanTop *top, BlockScan *scan)
{
	Batch	   *batch = &scan->batch;
	DirectorySummaryData summary;
	int64		limit;
	int			range = 0;
	int			row;

	top->collecting &= batch->nselected == batch->n;
	top->nruns = segment_series_count(scan->reader);
	if (!blockprune_segment_zone(scan, top->plan.attno, &summary) ||
		(summary.flags & SUMMARY_HAS_MINMAX) == 0 || summary.null_count > 0)
	{
		top->collecting = false;
		return;
	}
	limit = top->plan.desc ? summary.max : summary.min;
	aggkeys_lookup(top->keys, batch, top->groups);
	top_reserve(top);
	for (SELECTION_EACH(row, batch->selected))
	{
		uint32		group = top_group_of(top->groups, &range, row, false);

		if (top->collecting)
			top_collect(top, group);
		if (top->has[group] &&
			(top_precedes(top, top->best[group], limit) ||
			 (!top->plan.ties && top->best[group] == limit)))
		{
			selection_remove(batch->selected, row);
			batch->nselected--;
		}
	}
}

static void
top_reset(ScanTop *top)
{
	top->n = 0;
	top->nsets = top->next_set = 0;
	top->collecting = false;
	if (top->keys == NULL)
		return;
	aggkeys_reset(top->keys);
	if (top->has != NULL)
		memset(top->has, 0, top->capacity);
}

void
scantop_attach(BlockScan *scan, const ScanTopPlan *plan, PlanState *parent,
			   TupleTableSlot *slot)
{
	MemoryContext old = MemoryContextSwitchTo(scan->context);
	ScanTop    *top = palloc0(sizeof(ScanTop));
	List	   *exprs = NIL;
	ListCell   *cell;

	top->plan = *plan;
	top->context = scan->context;
	blockscan_need_attribute(scan, plan->attno);
	foreach(cell, plan->keys)
	{
		AttrNumber	attno = lfirst_int(cell);
		Form_pg_attribute attribute = TupleDescAttr(scan->desc, attno - 1);

		exprs = lappend(exprs, makeVar(1, attno, attribute->atttypid,
									   attribute->atttypmod,
									   attribute->attcollation, 0));
		blockscan_need_attribute(scan, attno);
		scan->top_keys = bms_add_member(scan->top_keys, attno);
	}
	if (exprs == NIL)
		top->heap = palloc(Max(plan->count, 1) * sizeof(int64));
	else
	{
		top->keys = aggkeys_create(exprs, plan->eqs, parent, scan->desc, slot);
		top->groups = palloc(sizeof(AggGroups));
		scan->top_filter_runs = top_filter_runs;
		scan->top_skip_segment = top_skip_segment;
	}
	scan->top = top;
	scan->top_filter = top_filter_rows;
	scan->top_reset = top_reset;
	scan->top_attno = plan->attno;
	scan->backwards = plan->desc;
	MemoryContextSwitchTo(old);
}
