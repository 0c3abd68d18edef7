/*
 * retain.h
 *	  Rows that are too old are dropped.
 */
#ifndef RUSTS_RETAIN_H
#define RUSTS_RETAIN_H

#include "utils/rel.h"

#include "write/progress.h"

/*
 * Times from low (included) to high (excluded), in the unit of the time
 * column; PG_INT64_MIN and PG_INT64_MAX: no bound.
 */
typedef struct RetainRange
{
	int64		low;
	int64		high;
} RetainRange;

/* Told of each window of which rows were dropped, once. */
typedef void (*RetainReport) (void *arg, int64 partition, uint64 rows);

/* Is a segment droppable as a whole?  For those who ask often, without locks. */
extern bool retain_due(Relation rel, const RetainRange *range);
/* Do foreign keys refer to the table?  Then no row may be dropped. */
extern bool retain_is_referenced(Relation rel);
/*
 * Drop rows in the current transaction (RowExclusiveLock held).  exact: also
 * single rows of segments that reach beyond the range.  Segments and rows that
 * somebody holds a lock on stay.  exact waits for a compaction, the other drops
 * nothing while there is one.  Returns the number of rows dropped, and leaves
 * the numbers in progress.
 */
extern int64 retain_drop(Relation rel, const RetainRange *range, bool exact,
						 Progress *progress, RetainReport report, void *arg);
/*
 * What time is it, in the unit of the time column?  For a bigint it is the
 * largest in segments.  PG_INT64_MIN: nobody knows.
 */
extern int64 retain_now(Relation rel);
/* What rusts.drop_after asks for; false: nothing. */
extern bool retain_policy_range(Relation rel, RetainRange *range);

#endif							/* RUSTS_RETAIN_H */
