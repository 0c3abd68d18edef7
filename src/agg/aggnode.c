/*
 * aggnode.c
 *	  Vectorised aggregation.
 *
 *	  simple:   RustsAggregate - RustsScan
 *	  parallel: RustsAggregate (final) - Gather - RustsAggregate (partial)
 *				- RustsScan (parallel-aware)
 *
 * Groups are made from batches of the scan (aggread.c), as many as memory holds
 * at a time (aggfill.c); the node emits them.
 *
 * Order.  A query's ORDER BY group keys is served by emitting the groups in
 * that order (aggsort.c).  If it begins with time, groups that are complete
 * come first (aggstream.c).  Groups that come in several steps are sorted as
 * rows.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/ruleutils.h"

#include "agg/aggnode.h"
#include "agg/aggresult.h"
#include "agg/aggsort.h"
#include "compat/explaining.h"
#include "scan/workerstats.h"

/* Others who read the table are listened to so often while we emit. */
#define ROWS_PER_POLL 16

typedef struct AggNode
{
	CustomScanState css;		/* must be first */
	AggFill		fill;
	StringInfoData states;		/* of a group on its way out */
	uint32		next;			/* group to emit */
	bool		filled;			/* there are groups to emit */
	AggSort    *sort;			/* the order to emit them in; NULL: any */
	uint32	   *order;			/* of these groups; NULL: as they are */
	bool		sorting;		/* rows come from sort */
} AggNode;

/* What EXPLAIN ANALYZE tells. */
typedef struct AggNodeStats
{
	uint64		groups;
	uint64		streamed;
	uint64		batches;
	uint64		peak;			/* bytes */
	uint64		disk;
} AggNodeStats;

static Node *aggnode_create(CustomScan *plan);

const CustomScanMethods aggnode_plan_methods = {
	.CustomName = "RustsAggregate",
	.CreateCustomScanState = aggnode_create,
};

/* ---------- results ---------- */

/*
 * The states of a group, all in the column of the first aggregate: the others'
 * do not leave the node (aggplan.c).  Valid until the next call.
 */
static void
aggnode_store_states(AggNode *node, uint32 group, TupleTableSlot *slot)
{
	int			i;

	resetStringInfo(&node->states);
	enlargeStringInfo(&node->states, VARHDRSZ);
	node->states.len = VARHDRSZ;
	agggroups_serialize(&node->fill.set, group, 1, &node->states);
	for (i = 0; i < node->fill.set.nfuncs; i++)
		slot->tts_isnull[node->fill.set.nkeys + i] = i > 0;
	SET_VARSIZE(node->states.data, node->states.len);
	if (node->fill.set.nfuncs > 0)
		slot->tts_values[node->fill.set.nkeys] =
			PointerGetDatum(node->states.data);
}

/* Fill the scan slot with a group's keys and results. */
static void
aggnode_store_group(AggNode *node, uint32 group, TupleTableSlot *slot)
{
	AggGroupSet *set = &node->fill.set;
	int			i;

	Assert(group < aggkeys_ngroups(set->keys));
	ExecClearTuple(slot);
	for (i = 0; i < set->nkeys; i++)
		slot->tts_values[i] = aggkeys_value(set->keys, group, i,
											&slot->tts_isnull[i]);
	if (node->fill.mode == AGGNODE_PARTIAL)
		aggnode_store_states(node, group, slot);
	else
		for (i = 0; i < set->nfuncs; i++)
			slot->tts_values[set->nkeys + i] =
				aggresult_value(&set->funcs[i], group,
								&slot->tts_isnull[set->nkeys + i]);
	ExecStoreVirtualTuple(slot);
}

/* Groups that come in several steps: sort the rows of all of them. */
static void
aggnode_sort_rows(AggNode *node, TupleTableSlot *slot)
{
	do
	{
		uint32		group;

		for (group = 0; group < aggkeys_ngroups(node->fill.set.keys); group++)
		{
			MemoryContext old = MemoryContextSwitchTo(node->fill.set.row_memory);

			CHECK_FOR_INTERRUPTS();
			MemoryContextReset(node->fill.set.row_memory);
			aggnode_store_group(node, group, slot);
			aggsort_put(node->sort, slot);
			MemoryContextSwitchTo(old);
		}
	} while (aggfill_next(&node->fill));
	node->sorting = true;
}

static void
forget_order(AggNode *node)
{
	if (node->order != NULL)
		pfree(node->order);
	node->order = NULL;
}

