/*
 * aggpath.h
 *	  Plan vectorised aggregation.
 */
#ifndef RUSTS_AGGPATH_H
#define RUSTS_AGGPATH_H

#include "agg/aggnode.h"
#include "nodes/extensible.h"
#include "nodes/pathnodes.h"

/* What is to be computed. */
typedef struct AggPlan
{
	PathTarget *target;
	List	   *keys;			/* expressions */
	List	   *eqs;			/* their equality operators */
	List	   *refs;			/* their sortgrouprefs */
	List	   *aggrefs;		/* distinct ones */
	List	   *having;
	bool		native;			/* no transition function is called */
} AggPlan;

extern CustomPath *aggpath_make(RelOptInfo *output, PathTarget *target,
								Path *child, const AggPlan *plan,
								AggNodeMode mode);
/* Cost of aggregating what the scan below reads. */
extern void aggpath_cost(CustomPath *path, const AggPlan *plan, Path *child,
						 double groups, double rows);
/* Emit the groups in the order that the query wants, if that is cheap. */
extern void aggpath_order(PlannerInfo *root, CustomPath *path,
						  const AggPlan *plan, double groups);

/* Can states be handed from one node to another? */
extern bool aggpath_can_combine(const AggPlan *plan);
/* The aggregates' states in place of their results, and a target of these. */
extern List *aggpath_partial_aggrefs(const AggPlan *plan);
extern PathTarget *aggpath_partial_target(PlannerInfo *root,
										  const AggPlan *plan);
/* A path that combines the states that come from child. */
extern CustomPath *aggpath_final(PlannerInfo *root, RelOptInfo *output,
								 const AggPlan *plan, Path *child,
								 double groups);
/* Will metadata answer nearly everything? */
extern bool aggpath_from_metadata(RelOptInfo *input, const AggPlan *plan);
extern void aggpath_discount_metadata(CustomPath *path);

extern void aggpath_init(void);
/* Add aggregations of a base relation to what a stage can be done by. */
extern void aggpath_upper_paths(PlannerInfo *root, UpperRelationKind stage,
								RelOptInfo *input, RelOptInfo *output,
								void *extra);

#endif							/* RUSTS_AGGPATH_H */
