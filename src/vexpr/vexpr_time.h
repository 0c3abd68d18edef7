/*
 * vexpr_time.h
 *	  Functions of a time that never decrease.
 */
#ifndef RUSTS_VEXPR_TIME_H
#define RUSTS_VEXPR_TIME_H

#include "vexpr/vexpr_step.h"

/* Does the expression's value move in steps?  Then shape is filled in. */
extern bool vexpr_time_find(Node *node, StepShape *shape);

#endif							/* RUSTS_VEXPR_TIME_H */
