/*
 * blockscan.c
 *	  Scan a table batch by batch: segments' blocks, then hot rows.
 *
 * Order.  An MVCC snapshot sees a row either hot or in a segment (table
 * invariant 2), so segments and hot rows may be read in any order; the
 * heap scan is begun first because it takes the predicate lock on the
 * relation, which covers both.
 *
 * Pruning, from coarse to fine: a segment by its summaries in the directory,
 * without opening it; series runs by evaluating filters on tags once for each
 * dictionary entry; blocks by zone maps.  A filter that a zone map proves true
 * for all rows is not evaluated there.  Pruning only ever skips rows for which
 * a filter is not true, so who is left passes through the remaining filters.
 *
 * Parallel scans share one number.  Segment rows are cut into units of
 * UNIT_BLOCKS blocks; all participants have the same snapshot, hence the same
 * directory in the same order, and number the units alike.  A unit is claimed by
 * incrementing the shared number.
 */
#include "postgres.h"

#include "access/relscan.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "pgstat.h"
#include "utils/memutils.h"

#include "compat/compat.h"
#include "exec/blockscan.h"
#include "storage/column_read.h"
#include "table/bulk.h"
#include "table/settings.h"
#include "vector/compare.h"
#include "vector/selection.h"

#define UNIT_BLOCKS 32
#define UNIT_ROWS (UNIT_BLOCKS * CODEC_BLOCK_ROWS)

/* ---------- making ---------- */

/* Add a filter's columns to what is needed, and return them. */
static Bitmapset *
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
			filter->test = zone_test_compile(expr, parent, scan->desc);
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
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	BlockScan  *scan = palloc0(sizeof(BlockScan));
	int			i;

	scan->rel = rel;
	scan->desc = RelationGetDescr(rel);
	scan->context = context;
	scan->batch.relid = RelationGetRelid(rel);
	scan->batch.memory = AllocSetContextCreate(context, "rusts batch",
											   ALLOCSET_DEFAULT_SIZES);
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
	scan->hot_tids = palloc(BATCH_ROWS * sizeof(ItemPointerData));
}

/* Position before the first segment, hot rows unread. */
static void
blockscan_restart(BlockScan *scan)
{
	scan->next = 0;
	scan->unit_base = 0;
	scan->entry = NULL;
	scan->segments_done = false;
	scan->hot_done = false;
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
	cursor_load(&scan->cursor);
	scan->order = palloc(Max(1, scan->cursor.list->n) * sizeof(int));
	for (i = 0; i < scan->cursor.list->n; i++)
		scan->order[i] = i;
	scan->counters.segments = scan->cursor.list->n;
	if (scan->top != NULL)
		blockscan_order_by(scan, scan->top_attno, scan->backwards);
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
		zone_test_rescan(scan->filters[i].test);
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
	scan->heap = NULL;
	scan->shared = NULL;
}

/* ---------- order ---------- */

typedef struct OrderKey
{
	int64		bound;
	int			entry;
} OrderKey;

static int
order_key_compare(const void *a, const void *b)
{
	const OrderKey *x = a;
	const OrderKey *y = b;

	if (x->bound != y->bound)
		return x->bound < y->bound ? -1 : 1;
	return x->entry - y->entry;
}

static const DirectorySummaryData *
entry_summary(const DirectoryEntry *entry, AttrNumber attno)
{
	int			i;

	for (i = 0; i < entry->d.nsummaries; i++)
		if (entry->summaries[i].attnum == attno)
			return &entry->summaries[i];
	return NULL;
}

void
blockscan_order_by(BlockScan *scan, AttrNumber attno, bool desc)
{
	int			n = scan->cursor.list->n;
	OrderKey   *keys = palloc(Max(1, n) * sizeof(OrderKey));
	int			i;

	for (i = 0; i < n; i++)
	{
		const DirectorySummaryData *summary;

		summary = entry_summary(&scan->cursor.list->entries[i], attno);
		keys[i].entry = i;
		/* what is unknown comes first; MAX is turned round below */
		if (summary == NULL)
			keys[i].bound = desc ? PG_INT64_MAX : PG_INT64_MIN;
		else
			keys[i].bound = desc ? summary->max : summary->min;
	}
	qsort(keys, n, sizeof(OrderKey), order_key_compare);
	for (i = 0; i < n; i++)
		scan->order[i] = keys[desc ? n - 1 - i : i].entry;
	pfree(keys);
}

/* ---------- zones ---------- */

