/*
 * scanorder.c
 *	  Give out a scan's rows in order: by tags and time, or by time.
 *
 * What may be relied on.  A segment was sorted by the tags and the time column
 * that the table had when it was written; both may have changed since, and the
 * header says only what the tags were.  So nothing is taken on trust that would
 * give rows in the wrong order:
 *
 * - A column is a tag of a segment when the segment keeps it in its series index.
 *   Then rows of a run agree in it, because the run has one code for it.  The
 *   order of runs is made here, by comparing the values that the query's sort
 *   operator compares; that they lie in this order already, as they do unless
 *   tags or collations have changed, only makes it cheaper.
 * - The times of a run are looked at before the first of its rows is given out.
 *   If they go backwards anywhere the run is sorted (ordertags.c).
 * - Rows of segments that lack a tag, and hot rows, are collected and sorted.
 * - Minimum and maximum in the directory are those of the column the query
 *   sorts by, whatever the segment was sorted by (ordertime.c).
 *
 * Rows are filtered before they are sorted or merged, by the same filters in
 * the same order as in any other scan.
 *
 * Memory: an open segment has one block of each column decoded; there are at
 * most SCANORDER_MAX_SEGMENTS of them, and what does not fit under that is
 * sorted.  Sorts spill at work_mem.
 */
#include "postgres.h"

#include "scan/ordertags.h"
#include "scan/ordertime.h"
#include "scan/scanorder.h"

struct ScanOrder
{
	OrderBase  *base;
	bool		begun;
	TagOrder   *by_tags;		/* one of them is NULL */
	TimeOrder  *by_time;
};

List *
scanorder_describe(const ScanOrderPlan *plan)
{
	return list_make2(list_make3_int(plan->time, plan->tags_desc,
									 plan->time_desc),
					  plan->tags);
}

void
scanorder_read(List *description, ScanOrderPlan *plan)
{
	List	   *numbers = linitial(description);

	plan->time = linitial_int(numbers);
	plan->tags_desc = lsecond_int(numbers);
	plan->time_desc = lthird_int(numbers);
	plan->tags = lsecond(description);
}

ScanOrder *
scanorder_create(BlockScan *scan, const ScanOrderPlan *plan,
				 const AttrNumber *attnos, int nattnos)
{
	ScanOrder  *order = palloc0(sizeof(ScanOrder));

	order->base = orderstream_base(scan, plan, attnos, nattnos);
	return order;
}

bool
scanorder_next(ScanOrder *order, TupleTableSlot *slot)
{
	OrderStream *stream;

	if (!order->begun)
	{
		order->begun = true;
		if (order->base->plan.tags == NIL)
			order->by_time = ordertime_begin(order->base);
		else
			order->by_tags = ordertags_begin(order->base);
	}
	stream = order->by_time != NULL ? ordertime_next(order->by_time) :
		ordertags_next(order->by_tags);
	if (stream == NULL)
		return false;
	orderstream_store(stream, slot);
	return true;
}

void
scanorder_reset(ScanOrder *order)
{
	if (!order->begun)
		return;
	if (order->by_time != NULL)
		ordertime_end(order->by_time);
	if (order->by_tags != NULL)
		ordertags_end(order->by_tags);
	order->by_time = NULL;
	order->by_tags = NULL;
	order->begun = false;
	orderstream_reset(order->base);
}

void
scanorder_count(ScanOrder *order)
{
	if (order->by_time != NULL)
		ordertime_count(order->by_time);
	if (order->by_tags != NULL)
		ordertags_count(order->by_tags);
}
