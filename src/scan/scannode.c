/*
 * scannode.c
 *	  Columnar scan: rows of a table for PostgreSQL's executor.
 *
 * The block scan filters batches; this node hands out what is left row by row
 * in a virtual slot.  All restriction clauses are the block scan's, so the
 * plan's own qual is empty; they are compiled a second time for EvalPlanQual,
 * which brings a row of its own and asks whether it still passes.
 *
 * A node above that works on batches takes the block scan and never asks for
 * rows (scannode_scan).
 */
#include "postgres.h"

#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "block/blockshare.h"
#include "compat/explaining.h"
#include "scan/scannode.h"
#include "scan/scanpath.h"
#include "scan/workerstats.h"
#include "vector/selection.h"
#include "vexpr/vexpr_plan.h"

static Node *scannode_create(CustomScan *plan);

const CustomScanMethods scannode_plan_methods = {
	.CustomName = "RustsScan",
	.CreateCustomScanState = scannode_create,
};

/* ---------- rows ---------- */

BlockScan *
scannode_scan(ScanNode *node)
{
	if (!node->begun)
	{
		blockscan_begin(node->scan, node->css.ss.ps.state->es_snapshot,
						node->shared);
		node->begun = true;
	}
	return node->scan;
}

void
scannode_share(ScanNode *node, BlockScanShared *shared)
{
	if (node->begun)
		blockscan_end(node->scan);
	node->begun = false;
	node->in_batch = false;
	node->shared = shared;
}

static void
scannode_begin_batch(ScanNode *node, Batch *batch)
{
	int			i;

	node->in_batch = true;
	node->row = 0;
	node->by_value = false;
	for (i = 0; i < node->nneeded; i++)
	{
		bool		by_value = batch_is_by_value(batch, node->needed[i]);

		node->by_value |= by_value;
		node->vectors[i] = by_value ? NULL :
			batch_column(batch, node->needed[i]);
	}
}

/* The row's values, some of which are fetched by themselves. */
static void
scannode_store_row(ScanNode *node, Batch *batch, TupleTableSlot *slot)
{
	int			i;

	for (i = 0; i < node->nneeded; i++)
	{
		if (node->vectors[i] == NULL)
			batch_fetch_value(batch, node->row, slot, node->needed[i]);
		else
			batch_store_value(node->vectors[i], node->row, slot,
							  node->needed[i] - 1);
	}
}

static TupleTableSlot *
scannode_access(ScanState *state)
{
	ScanNode   *node = (ScanNode *) state;
	BlockScan  *scan = scannode_scan(node);
	TupleTableSlot *slot = state->ss_ScanTupleSlot;
	int			i;

	ExecClearTuple(slot);
	if (node->order != NULL)
	{
		if (!scanorder_next(node->order, slot))
			return slot;
		ExecStoreVirtualTuple(slot);
		slot->tts_tableOid = scan->batch.relid;
		return slot;
	}
	for (;;)
	{
		if (!node->in_batch)
		{
			if (!blockscan_next(scan))
				return slot;
			if (node->erase != NULL && !scandelete_batch(node->erase, scan))
				continue;
			scannode_begin_batch(node, &scan->batch);
		}
		node->row = selection_next(scan->batch.selected, node->row);
		if (node->row < BATCH_ROWS)
			break;
		node->in_batch = false;
	}
	if (unlikely(node->by_value))
		scannode_store_row(node, &scan->batch, slot);
	else
		for (i = 0; i < node->nneeded; i++)
			batch_store_value(node->vectors[i], node->row, slot,
							  node->needed[i] - 1);
	ExecStoreVirtualTuple(slot);
	slot->tts_tableOid = scan->batch.relid;
	blockscan_tid(scan, node->row, &slot->tts_tid);
	node->row++;
	return slot;
}

/*
 * A row that EvalPlanQual brings is in the table's slot, and expressions were
 * compiled for a virtual one.
 */
static TupleTableSlot *
scannode_take_row(ScanState *state, TupleTableSlot *slot)
{
	TupleTableSlot *own = state->ss_ScanTupleSlot;

	if (slot == own)
		return slot;
	ExecCopySlot(own, slot);
	own->tts_tid = slot->tts_tid;
	own->tts_tableOid = slot->tts_tableOid;
	return own;
}

