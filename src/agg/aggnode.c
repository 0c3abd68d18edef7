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
 * Order.  A query's ORDER BY group keys is served by emitting the groups in that
 * order (aggsort.c), if it begins with time those that are complete first
 * (aggstream.c); those that come in several steps are sorted as rows.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "commands/explain.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "agg/aggfill.h"
#include "agg/agggeneric.h"
#include "agg/aggresult.h"
#include "agg/aggsort.h"
#include "agg/aggspill.h"
#include "agg/aggstream.h"
#include "agg/aggteam.h"
#include "option/settings.h"
#include "scan/workerstats.h"

/* Others who read the table are listened to so often while we emit. */
#define ROWS_PER_POLL 16

typedef struct AggNode
{
	CustomScanState css;		/* must be first */
	AggFill		fill;
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

	resetStringInfo(&node->fill.buffer);
	enlargeStringInfo(&node->fill.buffer, VARHDRSZ);
	node->fill.buffer.len = VARHDRSZ;
	for (i = 0; i < node->fill.nfuncs; i++)
	{
		aggresult_serialize(&node->fill.funcs[i], group, 1,
							&node->fill.buffer);
		slot->tts_isnull[node->fill.nkeys + i] = i > 0;
	}
	SET_VARSIZE(node->fill.buffer.data, node->fill.buffer.len);
	if (node->fill.nfuncs > 0)
		slot->tts_values[node->fill.nkeys] = PointerGetDatum(node->fill.buffer.data);
}

/* Fill the scan slot with a group's keys and results. */
static void
aggnode_store_group(AggNode *node, uint32 group, TupleTableSlot *slot)
{
	int			i;

	ExecClearTuple(slot);
	for (i = 0; i < node->fill.nkeys; i++)
		slot->tts_values[i] = aggkeys_value(node->fill.keys, group, i,
											&slot->tts_isnull[i]);
	if (node->fill.mode == AGGNODE_PARTIAL)
		aggnode_store_states(node, group, slot);
	else
		for (i = 0; i < node->fill.nfuncs; i++)
			slot->tts_values[node->fill.nkeys + i] =
				aggresult_value(&node->fill.funcs[i], group,
								&slot->tts_isnull[node->fill.nkeys + i]);
	ExecStoreVirtualTuple(slot);
}

