/*
 * agggroups.c
 *	  The groups at hand: their keys and states, and the memory they take.
 *
 * aggkeys.c keeps the keys and numbers the groups from 0 on; each aggregate
 * keeps its states, an element per group.  This file makes room for the states
 * of all groups and measures the memory they take.  When that is too much, the
 * layers above have to act; only values of count(DISTINCT) go to disk from
 * here.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "agg/aggdistinct.h"
#include "agg/aggfunc.h"
#include "agg/agggeneric.h"
#include "agg/agggroups.h"
#include "agg/aggprivate.h"
#include "agg/aggresult.h"
#include "agg/aggstate.h"
#include "agg/aggupdate.h"
#include "segment/segment_format.h"
#include "vector/selection.h"

/*
 * What groups may take even where hash_mem is smaller.  With work_mem at its
 * minimum memory would hold a few hundred groups, and many more parts than the
 * files of one cut would be needed, to save less memory than the scan below
 * takes for a few columns (a frame of blocks has up to SEGMENT_FRAME_BYTES
 * each).  In bytes, not in groups: a floor of so many groups would bound
 * nothing, for the state of a transition function may have any size.
 */
#define MIN_MEMORY ((Size) 4 * SEGMENT_FRAME_BYTES)

Size
agggroups_memory_limit(void)
{
	return Max(get_hash_memory_limit(), MIN_MEMORY);
}

/* ---------- life ---------- */

/* custom_scan_tlist holds the keys, then the aggregates. */
static void
compile_list(AggGroupSet *set, CustomScanState *node, TupleDesc desc)
{
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;
	List	   *eqs = list_nth(plan->custom_private, AGG_PRIVATE_EQS);
	PlanState  *parent = &node->ss.ps;
	TupleTableSlot *slot = NULL;
	List	   *exprs = NIL;
	ListCell   *cell;
	int			nfuncs;

	if (desc != NULL)
		slot = ExecInitExtraTupleSlot(parent->state, desc, &TTSOpsVirtual);
	set->nkeys = list_length(eqs);
	nfuncs = list_length(plan->custom_scan_tlist) - set->nkeys;
	set->funcs = palloc0(Max(1, nfuncs) * sizeof(AggFunc));
	set->nfuncs = 0;
	foreach(cell, plan->custom_scan_tlist)
	{
		Expr	   *expr = lfirst_node(TargetEntry, cell)->expr;

		if (foreach_current_index(cell) < set->nkeys)
			exprs = lappend(exprs, expr);
		else
			aggfunc_compile(&set->funcs[set->nfuncs++],
							castNode(Aggref, expr), parent, desc, slot,
							set->fake);
	}
	Assert(set->nfuncs == nfuncs);
	set->keys = aggkeys_create(exprs, eqs, parent, desc, slot);
}

void
agggroups_create(AggGroupSet *set, CustomScanState *node, TupleDesc desc)
{
	EState	   *estate = node->ss.ps.state;
	int			i;

	Assert(CurrentMemoryContext == estate->es_query_cxt);
	set->fake = agggeneric_fake_state(estate);
	set->query_memory = estate->es_query_cxt;
	set->row_memory = node->ss.ps.ps_ExprContext->ecxt_per_tuple_memory;
	compile_list(set, node, desc);
	set->can_combine = true;
	for (i = 0; i < set->nfuncs; i++)
	{
		AggKind		kind = set->funcs[i].kind;

		set->any_distinct |= kind == AGG_DISTINCT;
		set->can_combine &= kind != AGG_GENERIC && kind != AGG_DISTINCT;
	}
}

void
agggroups_rescan(AggGroupSet *set)
{
	int			i;

	aggkeys_rescan(set->keys);
	for (i = 0; i < set->nfuncs; i++)
		aggfunc_rescan(&set->funcs[i]);
}

void
agggroups_end(AggGroupSet *set)
{
	int			i;

	for (i = 0; i < set->nfuncs; i++)
		aggstate_forget(&set->funcs[i]);
}

void
agggroups_reset(AggGroupSet *set)
{
	/* transition functions may have registered callbacks */
	ReScanExprContext(set->fake->curaggcontext);
	aggkeys_reset(set->keys);
	agggroups_end(set);
	set->capacity = 0;
}

/* States for all groups that there are. */
static void
reserve_states(AggGroupSet *set)
{
	uint32		capacity = set->capacity;
	int			i;

	if (aggkeys_ngroups(set->keys) <= capacity)
		return;
	while (capacity < aggkeys_ngroups(set->keys))
		capacity = Max(capacity * 2, set->nkeys == 0 ? 1 : 64);
	for (i = 0; i < set->nfuncs; i++)
		aggstate_resize(&set->funcs[i], set->capacity, capacity);
	set->capacity = capacity;
}