/* Store the next group in the scan slot, its values in per-tuple memory. */
static bool
aggnode_next(AggNode *node, TupleTableSlot *slot)
{
	ExprContext *econtext = node->css.ss.ps.ps_ExprContext;
	MemoryContext old;
	uint32		group;

	while (!node->sorting &&
		   (!node->filled || node->next >= aggfill_count(&node->fill)))
	{
		forget_order(node);
		if (!aggfill_next(&node->fill))
			return false;
		node->filled = true;
		node->next = 0;
		if (node->sort != NULL && aggfill_has_more(&node->fill))
			aggnode_sort_rows(node, slot);
		else if (node->sort != NULL)
			node->order = aggsort_groups(node->sort, node->fill.set.keys,
										 node->fill.stream.groups,
										 aggfill_count(&node->fill),
										 node->fill.set.query_memory);
	}
	if (node->fill.team.active && node->next % ROWS_PER_POLL == 0)
		aggteam_poll(&node->fill.team);
	ResetExprContext(econtext);
	if (node->sorting)
		return aggsort_get(node->sort, slot);
	group = node->order != NULL ? node->order[node->next] : node->next;
	node->next++;
	old = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	aggnode_store_group(node, group, slot);
	MemoryContextSwitchTo(old);
	return true;
}

static TupleTableSlot *
aggnode_exec(CustomScanState *state)
{
	AggNode    *node = (AggNode *) state;
	ExprContext *econtext = state->ss.ps.ps_ExprContext;
	TupleTableSlot *slot = state->ss.ss_ScanTupleSlot;

	while (aggnode_next(node, slot))
	{
		CHECK_FOR_INTERRUPTS();
		econtext->ecxt_scantuple = slot;
		if (!ExecQual(state->ss.ps.qual, econtext))
		{
			InstrCountFiltered1(state, 1);
			continue;
		}
		if (state->ss.ps.ps_ProjInfo != NULL)
			return ExecProject(state->ss.ps.ps_ProjInfo);
		return slot;
	}
	return ExecClearTuple(state->ss.ps.ps_ResultTupleSlot);
}

/* ---------- life ---------- */

static void
aggnode_begin(CustomScanState *state, EState *estate, int eflags)
{
	AggNode    *node = (AggNode *) state;
	CustomScan *plan = (CustomScan *) state->ss.ps.plan;
	List	   *order = list_nth(plan->custom_private, AGG_PRIVATE_ORDER);
	int			workers = intVal(list_nth(plan->custom_private,
										  AGG_PRIVATE_WORKERS));
	PlanState  *child;

	Assert(list_length(plan->custom_private) == AGG_PRIVATE_STREAM + 1);
	workerstats_begin(&state->ss.ps);
	child = ExecInitNode(linitial(plan->custom_plans), estate, eflags);
	state->custom_ps = list_make1(child);
	/* backwards, nobody would say when it is over */
	aggfill_create(&node->fill, state, child,
				   eflags & EXEC_FLAG_BACKWARD ? 0 : workers);
	initStringInfo(&node->states);
	if (order != NIL)
		node->sort = aggsort_create(order);
}

/*
 * Called when a LIMIT is reached, and at the end of each execution, also one
 * that was asked for some rows and may go on.
 */
static void
aggnode_shutdown(CustomScanState *state)
{
	AggFill    *fill = &((AggNode *) state)->fill;
	AggNodeStats stats = {fill->ngroups, fill->stream.streamed, fill->batches,
	fill->set.peak, aggfill_disk(fill)};

	aggfill_shutdown(fill);
	if (IsParallelWorker() && stats.batches > 0)
		workerstats_post(&state->ss.ps, (uint64 *) &stats,
						 sizeof(stats) / sizeof(uint64));
}

/* Add what workers that ran the node have told. */
static void
aggnode_take_stats(AggNode *node, AggNodeStats *stats)
{
	AggNodeStats told;

	*stats = (AggNodeStats)
	{
		node->fill.ngroups, node->fill.stream.streamed, node->fill.batches,
			node->fill.set.peak, aggfill_disk(&node->fill)
	};
	while (workerstats_take(&node->css.ss.ps, (uint64 *) &told,
							sizeof(told) / sizeof(uint64)))
	{
		stats->groups += told.groups;
		stats->streamed += told.streamed;
		stats->batches = Max(stats->batches, told.batches);
		stats->peak = Max(stats->peak, told.peak);
		stats->disk += told.disk;
	}
}

static void
aggnode_end(CustomScanState *state)
{
	AggNode    *node = (AggNode *) state;

	if (node->sort != NULL)
		aggsort_end(node->sort);
	aggfill_end(&node->fill);
	ExecEndNode(node->fill.child);
}

