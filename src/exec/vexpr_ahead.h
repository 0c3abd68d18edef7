/*
 * vexpr_ahead.h
 *	  What may be evaluated ahead of the rows that PostgreSQL evaluates it for.
 */
#ifndef RUSTS_VEXPR_AHEAD_H
#define RUSTS_VEXPR_AHEAD_H

#include "exec/vexpr_node.h"

/* As far from the year 2000 as arithmetic of times cannot fail. */
#define VEXPR_MODERATE_USECS (INT64CONST(1) << 56)	/* 2,280 years */
#define VEXPR_MODERATE_DAYS 800000

/*
 * Can none of a clause's parts without columns raise an error, whatever the
 * parameters are?  False also for what is volatile or has subplans.
 */
extern bool vexpr_ahead_is_harmless(Node *clause);

/*
 * Is a value that is evaluated once (vexpr_build_once) one that can be had
 * without an error?  Then it is computed.  Of a step function: whether it can
 * be evaluated for any input that is far from the ends of its type.
 */
extern bool vexpr_ahead_compute(VExpr *once);
extern bool vexpr_ahead_step(VExprShared *shared, Node *step);

/* For the planner: the same of any expression of a column, free of parameters. */
extern bool vexpr_ahead_of_column(Node *expr);

#endif							/* RUSTS_VEXPR_AHEAD_H */