static bool
scannode_recheck(ScanState *state, TupleTableSlot *slot)
{
	ScanNode   *node = (ScanNode *) state;
	ExprContext *econtext = state->ps.ps_ExprContext;

	/* hardly ever needed, so not compiled before */
	if (node->recheck == NULL)
	{
		CustomScan *plan = (CustomScan *) state->ps.plan;
		MemoryContext old;

		old = MemoryContextSwitchTo(state->ps.state->es_query_cxt);
		node->recheck = ExecInitQual(plan->custom_exprs, &state->ps);
		MemoryContextSwitchTo(old);
	}
	econtext->ecxt_scantuple = scannode_take_row(state, slot);
	return ExecQual(node->recheck, econtext);
}

/* Within EvalPlanQual: the row may be another node's, so it is projected here. */
static TupleTableSlot *
scannode_exec_again(CustomScanState *state)
{
	ProjectionInfo *projection = state->ss.ps.ps_ProjInfo;
	TupleTableSlot *slot;

	state->ss.ps.ps_ProjInfo = NULL;
	slot = ExecScan(&state->ss, scannode_access, scannode_recheck);
	state->ss.ps.ps_ProjInfo = projection;
	if (projection == NULL)
		return slot;
	if (TupIsNull(slot))
		return ExecClearTuple(projection->pi_state.resultslot);
	projection->pi_exprContext->ecxt_scantuple =
		scannode_take_row(&state->ss, slot);
	return ExecProject(projection);
}

static TupleTableSlot *
scannode_exec(CustomScanState *state)
{
	if (unlikely(state->ss.ps.state->es_epq_active != NULL))
		return scannode_exec_again(state);
	return ExecScan(&state->ss, scannode_access, scannode_recheck);
}

/* ---------- life ---------- */

/* Rows to be put in order consist of what is needed and what orders them. */
static void
scannode_begin_order(ScanNode *node, List *description)
{
	ScanOrderPlan *plan = &node->order_plan;
	List	   *attnos = NIL;
	AttrNumber *array;
	ListCell   *cell;
	int			i;

	scanorder_read(description, plan);
	for (i = 0; i < node->nneeded; i++)
		attnos = lappend_int(attnos, node->needed[i]);
	attnos = list_concat_unique_int(attnos, plan->tags);
	if (plan->time != 0)
		attnos = list_append_unique_int(attnos, plan->time);
	array = palloc(list_length(attnos) * sizeof(AttrNumber));
	foreach(cell, attnos)
	{
		array[foreach_current_index(cell)] = lfirst_int(cell);
		blockscan_need_attribute(node->scan, lfirst_int(cell));
	}
	node->order = scanorder_create(node->scan, plan, array,
								   list_length(attnos));
}

static void
scannode_begin(CustomScanState *state, EState *estate, int eflags)
{
	ScanNode   *node = (ScanNode *) state;
	CustomScan *plan = (CustomScan *) state->ss.ps.plan;
	List	   *needed = list_nth(plan->custom_private, SCAN_PRIVATE_NEEDED);
	List	   *early = list_nth(plan->custom_private, SCAN_PRIVATE_EARLY);
	List	   *top = list_nth(plan->custom_private, SCAN_PRIVATE_TOP);
	List	   *order = list_nth(plan->custom_private, SCAN_PRIVATE_ORDER);
	TupleTableSlot *slot = state->ss.ss_ScanTupleSlot;
	ListCell   *cell;
	int			i = 0;

	/* attributes that nobody needs read as NULL */
	memset(slot->tts_values, 0,
		   slot->tts_tupleDescriptor->natts * sizeof(Datum));
	memset(slot->tts_isnull, true, slot->tts_tupleDescriptor->natts);

	workerstats_begin(&state->ss.ps);
	node->scan = blockscan_create(state->ss.ss_currentRelation,
								  &state->ss.ps,
								  ExecInitExtraTupleSlot(estate,
														 slot->tts_tupleDescriptor,
														 &TTSOpsVirtual),
								  plan->custom_exprs);
	foreach(cell, early)
		node->scan->filters[i++].early = lfirst_int(cell);
	if (top != NIL)
	{
		scantop_read(top, &node->top);
		scantop_attach(node->scan, &node->top, &state->ss.ps,
					   ExecInitExtraTupleSlot(estate,
											  slot->tts_tupleDescriptor,
											  &TTSOpsVirtual));
	}
	node->vectors = palloc(Max(1, list_length(needed)) * sizeof(Vector *));
	node->needed = palloc(Max(1, list_length(needed)) * sizeof(AttrNumber));
	foreach(cell, needed)
	{
		node->needed[node->nneeded++] = lfirst_int(cell);
		blockscan_need_attribute(node->scan, lfirst_int(cell));
	}
	if (order != NIL)
		scannode_begin_order(node, order);
}