bool
blockscan_segment_zone(BlockScan *scan, AttrNumber attno,
					   DirectorySummaryData *summary)
{
	const DirectorySummaryData *found = entry_summary(scan->entry, attno);

	if (found == NULL)
		return false;
	*summary = *found;
	return true;
}

bool
blockscan_block_zone(BlockScan *scan, AttrNumber attno,
					 DirectorySummaryData *summary)
{
	ColumnReader *column = &scan->reader->readers[attno - 1];
	ColumnMeta *meta;

	if (!column->present || column->data.encoding == CODEC_SERIES)
		return false;
	meta = column_read_meta(column);
	memset(summary, 0, sizeof(*summary));
	summary->attnum = attno;
	summary->null_count = (uint32) meta->null_count[scan->block];

	/* the zone map of a dictionary column is one of codes */
	if (meta->min == NULL || column->data.encoding == CODEC_DICTIONARY)
		return true;
	summary->flags = SUMMARY_HAS_MINMAX;
	if (meta->sum != NULL)
		summary->flags |= SUMMARY_HAS_SUM;
	if (column->data.flags & COLUMN_ZONE_FLOAT)
		summary->flags |= SUMMARY_IS_FLOAT;
	summary->min = meta->min[scan->block];
	summary->max = meta->max[scan->block];
	if (meta->sum != NULL)
		summary->sum = meta->sum[scan->block];
	return true;
}

static bool
zone_from_summary(const DirectorySummaryData *summary, uint32 rows,
				  Zone *zone)
{
	zone->rows = rows;
	zone->nulls = summary->null_count;
	zone->has_minmax = (summary->flags & SUMMARY_HAS_MINMAX) != 0;
	zone->min = summary->min;
	zone->max = summary->max;
	return true;
}

static bool
lookup_segment_zone(void *arg, AttrNumber attno, Zone *zone)
{
	BlockScan  *scan = arg;
	DirectorySummaryData summary;

	return blockscan_segment_zone(scan, attno, &summary) &&
		zone_from_summary(&summary, scan->entry->d.rows, zone);
}

static bool
lookup_block_zone(void *arg, AttrNumber attno, Zone *zone)
{
	BlockScan  *scan = arg;
	DirectorySummaryData summary;

	return blockscan_block_zone(scan, attno, &summary) &&
		zone_from_summary(&summary, scan->batch.n, zone);
}

/* Is the zone of the bounded column beyond the bounds? */
static bool
blockscan_out_of_bounds(BlockScan *scan, ZoneLookup lookup)
{
	Zone		zone;

	if (scan->bound_attno == 0 || !lookup(scan, scan->bound_attno, &zone) ||
		!zone.has_minmax || zone.nulls > 0)
		return false;
	return zone.max < scan->bound_low || zone.min > scan->bound_high;
}

/* ---------- counters ---------- */

static void
counters_add(BlockScanCounters *to, const BlockScanCounters *from)
{
	uint64	   *sum = (uint64 *) to;
	const uint64 *add = (const uint64 *) from;
	uint64		segments = Max(to->segments, from->segments);
	int			i;

	for (i = 0; i < sizeof(BlockScanCounters) / sizeof(uint64); i++)
		sum[i] += add[i];
	/* everybody lists all of them */
	to->segments = segments;
}

/* ---------- segments ---------- */

/* The next unit of rows that is ours; false: no more. */
static bool
blockscan_claim(BlockScan *scan)
{
	DirectoryList *list = scan->cursor.list;
	uint64		unit;

	if (scan->shared == NULL)
	{
		if (scan->next >= list->n)
			return false;
		scan->entry = &list->entries[scan->order[scan->next++]];
		scan->low = 0;
		scan->high = scan->entry->d.rows;
		return true;
	}
	unit = pg_atomic_fetch_add_u64(&scan->shared->unit, 1);
	for (; scan->next < list->n; scan->next++)
	{
		const DirectoryEntry *entry = &list->entries[scan->order[scan->next]];
		uint64		units = (entry->d.rows + UNIT_ROWS - 1) / UNIT_ROWS;

		if (unit < scan->unit_base + units)
		{
			if (entry != scan->entry)
				blockscan_close_reader(scan);
			scan->entry = entry;
			scan->low = (uint32) (unit - scan->unit_base) * UNIT_ROWS;
			scan->high = Min(scan->low + UNIT_ROWS, entry->d.rows);
			return true;
		}
		scan->unit_base += units;
	}
	return false;
}

