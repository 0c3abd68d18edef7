/*
 * blockprune.c
 *	  What of a table need not be read.
 *
 * Pruning goes from coarse to fine: a segment by its summaries in the
 * directory, mostly while the directory is loaded; series runs by evaluating
 * filters on tags once for each; blocks by zone maps.  A filter that a zone
 * map proves true for all rows is not evaluated there.  Pruning only ever
 * skips rows for which a filter is not true, so the rows that are left pass
 * through the remaining filters.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "utils/memutils.h"

#include "block/blockprune.h"
#include "segment/segment_series.h"
#include "vector/selection.h"

/* ---------- zones ---------- */

static const DirectorySummaryData *
entry_summary(const DirectoryEntry *entry, AttrNumber attno)
{
	int			i;

	for (i = 0; i < entry->d.nsummaries; i++)
		if (entry->summaries[i].attnum == attno)
			return &entry->summaries[i];
	return NULL;
}

bool
blockprune_segment_zone(BlockScan *scan, AttrNumber attno,
					   DirectorySummaryData *summary)
{
	const DirectorySummaryData *found = entry_summary(scan->entry, attno);

	if (found == NULL)
		return false;
	*summary = *found;
	return true;
}

bool
blockprune_block_zone(BlockScan *scan, AttrNumber attno,
					 DirectorySummaryData *summary)
{
	return segment_reader_zone(scan->reader, attno, scan->block, summary);
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

	return blockprune_segment_zone(scan, attno, &summary) &&
		zone_from_summary(&summary, scan->entry->d.rows, zone);
}

static bool
lookup_block_zone(void *arg, AttrNumber attno, Zone *zone)
{
	BlockScan  *scan = arg;
	DirectorySummaryData summary;

	return blockprune_block_zone(scan, attno, &summary) &&
		zone_from_summary(&summary, scan->batch.n, zone);
}

/* Is the zone of the bounded column beyond the bounds? */
static bool
out_of_bounds(BlockScan *scan, ZoneLookup lookup)
{
	Zone		zone;

	if (scan->bound_attno == 0 || !lookup(scan, scan->bound_attno, &zone) ||
		!zone.has_minmax || zone.nulls > 0)
		return false;
	return zone.max < scan->bound_low || zone.min > scan->bound_high;
}

/* ---------- segments ---------- */

bool
blockprune_wants(void *arg, const DirectoryEntry *entry)
{
	BlockScan  *scan = arg;
	bool		wanted = true;
	int			i;

	scan->entry = entry;
	for (i = 0; i < scan->nfilters && wanted; i++)
		if (scan->filters[i].fixed)
			wanted = zone_verdict_eval(scan->filters[i].test, ZONE_AHEAD,
									lookup_segment_zone, scan) != ZONE_NONE;
	scan->entry = NULL;
	return wanted;
}

bool
blockprune_segment(BlockScan *scan)
{
	int			i;

	scan->whole = directory_entry_dead(scan->entry) == 0 &&
		scan->high - scan->low == scan->entry->d.rows;
	if (out_of_bounds(scan, lookup_segment_zone))
		return false;
	if (scan->top_keys != NULL && scan->top_skip_segment(scan->top, scan))
		return false;
	for (i = 0; i < scan->nfilters; i++)
	{
		BlockFilter *filter = &scan->filters[i];
		ZoneVerdict verdict = ZONE_SOME;

		if (filter->test != NULL)
			verdict = zone_verdict_eval(filter->test, ZONE_AMID,
									 lookup_segment_zone, scan);
		if (verdict == ZONE_NONE)
			return false;
		filter->segment_true = verdict == ZONE_ALL;
		scan->whole &= filter->segment_true;
	}
	return true;
}

bool
blockprune_passes_segment(BlockScan *scan, const DirectoryEntry *entry)
{
	scan->entry = entry;
	scan->low = 0;
	scan->high = entry->d.rows;
	scan->mode = BLOCK_NONE;
	if (blockprune_segment(scan))
		return true;
	scan->counters.segments_pruned++;
	return false;
}

/* ---------- order ---------- */

typedef struct BoundKey
{
	int64		bound;
	int			entry;
} BoundKey;

static int
bound_key_compare(const void *a, const void *b)
{
	const BoundKey *x = a;
	const BoundKey *y = b;

	if (x->bound != y->bound)
		return x->bound < y->bound ? -1 : 1;
	return x->entry - y->entry;
}

static bool
entry_bound(const DirectoryEntry *entry, AttrNumber attno, bool desc,
			int64 *bound)
{
	const DirectorySummaryData *summary = entry_summary(entry, attno);

	if (summary == NULL || (summary->flags & SUMMARY_HAS_MINMAX) == 0)
		return false;
	*bound = desc ? summary->max : summary->min;
	return true;
}

