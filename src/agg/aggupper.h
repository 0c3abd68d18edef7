/*
 * aggupper.h
 *	  Which paths of vectorised aggregation a grouped relation gets.
 */
#ifndef RUSTS_AGGUPPER_H
#define RUSTS_AGGUPPER_H

#include "nodes/pathnodes.h"

extern void aggupper_init(void);
/* Add the aggregations of a base relation to the paths of a planner stage. */
extern void aggupper_paths(PlannerInfo *root, UpperRelationKind stage,
						   RelOptInfo *input, RelOptInfo *output,
						   void *extra);

#endif							/* RUSTS_AGGUPPER_H */
