/*
 * aggread.h
 *	  Rows of a table, put into groups in memory.
 */
#ifndef RUSTS_AGGREAD_H
#define RUSTS_AGGREAD_H

#include "agg/aggfill.h"

/* Forget all groups. */
extern void aggread_reset(AggFill *fill);
/* Keys without rows: only an aggregation without keys has a group then. */
extern void aggread_begin_groups(AggFill *fill);
/* States for all groups that there are. */
extern void aggread_reserve(AggFill *fill);
/* Combine n groups with states of them from elsewhere. */
extern void aggread_combine(AggFill *fill, const uint32 *groups, uint32 n,
							StringInfo states);
/* Have the groups outgrown the limit? */
extern bool aggread_is_full(AggFill *fill);
/* The scan, in the order that is wanted. */
extern BlockScan *aggread_begin_scan(AggFill *fill);
/*
 * Read until the end (true), or until memory runs out or some groups can be
 * handed over.  May be called again after that, to go on.
 */
extern bool aggread_table(AggFill *fill);
/* Make no more groups: rows of others go to disk (rowspill.c). */
extern void aggread_freeze(AggFill *fill);
/* The same as aggread_table for the part of such rows that is being read. */
extern bool aggread_rows(AggFill *fill);
/* All rows have been read: before any result. */
extern void aggread_finish(AggFill *fill);

#endif							/* RUSTS_AGGREAD_H */
