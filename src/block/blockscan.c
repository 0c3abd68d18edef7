/*
 * blockscan.c
 *	  Scan a table batch by batch: segments' blocks, then hot rows.
 *
 * Order.  An MVCC snapshot sees a row either hot or in a segment (table
 * invariant 2), so segments and hot rows may be read in any order; the
 * heap scan is begun first because it takes the predicate lock on the
 * relation, which covers both.
 */
#include "postgres.h"

#include "access/relscan.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "pgstat.h"
#include "utils/memutils.h"

#include "block/block_columns.h"
#include "block/block_hot.h"
#include "block/blockprune.h"
#include "block/blockscan.h"
#include "block/blockshare.h"
#include "compat/compat.h"
#include "option/settings.h"
#include "vector/compare.h"
#include "vector/selection.h"
#include "write/bulk.h"

/* Hot rows of the first batch: a LIMIT may want no more. */
#define HOT_BATCH_FIRST 16

/* ---------- making ---------- */

Bitmapset *
blockscan_attnos(BlockScan *scan, Node *expr)
{
	Bitmapset  *attnos = NULL;
	List	   *vars = pull_var_clause(expr, PVC_RECURSE_AGGREGATES |
									   PVC_RECURSE_WINDOWFUNCS |
									   PVC_RECURSE_PLACEHOLDERS);
	ListCell   *cell;

	foreach(cell, vars)
	{
		Var		   *var = lfirst_node(Var, cell);
		int			attno;

		if (var->varattno > 0)
			attnos = bms_add_member(attnos, var->varattno);
		else if (var->varattno == 0)
			for (attno = 1; attno <= scan->desc->natts; attno++)
				attnos = bms_add_member(attnos, attno);
	}
	return attnos;
}

void
blockscan_need_attribute(BlockScan *scan, AttrNumber attno)
{
	MemoryContext old = MemoryContextSwitchTo(scan->context);

	scan->needed = bms_add_member(scan->needed, attno);
	scan->last_needed = Max(scan->last_needed, attno);
	MemoryContextSwitchTo(old);
}

void
blockscan_need(BlockScan *scan, Node *expr)
{
	Bitmapset  *attnos = blockscan_attnos(scan, expr);
	int			attno = -1;

	while ((attno = bms_next_member(attnos, attno)) >= 0)
		blockscan_need_attribute(scan, attno);
}

/* Does its value depend on a parameter that the executor sets? */
static bool
blockscan_uses_parameter(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param))
		return ((Param *) node)->paramkind == PARAM_EXEC;
	return expression_tree_walker(node, blockscan_uses_parameter, context);
}

static void
blockscan_compile(BlockScan *scan, PlanState *parent, TupleTableSlot *slot,
				  List *filters)
{
	ListCell   *cell;

	scan->filters = palloc0(Max(1, list_length(filters)) *
							sizeof(BlockFilter));
	foreach(cell, filters)
	{
		BlockFilter *filter = &scan->filters[scan->nfilters++];
		Expr	   *expr = lfirst(cell);

		filter->expr = vexpr_compile(expr, parent, scan->desc, slot);
		if (settings_enable_pruning)
			filter->test = zone_verdict_compile(expr, filter->expr, parent,
											 scan->desc);
		filter->fixed = filter->test != NULL &&
			!blockscan_uses_parameter((Node *) expr, NULL);
		filter->attnos = blockscan_attnos(scan, (Node *) expr);
		blockscan_need(scan, (Node *) expr);
	}
}

BlockScan *
blockscan_create(Relation rel, PlanState *parent, TupleTableSlot *slot,
				 List *filters)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "rusts block scan",
												  ALLOCSET_START_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	BlockScan  *scan = palloc0(sizeof(BlockScan));
	int			i;

	scan->rel = rel;
	scan->desc = RelationGetDescr(rel);
	scan->context = context;
	scan->batch.ops = &block_columns_ops;
	scan->batch.relid = RelationGetRelid(rel);
	scan->batch.memory = AllocSetContextCreate(context, "rusts batch",
											   ALLOCSET_START_SMALL_SIZES);
	scan->columns = palloc0(Max(1, scan->desc->natts) * sizeof(BlockColumn));
	scan->run_columns = palloc0(Max(1, scan->desc->natts) *
								sizeof(BlockColumn));
	for (i = 0; i < scan->desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(scan->desc, i);

		scan->columns[i].typlen = attribute->attlen;
		scan->columns[i].typbyval = attribute->attbyval;
	}
	blockscan_compile(scan, parent, slot, filters);
	MemoryContextSwitchTo(old);
	return scan;
}

/* ---------- beginning and ending ---------- */

