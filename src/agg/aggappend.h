/*
 * aggappend.h
 *	  Plan vectorised aggregation of partitions, combined above their Append.
 */
#ifndef RUSTS_AGGAPPEND_H
#define RUSTS_AGGAPPEND_H

#include "agg/aggplan.h"

/* Add paths to output.  plan is in terms of the parent's columns. */
extern void aggappend_add(PlannerInfo *root, RelOptInfo *input,
						  RelOptInfo *output, const AggPlan *plan);

#endif							/* RUSTS_AGGAPPEND_H */