bool
blockprune_order_bound(const BlockScan *scan, int i, AttrNumber attno,
					   bool desc, int64 *bound)
{
	return entry_bound(&scan->cursor.list->entries[scan->order[i]], attno, desc,
					   bound);
}

bool
blockprune_has_no_nulls(const BlockScan *scan, int i, AttrNumber attno)
{
	const DirectorySummaryData *summary =
		entry_summary(&scan->cursor.list->entries[scan->order[i]], attno);

	return summary != NULL && summary->null_count == 0;
}

void
blockprune_order_by(BlockScan *scan, AttrNumber attno, bool desc)
{
	int			n = scan->cursor.list->n;
	BoundKey   *keys = palloc(Max(1, n) * sizeof(BoundKey));
	int			i;

	for (i = 0; i < n; i++)
	{
		keys[i].entry = i;
		/* what is unknown comes first; MAX is turned round below */
		if (!entry_bound(&scan->cursor.list->entries[i], attno, desc,
						 &keys[i].bound))
			keys[i].bound = desc ? PG_INT64_MAX : PG_INT64_MIN;
	}
	qsort(keys, n, sizeof(BoundKey), bound_key_compare);
	for (i = 0; i < n; i++)
		scan->order[i] = keys[desc ? n - 1 - i : i].entry;
	pfree(keys);
}

/* ---------- series runs ---------- */

/* Are all of these columns tags, as this segment has them? */
static bool
are_tags(BlockScan *scan, const Bitmapset *attnos)
{
	int			attno = -1;

	if (attnos == NULL)
		return false;
	while ((attno = bms_next_member(attnos, attno)) >= 0)
		if (!segment_series_is_tag(scan->reader, attno))
			return false;
	return true;
}

static inline bool
filter_is_on_tags(BlockScan *scan, const BlockFilter *filter)
{
	return filter->early && are_tags(scan, filter->attnos);
}

static void
add_range(BlockScan *scan, uint32 start, uint32 end)
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

/* Filter n series runs, at most BATCH_ROWS, by the filters on tags. */
static void
filter_runs(BlockScan *scan, uint32 first, uint32 n)
{
	const uint32 *starts = segment_series_starts(scan->reader) + first;
	Batch	   *batch = &scan->batch;
	int			i;

	scan->mode = BLOCK_RUNS;
	scan->batch_number++;
	scan->first_run = first;
	MemoryContextReset(batch->memory);
	batch->n = n;
	batch->nselected = batch->n;
	selection_set_range(batch->selected, 0, batch->n);
	for (i = 0; i < scan->nfilters && batch->nselected > 0; i++)
		if (!scan->filters[i].segment_true &&
			filter_is_on_tags(scan, &scan->filters[i]))
			vexpr_filter(scan->filters[i].expr, batch);
	if (scan->top_keys != NULL && batch->nselected > 0 &&
		are_tags(scan, scan->top_keys))
		scan->top_filter_runs(scan->top, scan);
	for (i = 0; i < batch->n; i++)
		if (batch_row_selected(batch, i))
			add_range(scan, starts[i], starts[i + 1]);
}

void
blockprune_find_ranges(BlockScan *scan)
{
	SegmentReader *reader = scan->reader;
	bool		by_tag = are_tags(scan, scan->top_keys);
	uint32		run;
	uint32		end;
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
		add_range(scan, 0, segment_reader_rows(reader));
		return;
	}
	/* only of the rows that are ours: there may be many pieces of a segment */
	run = segment_series_find_run(reader, scan->low);
	end = segment_series_find_run(reader, scan->high - 1) + 1;
	scan->ranges = MemoryContextAllocHuge(scan->context,
										  (end - run) * sizeof(BlockRange));
	for (; run < end; run += BATCH_ROWS)
	{
		CHECK_FOR_INTERRUPTS();
		filter_runs(scan, run, Min(end - run, BATCH_ROWS));
	}
	/* what the runs were chosen by need not be asked again */
	for (i = 0; i < scan->nfilters; i++)
		if (filter_is_on_tags(scan, &scan->filters[i]))
			scan->filters[i].segment_true = true;
	if (scan->nranges == 0 && scan->low == 0)
		scan->counters.segments_by_tag++;
}

/* ---------- blocks ---------- */

bool
blockprune_block(BlockScan *scan)
{
	int			i;

	if (out_of_bounds(scan, lookup_block_zone))
		return false;
	for (i = 0; i < scan->nfilters; i++)
	{
		BlockFilter *filter = &scan->filters[i];
		ZoneVerdict verdict;

		filter->block_true = filter->segment_true;
		if (filter->block_true || filter->test == NULL)
			continue;
		verdict = zone_verdict_eval(filter->test, ZONE_AMID, lookup_block_zone,
								 scan);
		if (verdict == ZONE_NONE)
			return false;
		filter->block_true = verdict == ZONE_ALL;
	}
	return true;
}