static void
blockscan_begin_hot(BlockScan *scan)
{
	uint32		flags = SO_TYPE_SEQSCAN | SO_ALLOW_STRAT | SO_ALLOW_SYNC |
	SO_ALLOW_PAGEMODE;
	ParallelTableScanDesc shared = NULL;

	if (scan->shared != NULL)
		shared = (ParallelTableScanDesc) &scan->shared->heap;
	bulk_write_pending(scan->rel);
	scan->heap = heap_beginscan(scan->rel, scan->snapshot, 0, NULL, shared,
								flags);
	scan->hot_slot = MakeSingleTupleTableSlot(scan->desc,
											  &TTSOpsBufferHeapTuple);
}

/* Position before the first segment, hot rows unread. */
static void
blockscan_restart(BlockScan *scan)
{
	scan->next = 0;
	scan->rows_before = 0;
	scan->piece_row = scan->piece_end = scan->piece_rows = 0;
	scan->entry = NULL;
	scan->segments_done = false;
	scan->hot_done = false;
	scan->hot_batch = HOT_BATCH_FIRST;
	scan->mode = BLOCK_NONE;
	scan->bound_attno = 0;
}

void
blockscan_begin(BlockScan *scan, Snapshot snapshot, BlockScanShared *shared)
{
	MemoryContext old = MemoryContextSwitchTo(scan->context);
	int			i;

	scan->snapshot = snapshot;
	scan->shared = shared;
	blockscan_begin_hot(scan);
	cursor_init(&scan->cursor, scan->rel, snapshot);
	cursor_load_filtered(&scan->cursor, blockprune_wants, scan);
	scan->order = palloc(Max(1, scan->cursor.list->n) * sizeof(int));
	for (i = 0; i < scan->cursor.list->n; i++)
		scan->order[i] = i;
	scan->counters.segments_left_out = scan->cursor.list->left_out;
	scan->counters.segments = scan->cursor.list->n + scan->cursor.list->left_out;
	if (scan->top != NULL)
		blockprune_order_by(scan, scan->top_attno, scan->backwards);
	blockscan_restart(scan);
	MemoryContextSwitchTo(old);
}

static void
blockscan_close_reader(BlockScan *scan)
{
	if (scan->reader == NULL)
		return;
	segment_reader_close(scan->reader);
	scan->reader = NULL;
	if (scan->ranges != NULL)
		pfree(scan->ranges);
	scan->ranges = NULL;
}

void
blockscan_rescan(BlockScan *scan)
{
	int			i;

	for (i = 0; i < scan->nfilters; i++)
	{
		vexpr_rescan(scan->filters[i].expr);
		zone_verdict_rescan(scan->filters[i].test);
	}
	if (scan->heap == NULL)
		return;
	blockscan_close_reader(scan);
	if (scan->top != NULL)
		scan->top_reset(scan->top);
	heap_rescan(scan->heap, NULL, false, false, false, false);
	blockscan_restart(scan);
}

/*
 * The context goes with the query's: compiling expressions may have put slots
 * of subplans into it, which the executor resets after this.
 */
void
blockscan_end(BlockScan *scan)
{
	blockscan_close_reader(scan);
	if (scan->heap == NULL)
		return;
	ExecDropSingleTupleTableSlot(scan->hot_slot);
	heap_endscan(scan->heap);
	cursor_close(&scan->cursor);
	if (scan->hot_tids != NULL)
		pfree(scan->hot_tids);
	pfree(scan->order);
	scan->hot_tids = NULL;
	scan->order = NULL;
	scan->heap = NULL;
	scan->shared = NULL;
}

/* ---------- segments ---------- */

/* The next segment, without asking others. */
static bool
blockscan_advance(BlockScan *scan)
{
	DirectoryList *list = scan->cursor.list;

	if (scan->next >= list->n)
		return false;
	scan->entry = &list->entries[scan->order[scan->next++]];
	scan->low = 0;
	scan->high = scan->entry->d.rows;
	return true;
}

bool
blockscan_next_segment(BlockScan *scan)
{
	for (;;)
	{
		const DirectoryEntry *before = scan->entry;

		CHECK_FOR_INTERRUPTS();
		if (!(scan->shared != NULL ? blockshare_claim(scan) :
			  blockscan_advance(scan)))
			scan->entry = NULL;
		if (scan->entry != before)
			blockscan_close_reader(scan);
		if (scan->entry == NULL)
		{
			scan->segments_done = true;
			return false;
		}
		scan->mode = BLOCK_NONE;
		scan->nranges = 0;
		scan->opened = false;
		if (blockprune_segment(scan))
			return true;
		if (scan->low == 0)
			scan->counters.segments_pruned++;
	}
}

