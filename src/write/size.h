/*
 * size.h
 *	  Sizes and the planner's estimates.
 */
#ifndef RUSTS_SIZE_H
#define RUSTS_SIZE_H

#include "segment/directory.h"

extern uint64 size_relation_size(Relation rel, ForkNumber fork);
/* Does relation_size report a heap block that does not exist? */
extern bool size_is_inflated(Relation rel);
extern void size_relation_estimate_size(Relation rel, int32 *attr_widths,
										BlockNumber *pages, double *tuples,
										double *allvisfrac);

/* What the segments of a table amount to. */
typedef struct SegmentTotals
{
	int			segments;
	double		rows;			/* live */
	double		pages;			/* of compressed data */
} SegmentTotals;

/* Forget totals: for transactions that insert or delete directory rows. */
extern void size_invalidate(Relation rel);
/* Totals under a snapshot; all zero when there are no segments. */
extern void size_segment_totals(Relation rel, Snapshot snapshot,
								SegmentTotals *totals);

/* Could an index have entries with virtual TIDs, stale ones included? */
extern bool size_had_segments(Relation rel);

/* Totals as far as the planner knows. */
extern void size_planner_totals(Relation rel, SegmentTotals *totals);
/* Does the table have segments, as far as the planner knows? */
extern bool size_planner_has_segments(Relation rel);

#endif							/* RUSTS_SIZE_H */
