/*
 * aggnode.c
 *	  Vectorised aggregation.
 *
 *	  simple:   RustsAggregate - RustsScan
 *	  parallel: RustsAggregate (final) - Gather - RustsAggregate (partial)
 *				- RustsScan (parallel-aware)
 *
 * The node reads batches from the scan below it (it never asks it for rows):
 * a segment or block whose every row passes and whose metadata answer all
 * aggregates is not decoded at all.
 *
 * Memory.  When the groups outgrow hash_mem (and PASS_MEMORY), they go to disk
 * with their states, and states of one group are combined when all has been
 * read (aggspill.c).  Transition functions have no states that could be
 * combined: with one of them the node starts again and makes several passes
 * over the table, each for the groups in one part of the hash space.  A partial
 * node emits the groups it has and starts with none: whoever combines them does
 * not mind seeing a group twice.
 *
 * Order.  A query's ORDER BY group keys is served by emitting the groups in that
 * order (aggsort.c); those of several passes are sorted as rows.
 */
#include "postgres.h"

#include "commands/explain.h"
#include "executor/executor.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "compat/compat.h"
#include "exec/agggeneric.h"
#include "exec/aggkeys.h"
#include "exec/aggnode.h"
#include "exec/aggsort.h"
#include "exec/aggspill.h"
#include "exec/blockprune.h"
#include "exec/scannode.h"
#include "storage/segment_format.h"
#include "table/settings.h"

/* Each time memory runs out, a part of the hash space is cut into so many. */
#define PART_SPLIT_BITS 2
#define PART_MAX_BITS 24

/*
 * What groups may take even where hash_mem is smaller.  With work_mem at its
 * minimum a pass would hold a few hundred groups, and thousands of passes
 * would read the table to save less memory than the scan below takes for a
 * few columns (a frame of blocks has up to SEGMENT_FRAME_BYTES each).  In
 * bytes, not in groups: a floor of so many groups would bound nothing, for the
 * state of a transition function may have any size.
 */
#define PASS_MEMORY ((Size) 4 * SEGMENT_FRAME_BYTES)

/* A part of the hash space that is still to be done. */
typedef struct AggPart
{
	uint32		mask;
	uint32		part;
} AggPart;

typedef struct AggNode
{
	CustomScanState css;		/* must be first */
	AggNodeMode mode;
	PlanState  *child;
	ScanNode   *scan;			/* the child, unless it is a Gather */
	AggKeys    *keys;
	int			nkeys;
	int			nfuncs;
	AggFunc    *funcs;
	struct AggState *fake;
	int			buckets;		/* how many are wanted, 0: all */
	int			bucket_key;
	AttrNumber	bucket_attno;	/* the column they are of */
	uint32		bounded_groups; /* when the bound was last raised */
	bool		takes_summaries;	/* all aggregates do, and no keys */
	AggGroups	groups;
	uint32		capacity;		/* of the functions' arrays */
	Size		limit;			/* bytes */
	uint32		next;			/* group to emit */
	bool		filled;			/* there are groups to emit */
	AggSort    *sort;			/* the order to emit them in; NULL: any */
	uint32	   *order;			/* of the groups at hand; NULL: as they are */
	bool		sorting;		/* rows come from sort */
	bool		exhausted;		/* the input is */
	bool		can_spill;		/* states can be combined */
	AggSpill   *spill;			/* NULL: all fitted so far */
	List	   *parts;			/* AggPart, to be done after this one */
	AggPart		part;
	int64		passes;
	int64		ngroups;		/* of all passes */
	Size		peak;
	StringInfoData buffer;		/* a state on its way out */
} AggNode;

static Node *aggnode_create(CustomScan *plan);

const CustomScanMethods aggnode_plan_methods = {
	.CustomName = "RustsAggregate",
	.CreateCustomScanState = aggnode_create,
};

/* ---------- groups ---------- */

Size
aggnode_memory_limit(void)
{
	return Max(get_hash_memory_limit(), PASS_MEMORY);
}

static MemoryContext
aggnode_state_context(AggNode *node)
{
	return node->fake->curaggcontext->ecxt_per_tuple_memory;
}

