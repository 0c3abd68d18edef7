/*
 * vexpr_initplan.h
 *	  Can a sub-select without outer references fail?
 */
#ifndef RUSTS_VEXPR_INITPLAN_H
#define RUSTS_VEXPR_INITPLAN_H

#include "nodes/execnodes.h"

/* Asked about each expression in the plan. */
typedef bool (*InitPlanCheck) (Node *expr, void *context);

/*
 * Is its value always available: at most one row, from a plan of few kinds of
 * nodes whose expressions all pass the check?
 */
extern bool vexpr_initplan_cannot_fail(SubPlanState *state,
									   InitPlanCheck check, void *context);
/* Is it min, max or count, which only look at values? */
extern bool vexpr_initplan_is_extreme(Aggref *aggref);

#endif							/* RUSTS_VEXPR_INITPLAN_H */
