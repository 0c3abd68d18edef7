/*
 * vexpr_compare.c
 *	  Comparison operators, IS [NOT] DISTINCT FROM, and = ANY (array).
 *
 * A table says which of the server's functions are comparisons that kernels
 * know: both sides integers (dates and timestamps are) or both sides floats,
 * of whatever widths.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/float.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "vexpr/shape.h"
#include "vexpr/vexpr_once.h"

typedef struct Comparison
{
	Oid			function;
	CompareOp	op;
	bool		floats;
} Comparison;

#define COMPARISONS(stem, floats) \
	{stem##LT, OP_LT, floats}, {stem##LE, OP_LE, floats}, \
	{stem##EQ, OP_EQ, floats}, {stem##GE, OP_GE, floats}, \
	{stem##GT, OP_GT, floats}, {stem##NE, OP_NE, floats}

static const Comparison comparisons[] = {
	COMPARISONS(F_INT2, false), COMPARISONS(F_INT24, false),
	COMPARISONS(F_INT28, false), COMPARISONS(F_INT42, false),
	COMPARISONS(F_INT4, false), COMPARISONS(F_INT48, false),
	COMPARISONS(F_INT82, false), COMPARISONS(F_INT84, false),
	COMPARISONS(F_INT8, false), COMPARISONS(F_BOOL, false),
	COMPARISONS(F_DATE_, false), COMPARISONS(F_TIME_, false),
	COMPARISONS(F_TIMESTAMP_, false), COMPARISONS(F_TIMESTAMPTZ_, false),
	COMPARISONS(F_CASH_, false),
	COMPARISONS(F_FLOAT4, true), COMPARISONS(F_FLOAT48, true),
	COMPARISONS(F_FLOAT84, true), COMPARISONS(F_FLOAT8, true)
};

bool
vexpr_compare_find(Oid function, CompareOp *op, bool *floats)
{
	int			i;

	for (i = 0; i < lengthof(comparisons); i++)
	{
		if (comparisons[i].function == function)
		{
			*op = comparisons[i].op;
			*floats = comparisons[i].floats;
			return true;
		}
	}
	return false;
}

/* ---------- operators ---------- */

typedef struct CompareExpr
{
	VExpr		base;
	CompareOp	op;
	bool		floats;
	bool		distinct;		/* IS DISTINCT FROM; op is OP_NE */
} CompareExpr;

/* One side's vector op the other side's constant, which is not NULL. */
static void
compare_constant(CompareExpr *expr, int side, const Vector *vector,
				 Datum constant, int n, uint64 *result)
{
	VExpr	   *arg = expr->base.args[side];
	CompareOp	op = side == 0 ? expr->op : compare_swapped(expr->op);

	if (expr->floats)
		compare_float_constant(op, vexpr_doubles(arg, vector, n), n,
							   vexpr_double(expr->base.args[1 - side], constant),
							   result);
	else
		compare_int_constant(op, (const int64 *) vexpr_datums(arg, vector, n),
							 n, (int64) constant, result);
}

/* Compare all rows; those that are NULL on a side get any result. */
static void
compare_rows(CompareExpr *expr, const Vector *left, const Vector *right, int n,
			 uint64 *result)
{
	VExpr	  **args = expr->base.args;

	if (right->constant && !vexpr_is_null(right, 0))
		compare_constant(expr, 0, left, vexpr_datum(right, 0), n, result);
	else if (left->constant && !vexpr_is_null(left, 0))
		compare_constant(expr, 1, right, vexpr_datum(left, 0), n, result);
	else if (expr->floats)
		compare_float_vectors(expr->op, vexpr_doubles(args[0], left, n),
							  vexpr_doubles(args[1], right, n), n, result);
	else
		compare_int_vectors(expr->op,
							(const int64 *) vexpr_datums(args[0], left, n),
							(const int64 *) vexpr_datums(args[1], right, n),
							n, result);
}

static void
compare_test(VExpr *base, Batch *batch, const uint64 *rows, Truth *truth)
{
	CompareExpr *expr = (CompareExpr *) base;
	const Vector *left = vexpr_node_eval(base->args[0], batch, rows);
	uint64		known[SELECTION_WORDS];
	const Vector *right;

	selection_clear(truth->null);
	selection_copy(known, rows);
	vexpr_split_nulls(left, batch->n, known, truth->null);
	right = vexpr_node_eval(base->args[1], batch, rows);
	vexpr_split_nulls(right, batch->n, known, truth->null);
	if (selection_is_empty(known))
	{
		selection_clear(truth->yes);
		return;
	}
	compare_rows(expr, left, right, batch->n, truth->yes);
	selection_and(truth->yes, known);
}