static void
aggnode_reset(AggNode *node)
{
	int			i;

	/* transition functions may have registered callbacks */
	ReScanExprContext(node->fake->curaggcontext);
	if (node->order != NULL)
		pfree(node->order);
	node->order = NULL;
	aggkeys_reset(node->keys);
	for (i = 0; i < node->nfuncs; i++)
		aggfunc_forget(&node->funcs[i]);
	node->capacity = 0;
	node->bounded_groups = 0;
	node->next = 0;
	node->filled = false;
}

/* States for all groups that there are. */
static void
aggnode_reserve(AggNode *node)
{
	uint32		capacity = node->capacity;
	int			i;

	if (aggkeys_ngroups(node->keys) <= capacity)
		return;
	while (capacity < aggkeys_ngroups(node->keys))
		capacity = Max(capacity * 2, node->nkeys == 0 ? 1 : 64);
	for (i = 0; i < node->nfuncs; i++)
		aggfunc_resize(&node->funcs[i], node->capacity, capacity);
	node->capacity = capacity;
}

/*
 * With ORDER BY bucket DESC LIMIT n nobody asks for groups below the n-th
 * largest bucket.  A bucket begins at or before what is in it, so rows before
 * that bucket's start belong to such groups.  These may stay incomplete.
 */
static void
aggnode_raise_bound(AggNode *node, BlockScan *scan)
{
	int64		bound;

	if (aggkeys_ngroups(node->keys) == node->bounded_groups)
		return;
	node->bounded_groups = aggkeys_ngroups(node->keys);
	if (!aggkeys_nth_largest(node->keys, node->bucket_key, node->buckets,
							 &bound))
		return;
	if (scan->bound_attno == 0 || bound > scan->bound_low)
		scan->bound_low = bound;
	scan->bound_high = PG_INT64_MAX;
	scan->bound_attno = node->bucket_attno;
}

static void
aggnode_update(AggNode *node, BlockScan *scan)
{
	Batch	   *batch = &scan->batch;
	int			i;

	aggkeys_lookup(node->keys, batch, &node->groups);
	aggnode_reserve(node);
	for (i = 0; i < node->nfuncs; i++)
		aggfunc_update(&node->funcs[i], batch, &node->groups);
	if (node->buckets > 0)
		aggnode_raise_bound(node, scan);
}

static bool
aggnode_is_full(AggNode *node)
{
	Size		used;

	if (node->nkeys == 0)
		return false;
	used = aggkeys_memory(node->keys) +
		MemoryContextMemAllocated(aggnode_state_context(node), true);
	node->peak = Max(node->peak, used);
	return used > node->limit && aggkeys_ngroups(node->keys) > 1;
}

/* ---------- metadata ---------- */

typedef bool (*SummaryLookup) (BlockScan *scan, AttrNumber attno,
							   DirectorySummaryData *summary);

/* Answer for rows rows from their summaries; false: they do not suffice. */
static bool
aggnode_add_summaries(AggNode *node, BlockScan *scan, SummaryLookup lookup,
					  uint32 rows)
{
	DirectorySummaryData summary;
	int			i;

	if (!node->takes_summaries)
		return false;
	for (i = 0; i < node->nfuncs; i++)
		if (node->funcs[i].nargs > 0 &&
			(!lookup(scan, node->funcs[i].column, &summary) ||
			 !aggfunc_summary_suffices(&node->funcs[i], &summary, rows)))
			return false;
	memset(&summary, 0, sizeof(summary));
	for (i = 0; i < node->nfuncs; i++)
	{
		if (node->funcs[i].nargs > 0)
			(void) lookup(scan, node->funcs[i].column, &summary);
		aggfunc_add_summary(&node->funcs[i], 0, &summary, rows);
	}
	return true;
}

/* ---------- reading ---------- */

/* Read blocks of the current segment; true: memory ran out. */
static bool
aggnode_read_segment(AggNode *node, BlockScan *scan)
{
	if (scan->whole &&
		aggnode_add_summaries(node, scan, blockprune_segment_zone,
							  scan->entry->d.rows))
	{
		scan->counters.segments_metadata++;
		return false;
	}
	while (blockscan_next_block(scan))
	{
		if (scan->full &&
			aggnode_add_summaries(node, scan, blockprune_block_zone,
								  scan->batch.n))
		{
			scan->counters.blocks_metadata++;
			continue;
		}
		if (!blockscan_filter(scan))
			continue;
		aggnode_update(node, scan);
		if (aggnode_is_full(node))
			return true;
	}
	return false;
}