void
agggroups_begin(AggGroupSet *set)
{
	if (set->nkeys > 0)
		return;
	(void) aggkeys_lookup_row(set->keys, NULL, NULL);
	reserve_states(set);
	Assert(aggkeys_ngroups(set->keys) == 1);
}

/* ---------- memory ---------- */

void
agggroups_set_limit(AggGroupSet *set, Size limit)
{
	set->limit = limit;
}

/* Bytes of the values of count(DISTINCT). */
static Size
values_memory(const AggGroupSet *set)
{
	Size		used = 0;
	int			i;

	for (i = 0; set->any_distinct && i < set->nfuncs; i++)
		if (set->funcs[i].kind == AGG_DISTINCT)
			used += aggdistinct_memory(&set->funcs[i]);
	return used;
}

static Size
used_memory(AggGroupSet *set)
{
	MemoryContext states = set->fake->curaggcontext->ecxt_per_tuple_memory;
	Size		used = aggkeys_memory(set->keys) +
	MemoryContextMemAllocated(states, true) + values_memory(set);

	set->peak = Max(set->peak, used);
	return used;
}

bool
agggroups_is_full(AggGroupSet *set)
{
	if (set->nkeys == 0 || aggkeys_is_frozen(set->keys))
		return false;
	return used_memory(set) > set->limit && aggkeys_ngroups(set->keys) > 1;
}

/*
 * When memory is full, values may have half of it: they have gone to disk
 * before a group has to.
 */
static Size
values_limit(void)
{
	return agggroups_memory_limit() / 2;
}

static void
bound_values(AggGroupSet *set)
{
	int			i;

	if (values_memory(set) <= values_limit() ||
		used_memory(set) <= agggroups_memory_limit())
		return;
	for (i = 0; i < set->nfuncs; i++)
		if (set->funcs[i].kind == AGG_DISTINCT)
			aggdistinct_spill(&set->funcs[i], values_limit());
}

int64
agggroups_disk(const AggGroupSet *set)
{
	int64		disk = 0;
	int			i;

	for (i = 0; i < set->nfuncs; i++)
		if (set->funcs[i].kind == AGG_DISTINCT)
			disk += aggdistinct_disk(&set->funcs[i]);
	return disk;
}

/* ---------- states ---------- */

#ifdef USE_ASSERT_CHECKING
/* Is each selected row of a group that there is? */
static bool
rows_have_groups(const AggGroupSet *set, const Batch *batch,
				 const AggGroups *groups)
{
	int			range = 0;
	int			row;

	for (SELECTION_EACH(row, batch->selected))
		if (aggkeys_group_of(groups, &range, row) >=
			aggkeys_ngroups(set->keys))
			return false;
	return true;
}
#endif

void
agggroups_add(AggGroupSet *set, Batch *batch, const AggGroups *groups)
{
	int			i;

	reserve_states(set);
	Assert(aggkeys_ngroups(set->keys) <= set->capacity);
	Assert(batch->nselected == 0 || rows_have_groups(set, batch, groups));
	for (i = 0; i < set->nfuncs && batch->nselected > 0; i++)
		aggupdate_function(&set->funcs[i], batch, groups);
	if (set->any_distinct)
		bound_values(set);
}

void
agggroups_combine(AggGroupSet *set, const uint32 *groups, uint32 n,
				  StringInfo states)
{
	int			i;

	Assert(set->can_combine);
	reserve_states(set);
#ifdef USE_ASSERT_CHECKING
	for (i = 0; i < n; i++)
		Assert(groups[i] < aggkeys_ngroups(set->keys));
#endif
	for (i = 0; i < set->nfuncs; i++)
		aggresult_combine(&set->funcs[i], groups, n, states);
}

void
agggroups_serialize(AggGroupSet *set, uint32 first, uint32 n,
					StringInfo buffer)
{
	int			i;

	Assert(set->can_combine && first + n <= aggkeys_ngroups(set->keys));
	for (i = 0; i < set->nfuncs; i++)
		aggresult_serialize(&set->funcs[i], first, n, buffer);
}

void
agggroups_finish(AggGroupSet *set)
{
	int			i;

	(void) used_memory(set);
	for (i = 0; set->any_distinct && i < set->nfuncs; i++)
		if (set->funcs[i].kind == AGG_DISTINCT)
			aggdistinct_finish(&set->funcs[i], values_limit());
}