static void
aggnode_rescan(CustomScanState *state)
{
	AggNode    *node = (AggNode *) state;

	forget_order(node);
	if (node->sort != NULL)
		aggsort_end(node->sort);
	node->sorting = node->filled = false;
	aggfill_begin(&node->fill);
	agggroups_rescan(&node->fill.set);
	if (state->ss.ps.chgParam != NULL)
		UpdateChangedParamSet(node->fill.child, state->ss.ps.chgParam);
	/* the child is asked for batches, so nobody else would rescan it */
	ExecReScan(node->fill.child);
}

/* ---------- EXPLAIN ---------- */

static void
aggnode_explain_keys(AggNode *node, List *ancestors, ExplainState *es)
{
	CustomScan *plan = (CustomScan *) node->css.ss.ps.plan;
	List	   *context;
	List	   *keys = NIL;
	List	   *order = NIL;
	ListCell   *cell;
	int			i;

	if (node->fill.set.nkeys == 0)
		return;
	context = set_deparse_context_plan(es->deparse_cxt, (Plan *) plan,
									   ancestors);
	for (i = 0; i < node->fill.set.nkeys; i++)
	{
		TargetEntry *entry = list_nth(plan->custom_scan_tlist, i);

		keys = lappend(keys, deparse_expression((Node *) entry->expr, context,
												COMPAT_RTABLE_SIZE(es) > 1 ||
												es->verbose, false));
	}
	ExplainPropertyList("Group Key", keys, es);
	foreach(cell, list_nth(plan->custom_private, AGG_PRIVATE_ORDER))
		order = lappend(order, aggsort_describe(lfirst(cell), keys));
	if (order != NIL)
		ExplainPropertyList("Order", order, es);
	if (node->fill.stream.attno > 0)
		ExplainPropertyText("Streamed By",
							list_nth(keys, node->fill.stream.key), es);
}

static void
aggnode_explain(CustomScanState *state, List *ancestors, ExplainState *es)
{
	static const char *const modes[] = {
		[AGGNODE_SIMPLE] = "Simple",
		[AGGNODE_PARTIAL] = "Partial",
		[AGGNODE_FINAL] = "Finalize",
	};
	AggNode    *node = (AggNode *) state;
	AggNodeStats stats;

	if (node->fill.mode != AGGNODE_SIMPLE || es->format != EXPLAIN_FORMAT_TEXT)
		ExplainPropertyText("Partial Mode", modes[node->fill.mode], es);
	aggnode_explain_keys(node, ancestors, es);
	if (node->fill.read.buckets > 0)
		ExplainPropertyInteger("Latest Buckets", NULL, node->fill.read.buckets, es);
	if (node->fill.team.workers > 0)
		ExplainPropertyInteger("Workers Planned", NULL, node->fill.team.workers, es);
	if (!es->analyze)
		return;
	if (node->fill.team.workers > 0)
		ExplainPropertyInteger("Workers Launched", NULL, node->fill.team.taken, es);
	aggnode_take_stats(node, &stats);
	if (node->fill.set.nkeys > 0)
		ExplainPropertyInteger("Groups", NULL, (int64) stats.groups, es);
	if (node->fill.stream.attno > 0)
		ExplainPropertyInteger("Streamed Groups", NULL,
							   (int64) stats.streamed, es);
	if (stats.batches > 1 || es->format != EXPLAIN_FORMAT_TEXT)
		ExplainPropertyInteger("Batches", NULL, (int64) stats.batches, es);
	if (stats.peak > 0)
		ExplainPropertyInteger("Memory Usage", "kB",
							   (int64) (stats.peak + 1023) / 1024, es);
	if (stats.disk > 0)
		ExplainPropertyInteger("Disk Usage", "kB",
							   (int64) (stats.disk + 1023) / 1024, es);
}

static const CustomExecMethods aggnode_exec_methods = {
	.CustomName = "RustsAggregate",
	.BeginCustomScan = aggnode_begin,
	.ExecCustomScan = aggnode_exec,
	.EndCustomScan = aggnode_end,
	.ReScanCustomScan = aggnode_rescan,
	.ShutdownCustomScan = aggnode_shutdown,
	.ExplainCustomScan = aggnode_explain,
};

static Node *
aggnode_create(CustomScan *plan)
{
	AggNode    *node = (AggNode *) newNode(sizeof(AggNode), T_CustomScanState);

	node->css.methods = &aggnode_exec_methods;
	return (Node *) node;
}

AggFill *
aggnode_fill(PlanState *state)
{
	if (!IsA(state, CustomScanState) ||
		((CustomScanState *) state)->methods != &aggnode_exec_methods)
		elog(ERROR, "not a vectorised aggregation");
	return &((AggNode *) state)->fill;
}