void
blockscan_rewind(BlockScan *scan)
{
	scan->range = 0;
	scan->next_block = 0;
	if (scan->backwards && scan->nranges > 0)
	{
		scan->range = scan->nranges - 1;
		scan->next_block = (scan->ranges[scan->range].end - 1) /
			CODEC_BLOCK_ROWS + 1;
	}
}

static void
blockscan_open_segment(BlockScan *scan)
{
	if (scan->reader == NULL)
		scan->reader = segment_reader_open(scan->cursor.store, scan->entry,
										   scan->desc, true, scan->context);
	blockprune_find_ranges(scan);
	blockscan_rewind(scan);
	scan->opened = true;
}

/* ---------- parts ---------- */

BlockScan *
blockscan_clone(BlockScan *scan, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "rusts segment scan",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	BlockScan  *clone = palloc(sizeof(BlockScan));
	Size		size = Max(1, scan->desc->natts) * sizeof(BlockColumn);
	int			i;

	*clone = *scan;
	clone->context = context;
	clone->batch.memory = AllocSetContextCreate(context, "rusts batch",
												ALLOCSET_DEFAULT_SIZES);
	clone->filters = palloc(Max(1, scan->nfilters) * sizeof(BlockFilter));
	memcpy(clone->filters, scan->filters,
		   scan->nfilters * sizeof(BlockFilter));
	clone->columns = palloc0(size);
	clone->run_columns = palloc0(size);
	for (i = 0; i < scan->desc->natts; i++)
	{
		clone->columns[i].typlen = scan->columns[i].typlen;
		clone->columns[i].typbyval = scan->columns[i].typbyval;
	}
	memset(&clone->counters, 0, sizeof(clone->counters));
	clone->shared = NULL;
	clone->heap = NULL;
	clone->entry = NULL;
	clone->reader = NULL;
	clone->ranges = NULL;
	clone->mode = BLOCK_NONE;
	MemoryContextSwitchTo(old);
	return clone;
}

bool
blockscan_enter_segment(BlockScan *scan, const DirectoryEntry *entry)
{
	blockscan_close_reader(scan);
	if (!blockprune_passes_segment(scan, entry))
		return false;
	scan->nranges = 0;
	blockscan_open_segment(scan);
	return scan->nranges > 0;
}

#ifdef USE_ASSERT_CHECKING
static bool
blockscan_ranges_ascend(const BlockScan *scan)
{
	uint32		from = scan->low;
	int			i;

	for (i = 0; i < scan->nranges; i++)
	{
		if (scan->ranges[i].start < from ||
			scan->ranges[i].start >= scan->ranges[i].end ||
			scan->ranges[i].end > scan->high)
			return false;
		from = scan->ranges[i].end;
	}
	return true;
}
#endif

void
blockscan_set_ranges(BlockScan *scan, const BlockRange *ranges, int n)
{
	if (scan->ranges != NULL)
		pfree(scan->ranges);
	scan->ranges = MemoryContextAllocHuge(scan->context,
										  Max(1, n) * sizeof(BlockRange));
	memcpy(scan->ranges, ranges, n * sizeof(BlockRange));
	scan->nranges = n;
	Assert(blockscan_ranges_ascend(scan));
	blockscan_rewind(scan);
}

void
blockscan_take_counters(BlockScan *scan, BlockScan *clone)
{
	blockshare_add(&scan->counters, &clone->counters);
	memset(&clone->counters, 0, sizeof(clone->counters));
}

void
blockscan_close_clone(BlockScan *scan, BlockScan *clone)
{
	blockscan_take_counters(scan, clone);
	blockscan_close_reader(clone);
	MemoryContextDelete(clone->context);
}

/* ---------- blocks ---------- */

static void
blockscan_select_range(uint64 *selected, int from, int to)
{
	uint64		range[SELECTION_WORDS];

	selection_set_range(range, from, to);
	selection_or(selected, range);
}

/* Select the live rows of the ranges that lie in the block. */
static void
blockscan_select(BlockScan *scan)
{
	Batch	   *batch = &scan->batch;
	uint32		first = scan->block * CODEC_BLOCK_ROWS;
	uint32		end = first + batch->n;
	int			step = scan->backwards ? -1 : 1;
	int			i;

	selection_clear(batch->selected);
	batch->nselected = 0;
	for (i = scan->range; i >= 0 && i < scan->nranges; i += step)
	{
		uint32		from = Max(scan->ranges[i].start, first);
		uint32		to = Min(scan->ranges[i].end, end);

		if (from >= to)
			break;
		blockscan_select_range(batch->selected, from - first, to - first);
		batch->nselected += to - from;
	}
	if (segment_reader_mask_dead(scan->reader, scan->block, batch->selected))
	{
		scan->counters.rows_deleted += batch->nselected;
		batch->nselected = selection_count(batch->selected);
		scan->counters.rows_deleted -= batch->nselected;
	}
}

