/*
 * vexpr_ahead.h
 *	  What may be evaluated ahead of the rows that PostgreSQL evaluates it for.
 */
#ifndef RUSTS_VEXPR_AHEAD_H
#define RUSTS_VEXPR_AHEAD_H

#include "vexpr/vexpr_node.h"

/*
 * Is it certain that no part of a clause without columns raises an error,
 * whatever the parameters are?  False also for what is volatile or has
 * subplans.
 */
extern bool vexpr_ahead_is_harmless(Node *clause);

/*
 * Prepare what the functions below need of an expression; called when the
 * expression is compiled, as the role that it belongs to.
 */
extern void vexpr_ahead_prepare(VExprShared *shared, Node *expr);
/*
 * vexpr_ahead_compute: can a value that is evaluated once (vexpr_once_build)
 * be had without an error?  Then it is computed.  vexpr_ahead_step: can a step
 * function be evaluated for any input within RANGE_USECS or RANGE_DAYS
 * (vexpr_range.h)?
 */
extern bool vexpr_ahead_compute(VExpr *once);
extern bool vexpr_ahead_step(VExprShared *shared, Node *step);

/*
 * For the planner: can an expression of a column, free of parameters, be
 * evaluated for all inputs from low to high?
 */
extern bool vexpr_ahead_of_column(Node *expr, int64 low, int64 high);

#endif							/* RUSTS_VEXPR_AHEAD_H */