/* Prune by summaries; false: no row of the segment can pass. */
static bool
blockscan_check_segment(BlockScan *scan)
{
	int			i;

	scan->whole = scan->entry->d.dead_rows == 0 &&
		scan->high - scan->low == scan->entry->d.rows;
	if (blockscan_out_of_bounds(scan, lookup_segment_zone))
		return false;
	if (scan->top_keys != NULL && scan->top_skip_segment(scan->top, scan))
		return false;
	for (i = 0; i < scan->nfilters; i++)
	{
		BlockFilter *filter = &scan->filters[i];
		ZoneVerdict verdict = ZONE_SOME;

		if (filter->test != NULL)
			verdict = zone_test_eval(filter->test, lookup_segment_zone, scan);
		if (verdict == ZONE_NONE)
			return false;
		filter->segment_true = verdict == ZONE_ALL;
		scan->whole &= filter->segment_true;
	}
	return true;
}

bool
blockscan_next_segment(BlockScan *scan)
{
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		if (scan->shared == NULL)
			blockscan_close_reader(scan);
		if (!blockscan_claim(scan))
		{
			blockscan_close_reader(scan);
			scan->entry = NULL;
			scan->segments_done = true;
			return false;
		}
		scan->mode = BLOCK_NONE;
		scan->nranges = 0;
		scan->opened = false;
		if (blockscan_check_segment(scan))
			return true;
		if (scan->low == 0)
			scan->counters.segments_pruned++;
	}
}

/* Are all of these columns tags, as this segment has them? */
static bool
blockscan_are_tags(BlockScan *scan, const Bitmapset *attnos)
{
	int			attno = -1;

	if (attnos == NULL)
		return false;
	while ((attno = bms_next_member(attnos, attno)) >= 0)
	{
		ColumnReader *column = &scan->reader->readers[attno - 1];

		if (!column->present || column->data.encoding != CODEC_SERIES)
			return false;
	}
	return true;
}

static inline bool
filter_is_on_tags(BlockScan *scan, const BlockFilter *filter)
{
	return filter->early && blockscan_are_tags(scan, filter->attnos);
}

static void
blockscan_add_range(BlockScan *scan, uint32 start, uint32 end)
{
	start = Max(start, scan->low);
	end = Min(end, scan->high);
	if (start >= end)
		return;
	if (scan->nranges > 0 && scan->ranges[scan->nranges - 1].end == start)
		scan->ranges[scan->nranges - 1].end = end;
	else
	{
		scan->ranges[scan->nranges].start = start;
		scan->ranges[scan->nranges++].end = end;
	}
}

/* Filter up to BATCH_ROWS series runs by the filters on tags. */
static void
blockscan_filter_runs(BlockScan *scan, uint32 first)
{
	SegmentReader *reader = scan->reader;
	Batch	   *batch = &scan->batch;
	int			i;

	scan->mode = BLOCK_RUNS;
	scan->batch_number++;
	scan->first_run = first;
	MemoryContextReset(batch->memory);
	batch->n = Min(reader->header.series - first, BATCH_ROWS);
	batch->nselected = batch->n;
	selection_set_range(batch->selected, 0, batch->n);
	for (i = 0; i < scan->nfilters && batch->nselected > 0; i++)
		if (!scan->filters[i].segment_true &&
			filter_is_on_tags(scan, &scan->filters[i]))
			vexpr_filter(scan->filters[i].expr, batch);
	if (scan->top_keys != NULL && batch->nselected > 0 &&
		blockscan_are_tags(scan, scan->top_keys))
		scan->top_filter_runs(scan->top, scan);
	for (i = 0; i < batch->n; i++)
		if (batch_row_selected(batch, i))
			blockscan_add_range(scan, reader->run_start[first + i],
								reader->run_start[first + i + 1]);
}

