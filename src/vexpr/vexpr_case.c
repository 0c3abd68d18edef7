/*
 * vexpr_case.c
 *	  CASE, COALESCE, NULLIF, GREATEST and LEAST.
 *
 * Their arms are evaluated for the rows that reach them and for no others: an
 * arm may be guarded against an error by the condition before it.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/float.h"

#include "vector/vblend.h"
#include "vexpr/shape.h"
#include "vexpr/vexpr_node.h"

/* A result that is put together from several vectors. */
typedef struct Patchwork
{
	Datum	   *values;
	bool	   *isnull;
	bool		nulls;			/* was any row NULL? */
	int			n;				/* rows of the batch */
} Patchwork;

static void
patchwork_begin(Patchwork *patchwork, VExpr *expr, int n)
{
	patchwork->values = vexpr_node_values(expr);
	patchwork->isnull = vexpr_node_isnull(expr);
	patchwork->nulls = false;
	patchwork->n = n;
	memset(patchwork->isnull, false, n * sizeof(bool));
}

static void
patchwork_set_null(Patchwork *patchwork, const uint64 *rows)
{
	int			row;

	for (SELECTION_EACH(row, rows))
	{
		patchwork->isnull[row] = true;
		patchwork->nulls = true;
	}
}

/* Take rows from arg's vector. */
static void
patchwork_set(Patchwork *patchwork, VExpr *arg, const Vector *vector,
			  const uint64 *rows)
{
	uint64		known[SELECTION_WORDS];
	uint64		null[SELECTION_WORDS] = {0};

	selection_copy(known, rows);
	vexpr_split_nulls(vector, patchwork->n, known, null);
	patchwork_set_null(patchwork, null);
	if (selection_is_empty(known))
		return;
	if (vector->constant)
		vblend_constant(patchwork->values, vexpr_datum(vector, 0), known);
	else
		vblend_values(patchwork->values,
					  vexpr_datums(arg, vector, patchwork->n), known);
}

static void
patchwork_eval(Patchwork *patchwork, VExpr *arg, Batch *batch,
			   const uint64 *rows)
{
	patchwork_set(patchwork, arg, vexpr_node_eval(arg, batch, rows), rows);
}

/* ---------- CASE ---------- */

/* args: condition, result, condition, result, ..., [default] */
static const Vector *
case_eval(VExpr *expr, Batch *batch, const uint64 *rows)
{
	Patchwork	patchwork;
	uint64		open[SELECTION_WORDS];	/* no condition was true so far */
	uint64		taken[SELECTION_WORDS];
	int			i;

	patchwork_begin(&patchwork, expr, batch->n);
	selection_copy(open, rows);
	for (i = 0; i + 1 < expr->nargs && !selection_is_empty(open); i += 2)
	{
		selection_copy(taken, open);
		vexpr_node_filter(expr->args[i], batch, taken);
		if (selection_is_empty(taken))
			continue;
		patchwork_eval(&patchwork, expr->args[i + 1], batch, taken);
		selection_and_not(open, taken);
	}
	if (expr->nargs % 2 == 0)
		patchwork_set_null(&patchwork, open);
	else if (!selection_is_empty(open))
		patchwork_eval(&patchwork, expr->args[expr->nargs - 1], batch, open);
	return vexpr_node_result(expr, patchwork.nulls);
}

static const VExprClass case_class = {.eval = case_eval};

/* Is there something whose placeholders are not the outer CASE's? */
static bool
has_own_placeholders(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, CaseExpr) || IsA(node, ArrayCoerceExpr))
		return true;
	return expression_tree_walker(node, has_own_placeholders, context);
}

static Node *
fill_placeholders(Node *node, void *arg)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, CaseTestExpr))
		return copyObject(arg);
	return expression_tree_mutator(node, fill_placeholders, arg);
}

/*
 * CASE x WHEN y: each condition is "x = y" with a placeholder for x.  A column
 * can stand there itself; anything else would be evaluated again and again.
 */
static bool
can_fill_placeholders(CaseExpr *node)
{
	Node	   *arg = (Node *) node->arg;
	ListCell   *lc;

	arg = shape_strip(arg);
	if (!IsA(arg, Var))
		return false;
	foreach(lc, node->args)
	{
		if (has_own_placeholders((Node *) ((CaseWhen *) lfirst(lc))->expr, NULL))
			return false;
	}
	return true;
}

static VExpr *
build_case(VExprShared *shared, CaseExpr *node)
{
	VExpr	   *expr;
	ListCell   *lc;
	int			i = 0;

	if (node->arg != NULL && !can_fill_placeholders(node))
		return NULL;
	expr = vexpr_node_create(shared, &case_class, sizeof(VExpr),
							 node->casetype);
	vexpr_node_set_args(expr, 2 * list_length(node->args) +
						(node->defresult != NULL ? 1 : 0));
	foreach(lc, node->args)
	{
		CaseWhen   *when = lfirst(lc);
		Node	   *condition = (Node *) when->expr;

		if (node->arg != NULL)
			condition = fill_placeholders(condition, (Node *) node->arg);
		expr->args[i++] = vexpr_build(shared, condition);
		expr->args[i++] = vexpr_build(shared, (Node *) when->result);
	}
	if (node->defresult != NULL)
		expr->args[i] = vexpr_build(shared, (Node *) node->defresult);
	return expr;
}

/* ---------- COALESCE ---------- */