/*
 * Read until the end (true) or until memory runs out.  May be called again
 * after that, to go on.
 */
static bool
aggnode_read_batches(AggNode *node)
{
	bool		begun = node->scan->begun;
	BlockScan  *scan = scannode_scan(node->scan);

	if (!begun && node->buckets > 0)
	{
		blockprune_order_by(scan, node->bucket_attno, true);
		scan->backwards = true;
	}
	if (scan->entry != NULL && aggnode_read_segment(node, scan))
		return false;
	while (!scan->segments_done && blockscan_next_segment(scan))
		if (aggnode_read_segment(node, scan))
			return false;
	while (blockscan_next_hot(scan))
	{
		if (!blockscan_filter(scan))
			continue;
		aggnode_update(node, scan);
		if (aggnode_is_full(node))
			return false;
	}
	return true;
}

/* The scan is not asked for rows: it would look as if it never ran. */
static bool
aggnode_read(AggNode *node)
{
	Instrumentation *instrument = node->child->instrument;
	bool		result;

	if (instrument != NULL)
		InstrStartNode(instrument);
	result = aggnode_read_batches(node);
	if (instrument != NULL)
		InstrStopNode(instrument, 0);
	return result;
}

/* Keys without rows: only an aggregation without keys has a group then. */
static void
aggnode_begin_groups(AggNode *node)
{
	if (node->nkeys > 0)
		return;
	(void) aggkeys_lookup_row(node->keys, NULL, NULL);
	aggnode_reserve(node);
}

/* Cut the part at hand into smaller ones, and take the first. */
static bool
aggnode_split(AggNode *node)
{
	uint32		mask = node->part.mask;
	uint32		step = mask + 1;
	int			i;

	if (step >= (uint32) 1 << PART_MAX_BITS)
		return false;
	for (i = (1 << PART_SPLIT_BITS) - 1; i >= 0; i--)
	{
		AggPart    *part = palloc(sizeof(AggPart));

		part->mask = (step << PART_SPLIT_BITS) - 1;
		part->part = node->part.part + i * step;
		if (i == 0)
			node->part = *part;
		else
			node->parts = lcons(part, node->parts);
	}
	return true;
}

/* A pass over the table for the part at hand; split it when it is too much. */
static void
aggnode_pass(AggNode *node)
{
	for (;;)
	{
		node->passes++;
		aggkeys_set_part(node->keys, node->part.mask, node->part.part);
		aggnode_begin_groups(node);
		if (aggnode_read(node))
			return;
		if (!aggnode_split(node))
		{
			/* it cannot get any smaller: go on regardless */
			node->limit = SIZE_MAX;
			if (aggnode_read(node))
				return;
		}
		aggnode_reset(node);
		ExecReScan(node->child);
	}
}

/* The next groups of a node that makes passes. */
static bool
aggnode_fill_pass(AggNode *node)
{
	if (node->passes > 0)
	{
		if (node->parts == NIL)
			return false;
		node->part = *(AggPart *) linitial(node->parts);
		node->parts = list_delete_first(node->parts);
		aggnode_reset(node);
		ExecReScan(node->child);
	}
	aggnode_pass(node);
	return true;
}

static bool
aggnode_fill_partial(AggNode *node)
{
	if (node->exhausted)
		return false;
	aggnode_reset(node);
	aggnode_begin_groups(node);
	node->exhausted = aggnode_read(node);
	node->passes++;
	return true;
}

/* ---------- states from elsewhere ---------- */

static void
aggnode_combine(AggNode *node, uint32 group, StringInfo states)
{
	int			i;

	aggnode_reserve(node);
	for (i = 0; i < node->nfuncs; i++)
		aggfunc_combine(&node->funcs[i], group, states);
}

/* Read rows of a partial node; true: that was all, false: memory ran out. */
static bool
aggnode_read_partial(AggNode *node)
{
	TupleTableSlot *slot;

	while (slot = ExecProcNode(node->child), !TupIsNull(slot))
	{
		StringInfoData buffer = {0};
		uint32		group;

		slot_getallattrs(slot);
		group = aggkeys_lookup_row(node->keys, slot->tts_values,
								   slot->tts_isnull);
		if (node->nfuncs > 0)
		{
			bytea	   *states = DatumGetByteaPP(slot->tts_values[node->nkeys]);

			buffer.data = VARDATA_ANY(states);
			buffer.len = buffer.maxlen = VARSIZE_ANY_EXHDR(states);
		}
		aggnode_combine(node, group, &buffer);
		if (aggnode_is_full(node))
			return false;
	}
	return true;
}

