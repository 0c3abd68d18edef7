/*
 * stepvalues.h
 *	  How many values does a function of a column have?
 */
#ifndef RUSTS_STEPVALUES_H
#define RUSTS_STEPVALUES_H

#include "nodes/pathnodes.h"
#include "write/outline.h"

/*
 * What is known of the values of an expression: steps of a width, in units of
 * the column, or a number of values that come again and again; both 0: nothing.
 */
typedef struct StepValues
{
	double		width;
	double		count;
} StepValues;

/*
 * Can this be found out for an expression of a single column, var, whose
 * values lie in the spans?
 */
extern bool stepvalues_possible(Node *expr, Var *var,
								const OutlineSpan *spans, int nspans);
/* Find it out for the combinations of values of such expressions of var. */
extern StepValues stepvalues_find(List *exprs, Var *var,
								  const OutlineSpan *spans, int nspans);

#endif							/* RUSTS_STEPVALUES_H */