/* Advance to the block that holds the next row of the ranges. */
static bool
blockscan_step(BlockScan *scan)
{
	uint32		next = scan->next_block * CODEC_BLOCK_ROWS;

	while (scan->range < scan->nranges &&
		   scan->ranges[scan->range].end <= next)
		scan->range++;
	if (scan->range >= scan->nranges)
		return false;
	if (scan->ranges[scan->range].start > next)
		scan->next_block = scan->ranges[scan->range].start / CODEC_BLOCK_ROWS;
	scan->block = scan->next_block++;
	return true;
}

/* The same from the other end; next_block is the last block that was visited. */
static bool
blockscan_step_back(BlockScan *scan)
{
	uint32		next = scan->next_block * CODEC_BLOCK_ROWS;

	while (scan->range >= 0 && scan->ranges[scan->range].start >= next)
		scan->range--;
	if (scan->range < 0 || scan->nranges == 0)
		return false;
	if (scan->ranges[scan->range].end < next)
		scan->next_block = (scan->ranges[scan->range].end - 1) /
			CODEC_BLOCK_ROWS + 1;
	scan->block = --scan->next_block;
	return true;
}

bool
blockscan_next_block(BlockScan *scan)
{
	Batch	   *batch = &scan->batch;
	int			i;

	if (!scan->opened)
		blockscan_open_segment(scan);
	while (scan->backwards ? blockscan_step_back(scan) : blockscan_step(scan))
	{
		CHECK_FOR_INTERRUPTS();
		scan->counters.blocks++;
		scan->mode = BLOCK_SEGMENT;
		scan->batch_number++;
		scan->read = false;
		batch->n = segment_reader_block_rows(scan->reader, scan->block);
		if (!blockprune_block(scan))
		{
			scan->counters.blocks_pruned++;
			continue;
		}
		blockscan_select(scan);
		Assert(batch->nselected == selection_count(batch->selected) &&
			   batch->nselected <= batch->n);
		if (batch->nselected == 0)
			continue;
		MemoryContextReset(batch->memory);
		if (pgstat_should_count_relation(scan->rel))
			compat_pgstat_add_returned(scan->rel, batch->nselected);
		scan->full = batch->nselected == batch->n;
		for (i = 0; i < scan->nfilters; i++)
			scan->full &= scan->filters[i].block_true;
		return true;
	}
	return false;
}

/* ---------- rows ---------- */

/* Drop rows beyond the bounds; NULLs stay. */
static void
blockscan_apply_bound(BlockScan *scan)
{
	Batch	   *batch = &scan->batch;
	const Vector *vector = batch_column(batch, scan->bound_attno);
	uint64		within[SELECTION_WORDS];
	int			i;

	if (vector->constant || vector->dictionary != NULL)
		return;
	compare_int_between((const int64 *) vector->values, batch->n,
						scan->bound_low, scan->bound_high, within);
	if (vector->isnull != NULL)
		for (i = 0; i < batch->n; i++)
			if (vector->isnull[i])
				selection_add(within, i);
	selection_and(batch->selected, within);
	batch->nselected = selection_count(batch->selected);
}

bool
blockscan_filter(BlockScan *scan)
{
	Batch	   *batch = &scan->batch;
	bool		hot = scan->mode == BLOCK_HOT;
	int			before = batch->nselected;
	int			i;

	for (i = 0; i < scan->nfilters && batch->nselected > 0; i++)
		if (hot || !scan->filters[i].block_true)
			vexpr_filter(scan->filters[i].expr, batch);
	if (scan->bound_attno > 0 && batch->nselected > 0)
		blockscan_apply_bound(scan);
	if (scan->top != NULL && batch->nselected > 0)
		scan->top_filter(scan->top, scan);
	Assert(batch->nselected <= before &&
		   batch->nselected == selection_count(batch->selected));
	scan->counters.rows_filtered += before - batch->nselected;
	return batch->nselected > 0;
}

bool
blockscan_next(BlockScan *scan)
{
	while (block_hot_next_batch(scan))
		if (blockscan_filter(scan))
			return true;
	do
	{
		while (scan->entry != NULL && blockscan_next_block(scan))
			if (blockscan_filter(scan))
				return true;
	} while (!scan->segments_done && blockscan_next_segment(scan));
	return false;
}

void
blockscan_tid(BlockScan *scan, int row, ItemPointer tid)
{
	if (scan->mode == BLOCK_HOT)
		*tid = scan->hot_tids[row];
	else
		rowid_set(tid, scan->entry->d.first_block,
				  scan->block * CODEC_BLOCK_ROWS + row);
}

