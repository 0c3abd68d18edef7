/*
 * vexpr_logic.c
 *	  AND, OR, NOT, IS NULL, IS TRUE and their like.
 *
 * Three-valued logic on bitmaps.  An arm of AND sees only rows that no arm
 * before made false, an arm of OR only rows that none before made true, as in
 * the server.  In a filter NULL counts as false, which leaves even fewer.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "vexpr/vexpr_node.h"

static VExpr *
build_node(VExprShared *shared, const VExprClass *ops, List *args)
{
	VExpr	   *expr = vexpr_node_create(shared, ops, sizeof(VExpr), BOOLOID);
	ListCell   *lc;

	vexpr_node_set_args(expr, list_length(args));
	foreach(lc, args)
		expr->args[foreach_current_index(lc)] = vexpr_build(shared, lfirst(lc));
	return expr;
}

/* ---------- AND, OR, NOT ---------- */

static void
and_test(VExpr *expr, Batch *batch, const uint64 *rows, Truth *truth)
{
	uint64		open[SELECTION_WORDS];	/* not false so far */
	Truth		arm;
	int			i;

	selection_copy(open, rows);
	selection_clear(truth->null);
	for (i = 0; i < expr->nargs; i++)
	{
		vexpr_node_test(expr->args[i], batch, open, &arm);
		selection_or(truth->null, arm.null);
		selection_or(arm.yes, arm.null);
		selection_copy(open, arm.yes);
	}
	/* what is still open is NULL if some arm was */
	selection_and(truth->null, open);
	selection_and_not(open, truth->null);
	selection_copy(truth->yes, open);
}

static void
and_filter(VExpr *expr, Batch *batch, uint64 *rows)
{
	int			i;

	for (i = 0; i < expr->nargs; i++)
		vexpr_node_filter(expr->args[i], batch, rows);
}

static void
or_test(VExpr *expr, Batch *batch, const uint64 *rows, Truth *truth)
{
	uint64		open[SELECTION_WORDS];	/* not true so far */
	Truth		arm;
	int			i;

	selection_copy(open, rows);
	selection_clear(truth->yes);
	selection_clear(truth->null);
	for (i = 0; i < expr->nargs; i++)
	{
		vexpr_node_test(expr->args[i], batch, open, &arm);
		selection_or(truth->yes, arm.yes);
		selection_or(truth->null, arm.null);
		selection_and_not(open, arm.yes);
	}
	selection_and_not(truth->null, truth->yes);
}

static void
or_filter(VExpr *expr, Batch *batch, uint64 *rows)
{
	uint64		open[SELECTION_WORDS];
	uint64		kept[SELECTION_WORDS];
	uint64		arm[SELECTION_WORDS];
	int			i;

	selection_copy(open, rows);
	selection_clear(kept);
	for (i = 0; i < expr->nargs; i++)
	{
		selection_copy(arm, open);
		vexpr_node_filter(expr->args[i], batch, arm);
		selection_or(kept, arm);
		selection_and_not(open, arm);
	}
	selection_copy(rows, kept);
}

static void
not_test(VExpr *expr, Batch *batch, const uint64 *rows, Truth *truth)
{
	uint64		no[SELECTION_WORDS];

	vexpr_node_test(expr->args[0], batch, rows, truth);
	selection_copy(no, rows);
	selection_and_not(no, truth->yes);
	selection_and_not(no, truth->null);
	selection_copy(truth->yes, no);
}

static const VExprClass and_class = {.test = and_test, .filter = and_filter};
static const VExprClass or_class = {.test = or_test, .filter = or_filter};
static const VExprClass not_class = {.test = not_test};

static VExpr *
build_bool(VExprShared *shared, BoolExpr *node)
{
	switch (node->boolop)
	{
		case AND_EXPR:
			return build_node(shared, &and_class, node->args);
		case OR_EXPR:
			return build_node(shared, &or_class, node->args);
		case NOT_EXPR:
			return build_node(shared, &not_class, node->args);
	}
	return NULL;
}

/* ---------- IS [NOT] NULL ---------- */

/* The rows for which the argument is NULL, in truth->null. */
static void
argument_nulls(VExpr *expr, Batch *batch, const uint64 *rows, Truth *truth)
{
	VExpr	   *arg = expr->args[0];
	uint64		known[SELECTION_WORDS];

	if (arg->ops->test != NULL)
	{
		vexpr_node_test(arg, batch, rows, truth);
		return;
	}
	selection_clear(truth->null);
	selection_copy(known, rows);
	vexpr_split_nulls(vexpr_node_eval(arg, batch, rows), batch->n, known,
					  truth->null);
}

static void
is_null_test(VExpr *expr, Batch *batch, const uint64 *rows, Truth *truth)
{
	argument_nulls(expr, batch, rows, truth);
	selection_copy(truth->yes, truth->null);
	selection_clear(truth->null);
}

static void
is_not_null_test(VExpr *expr, Batch *batch, const uint64 *rows, Truth *truth)
{
	argument_nulls(expr, batch, rows, truth);
	selection_copy(truth->yes, rows);
	selection_and_not(truth->yes, truth->null);
	selection_clear(truth->null);
}

static const VExprClass is_null_class = {.test = is_null_test};
static const VExprClass is_not_null_class = {.test = is_not_null_test};

/* A row type is looked into: that is the server's. */
static VExpr *
build_null_test(VExprShared *shared, NullTest *node)
{
	if (node->argisrow)
		return NULL;
	return build_node(shared, node->nulltesttype == IS_NULL ?
					  &is_null_class : &is_not_null_class,
					  list_make1(node->arg));
}

/* ---------- IS TRUE and its five siblings ---------- */

typedef struct BooleanTestExpr
{
	VExpr		base;
	BoolTestType test;
} BooleanTestExpr;

static void
boolean_test(VExpr *expr, Batch *batch, const uint64 *rows, Truth *truth)
{
	BoolTestType test = ((BooleanTestExpr *) expr)->test;
	uint64		result[SELECTION_WORDS];

	vexpr_node_test(expr->args[0], batch, rows, truth);
	selection_copy(result, truth->yes);
	if (test == IS_FALSE || test == IS_NOT_FALSE)
	{
		selection_copy(result, rows);
		selection_and_not(result, truth->yes);
		selection_and_not(result, truth->null);
	}
	else if (test == IS_UNKNOWN || test == IS_NOT_UNKNOWN)
		selection_copy(result, truth->null);
	if (test == IS_NOT_TRUE || test == IS_NOT_FALSE || test == IS_NOT_UNKNOWN)
	{
		selection_copy(truth->yes, rows);
		selection_and_not(truth->yes, result);
	}
	else
		selection_copy(truth->yes, result);
	selection_clear(truth->null);
}

static const VExprClass boolean_test_class = {.test = boolean_test};

static VExpr *
build_boolean_test(VExprShared *shared, BooleanTest *node)
{
	BooleanTestExpr *expr = vexpr_node_create(shared, &boolean_test_class,
											  sizeof(BooleanTestExpr), BOOLOID);

	expr->test = node->booltesttype;
	vexpr_node_set_args(&expr->base, 1);
	expr->base.args[0] = vexpr_build(shared, (Node *) node->arg);
	return &expr->base;
}

VExpr *
vexpr_logic_build(VExprShared *shared, Node *node)
{
	switch (nodeTag(node))
	{
		case T_BoolExpr:
			return build_bool(shared, (BoolExpr *) node);
		case T_NullTest:
			return build_null_test(shared, (NullTest *) node);
		case T_BooleanTest:
			return build_boolean_test(shared, (BooleanTest *) node);
		default:
			return NULL;
	}
}