static const Vector *
coalesce_eval(VExpr *expr, Batch *batch, const uint64 *rows)
{
	Patchwork	patchwork;
	uint64		open[SELECTION_WORDS];	/* NULL so far */
	uint64		taken[SELECTION_WORDS];
	int			i;

	patchwork_begin(&patchwork, expr, batch->n);
	selection_copy(open, rows);
	for (i = 0; i < expr->nargs && !selection_is_empty(open); i++)
	{
		const Vector *vector = vexpr_node_eval(expr->args[i], batch, open);

		selection_copy(taken, open);
		vexpr_split_nulls(vector, batch->n, taken, NULL);
		patchwork_set(&patchwork, expr->args[i], vector, taken);
		selection_and_not(open, taken);
	}
	patchwork_set_null(&patchwork, open);
	return vexpr_node_result(expr, patchwork.nulls);
}

static const VExprClass coalesce_class = {.eval = coalesce_eval};

/* ---------- NULLIF ---------- */

/* args: the value, whether it equals */
static const Vector *
nullif_eval(VExpr *expr, Batch *batch, const uint64 *rows)
{
	Patchwork	patchwork;
	Truth		equal;

	patchwork_begin(&patchwork, expr, batch->n);
	patchwork_eval(&patchwork, expr->args[0], batch, rows);
	vexpr_node_test(expr->args[1], batch, rows, &equal);
	patchwork_set_null(&patchwork, equal.yes);
	return vexpr_node_result(expr, patchwork.nulls);
}

static const VExprClass nullif_class = {.eval = nullif_eval};

static VExpr *
build_nullif(VExprShared *shared, NullIfExpr *node)
{
	OpExpr	   *equals = (OpExpr *) copyObject(node);
	CompareOp	op;
	bool		floats;
	VExpr	   *expr;

	/* the comparison becomes a node of its own and reads the value again */
	equals->xpr.type = T_OpExpr;
	equals->opresulttype = BOOLOID;
	set_opfuncid(equals);
	if (contain_volatile_functions((Node *) node->args) ||
		!vexpr_compare_find(equals->opfuncid, &op, &floats))
		return NULL;
	expr = vexpr_node_create(shared, &nullif_class, sizeof(VExpr),
							 exprType((Node *) node));
	vexpr_node_set_args(expr, 2);
	expr->args[0] = vexpr_build(shared, linitial(node->args));
	expr->args[1] = vexpr_build(shared, (Node *) equals);
	return expr;
}

/* ---------- GREATEST, LEAST ---------- */

typedef struct MinMaxVExpr
{
	VExpr		base;
	bool		greatest;
} MinMaxVExpr;

/* Does a replace b?  The first of equals stays. */
static bool
min_max_better(const MinMaxVExpr *expr, Datum a, Datum b)
{
	const VExpr *base = &expr->base;

	if (base->kind == VECTOR_INT)
		return expr->greatest ? (int64) a > (int64) b : (int64) a < (int64) b;
	return expr->greatest ?
		float8_gt(vexpr_double(base, a), vexpr_double(base, b)) :
		float8_lt(vexpr_double(base, a), vexpr_double(base, b));
}

static const Vector *
min_max_eval(VExpr *base, Batch *batch, const uint64 *rows)
{
	MinMaxVExpr *expr = (MinMaxVExpr *) base;
	Patchwork	patchwork;
	uint64		known[SELECTION_WORDS];
	bool		any_null;
	int			i;
	int			row;

	patchwork_begin(&patchwork, base, batch->n);
	patchwork_set_null(&patchwork, rows);
	for (i = 0; i < base->nargs; i++)
	{
		const Vector *vector = vexpr_node_eval(base->args[i], batch, rows);

		selection_copy(known, rows);
		vexpr_split_nulls(vector, batch->n, known, NULL);
		for (SELECTION_EACH(row, known))
		{
			Datum		value = vexpr_datum(vector, row);

			if (patchwork.isnull[row] ||
				min_max_better(expr, value, patchwork.values[row]))
				patchwork.values[row] = value;
			patchwork.isnull[row] = false;
		}
	}
	any_null = false;
	for (SELECTION_EACH(row, rows))
		any_null |= patchwork.isnull[row];
	return vexpr_node_result(base, any_null);
}

static const VExprClass min_max_class = {.eval = min_max_eval};

/* ---------- building ---------- */

static VExpr *
build_list(VExprShared *shared, VExpr *expr, List *args)
{
	ListCell   *lc;

	vexpr_node_set_args(expr, list_length(args));
	foreach(lc, args)
		expr->args[foreach_current_index(lc)] = vexpr_build(shared, lfirst(lc));
	return expr;
}

static VExpr *
build_min_max(VExprShared *shared, MinMaxExpr *node)
{
	MinMaxVExpr *expr;

	if (vexpr_type_kind(node->minmaxtype) == VECTOR_DATUM)
		return NULL;
	expr = vexpr_node_create(shared, &min_max_class, sizeof(MinMaxVExpr),
							 node->minmaxtype);
	expr->greatest = node->op == IS_GREATEST;
	return build_list(shared, &expr->base, node->args);
}

VExpr *
vexpr_case_build(VExprShared *shared, Node *node)
{
	switch (nodeTag(node))
	{
		case T_CaseExpr:
			return build_case(shared, (CaseExpr *) node);
		case T_CoalesceExpr:
			return build_list(shared,
							  vexpr_node_create(shared, &coalesce_class,
												sizeof(VExpr), exprType(node)),
							  ((CoalesceExpr *) node)->args);
		case T_NullIfExpr:
			return build_nullif(shared, (NullIfExpr *) node);
		case T_MinMaxExpr:
			return build_min_max(shared, (MinMaxExpr *) node);
		default:
			return NULL;
	}
}
