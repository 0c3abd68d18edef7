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
								int *key, AttrNumber *attno);

/*
 * Is it the start of a time bucket of a column, which is never after the time
 * that is in it?  The width is the function's first argument.
 */
extern bool toppath_bucket_column(Node *node, AttrNumber *attno);

#endif							/* RUSTS_TOPPATH_H */
