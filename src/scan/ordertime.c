/*
 * ordertime.c
 *	  A scan's rows by time.
 *
 * Segments are taken in the order of their first times, by the directory.
 * Those that overlap are read together, as one cluster, but only when the
 * merge has come to the cluster's first time: a query that stops early, as
 * with a LIMIT, never pays for the rest.
 *
 * A cluster is read slice by slice: a stretch of time with as many rows as fit
 * into memory is picked out of all blocks and sorted (orderbuffer.c).  Blocks
 * are decoded again for each slice, which is by far the cheaper part.  The first
 * slices are short, so that there are rows soon; later ones are as long as the
 * number of rows found suggests.  Rows are picked before they are filtered, so
 * that a filter sees each of them once.  A slice that turns out too large goes
 * through PostgreSQL's sort; so does a cluster that has NULLs among its times, or
 * whose times the directory does not know.
 *
 * Segments that were written one after the other often overlap in a few rows at
 * the ends; a chain of such must not become one cluster.  So a segment joins a
 * cluster when a good part of it (a tenth) lies before the cluster's end.  Else
 * it starts the next one, and the merge sees to the rows at the seam: with so
 * little in common, hardly ever more than two clusters are open at a time.
 *
 * Hot rows are sorted at the beginning, because nothing tells their times.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "block/blockprune.h"
#include "scan/orderbuffer.h"
#include "scan/ordertime.h"
#include "vector/compare.h"
#include "vector/selection.h"

/* What segments have in common before they are sorted together. */
#define OVERLAP_SHARE 0.1

/* The first slice of a cluster is to have this share of what fits. */
#define FIRST_SLICE 0.1
/* And the others this, as their rows are not spread evenly. */
#define SLICE_FILL 0.7
/* A slice is at most so many times as long as the last. */
#define SLICE_GROWTH 8.0

/* Ranks of bounds that are not known. */
#define RANK_FIRST (-2)
#define RANK_LAST 2

typedef struct TimeSpan
{
	OrderKey	first;
	OrderKey	last;
	const DirectoryEntry *entry;
} TimeSpan;

/* Segments to be read together: spans[from .. to). */
typedef struct TimeCluster
{
	TimeOrder  *order;
	int			from;
	int			to;
	OrderKey	end;			/* of the last of its rows, or later */
	BlockScan  *part;			/* NULL: not begun, or at its end */
	bool		done;			/* the last slice has been read */
	int64		start;			/* of the next slice: a key's value */
	double		length;			/* of the next slice */
	OrderBuffer *buffer;		/* the slice's rows */
	OrderStream *sort;			/* or all of them are in here */
} TimeCluster;

struct TimeOrder
{
	OrderBase  *base;
	TimeSpan   *spans;
	int			nspans;
	TimeCluster *clusters;
	int			nclusters;
	OrderMerge *merge;
};

/* ---------- clusters ---------- */

/* The span of the segment that the part has entered. */
static void
timespan_set(OrderBase *base, BlockScan *part, TimeSpan *span)
{
	bool		desc = base->plan.time_desc;
	OrderKey	null = orderstream_key(base, (Datum) 0, true);
	DirectorySummaryData summary;

	span->entry = part->entry;
	span->first.rank = RANK_FIRST;
	span->last.rank = RANK_LAST;
	span->first.value = span->last.value = 0;
	if (!blockprune_segment_zone(part, base->plan.time, &summary))
		return;
	if (summary.null_count >= part->entry->d.rows)
		span->first = span->last = null;
	if ((summary.flags & SUMMARY_HAS_MINMAX) == 0 ||
		summary.null_count >= part->entry->d.rows)
		return;
	span->first = orderstream_key(base, (Datum) (desc ? summary.max :
												 summary.min), false);
	span->last = orderstream_key(base, (Datum) (desc ? summary.min :
												summary.max), false);
	if (summary.null_count > 0 && desc)
		span->first = null;
	else if (summary.null_count > 0)
		span->last = null;
}

static int
timespan_compare(const void *a, const void *b)
{
	return orderkey_compare(&((const TimeSpan *) a)->first,
							&((const TimeSpan *) b)->first);
}

/* Does a span belong into the cluster that ends at "end"? */
static bool
timespan_joins(const TimeSpan *span, const OrderKey *end)
{
	double		length;

	if (orderkey_compare(&span->first, end) >= 0)
		return false;
	if (span->first.rank != 0 || span->last.rank != 0 || end->rank != 0)
		return true;
	length = (double) span->last.value - (double) span->first.value;
	return (double) end->value - (double) span->first.value >=
		length * OVERLAP_SHARE;
}

