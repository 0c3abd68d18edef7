/*
 * aggplan.h
 *	  What an aggregation is to compute, in terms of the planner.
 */
#ifndef RUSTS_AGGPLAN_H
#define RUSTS_AGGPLAN_H

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

/*
 * Fill in plan, whose target and having are set; clauses: what to group by.
 * False: the aggregation cannot be done here.
 */
extern bool aggplan_make(PlannerInfo *root, RelOptInfo *input, List *clauses,
						 AggPlan *plan);

/* Can states be handed from one node to another? */
extern bool aggplan_can_combine(const AggPlan *plan);
/*
 * The aggregates with states in place of results, and a target of keys and
 * states.
 */
extern List *aggplan_partial_aggrefs(const AggPlan *plan);
extern PathTarget *aggplan_partial_target(PlannerInfo *root,
										  const AggPlan *plan);
/* Will metadata answer nearly everything? */
extern bool aggplan_from_metadata(RelOptInfo *input, const AggPlan *plan);

#endif							/* RUSTS_AGGPLAN_H */
