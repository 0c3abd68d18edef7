/*
 * vexpr_ahead.h
 *	  What may be evaluated ahead of the rows that PostgreSQL evaluates it for.
 */
#ifndef RUSTS_VEXPR_AHEAD_H
#define RUSTS_VEXPR_AHEAD_H

#include "vexpr/vexpr_node.h"

/*
 * Can none of a clause's parts without columns raise an error, whatever the
 * parameters are?  False also for what is volatile or has subplans.
 */
extern bool vexpr_ahead_is_harmless(Node *clause);

/*
 * To be called when the expression is compiled, by whose role it is: make what
 * the questions below need of it.
 */
extern void vexpr_ahead_prepare(VExprShared *shared, Node *expr);
/*
 * Is a value that is evaluated once (vexpr_once_build) one that can be had
 * without an error?  Then it is computed.  Of a step function: whether it can
 * be evaluated for any input within RANGE_USECS or RANGE_DAYS (vexpr_range.h).
 */
extern bool vexpr_ahead_compute(VExpr *once);
extern bool vexpr_ahead_step(VExprShared *shared, Node *step);

/*
 * For the planner: of an expression of a column, free of parameters, whether
 * it can be evaluated for inputs between two.
 */
extern bool vexpr_ahead_of_column(Node *expr, int64 low, int64 high);

#endif							/* RUSTS_VEXPR_AHEAD_H */
