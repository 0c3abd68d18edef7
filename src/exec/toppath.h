/*
 * toppath.h
 *	  Which rows of a scan can matter to the query above it?
 */
#ifndef RUSTS_TOPPATH_H
#define RUSTS_TOPPATH_H

#include "exec/scantop.h"
#include "nodes/pathnodes.h"

/*
 * What the first rows of the query's order, or of each of its DISTINCT ON
 * groups, ask of a scan of rel; false: nothing special.  rows: how many rows
 * will be about enough.
 */
extern bool toppath_for_order(PlannerInfo *root, RelOptInfo *rel,
							  ScanTopPlan *plan, double *rows);

/*
 * The same for an aggregation by keys that wants the first or last row of each
 * group only: first, last, min, max.
 */
extern bool toppath_for_aggregates(PlannerInfo *root, RelOptInfo *rel,
								   List *keys, List *eqs, List *aggrefs,
								   ScanTopPlan *plan);

/*
 * The groups of a time bucket that an aggregation with ORDER BY bucket DESC
 * LIMIT n needs: n, or 0 when it needs all.  key: which of keys is the bucket;
 * attno: of what column.
 */
extern int	toppath_for_buckets(PlannerInfo *root, RelOptInfo *rel, List *keys,
								int *key, AttrNumber *attno, bool *zoned);

/*
 * Is it the start of a time bucket of a column, the last one up to the time that
 * is in it?  zoned: by local time; when that is put back, a start can be
 * after times in its bucket, and before those of the bucket before.  The width
 * is the function's first argument.
 */
extern bool toppath_bucket_column(Node *node, AttrNumber *attno, bool *zoned);

#endif							/* RUSTS_TOPPATH_H */