/* ---------- slices ---------- */

/* Select only the rows of the batch whose keys are in [low, high]. */
static bool
slice_select(OrderBase *base, BlockScan *part, int64 low, int64 high)
{
	Batch	   *batch = &part->batch;
	const Vector *vector = batch_column(batch, base->plan.time);
	bool		desc = base->plan.time_desc;
	int64		from = desc ? ~high : low;
	int64		to = desc ? ~low : high;
	uint64		within[SELECTION_WORDS];
	int			row;

	if (!vector->constant && vector->dictionary == NULL)
	{
		compare_int_between((const int64 *) vector->values, batch->n, from,
							to, within);
		selection_and(batch->selected, within);
	}
	else
		for (SELECTION_EACH(row, batch->selected))
		{
			int64		value = (int64) vector->values[vector->constant ? 0 : row];

			if (vector->dictionary != NULL)
				value = (int64) vector->dictionary[value];
			if (value < from || value > to)
				selection_remove(batch->selected, row);
		}
	batch->nselected = selection_count(batch->selected);
	return batch->nselected > 0;
}

/* Add the rows of the part's batch to the slice. */
static void
slice_put(TimeCluster *cluster)
{
	bool		copy = cluster->to - cluster->from > 1;

	if (cluster->sort == NULL &&
		orderbuffer_put(cluster->buffer, cluster->part, copy))
		return;
	if (cluster->sort == NULL)
	{
		cluster->sort = orderstream_of_sort(cluster->order->base, false);
		orderbuffer_spill(cluster->buffer, cluster->sort);
	}
	orderstream_put(cluster->sort, cluster->part);
}

/* Go through the cluster's segments for the rows with keys in [low, high]. */
static void
slice_read(TimeCluster *cluster, int64 low, int64 high)
{
	OrderBase  *base = cluster->order->base;
	BlockScan  *part = cluster->part;
	bool		desc = base->plan.time_desc;
	int			i;

	orderbuffer_reset(cluster->buffer);
	part->bound_attno = base->plan.time;
	part->bound_low = desc ? ~high : low;
	part->bound_high = desc ? ~low : high;
	for (i = cluster->from; i < cluster->to; i++)
	{
		const DirectoryEntry *entry = cluster->order->spans[i].entry;

		/* a cluster of one segment keeps it open */
		if (cluster->to - cluster->from == 1 && part->reader != NULL)
			blockscan_rewind(part);
		else if (!blockscan_enter_segment(part, entry))
			continue;
		while (blockscan_next_block(part))
			if (slice_select(base, part, low, high) && blockscan_filter(part))
				slice_put(cluster);
	}
	if (cluster->sort != NULL)
		orderstream_sort(cluster->sort);
	else
		orderbuffer_sort(cluster->buffer);
}

/* Read the next slice, and decide how long the one after it is to be. */
static void
timecluster_fill(TimeCluster *cluster)
{
	double		capacity = orderbuffer_capacity(cluster->buffer);
	double		left = (double) cluster->end.value - (double) cluster->start;
	int64		low = cluster->start;
	int64		high = cluster->end.value;
	double		growth;

	if (cluster->length < left)
		high = low + (int64) cluster->length;
	if (high >= cluster->end.value)
	{
		high = cluster->end.value;
		cluster->done = true;
	}
	else
		cluster->start = high + 1;
	slice_read(cluster, low, high);
	if (cluster->sort != NULL)
		growth = 1 / SLICE_GROWTH;
	else
		growth = capacity * SLICE_FILL /
			Max(orderbuffer_rows(cluster->buffer), 1);
	cluster->length *= Min(growth, SLICE_GROWTH);
}

/* ---------- reading a cluster ---------- */

static void
timecluster_close(TimeCluster *cluster)
{
	if (cluster->part == NULL)
		return;
	blockscan_close_clone(cluster->order->base->scan, cluster->part);
	cluster->part = NULL;
	orderbuffer_free(cluster->buffer);
}

static bool
timecluster_advance(OrderStream *stream)
{
	TimeCluster *cluster = stream->owner;

	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		stream->inner = cluster->sort;
		if (cluster->sort == NULL)
		{
			if (orderbuffer_next(cluster->buffer, &stream->key))
				return true;
		}
		else if (orderstream_advance(cluster->sort))
		{
			stream->key = cluster->sort->key;
			return true;
		}
		else
		{
			orderstream_end(cluster->sort);
			cluster->sort = NULL;
			orderbuffer_reset(cluster->buffer);
		}
		if (cluster->done)
		{
			timecluster_close(cluster);
			return false;
		}
		timecluster_fill(cluster);
	}
}