/* Find the row ranges to read: all, or the runs whose tags pass. */
static void
blockscan_find_ranges(BlockScan *scan)
{
	SegmentReader *reader = scan->reader;
	bool		by_tag = blockscan_are_tags(scan, scan->top_keys);
	uint32		run;
	int			i;

	for (i = 0; i < scan->nfilters; i++)
		by_tag |= !scan->filters[i].segment_true &&
			filter_is_on_tags(scan, &scan->filters[i]);
	if (scan->ranges != NULL)
		pfree(scan->ranges);
	scan->ranges = NULL;
	if (!by_tag)
	{
		scan->ranges = MemoryContextAlloc(scan->context, sizeof(BlockRange));
		blockscan_add_range(scan, 0, reader->header.rows);
		return;
	}
	segment_reader_load_series(reader);
	scan->ranges = MemoryContextAllocHuge(scan->context,
										  reader->header.series *
										  sizeof(BlockRange));
	for (run = 0; run < reader->header.series; run += BATCH_ROWS)
	{
		CHECK_FOR_INTERRUPTS();
		blockscan_filter_runs(scan, run);
	}
	/* what the runs were chosen by need not be asked again */
	for (i = 0; i < scan->nfilters; i++)
		if (filter_is_on_tags(scan, &scan->filters[i]))
			scan->filters[i].segment_true = true;
	if (scan->nranges == 0 && scan->low == 0)
		scan->counters.segments_by_tag++;
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
	blockscan_find_ranges(scan);
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
blockscan_passes_segment(BlockScan *scan, const DirectoryEntry *entry)
{
	scan->entry = entry;
	scan->low = 0;
	scan->high = entry->d.rows;
	scan->mode = BLOCK_NONE;
	if (blockscan_check_segment(scan))
		return true;
	scan->counters.segments_pruned++;
	return false;
}

bool
blockscan_enter_segment(BlockScan *scan, const DirectoryEntry *entry)
{
	blockscan_close_reader(scan);
	if (!blockscan_passes_segment(scan, entry))
		return false;
	scan->nranges = 0;
	blockscan_open_segment(scan);
	return scan->nranges > 0;
}

void
blockscan_set_ranges(BlockScan *scan, const BlockRange *ranges, int n)
{
	if (scan->ranges != NULL)
		pfree(scan->ranges);
	scan->ranges = MemoryContextAllocHuge(scan->context,
										  Max(1, n) * sizeof(BlockRange));
	memcpy(scan->ranges, ranges, n * sizeof(BlockRange));
	scan->nranges = n;
	blockscan_rewind(scan);
}

void
blockscan_take_counters(BlockScan *scan, BlockScan *clone)
{
	counters_add(&scan->counters, &clone->counters);
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
		batch->nselected = selection_count(batch->selected);
}

/* Zone maps of the block; false: no row of it can pass. */
static bool
blockscan_check_block(BlockScan *scan)
{
	int			i;

	if (blockscan_out_of_bounds(scan, lookup_block_zone))
		return false;
	for (i = 0; i < scan->nfilters; i++)
	{
		BlockFilter *filter = &scan->filters[i];
		ZoneVerdict verdict;

		filter->block_true = filter->segment_true;
		if (filter->block_true || filter->test == NULL)
			continue;
		verdict = zone_test_eval(filter->test, lookup_block_zone, scan);
		if (verdict == ZONE_NONE)
			return false;
		filter->block_true = verdict == ZONE_ALL;
	}
	return true;
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
		if (!blockscan_check_block(scan))
		{
			scan->counters.blocks_pruned++;
			continue;
		}
		blockscan_select(scan);
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
	scan->counters.rows_filtered += before - batch->nselected;
	return batch->nselected > 0;
}

bool
blockscan_next(BlockScan *scan)
{
	while (blockscan_next_hot(scan))
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

/* ---------- parallel ---------- */

Size
blockscan_shared_size(void)
{
	return sizeof(BlockScanShared);
}

void
blockscan_shared_init(BlockScanShared *shared, Relation rel)
{
	memset(shared, 0, sizeof(*shared));
	pg_atomic_init_u64(&shared->unit, 0);
	SpinLockInit(&shared->mutex);
	(void) table_block_parallelscan_initialize(rel,
											   (ParallelTableScanDesc) &shared->heap);
}

void
blockscan_shared_reinit(BlockScanShared *shared, Relation rel)
{
	pg_atomic_write_u64(&shared->unit, 0);
	table_block_parallelscan_reinitialize(rel,
										  (ParallelTableScanDesc) &shared->heap);
}

void
blockscan_count_bytes(BlockScan *scan)
{
	if (scan->cursor.store == NULL)
		return;
	scan->counters.bytes += scan->cursor.store->bytes_read;
	scan->cursor.store->bytes_read = 0;
}

void
blockscan_shared_report(BlockScan *scan)
{
	blockscan_count_bytes(scan);
	SpinLockAcquire(&scan->shared->mutex);
	counters_add(&scan->shared->counters, &scan->counters);
	SpinLockRelease(&scan->shared->mutex);
	memset(&scan->counters, 0, sizeof(scan->counters));
}

void
blockscan_add_shared(BlockScan *scan)
{
	SpinLockAcquire(&scan->shared->mutex);
	counters_add(&scan->counters, &scan->shared->counters);
	memset(&scan->shared->counters, 0, sizeof(BlockScanCounters));
	SpinLockRelease(&scan->shared->mutex);
}
