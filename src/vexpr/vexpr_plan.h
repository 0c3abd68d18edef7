/*
 * vexpr_plan.h
 *	  Which conditions the kernels understand.
 */
#ifndef RUSTS_VEXPR_PLAN_H
#define RUSTS_VEXPR_PLAN_H

#include "vexpr/vexpr.h"

/*
 * For the planner and EXPLAIN: is all of an expression evaluated on vectors or
 * once per dictionary entry?  *cost: of one row.
 */
extern bool vexpr_plan_is_vectorized(Node *expr, Cost *cost);

#endif							/* RUSTS_VEXPR_PLAN_H */