/* Open a cluster, and read it up to its first row. */
static bool
timecluster_load(OrderStream *stream)
{
	TimeCluster *cluster = stream->owner;
	OrderBase  *base = cluster->order->base;
	double		length = (double) cluster->end.value -
	(double) stream->key.value + 1;
	double		rows = 0;
	int			i;

	cluster->part = blockscan_clone(base->scan, base->context);
	cluster->part->backwards = false;
	cluster->buffer = orderbuffer_create(base);
	stream->buffer = cluster->buffer;
	if (stream->key.rank == 0 && cluster->end.rank == 0)
	{
		for (i = cluster->from; i < cluster->to; i++)
			rows += cluster->order->spans[i].entry->d.rows;
		cluster->start = stream->key.value;
		cluster->length = length * FIRST_SLICE *
			orderbuffer_capacity(cluster->buffer) / rows;
		return timecluster_advance(stream);
	}
	cluster->sort = orderstream_of_sort(base, false);
	for (i = cluster->from; i < cluster->to; i++)
		if (blockscan_enter_segment(cluster->part,
									cluster->order->spans[i].entry))
			orderstream_put_part(cluster->sort, cluster->part);
	orderstream_sort(cluster->sort);
	cluster->done = true;
	return timecluster_advance(stream);
}

static void
ordertime_add_clusters(TimeOrder *order)
{
	int			from;
	int			to;

	order->clusters = palloc_extended(Max(1, order->nspans) *
									  sizeof(TimeCluster),
									  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (from = 0; from < order->nspans; from = to)
	{
		TimeCluster *cluster = &order->clusters[order->nclusters++];
		OrderStream *stream = palloc0(sizeof(OrderStream));

		cluster->end = order->spans[from].last;
		for (to = from + 1; to < order->nspans &&
			 timespan_joins(&order->spans[to], &cluster->end); to++)
			if (orderkey_compare(&cluster->end, &order->spans[to].last) < 0)
				cluster->end = order->spans[to].last;
		cluster->order = order;
		cluster->from = from;
		cluster->to = to;
		stream->base = order->base;
		stream->owner = cluster;
		stream->key = order->spans[from].first;
		stream->load = timecluster_load;
		stream->advance = timecluster_advance;
		orderstream_merge_add(order->merge, stream);
	}
}

/* ---------- life ---------- */

TimeOrder *
ordertime_begin(OrderBase *base)
{
	MemoryContext old = MemoryContextSwitchTo(base->context);
	TimeOrder  *order = palloc0(sizeof(TimeOrder));
	DirectoryList *list = base->scan->cursor.list;
	BlockScan  *part = blockscan_clone(base->scan, base->context);
	OrderStream *hot;
	int			i;

	order->base = base;
	order->spans = palloc_extended(Max(1, list->n) * sizeof(TimeSpan),
								   MCXT_ALLOC_HUGE);
	order->merge = orderstream_merge_create(base, list->n + 1);
	hot = orderstream_of_sort(base, false);
	orderstream_put_hot(hot);
	orderstream_sort(hot);
	if (orderstream_advance(hot))
		orderstream_merge_add(order->merge, hot);
	else
		orderstream_end(hot);
	for (i = 0; i < list->n; i++)
		if (blockprune_passes_segment(part, &list->entries[i]))
			timespan_set(base, part, &order->spans[order->nspans++]);
	blockscan_close_clone(base->scan, part);
	if (order->nspans > 1)
		qsort(order->spans, order->nspans, sizeof(TimeSpan),
			  timespan_compare);
	ordertime_add_clusters(order);
	MemoryContextSwitchTo(old);
	return order;
}

OrderStream *
ordertime_next(TimeOrder *order)
{
	return orderstream_merge_next(order->merge);
}

void
ordertime_count(TimeOrder *order)
{
	int			i;

	for (i = 0; i < order->nclusters; i++)
		if (order->clusters[i].part != NULL)
			blockscan_take_counters(order->base->scan,
									order->clusters[i].part);
}

void
ordertime_end(TimeOrder *order)
{
	int			i;

	for (i = 0; i < order->nclusters; i++)
		timecluster_close(&order->clusters[i]);
}