/* One side NULL is distinct, both sides NULL is not; never NULL. */
static void
distinct_test(VExpr *base, Batch *batch, const uint64 *rows, Truth *truth)
{
	uint64		left_null[SELECTION_WORDS] = {0};
	uint64		right_null[SELECTION_WORDS] = {0};
	uint64		left_known[SELECTION_WORDS];
	uint64		right_known[SELECTION_WORDS];
	const Vector *left = vexpr_node_eval(base->args[0], batch, rows);
	const Vector *right = vexpr_node_eval(base->args[1], batch, rows);
	int			w;

	selection_copy(left_known, rows);
	selection_copy(right_known, rows);
	vexpr_split_nulls(left, batch->n, left_known, left_null);
	vexpr_split_nulls(right, batch->n, right_known, right_null);
	compare_rows((CompareExpr *) base, left, right, batch->n, truth->yes);
	for (w = 0; w < SELECTION_WORDS; w++)
		truth->yes[w] = (truth->yes[w] & left_known[w] & right_known[w]) |
			(left_null[w] ^ right_null[w]);
	selection_clear(truth->null);
}

static const VExprClass compare_class = {.test = compare_test};
static const VExprClass distinct_class = {.test = distinct_test};

VExpr *
vexpr_compare_build(VExprShared *shared, Node *node)
{
	bool		distinct = IsA(node, DistinctExpr);
	OpExpr	   *opexpr = (OpExpr *) node;	/* a DistinctExpr is one, too */
	CompareExpr *expr;
	CompareOp	op;
	bool		floats;

	if (!IsA(node, OpExpr) && !distinct)
		return NULL;
	set_opfuncid(opexpr);
	if (!vexpr_compare_find(opexpr->opfuncid, &op, &floats))
		return NULL;
	expr = vexpr_node_create(shared, distinct ? &distinct_class : &compare_class,
							 sizeof(CompareExpr), exprType(node));
	/* the function of IS DISTINCT FROM is that of the equality */
	expr->op = distinct ? OP_NE : op;
	expr->floats = floats;
	vexpr_node_set_args(&expr->base, 2);
	expr->base.args[0] = vexpr_build(shared, linitial(opexpr->args));
	expr->base.args[1] = vexpr_build(shared, lsecond(opexpr->args));
	return &expr->base;
}

/* ---------- = ANY (array), <> ALL (array) ---------- */

/* Up to this many elements, one comparison each beats searching. */
#define ARRAY_COMPARE_LIMIT 6

typedef struct AnyArrayExpr
{
	VExpr		base;			/* args: the value, the array */
	bool		floats;
	bool		all;			/* <> ALL instead of = ANY */
	uint32		generation;		/* of what follows; 0: none yet */
	bool		array_isnull;
	bool		has_null;
	int64	   *ints;			/* sorted */
	double	   *doubles;
	int			n;
} AnyArrayExpr;

static int
compare_ints(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return x < y ? -1 : x > y;
}

static void
array_add(AnyArrayExpr *expr, Datum value, Oid element_type)
{
	if (!expr->floats)
		expr->ints[expr->n++] = (int64) value;
	else
		expr->doubles[expr->n++] =
			vexpr_type_kind(element_type) == VECTOR_FLOAT4 ?
			(double) DatumGetFloat4(value) : DatumGetFloat8(value);
}

static void
array_prepare(AnyArrayExpr *expr)
{
	VExprShared *shared = expr->base.shared;
	Datum		value = vexpr_once_value(expr->base.args[1],
										 &expr->array_isnull);
	Datum	   *elements;
	bool	   *nulls;
	Oid			type;
	int			n;
	int			i;
	MemoryContext old;

	expr->n = 0;
	expr->has_null = false;
	expr->generation = shared->generation;
	if (expr->array_isnull)
		return;
	old = MemoryContextSwitchTo(shared->memory);
	n = shape_array(value, &elements, &nulls, &type);
	if (expr->ints != NULL)
		pfree(expr->ints);
	if (expr->doubles != NULL)
		pfree(expr->doubles);
	expr->ints = expr->floats ? NULL : palloc((n + 1) * sizeof(int64));
	expr->doubles = expr->floats ? palloc((n + 1) * sizeof(double)) : NULL;
	for (i = 0; i < n; i++)
	{
		if (nulls[i])
			expr->has_null = true;
		else
			array_add(expr, elements[i], type);
	}
	if (!expr->floats)
		qsort(expr->ints, expr->n, sizeof(int64), compare_ints);
	pfree(elements);
	pfree(nulls);
	MemoryContextSwitchTo(old);
}