/* The same for groups on disk. */
static bool
aggnode_read_spilled(AggNode *node)
{
	MemoryContext memory = node->css.ss.ps.ps_ExprContext->ecxt_per_tuple_memory;
	bool		full = false;

	while (!full && aggspill_get(node->spill, &node->buffer))
	{
		MemoryContext old = MemoryContextSwitchTo(memory);

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(memory);
		aggnode_combine(node, aggkeys_restore(node->keys, &node->buffer),
						&node->buffer);
		MemoryContextSwitchTo(old);
		full = aggnode_is_full(node);
	}
	return !full;
}

/* Put all groups to disk, unless they share all bits of the hash. */
static void
aggnode_spill(AggNode *node)
{
	uint32		group;
	int			i;

	if (node->spill == NULL)
		node->spill = aggspill_create(node->css.ss.ps.state->es_query_cxt,
									  node->limit);
	if (!aggspill_can_put(node->spill))
	{
		node->limit = SIZE_MAX;
		return;
	}
	for (group = 0; group < aggkeys_ngroups(node->keys); group++)
	{
		CHECK_FOR_INTERRUPTS();
		resetStringInfo(&node->buffer);
		aggkeys_serialize(node->keys, group, &node->buffer);
		for (i = 0; i < node->nfuncs; i++)
			aggfunc_serialize(&node->funcs[i], group, &node->buffer);
		aggspill_put(node->spill, aggkeys_hash(node->keys, group),
					 &node->buffer);
	}
	aggnode_reset(node);
}

/* Read what is below the node, or a part that was put to disk, to its end. */
static void
aggnode_read_whole(AggNode *node)
{
	bool		done;

	do
	{
		if (node->spill != NULL && aggspill_is_reading(node->spill))
			done = aggnode_read_spilled(node);
		else if (node->mode == AGGNODE_FINAL)
			done = aggnode_read_partial(node);
		else
			done = aggnode_read(node);
		if (!done)
			aggnode_spill(node);
	} while (!done);
}

/* The next groups of a node whose states can be combined. */
static bool
aggnode_fill_spilling(AggNode *node)
{
	if (node->passes > 0)
	{
		if (node->spill == NULL || !aggspill_next(node->spill))
			return false;
		aggnode_reset(node);
	}
	node->passes = 1;
	for (;;)
	{
		node->limit = aggnode_memory_limit();
		aggnode_begin_groups(node);
		aggnode_read_whole(node);
		if (node->spill == NULL || !aggspill_has_put(node->spill))
			return true;
		/* the states of the groups at hand may be incomplete */
		aggnode_spill(node);
		(void) aggspill_next(node->spill);
	}
}

/* Are there groups that do not fit into memory with those at hand? */
static bool
aggnode_has_more(const AggNode *node)
{
	return node->parts != NIL ||
		(node->spill != NULL && !aggspill_is_last(node->spill));
}

static void
aggnode_end_spill(AggNode *node)
{
	if (node->spill != NULL)
		aggspill_end(node->spill);
	node->spill = NULL;
}

static bool
aggnode_fill(AggNode *node)
{
	bool		result;

	if (node->mode == AGGNODE_PARTIAL)
		result = aggnode_fill_partial(node);
	else if (node->can_spill)
		result = aggnode_fill_spilling(node);
	else
		result = aggnode_fill_pass(node);
	if (result)
		node->ngroups += aggkeys_ngroups(node->keys);
	return result;
}

/* ---------- results ---------- */

/*
 * The states of a group, all in the column of the first aggregate: the others'
 * do not leave the node (aggpath.c).  Valid until the next call.
 */