/* Groups that come in several steps: sort the rows of all of them. */
static void
aggnode_sort_rows(AggNode *node, TupleTableSlot *slot)
{
	do
	{
		uint32		group;

		for (group = 0; group < aggkeys_ngroups(node->fill.keys); group++)
		{
			MemoryContext old = MemoryContextSwitchTo(node->fill.row_memory);

			CHECK_FOR_INTERRUPTS();
			MemoryContextReset(node->fill.row_memory);
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
			node->order = aggsort_groups(node->sort, node->fill.keys,
										 node->fill.stream.groups,
										 aggfill_count(&node->fill),
										 node->fill.query_memory);
	}
	if (node->fill.in_team && node->next % ROWS_PER_POLL == 0)
		aggteam_poll(&node->fill);
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
aggnode_compile(AggNode *node, EState *estate)
{
	CustomScan *plan = (CustomScan *) node->css.ss.ps.plan;
	List	   *eqs = list_nth(plan->custom_private, AGG_PRIVATE_EQS);
	PlanState  *parent = &node->css.ss.ps;
	TupleTableSlot *slot = NULL;
	TupleDesc	desc = NULL;
	List	   *exprs = NIL;
	ListCell   *cell;

	if (node->fill.scan != NULL)
	{
		desc = RelationGetDescr(node->fill.scan->css.ss.ss_currentRelation);
		slot = ExecInitExtraTupleSlot(estate, desc, &TTSOpsVirtual);
	}
	node->fill.nkeys = list_length(eqs);
	node->fill.nfuncs = list_length(plan->custom_scan_tlist) - node->fill.nkeys;
	node->fill.funcs = palloc0(Max(1, node->fill.nfuncs) * sizeof(AggFunc));
	node->fill.nfuncs = 0;
	foreach(cell, plan->custom_scan_tlist)
	{
		Expr	   *expr = ((TargetEntry *) lfirst(cell))->expr;

		if (node->fill.scan != NULL)
			blockscan_need(node->fill.scan->scan, (Node *) expr);
		if (foreach_current_index(cell) < node->fill.nkeys)
			exprs = lappend(exprs, expr);
		else
			aggfunc_compile(&node->fill.funcs[node->fill.nfuncs++],
							castNode(Aggref, expr), parent, desc, slot,
							node->fill.fake);
	}
	node->fill.keys = aggkeys_create(exprs, eqs, parent, desc, slot);
}

static void
aggnode_begin(CustomScanState *state, EState *estate, int eflags)
{
	AggNode    *node = (AggNode *) state;
	CustomScan *plan = (CustomScan *) state->ss.ps.plan;
	List	   *buckets = list_nth(plan->custom_private, AGG_PRIVATE_BUCKETS);
	List	   *order = list_nth(plan->custom_private, AGG_PRIVATE_ORDER);
	int			i;

	node->fill.mode = intVal(list_nth(plan->custom_private, AGG_PRIVATE_MODE));
	node->fill.plan = plan;
	node->fill.workers = intVal(list_nth(plan->custom_private,
										 AGG_PRIVATE_WORKERS));
	/* nobody would say when it is over */
	if (eflags & EXEC_FLAG_BACKWARD)
		node->fill.workers = 0;
	workerstats_begin(&state->ss.ps);
	node->fill.child = ExecInitNode(linitial(plan->custom_plans), estate,
									eflags);
	state->custom_ps = list_make1(node->fill.child);
	if (node->fill.mode != AGGNODE_FINAL)
	{
		node->fill.scan = scannode_of(node->fill.child);
		if (node->fill.scan == NULL)
			elog(ERROR, "unexpected plan below a vectorised aggregation");
	}
	node->fill.fake = agggeneric_fake_state(estate);
	node->fill.query_memory = estate->es_query_cxt;
	node->fill.row_memory = state->ss.ps.ps_ExprContext->ecxt_per_tuple_memory;
	initStringInfo(&node->fill.buffer);
	aggnode_compile(node, estate);
	aggfill_begin(&node->fill);
	if (order != NIL)
		node->sort = aggsort_create(order);
	aggstream_create(&node->fill.stream, list_nth(plan->custom_private,
												  AGG_PRIVATE_STREAM));
	if (buckets != NIL)
	{
		node->fill.buckets = linitial_int(buckets);
		node->fill.bucket_key = lsecond_int(buckets);
		node->fill.bucket_attno = lthird_int(buckets);
		node->fill.bucket_slack = lfourth_int(buckets) ? BUCKET_ZONE_SLACK : 0;
	}
	node->fill.takes_summaries = settings_enable_metadata_agg &&
		node->fill.nkeys == 0;
	node->fill.can_combine = true;
	for (i = 0; i < node->fill.nfuncs; i++)
	{
		node->fill.takes_summaries &= aggfunc_takes_summary(&node->fill.funcs[i]);
		node->fill.any_distinct |= node->fill.funcs[i].kind == AGG_DISTINCT;
		node->fill.can_combine &= node->fill.funcs[i].kind != AGG_GENERIC &&
			node->fill.funcs[i].kind != AGG_DISTINCT;
	}
}

/*
 * Called when a LIMIT is reached, and at the end of each execution, also one
 * that was asked for some rows and may go on.
 */
static void
aggnode_shutdown(CustomScanState *state)
{
	AggFill    *fill = &((AggNode *) state)->fill;
	AggNodeStats stats = {fill->ngroups, fill->streamed, fill->batches,
	fill->peak, aggfill_disk(fill)};

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
		node->fill.ngroups, node->fill.streamed, node->fill.batches,
			node->fill.peak, aggfill_disk(&node->fill)
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
	int			i;

	forget_order(node);
	if (node->sort != NULL)
		aggsort_end(node->sort);
	node->sorting = node->filled = false;
	aggfill_begin(&node->fill);
	aggkeys_rescan(node->fill.keys);
	for (i = 0; i < node->fill.nfuncs; i++)
		aggfunc_rescan(&node->fill.funcs[i]);
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

	if (node->fill.nkeys == 0)
		return;
	context = set_deparse_context_plan(es->deparse_cxt, (Plan *) plan,
									   ancestors);
	for (i = 0; i < node->fill.nkeys; i++)
	{
		TargetEntry *entry = list_nth(plan->custom_scan_tlist, i);

		keys = lappend(keys, deparse_expression((Node *) entry->expr, context,
												list_length(es->rtable) > 1 ||
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
	if (node->fill.buckets > 0)
		ExplainPropertyInteger("Latest Buckets", NULL, node->fill.buckets, es);
	if (node->fill.workers > 0)
		ExplainPropertyInteger("Workers Planned", NULL, node->fill.workers, es);
	if (!es->analyze)
		return;
	if (node->fill.workers > 0)
		ExplainPropertyInteger("Workers Launched", NULL, node->fill.taken, es);
	aggnode_take_stats(node, &stats);
	if (node->fill.nkeys > 0)
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
