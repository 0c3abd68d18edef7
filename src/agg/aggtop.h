/*
 * aggtop.h
 *	  Which rows of a scan can matter to an aggregation above it?
 */
#ifndef RUSTS_AGGTOP_H
#define RUSTS_AGGTOP_H

#include "scan/scantop.h"
#include "nodes/pathnodes.h"

/*
 * What an aggregation by keys asks of a scan of rel when it wants only the
 * first or last row of each group (first, last, min, max); false: nothing
 * special.
 */
extern bool aggtop_for_aggregates(PlannerInfo *root, RelOptInfo *rel,
								  List *keys, List *eqs, List *aggrefs,
								  ScanTopPlan *plan);

/*
 * How many groups an aggregation with ORDER BY bucket DESC LIMIT n needs: n,
 * or 0 when it needs all.  *key: which of keys is the bucket; *attno: its
 * column.
 */
extern int	aggtop_for_buckets(PlannerInfo *root, RelOptInfo *rel, List *keys,
								int *key, AttrNumber *attno, bool *zoned);

#endif							/* RUSTS_AGGTOP_H */