static void
aggnode_store_states(AggNode *node, uint32 group, TupleTableSlot *slot)
{
	int			i;

	resetStringInfo(&node->buffer);
	enlargeStringInfo(&node->buffer, VARHDRSZ);
	node->buffer.len = VARHDRSZ;
	for (i = 0; i < node->nfuncs; i++)
	{
		aggfunc_serialize(&node->funcs[i], group, &node->buffer);
		slot->tts_isnull[node->nkeys + i] = i > 0;
	}
	SET_VARSIZE(node->buffer.data, node->buffer.len);
	if (node->nfuncs > 0)
		slot->tts_values[node->nkeys] = PointerGetDatum(node->buffer.data);
}

/* Fill the scan slot with a group's keys and results. */
static void
aggnode_store_group(AggNode *node, uint32 group, TupleTableSlot *slot)
{
	int			i;

	ExecClearTuple(slot);
	for (i = 0; i < node->nkeys; i++)
		slot->tts_values[i] = aggkeys_value(node->keys, group, i,
											&slot->tts_isnull[i]);
	if (node->mode == AGGNODE_PARTIAL)
		aggnode_store_states(node, group, slot);
	else
		for (i = 0; i < node->nfuncs; i++)
			slot->tts_values[node->nkeys + i] =
				aggfunc_result(&node->funcs[i], group,
							   &slot->tts_isnull[node->nkeys + i]);
	ExecStoreVirtualTuple(slot);
}

/* Groups that come in several steps: sort the rows of all of them. */
static void
aggnode_sort_passes(AggNode *node, TupleTableSlot *slot)
{
	MemoryContext memory = node->css.ss.ps.ps_ExprContext->ecxt_per_tuple_memory;

	do
	{
		uint32		group;

		for (group = 0; group < aggkeys_ngroups(node->keys); group++)
		{
			MemoryContext old = MemoryContextSwitchTo(memory);

			CHECK_FOR_INTERRUPTS();
			MemoryContextReset(memory);
			aggnode_store_group(node, group, slot);
			aggsort_put(node->sort, slot);
			MemoryContextSwitchTo(old);
		}
	} while (aggnode_fill(node));
	aggnode_reset(node);
	node->sorting = true;
}

/* Store the next group in the scan slot, its values in per-tuple memory. */
static bool
aggnode_next(AggNode *node, TupleTableSlot *slot)
{
	ExprContext *econtext = node->css.ss.ps.ps_ExprContext;
	MemoryContext old;
	uint32		group;

	while (!node->sorting &&
		   (!node->filled || node->next >= aggkeys_ngroups(node->keys)))
	{
		if (!aggnode_fill(node))
			return false;
		node->filled = true;
		node->next = 0;
		if (node->sort != NULL && aggnode_has_more(node))
			aggnode_sort_passes(node, slot);
		else if (node->sort != NULL)
			node->order = aggsort_groups(node->sort, node->keys,
										 node->css.ss.ps.state->es_query_cxt);
	}
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

	if (node->scan != NULL)
	{
		desc = RelationGetDescr(node->scan->css.ss.ss_currentRelation);
		slot = ExecInitExtraTupleSlot(estate, desc, &TTSOpsVirtual);
	}
	node->nkeys = list_length(eqs);
	node->nfuncs = list_length(plan->custom_scan_tlist) - node->nkeys;
	node->funcs = palloc0(Max(1, node->nfuncs) * sizeof(AggFunc));
	node->nfuncs = 0;
	foreach(cell, plan->custom_scan_tlist)
	{
		Expr	   *expr = ((TargetEntry *) lfirst(cell))->expr;

		if (node->scan != NULL)
			blockscan_need(node->scan->scan, (Node *) expr);
		if (foreach_current_index(cell) < node->nkeys)
			exprs = lappend(exprs, expr);
		else
			aggfunc_compile(&node->funcs[node->nfuncs++],
							castNode(Aggref, expr), parent, desc, slot,
							node->fake);
	}
	node->keys = aggkeys_create(exprs, eqs, parent, desc, slot);
}

