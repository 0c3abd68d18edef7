/*
 * vexpr_arith.c
 *	  Arithmetic and casts between numbers.
 *
 * A table says which of the server's functions kernels know.  A kernel computes
 * every row of the batch and says whether any is suspicious: too large, too
 * small, divided by zero.  Then the rows that matter are done again by the
 * server's own function, which raises the error, if it is one, with its own
 * words, or gives the right value.
 *
 * Single precision is computed in double precision and rounded once more: for
 * these operations that gives what single precision would have given.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "nodes/nodeFuncs.h"
#include "utils/fmgroids.h"

#include "vector/varith.h"
#include "vexpr/vexpr_node.h"

typedef enum ArithOp
{
	INT_ADD, INT_SUBTRACT, INT_MULTIPLY, INT_DIVIDE, INT_MODULO,
	INT_NEGATE, INT_ABS, INT_CAST, INT_TO_FLOAT,
	/* what reads floats comes after what reads integers */
	FLOAT_ADD, FLOAT_SUBTRACT, FLOAT_MULTIPLY, FLOAT_DIVIDE,
	FLOAT_NEGATE, FLOAT_ABS, FLOAT_CAST, FLOAT_ROUND, FLOAT_CEIL, FLOAT_FLOOR,
	FLOAT_TRUNC, FLOAT_SQRT, FLOAT_TO_INT
} ArithOp;

typedef struct ArithFunction
{
	Oid			function;
	ArithOp		op;
} ArithFunction;