static void
scannode_end(CustomScanState *state)
{
	ScanNode   *node = (ScanNode *) state;

	if (node->order != NULL)
		scanorder_reset(node->order);
	scandelete_end(node->erase);
	blockscan_end(node->scan);
}

static void
scannode_rescan(CustomScanState *state)
{
	ScanNode   *node = (ScanNode *) state;

	if (node->order != NULL)
		scanorder_reset(node->order);
	blockscan_rescan(node->scan);
	node->in_batch = false;
	ExecScanReScan(&state->ss);
}

/* ---------- parallel ---------- */

#define SCAN_COUNTERS (sizeof(BlockScanCounters) / sizeof(uint64))

StaticAssertDecl(SCAN_COUNTERS <= WORKERSTATS_NUMBERS,
				 "counters of a scan fit into what workers tell");

static Size
scannode_estimate_dsm(CustomScanState *state, ParallelContext *pcxt)
{
	return blockshare_size();
}

static void
scannode_init_dsm(CustomScanState *state, ParallelContext *pcxt,
				  void *coordinate)
{
	ScanNode   *node = (ScanNode *) state;

	blockshare_init(coordinate, state->ss.ss_currentRelation,
					pcxt->nworkers + 1);
	node->shared = coordinate;
}

static void
scannode_reinit_dsm(CustomScanState *state, ParallelContext *pcxt,
					void *coordinate)
{
	blockshare_reinit(coordinate, state->ss.ss_currentRelation);
}

static void
scannode_init_worker(CustomScanState *state, shm_toc *toc, void *coordinate)
{
	((ScanNode *) state)->shared = coordinate;
}

static void
scannode_shutdown(CustomScanState *state)
{
	ScanNode   *node = (ScanNode *) state;

	if (node->shared == NULL && node->begun && IsParallelWorker())
	{
		blockshare_count_bytes(node->scan);
		workerstats_post(&state->ss.ps, (uint64 *) &node->scan->counters,
						 SCAN_COUNTERS);
	}
	if (node->shared == NULL || !node->begun)
		return;
	/* shared by the node above: its business (aggteam.c) */
	if (!state->ss.ps.plan->parallel_aware)
		return;
	if (IsParallelWorker())
		blockshare_report(node->scan);
	else
	{
		blockshare_count_bytes(node->scan);
		blockshare_take(node->scan);
	}
	/*
	 * The shared memory goes before EXPLAIN asks, and before a Gather that is
	 * started again makes another: so the scan has to begin again too.
	 */
	scannode_share(node, NULL);
}

/* ---------- EXPLAIN ---------- */

static void
explain_filter(List *filters, const char *label, CustomScanState *state,
			   List *ancestors, ExplainState *es)
{
	List	   *context;
	Node	   *node;

	if (filters == NIL)
		return;
	context = set_deparse_context_plan(es->deparse_cxt, state->ss.ps.plan,
									   ancestors);
	node = list_length(filters) == 1 ? linitial(filters) :
		(Node *) make_ands_explicit(filters);
	ExplainPropertyText(label,
						deparse_expression(node, context,
										   COMPAT_RTABLE_SIZE(es) > 1 ||
										   es->verbose, false),
						es);
}

static void
explain_count(const char *label, uint64 n, ExplainState *es)
{
	if (n > 0 || es->format != EXPLAIN_FORMAT_TEXT)
		ExplainPropertyInteger(label, NULL, (int64) n, es);
}

static void
scannode_explain_counters(const BlockScanCounters *c, ExplainState *es)
{
	ExplainPropertyInteger("Segments", NULL, (int64) c->segments, es);
	explain_count("Segments Pruned by Summary",
				  c->segments_left_out + c->segments_pruned, es);
	explain_count("Segments Pruned by Tag", c->segments_by_tag, es);
	explain_count("Segments from Metadata", c->segments_metadata, es);
	explain_count("Blocks", c->blocks, es);
	explain_count("Blocks Pruned by Zone Map", c->blocks_pruned, es);
	explain_count("Blocks from Metadata", c->blocks_metadata, es);
	explain_count("Blocks Decoded", c->blocks_read, es);
	explain_count("Hot Rows", c->hot_rows, es);
	explain_count("Rows Removed by Deletion", c->rows_deleted, es);
	explain_count("Rows Removed by Filter", c->rows_filtered, es);
	if (c->bytes > 0 || es->format != EXPLAIN_FORMAT_TEXT)
		ExplainPropertyInteger("Segment Bytes Read", NULL, (int64) c->bytes,
							   es);
}