static void
aggnode_begin(CustomScanState *state, EState *estate, int eflags)
{
	AggNode    *node = (AggNode *) state;
	CustomScan *plan = (CustomScan *) state->ss.ps.plan;
	List	   *buckets = list_nth(plan->custom_private, AGG_PRIVATE_BUCKETS);
	List	   *order = list_nth(plan->custom_private, AGG_PRIVATE_ORDER);
	int			i;

	node->mode = intVal(list_nth(plan->custom_private, AGG_PRIVATE_MODE));
	node->child = ExecInitNode(linitial(plan->custom_plans), estate, eflags);
	state->custom_ps = list_make1(node->child);
	if (node->mode != AGGNODE_FINAL)
	{
		node->scan = scannode_of(node->child);
		if (node->scan == NULL)
			elog(ERROR, "unexpected plan below a vectorised aggregation");
	}
	node->fake = agggeneric_fake_state(estate);
	node->limit = aggnode_memory_limit();
	initStringInfo(&node->buffer);
	aggnode_compile(node, estate);
	if (order != NIL)
		node->sort = aggsort_create(order);
	if (buckets != NIL)
	{
		node->buckets = linitial_int(buckets);
		node->bucket_key = lsecond_int(buckets);
		node->bucket_attno = lthird_int(buckets);
	}
	node->takes_summaries = settings_enable_metadata_agg && node->nkeys == 0;
	node->can_spill = true;
	for (i = 0; i < node->nfuncs; i++)
	{
		node->takes_summaries &= aggfunc_takes_summary(&node->funcs[i]);
		node->can_spill &= node->funcs[i].kind != AGG_GENERIC &&
			node->funcs[i].kind != AGG_DISTINCT;
	}
}

static void
aggnode_end(CustomScanState *state)
{
	AggNode    *node = (AggNode *) state;

	if (node->sort != NULL)
		aggsort_end(node->sort);
	aggnode_end_spill(node);
	ExecEndNode(node->child);
}

static void
aggnode_rescan(CustomScanState *state)
{
	AggNode    *node = (AggNode *) state;
	int			i;

	aggnode_reset(node);
	if (node->sort != NULL)
		aggsort_end(node->sort);
	node->sorting = false;
	aggnode_end_spill(node);
	aggkeys_rescan(node->keys);
	for (i = 0; i < node->nfuncs; i++)
		aggfunc_rescan(&node->funcs[i]);
	node->limit = aggnode_memory_limit();
	node->part.mask = node->part.part = 0;
	node->parts = NIL;
	node->passes = 0;
	node->exhausted = false;
	if (state->ss.ps.chgParam != NULL)
		UpdateChangedParamSet(node->child, state->ss.ps.chgParam);
	/* the child is asked for batches, so nobody else would rescan it */
	ExecReScan(node->child);
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

	if (node->nkeys == 0)
		return;
	context = set_deparse_context_plan(es->deparse_cxt, (Plan *) plan,
									   ancestors);
	for (i = 0; i < node->nkeys; i++)
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

	if (node->mode != AGGNODE_SIMPLE || es->format != EXPLAIN_FORMAT_TEXT)
		ExplainPropertyText("Partial Mode", modes[node->mode], es);
	aggnode_explain_keys(node, ancestors, es);
	if (node->buckets > 0)
		ExplainPropertyInteger("Latest Buckets", NULL, node->buckets, es);
	if (!es->analyze)
		return;
	if (node->nkeys > 0)
		ExplainPropertyInteger("Groups", NULL, node->ngroups, es);
	if (node->passes > 1 || es->format != EXPLAIN_FORMAT_TEXT)
		ExplainPropertyInteger("Passes", NULL, node->passes, es);
	if (node->spill != NULL)
	{
		ExplainPropertyInteger("Spilled Groups", NULL,
							   aggspill_groups(node->spill), es);
		ExplainPropertyInteger("Disk Usage", "kB",
							   (aggspill_bytes(node->spill) + 1023) / 1024, es);
	}
	if (node->peak > 0)
		ExplainPropertyInteger("Memory Usage", "kB",
							   (int64) (node->peak + 1023) / 1024, es);
}

static const CustomExecMethods aggnode_exec_methods = {
	.CustomName = "RustsAggregate",
	.BeginCustomScan = aggnode_begin,
	.ExecCustomScan = aggnode_exec,
	.EndCustomScan = aggnode_end,
	.ReScanCustomScan = aggnode_rescan,
	.ExplainCustomScan = aggnode_explain,
};

static Node *
aggnode_create(CustomScan *plan)
{
	AggNode    *node = (AggNode *) newNode(sizeof(AggNode), T_CustomScanState);

	node->css.methods = &aggnode_exec_methods;
	return (Node *) node;
}
