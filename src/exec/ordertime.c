/*
 * ordertime.c
 *	  A scan's rows by time.
 *
 * Segments are taken in the order of their first times, by the directory.
 * Those that overlap are read and sorted together, as one cluster, but only
 * when the merge has come to the cluster's first time: whoever stops early, as
 * a LIMIT does, never pays for the rest.
 *
 * Segments that were written one after the other often overlap in a few rows at
 * the ends; a chain of such must not become one cluster.  So a segment joins a
 * cluster when a good part of it (a tenth) lies before the cluster's end.  Else
 * it starts the next one, and the merge sees to the rows at the seam: with so
 * little in common, hardly ever more than two clusters are open at a time.
 *
 * Hot rows are sorted at the beginning; nothing tells when they are from.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "exec/ordertime.h"

/* What segments have in common before they are sorted together. */
#define OVERLAP_SHARE 0.1

/* Ranks of bounds that are not known. */
#define RANK_FIRST (-2)
#define RANK_LAST 2

typedef struct TimeSpan
{
	OrderKey	first;
	OrderKey	last;
	const DirectoryEntry *entry;
} TimeSpan;

/* Segments to be sorted together: spans[from .. to). */
typedef struct TimeCluster
{
	TimeOrder  *order;
	int			from;
	int			to;
} TimeCluster;

struct TimeOrder
{
	OrderBase  *base;
	BlockScan  *part;			/* reads the segments, one after the other */
	TimeSpan   *spans;
	int			nspans;
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
	if (!blockscan_segment_zone(part, base->plan.time, &summary))
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

/* Read and sort a cluster, up to its first row. */
static bool
timecluster_load(OrderStream *stream)
{
	TimeCluster *cluster = stream->owner;
	TimeOrder  *order = cluster->order;
	int			i;

	for (i = cluster->from; i < cluster->to; i++)
		if (blockscan_enter_segment(order->part, order->spans[i].entry))
			orderstream_put_part(stream, order->part);
	orderstream_sort(stream);
	return orderstream_advance(stream);
}

static void
ordertime_add_clusters(TimeOrder *order)
{
	int			from;
	int			to;

	for (from = 0; from < order->nspans; from = to)
	{
		OrderKey	end = order->spans[from].last;
		TimeCluster *cluster = palloc(sizeof(TimeCluster));
		OrderStream *stream = orderstream_of_sort(order->base, false);

		for (to = from + 1; to < order->nspans &&
			 timespan_joins(&order->spans[to], &end); to++)
			if (orderkey_compare(&end, &order->spans[to].last) < 0)
				end = order->spans[to].last;
		cluster->order = order;
		cluster->from = from;
		cluster->to = to;
		stream->owner = cluster;
		stream->key = order->spans[from].first;
		stream->load = timecluster_load;
		ordermerge_add(order->merge, stream);
	}
}

/* ---------- life ---------- */

TimeOrder *
ordertime_begin(OrderBase *base)
{
	MemoryContext old = MemoryContextSwitchTo(base->context);
	TimeOrder  *order = palloc0(sizeof(TimeOrder));
	DirectoryList *list = base->scan->cursor.list;
	OrderStream *hot;
	int			i;

	order->base = base;
	order->part = blockscan_clone(base->scan, base->context);
	order->part->backwards = false;
	order->spans = palloc_extended(Max(1, list->n) * sizeof(TimeSpan),
								   MCXT_ALLOC_HUGE);
	order->merge = ordermerge_create(base, list->n + 1);
	hot = orderstream_of_sort(base, false);
	orderstream_put_hot(hot);
	orderstream_sort(hot);
	if (orderstream_advance(hot))
		ordermerge_add(order->merge, hot);
	else
		orderstream_end(hot);
	for (i = 0; i < list->n; i++)
		if (blockscan_passes_segment(order->part, &list->entries[i]))
			timespan_set(base, order->part, &order->spans[order->nspans++]);
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
	return ordermerge_next(order->merge);
}

void
ordertime_count(TimeOrder *order)
{
	blockscan_take_counters(order->base->scan, order->part);
}

void
ordertime_end(TimeOrder *order)
{
	blockscan_close_clone(order->base->scan, order->part);
}
