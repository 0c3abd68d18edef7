/*
 * aggpath.h
 *	  The path of a vectorised aggregation.
 */
#ifndef RUSTS_AGGPATH_H
#define RUSTS_AGGPATH_H

#include "agg/aggplan.h"
#include "agg/aggprivate.h"
#include "nodes/extensible.h"
#include "nodes/pathnodes.h"

extern CustomPath *aggpath_make(RelOptInfo *output, PathTarget *target,
								Path *child, const AggPlan *plan,
								AggNodeMode mode);
extern CustomPath *aggpath_copy(const CustomPath *path);
/* A path that combines the states that rows of child hold. */
extern CustomPath *aggpath_final(PlannerInfo *root, RelOptInfo *output,
								 const AggPlan *plan, Path *child,
								 double groups);
/* Set the cost of aggregating what the scan below reads. */
extern void aggpath_cost(CustomPath *path, const AggPlan *plan, Path *child,
						 double groups, double rows);
/* Lower the cost because metadata will answer. */
extern void aggpath_discount_metadata(CustomPath *path);
/* Emit the groups in the order that the query wants, if that is cheap. */
extern void aggpath_order(PlannerInfo *root, CustomPath *path,
						  const AggPlan *plan, double groups);

/* What the path tells the node (AggPrivate). */
extern List *aggpath_get_order(const CustomPath *path);
extern void aggpath_set_buckets(CustomPath *path, List *buckets);
extern void aggpath_set_workers(CustomPath *path, int workers);
extern void aggpath_set_stream(CustomPath *path, List *stream);

#endif							/* RUSTS_AGGPATH_H */