static void
scannode_explain_top(ScanNode *node, ExplainState *es)
{
	TupleDesc	desc = node->scan->desc;
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	appendStringInfo(&text, "%s%s",
					 NameStr(TupleDescAttr(desc, node->top.attno - 1)->attname),
					 node->top.desc ? " DESC" : "");
	if (node->top.keys == NIL)
		appendStringInfo(&text, ", %d rows", node->top.count);
	foreach(cell, node->top.keys)
		appendStringInfo(&text, "%s%s",
						 foreach_current_index(cell) == 0 ? " per " : ", ",
						 NameStr(TupleDescAttr(desc, lfirst_int(cell) - 1)->attname));
	ExplainPropertyText("First Rows", text.data, es);
}

static void
scannode_explain_order(ScanNode *node, ExplainState *es)
{
	const ScanOrderPlan *plan = &node->order_plan;
	TupleDesc	desc = node->scan->desc;
	List	   *columns = NIL;
	ListCell   *cell;

	foreach(cell, plan->tags)
		columns = lappend(columns,
						  psprintf("%s%s",
								   NameStr(TupleDescAttr(desc, lfirst_int(cell) - 1)->attname),
								   plan->tags_desc ? " DESC" : ""));
	if (plan->time != 0)
		columns = lappend(columns,
						  psprintf("%s%s",
								   NameStr(TupleDescAttr(desc, plan->time - 1)->attname),
								   plan->time_desc ? " DESC" : ""));
	ExplainPropertyList("Order", columns, es);
}

static void
scannode_explain(CustomScanState *state, List *ancestors, ExplainState *es)
{
	ScanNode   *node = (ScanNode *) state;
	CustomScan *plan = (CustomScan *) state->ss.ps.plan;
	List	   *vectorized = NIL;
	List	   *others = NIL;
	ListCell   *cell;
	double		cost;
	BlockScanCounters told;

	foreach(cell, plan->custom_exprs)
	{
		if (vexpr_plan_is_vectorized(lfirst(cell), &cost))
			vectorized = lappend(vectorized, lfirst(cell));
		else
			others = lappend(others, lfirst(cell));
	}
	explain_filter(vectorized, "Vectorized Filter", state, ancestors, es);
	explain_filter(others, "Filter", state, ancestors, es);
	if (node->top.attno != 0)
		scannode_explain_top(node, es);
	if (node->order != NULL)
		scannode_explain_order(node, es);
	if (es->analyze && node->order != NULL)
		scanorder_count(node->order);
	blockshare_count_bytes(node->scan);
	if (!es->analyze)
		return;
	while (workerstats_take(&state->ss.ps, (uint64 *) &told, SCAN_COUNTERS))
		blockshare_add(&node->scan->counters, &told);
	scannode_explain_counters(&node->scan->counters, es);
	if (node->erase != NULL)
		ExplainPropertyInteger("Rows Deleted by Block", NULL,
							   (int64) node->erase->rows, es);
}

static const CustomExecMethods scannode_exec_methods = {
	.CustomName = "RustsScan",
	.BeginCustomScan = scannode_begin,
	.ExecCustomScan = scannode_exec,
	.EndCustomScan = scannode_end,
	.ReScanCustomScan = scannode_rescan,
	.EstimateDSMCustomScan = scannode_estimate_dsm,
	.InitializeDSMCustomScan = scannode_init_dsm,
	.ReInitializeDSMCustomScan = scannode_reinit_dsm,
	.InitializeWorkerCustomScan = scannode_init_worker,
	.ShutdownCustomScan = scannode_shutdown,
	.ExplainCustomScan = scannode_explain,
};

static Node *
scannode_create(CustomScan *plan)
{
	ScanNode   *node = (ScanNode *) newNode(sizeof(ScanNode),
											T_CustomScanState);

	node->css.methods = &scannode_exec_methods;
	return (Node *) node;
}

ScanNode *
scannode_of(PlanState *state)
{
	if (state == NULL || !IsA(state, CustomScanState) ||
		((CustomScanState *) state)->methods != &scannode_exec_methods)
		return NULL;
	return (ScanNode *) state;
}