static bool
array_contains(const AnyArrayExpr *expr, int64 value)
{
	int			low = 0;
	int			high = expr->n;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (expr->ints[middle] < value)
			low = middle + 1;
		else
			high = middle;
	}
	return low < expr->n && expr->ints[low] == value;
}

/* Rows that equal some element. */
static void
array_match(AnyArrayExpr *expr, const Vector *vector, int n, const uint64 *rows,
			uint64 *result)
{
	VExpr	   *arg = expr->base.args[0];
	const int64 *ints = NULL;
	const double *doubles = NULL;
	uint64		one[SELECTION_WORDS];
	int			i;

	if (expr->floats)
		doubles = vexpr_doubles(arg, vector, n);
	else
		ints = (const int64 *) vexpr_datums(arg, vector, n);
	selection_clear(result);
	if (!expr->floats && expr->n > ARRAY_COMPARE_LIMIT)
	{
		for (SELECTION_EACH(i, rows))
		{
			if (array_contains(expr, ints[i]))
				selection_add(result, i);
		}
		return;
	}
	for (i = 0; i < expr->n; i++)
	{
		if (expr->floats)
			compare_float_constant(OP_EQ, doubles, n, expr->doubles[i], one);
		else
			compare_int_constant(OP_EQ, ints, n, expr->ints[i], one);
		selection_or(result, one);
	}
}

/* An empty array decides even about NULL, a NULL array about nothing. */
static void
array_test(VExpr *base, Batch *batch, const uint64 *rows, Truth *truth)
{
	AnyArrayExpr  *expr = (AnyArrayExpr *) base;
	uint64		known[SELECTION_WORDS];
	uint64		equal[SELECTION_WORDS];
	const Vector *vector;

	vector = vexpr_node_eval(base->args[0], batch, rows);
	if (expr->generation != base->shared->generation)
		array_prepare(expr);
	selection_clear(truth->null);
	selection_clear(truth->yes);
	selection_copy(known, rows);
	if (expr->array_isnull)
	{
		selection_copy(truth->null, rows);
		return;
	}
	if (expr->n > 0 || expr->has_null)
		vexpr_split_nulls(vector, batch->n, known, truth->null);
	array_match(expr, vector, batch->n, known, equal);
	selection_and(equal, known);
	if (expr->has_null)
	{
		/* what equals no element might equal the unknown one */
		selection_and_not(known, equal);
		selection_or(truth->null, known);
		selection_copy(known, equal);
	}
	if (expr->all)
		selection_and_not(known, equal);
	else
		selection_copy(known, equal);
	selection_copy(truth->yes, known);
}

static const VExprClass array_class = {.test = array_test};

VExpr *
vexpr_compare_build_array(VExprShared *shared, Node *node)
{
	ScalarArrayOpExpr *saop = (ScalarArrayOpExpr *) node;
	AnyArrayExpr  *expr;
	CompareOp	op;
	bool		floats;

	if (!IsA(node, ScalarArrayOpExpr) || !vexpr_once_fits(lsecond(saop->args)))
		return NULL;
	set_sa_opfuncid(saop);
	if (!vexpr_compare_find(saop->opfuncid, &op, &floats) ||
		op != (saop->useOr ? OP_EQ : OP_NE))
		return NULL;
	expr = vexpr_node_create(shared, &array_class, sizeof(AnyArrayExpr),
							 exprType(node));
	expr->floats = floats;
	expr->all = !saop->useOr;
	vexpr_node_set_args(&expr->base, 2);
	expr->base.args[0] = vexpr_build(shared, linitial(saop->args));
	expr->base.args[1] = vexpr_once_build(shared, lsecond(saop->args));
	return &expr->base;
}