#define FOUR(stem, kind) \
	{stem##PL, kind##_ADD}, {stem##MI, kind##_SUBTRACT}, \
	{stem##MUL, kind##_MULTIPLY}, {stem##DIV, kind##_DIVIDE}

static const ArithFunction functions[] = {
	FOUR(F_INT2, INT), FOUR(F_INT24, INT), FOUR(F_INT28, INT),
	FOUR(F_INT42, INT), FOUR(F_INT4, INT), FOUR(F_INT48, INT),
	FOUR(F_INT82, INT), FOUR(F_INT84, INT), FOUR(F_INT8, INT),
	{F_INT2MOD, INT_MODULO}, {F_INT4MOD, INT_MODULO}, {F_INT8MOD, INT_MODULO},
	{F_MOD_INT2_INT2, INT_MODULO}, {F_MOD_INT4_INT4, INT_MODULO},
	{F_MOD_INT8_INT8, INT_MODULO},
	{F_INT2UM, INT_NEGATE}, {F_INT4UM, INT_NEGATE}, {F_INT8UM, INT_NEGATE},
	{F_INT2ABS, INT_ABS}, {F_INT4ABS, INT_ABS}, {F_INT8ABS, INT_ABS},
	{F_ABS_INT2, INT_ABS}, {F_ABS_INT4, INT_ABS}, {F_ABS_INT8, INT_ABS},
	{F_INT2_INT4, INT_CAST}, {F_INT2_INT8, INT_CAST}, {F_INT4_INT2, INT_CAST},
	{F_INT4_INT8, INT_CAST}, {F_INT8_INT2, INT_CAST}, {F_INT8_INT4, INT_CAST},
	{F_INT4_BOOL, INT_CAST},
	{F_FLOAT4_INT2, INT_TO_FLOAT}, {F_FLOAT4_INT4, INT_TO_FLOAT},
	{F_FLOAT4_INT8, INT_TO_FLOAT}, {F_FLOAT8_INT2, INT_TO_FLOAT},
	{F_FLOAT8_INT4, INT_TO_FLOAT}, {F_FLOAT8_INT8, INT_TO_FLOAT},
	FOUR(F_FLOAT4, FLOAT), FOUR(F_FLOAT48, FLOAT),
	FOUR(F_FLOAT84, FLOAT), FOUR(F_FLOAT8, FLOAT),
	{F_FLOAT4UM, FLOAT_NEGATE}, {F_FLOAT8UM, FLOAT_NEGATE},
	{F_FLOAT4ABS, FLOAT_ABS}, {F_FLOAT8ABS, FLOAT_ABS},
	{F_ABS_FLOAT4, FLOAT_ABS}, {F_ABS_FLOAT8, FLOAT_ABS},
	{F_FLOAT4_FLOAT8, FLOAT_CAST}, {F_FLOAT8_FLOAT4, FLOAT_CAST},
	{F_ROUND_FLOAT8, FLOAT_ROUND}, {F_CEIL_FLOAT8, FLOAT_CEIL},
	{F_CEILING_FLOAT8, FLOAT_CEIL}, {F_FLOOR_FLOAT8, FLOAT_FLOOR},
	{F_TRUNC_FLOAT8, FLOAT_TRUNC},
	{F_SQRT_FLOAT8, FLOAT_SQRT}, {F_DSQRT, FLOAT_SQRT},
	{F_INT2_FLOAT4, FLOAT_TO_INT}, {F_INT4_FLOAT4, FLOAT_TO_INT},
	{F_INT8_FLOAT4, FLOAT_TO_INT}, {F_INT2_FLOAT8, FLOAT_TO_INT},
	{F_INT4_FLOAT8, FLOAT_TO_INT}, {F_INT8_FLOAT8, FLOAT_TO_INT}
};

typedef struct ArithExpr
{
	VExpr		base;
	ArithOp		op;
	FmgrInfo	function;		/* for suspicious rows */
	int64		low;			/* range of an integer result type */
	int64		high;
} ArithExpr;

static const ArithFunction *
find_function(Oid function)
{
	int			i;

	for (i = 0; i < lengthof(functions); i++)
	{
		if (functions[i].function == function)
			return &functions[i];
	}
	return NULL;
}

bool
vexpr_arith_is_in(Oid function)
{
	return find_function(function) != NULL;
}

/* ---------- kernels ---------- */

/* All return whether a row is suspicious. */
static bool
int_unary(const ArithExpr *expr, const int64 *a, int n, int64 *out)
{
	int			i;

	for (i = 0; i < n; i++)
	{
		bool		negate = expr->op == INT_NEGATE ||
		(expr->op == INT_ABS && a[i] < 0);

		out[i] = negate ? (int64) (0 - (uint64) a[i]) : a[i];
	}
	if (expr->op != INT_CAST && expr->high == PG_INT64_MAX)
		return varith_int_outside(a, n, -PG_INT64_MAX, PG_INT64_MAX);
	return varith_int_outside(out, n, expr->low, expr->high);
}

static bool
int_binary(const ArithExpr *expr, const int64 *a, const int64 *b, int n,
		   int64 *out)
{
	switch (expr->op)
	{
		case INT_ADD:
			return varith_int_add(a, b, n, expr->low, expr->high, out);
		case INT_SUBTRACT:
			return varith_int_subtract(a, b, n, expr->low, expr->high, out);
		case INT_MULTIPLY:
			return varith_int_multiply(a, b, n, expr->low, expr->high, out);
		case INT_DIVIDE:
			return varith_int_divide(a, b, n, out);
		case INT_MODULO:
			return varith_int_modulo(a, b, n, out);
		default:
			return int_unary(expr, a, n, out);
	}
}

static bool
float_unary(ArithOp op, const double *a, int n, double *out)
{
	bool		bad = false;
	int			i;

	for (i = 0; i < n; i++)
	{
		switch (op)
		{
			case FLOAT_NEGATE:
				out[i] = -a[i];
				break;
			case FLOAT_ABS:
				out[i] = fabs(a[i]);
				break;
			case FLOAT_ROUND:
				out[i] = rint(a[i]);
				break;
			case FLOAT_CEIL:
				out[i] = ceil(a[i]);
				break;
			case FLOAT_FLOOR:
				out[i] = floor(a[i]);
				break;
			case FLOAT_TRUNC:
				out[i] = trunc(a[i]);
				break;
			case FLOAT_SQRT:
				out[i] = sqrt(a[i]);
				bad |= a[i] < 0;
				break;
			default:
				out[i] = a[i];
				break;
		}
	}
	return bad;
}

static bool
float_binary(ArithOp op, const double *a, const double *b, int n, double *out)
{
	switch (op)
	{
		case FLOAT_ADD:
			return varith_float_add(a, b, n, out);
		case FLOAT_SUBTRACT:
			return varith_float_subtract(a, b, n, out);
		case FLOAT_MULTIPLY:
			return varith_float_multiply(a, b, n, out);
		case FLOAT_DIVIDE:
			return varith_float_divide(a, b, n, out);
		default:
			return float_unary(op, a, n, out);
	}
}

/* Round doubles to float4 Datums, in place. */
static bool
narrow_floats(Datum *values, int n)
{
	const double *wide = (const double *) values;
	bool		bad = false;
	int			i;

	for (i = 0; i < n; i++)
	{
		float		narrow = (float) wide[i];

		bad |= isinf(narrow) || (narrow == 0 && wide[i] != 0);
		values[i] = Float4GetDatum(narrow);
	}
	return bad;
}

/* ---------- evaluation ---------- */

static bool
compute_floats(ArithExpr *expr, const Vector *const *args, int n, Datum *out)
{
	VExpr	   *base = &expr->base;
	const double *a = vexpr_doubles(base->args[0], args[0], n);
	const double *b = base->nargs > 1 ?
		vexpr_doubles(base->args[1], args[1], n) : NULL;
	bool		bad;

	if (expr->op == FLOAT_TO_INT)
		/* both ends are powers of two, so no double lies in between */
		return varith_float_to_int(a, n, (double) expr->low,
								   -(double) expr->low, (int64 *) out);
	bad = float_binary(expr->op, a, b, n, (double *) out);
	if (base->kind == VECTOR_FLOAT4)
		bad |= narrow_floats(out, n);
	return bad;
}

static bool
compute_ints(ArithExpr *expr, const Vector *const *args, int n, Datum *out)
{
	VExpr	   *base = &expr->base;
	const int64 *a = (const int64 *) vexpr_datums(base->args[0], args[0], n);
	const int64 *b = base->nargs > 1 ?
		(const int64 *) vexpr_datums(base->args[1], args[1], n) : NULL;
	int			i;

	if (expr->op != INT_TO_FLOAT)
		return int_binary(expr, a, b, n, (int64 *) out);
	if (base->kind == VECTOR_FLOAT8)
		varith_int_to_float(a, n, (double *) out);
	else
		for (i = 0; i < n; i++)
			out[i] = Float4GetDatum((float) a[i]);
	return false;
}

/* The server's function for the rows that matter. */
static void
compute_again(ArithExpr *expr, const Vector *const *args, const uint64 *rows,
			  Datum *out)
{
	int			row;

	for (SELECTION_EACH(row, rows))
	{
		Datum		a = vexpr_datum(args[0], row);

		out[row] = expr->base.nargs == 1 ?
			FunctionCall1(&expr->function, a) :
			FunctionCall2(&expr->function, a, vexpr_datum(args[1], row));
	}
}

static const Vector *
arith_eval(VExpr *base, Batch *batch, const uint64 *rows)
{
	ArithExpr  *expr = (ArithExpr *) base;
	Datum	   *out = vexpr_node_values(base);
	uint64		known[SELECTION_WORDS];
	uint64		null[SELECTION_WORDS] = {0};
	const Vector *args[2];
	bool		nulls;
	bool		bad;
	int			i;

	selection_copy(known, rows);
	for (i = 0; i < base->nargs; i++)
	{
		args[i] = vexpr_node_eval(base->args[i], batch, rows);
		vexpr_split_nulls(args[i], batch->n, known, null);
	}
	bad = expr->op >= FLOAT_ADD ?
		compute_floats(expr, args, batch->n, out) :
		compute_ints(expr, args, batch->n, out);
	if (bad)
		compute_again(expr, args, known, out);
	nulls = !selection_is_empty(null);
	if (nulls)
		selection_to_bools(null, vexpr_node_isnull(base), batch->n);
	return vexpr_node_result(base, nulls);
}

static const VExprClass arith_class = {.eval = arith_eval};

static void
set_range(ArithExpr *expr)
{
	switch (expr->base.typlen)
	{
		case 2:
			expr->low = PG_INT16_MIN;
			expr->high = PG_INT16_MAX;
			break;
		case 4:
			expr->low = PG_INT32_MIN;
			expr->high = PG_INT32_MAX;
			break;
		default:
			expr->low = PG_INT64_MIN;
			expr->high = PG_INT64_MAX;
			break;
	}
}

VExpr *
vexpr_arith_build(VExprShared *shared, Node *node)
{
	const ArithFunction *function;
	ArithExpr  *expr;
	List	   *args;
	Oid			funcid;
	int			i;

	if (!vexpr_function_call(node, &funcid, &args))
		return NULL;
	function = find_function(funcid);
	if (function == NULL)
		return NULL;
	expr = vexpr_node_create(shared, &arith_class, sizeof(ArithExpr),
							 exprType(node));
	expr->op = function->op;
	fmgr_info_cxt(funcid, &expr->function, shared->memory);
	set_range(expr);
	vexpr_node_set_args(&expr->base, list_length(args));
	for (i = 0; i < expr->base.nargs; i++)
		expr->base.args[i] = vexpr_build(shared, list_nth(args, i));
	return &expr->base;
}
