/*
 * vexpr_step.h
 *	  Step functions of a time column: what is known about an expression.
 */
#ifndef RUSTS_VEXPR_STEP_H
#define RUSTS_VEXPR_STEP_H

#include "vexpr/vexpr_node.h"
#include "pgtime.h"

typedef enum StepWidth
{
	STEP_WIDTH_NONE,			/* steps may be anywhere */
	STEP_WIDTH_INTERVAL,		/* an argument: an interval without months */
	STEP_WIDTH_DAYS,			/* the same, in days */
	STEP_WIDTH_INTEGER,			/* an argument: a number */
	STEP_WIDTH_UNIT,			/* an argument: the name of a unit */
	STEP_WIDTH_CELL,			/* cell_width, from local midnight */
	STEP_WIDTH_EPOCH			/* cell_width, from 1970 */
} StepWidth;

/*
 * An expression of a single time column that has the same value for ranges of
 * its input.  For the last two widths these are ranges of cell_width, except
 * that rounding may give the end of a range the next one's value for
 * STEP_WIDTH_EPOCH.  For the others the expression never decreases; if there
 * is a width, which argument width_arg gives, its values are starts of ranges
 * of that width.
 */
typedef struct StepShape
{
	Var		   *var;
	bool		truncates;		/* it has steps, rather than being linear */
	bool		zoned;			/* depends on the UTC offset of the input */
	char	   *zone;			/* of this time zone; NULL: the session's */
	StepWidth	width;
	Node	   *width_arg;
	int64		cell_width;
} StepShape;

/* Make a node for node; value is evaluated once a step, NULL: node itself. */
extern VExpr *vexpr_step_build(VExprShared *shared, Node *node,
							   const StepShape *shape, Node *value);

#endif							/* RUSTS_VEXPR_STEP_H */
