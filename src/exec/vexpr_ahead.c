/*
 * vexpr_ahead.c
 *	  What may be evaluated ahead of the rows that PostgreSQL evaluates it for.
 *
 * Pruning wants to know what a column is compared with before any row has been
 * read, and filters are put into another order than PostgreSQL's.  Both are
 * fine as long as nothing raises an error that PostgreSQL would not have come
 * to: in
 *
 *		WHERE $1 = '' OR time >= $1::timestamptz
 *		WHERE host = 'none' AND v > 10 / $1
 *
 * the part without columns is evaluated only for rows that reach it, if any do.
 *
 * Evaluated ahead is therefore only what cannot fail: leakproof functions, and
 * those of a list (arithmetic of times, for the most part) on values so
 * moderate that no result can leave its type's range.  Everything else has to
 * wait until a row has needed it; from then on its value is known.
 */
#include "postgres.h"

#include <math.h>

#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "exec/cfunction.h"
#include "exec/vexpr_ahead.h"
#include "exec/vexpr_once.h"

/* ---------- functions ---------- */

typedef enum AheadFirst
{
	FIRST_ANY,
	FIRST_WIDTH,				/* a width: greater than zero, of one kind */
	FIRST_UNIT,					/* the name of a unit of time */
	FIRST_FIELD					/* that, or another field of a time */
} AheadFirst;

typedef struct AheadFunction
{
	Oid			function;
	double		limit;			/* of numbers among its arguments, 0: none */
	AheadFirst	first;			/* argument */
} AheadFunction;

#define INT4_SUM 1e9			/* two of them are an int4 */
#define INT4_FACTOR 4e4
#define INT8_SUM 4e18
#define INT8_FACTOR 3e9
#define EPOCH_SECONDS 7e10		/* as far as moderate() goes */
#define REAL_FACTOR 1e7			/* times EPOCH_SECONDS it is an int8 */
#define INTERVAL_FACTOR 1e4		/* times moderate months, an int4 */

static const AheadFunction functions[] = {
	{F_NOW, 0, FIRST_ANY},
	{F_TRANSACTION_TIMESTAMP, 0, FIRST_ANY},
	{F_STATEMENT_TIMESTAMP, 0, FIRST_ANY},
	{F_TIMESTAMPTZ_PL_INTERVAL, 0, FIRST_ANY},
	{F_TIMESTAMPTZ_MI_INTERVAL, 0, FIRST_ANY},
	{F_TIMESTAMP_PL_INTERVAL, 0, FIRST_ANY},
	{F_TIMESTAMP_MI_INTERVAL, 0, FIRST_ANY},
	{F_DATE_PL_INTERVAL, 0, FIRST_ANY},
	{F_DATE_MI_INTERVAL, 0, FIRST_ANY},
	{F_DATE_PLI, INT4_FACTOR, FIRST_ANY},
	{F_DATE_MII, INT4_FACTOR, FIRST_ANY},
	{F_INTERVAL_PL, 0, FIRST_ANY},
	{F_INTERVAL_MI, 0, FIRST_ANY},
	{F_INTERVAL_UM, 0, FIRST_ANY},
	{F_INTERVAL_MUL, INTERVAL_FACTOR, FIRST_ANY},
	{F_MUL_D_INTERVAL, INTERVAL_FACTOR, FIRST_ANY},
	{F_TIMESTAMPTZ_TIMESTAMP, 0, FIRST_ANY},
	{F_TIMESTAMPTZ_DATE, 0, FIRST_ANY},
	{F_TIMESTAMP_TIMESTAMPTZ, 0, FIRST_ANY},
	{F_TIMESTAMP_DATE, 0, FIRST_ANY},
	{F_DATE_TIMESTAMP, 0, FIRST_ANY},
	{F_DATE_TIMESTAMPTZ, 0, FIRST_ANY},
	{F_TIMEZONE_TEXT_TIMESTAMPTZ, 0, FIRST_ANY},
	{F_TIMEZONE_TEXT_TIMESTAMP, 0, FIRST_ANY},
	{F_TO_TIMESTAMP_FLOAT8, EPOCH_SECONDS, FIRST_ANY},
	{F_DATE_TRUNC_TEXT_TIMESTAMP, 0, FIRST_UNIT},
	{F_DATE_TRUNC_TEXT_TIMESTAMPTZ, 0, FIRST_UNIT},
	{F_DATE_TRUNC_TEXT_TIMESTAMPTZ_TEXT, 0, FIRST_UNIT},
	{F_EXTRACT_TEXT_TIMESTAMP, 0, FIRST_FIELD},
	{F_EXTRACT_TEXT_TIMESTAMPTZ, 0, FIRST_FIELD},
	{F_DATE_PART_TEXT_TIMESTAMP, 0, FIRST_FIELD},
	{F_DATE_PART_TEXT_TIMESTAMPTZ, 0, FIRST_FIELD},
	{F_DATE_BIN_INTERVAL_TIMESTAMP_TIMESTAMP, 0, FIRST_WIDTH},
	{F_DATE_BIN_INTERVAL_TIMESTAMPTZ_TIMESTAMPTZ, 0, FIRST_WIDTH},
	{F_INT4PL, INT4_SUM, FIRST_ANY},
	{F_INT4MI, INT4_SUM, FIRST_ANY},
	{F_INT4UM, INT4_SUM, FIRST_ANY},
	{F_INT4MUL, INT4_FACTOR, FIRST_ANY},
	{F_INT8PL, INT8_SUM, FIRST_ANY},
	{F_INT8MI, INT8_SUM, FIRST_ANY},
	{F_INT8UM, INT8_SUM, FIRST_ANY},
	{F_INT8MUL, INT8_FACTOR, FIRST_ANY},
	{F_INT84PL, INT8_SUM, FIRST_ANY},
	{F_INT84MI, INT8_SUM, FIRST_ANY},
	{F_INT84MUL, INT8_FACTOR, FIRST_ANY},
	{F_INT8_INT4, 0, FIRST_ANY},
	{F_INT8_INT2, 0, FIRST_ANY},
	{F_INT4_INT2, 0, FIRST_ANY},
	{F_FLOAT8_INT4, 0, FIRST_ANY},
	{F_FLOAT8_INT8, 0, FIRST_ANY},
	{F_NUMERIC_INT4, 0, FIRST_ANY},
	{F_NUMERIC_INT8, 0, FIRST_ANY},
	{F_NUMERIC_ADD, REAL_FACTOR, FIRST_ANY},
	{F_NUMERIC_SUB, REAL_FACTOR, FIRST_ANY},
	{F_NUMERIC_MUL, REAL_FACTOR, FIRST_ANY},
	{F_FLOOR_NUMERIC, 0, FIRST_ANY},
	{F_CEIL_NUMERIC, 0, FIRST_ANY},
	{F_CEILING_NUMERIC, 0, FIRST_ANY},
	{F_FLOAT8_NUMERIC, EPOCH_SECONDS, FIRST_ANY},
	{F_INT8_NUMERIC, EPOCH_SECONDS, FIRST_ANY},
	{F_FLOAT8PL, REAL_FACTOR, FIRST_ANY},
	{F_FLOAT8MI, REAL_FACTOR, FIRST_ANY},
	{F_FLOAT8MUL, REAL_FACTOR, FIRST_ANY},
	{F_FLOOR_FLOAT8, 0, FIRST_ANY},
	{F_CEIL_FLOAT8, 0, FIRST_ANY},
	{F_CEILING_FLOAT8, 0, FIRST_ANY},
	{F_INT8_FLOAT8, EPOCH_SECONDS, FIRST_ANY}
};

/* Divisions cannot fail by a constant that is not near zero. */
static bool
is_division(Oid function)
{
	return function == F_NUMERIC_DIV || function == F_FLOAT8DIV ||
		function == F_INT8DIV || function == F_INT84DIV ||
		function == F_INT4DIV;
}

static bool
find_function(Oid function, AheadFunction *result)
{
	int			i;

	for (i = 0; i < lengthof(functions); i++)
		if (functions[i].function == function)
		{
			*result = functions[i];
			return true;
		}
	*result = (AheadFunction)
	{
		function, 0, FIRST_WIDTH
	};
	return cfunction_has_prefix(function, "rusts_time_bucket_");
}

/* ---------- values ---------- */

#define MODERATE_MONTHS (12 * 1000)

static bool
is_within(int64 value, int64 limit)
{
	return value >= -limit && value <= limit;
}

static bool
interval_is_moderate(const Interval *interval)
{
	return is_within(interval->month, MODERATE_MONTHS) &&
		is_within(interval->day, VEXPR_MODERATE_DAYS / 2) &&
		is_within(interval->time, VEXPR_MODERATE_USECS / 2);
}

static bool
is_width(Datum value, Oid type)
{
	const Interval *interval;

	switch (type)
	{
		case INT2OID:
			return DatumGetInt16(value) > 0;
		case INT4OID:
			return DatumGetInt32(value) > 0;
		case INT8OID:
			return DatumGetInt64(value) > 0;
		case INTERVALOID:
			interval = DatumGetIntervalP(value);
			if (!interval_is_moderate(interval) || interval->month < 0 ||
				interval->day < 0 || interval->time < 0)
				return false;
			return (interval->month > 0) !=
				(interval->day > 0 || interval->time > 0);
		default:
			return false;
	}
}

static bool
is_unit(Datum value, Oid type, bool or_field)
{
	static const char *const units[] = {
		"microseconds", "milliseconds", "second", "minute", "hour", "day",
		"week", "month", "quarter", "year", "decade", "century", "millennium",
		/* no units to round to */
		"epoch", "dow", "isodow", "doy", "isoyear", "julian"
	};
	const int	nfields = 6;
	int			n = lengthof(units) - (or_field ? 0 : nfields);
	char	   *name;
	int			i;

	if (type != TEXTOID)
		return false;
	name = TextDatumGetCString(value);
	for (i = 0; i < n; i++)
		if (pg_strcasecmp(name, units[i]) == 0)
			return true;
	return false;
}

static bool
number_is_moderate(double number, double limit)
{
	return limit == 0 || fabs(number) <= limit;
}

static bool
is_moderate(Datum value, Oid type, double limit)
{
	switch (type)
	{
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return is_within(DatumGetTimestamp(value), VEXPR_MODERATE_USECS);
		case DATEOID:
			return is_within(DatumGetDateADT(value), VEXPR_MODERATE_DAYS);
		case INTERVALOID:
			return interval_is_moderate(DatumGetIntervalP(value));
		case INT2OID:
			return number_is_moderate(DatumGetInt16(value), limit);
		case INT4OID:
			return number_is_moderate(DatumGetInt32(value), limit);
		case INT8OID:
			return number_is_moderate((double) DatumGetInt64(value), limit);
		case FLOAT8OID:
			return number_is_moderate(DatumGetFloat8(value), limit);
		case NUMERICOID:
			value = DirectFunctionCall1(numeric_float8_no_overflow, value);
			return number_is_moderate(DatumGetFloat8(value), limit);
		case TEXTOID:
			return pg_tzset(TextDatumGetCString(value)) != NULL;
		default:
			return false;
	}
}

/* ---------- expressions ---------- */

typedef struct AheadContext
{
	VExprShared *shared;		/* NULL: parameters are not known */
	bool		column;			/* there may be one, with moderate values */
} AheadContext;

static bool cannot_fail(Node *node, AheadContext *context);

static bool
part_can_fail(Node *node, AheadContext *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, List))
		return expression_tree_walker(node, part_can_fail, context);
	return !cannot_fail(node, context);
}

/* An argument, known not to fail, of a function of the list. */
static bool
argument_fits(Node *node, const AheadFunction *function, bool first,
			  AheadContext *context)
{
	Oid			type = getBaseType(exprType(node));
	Datum		value;
	bool		isnull;

	if (IsA(node, Const))
	{
		value = ((Const *) node)->constvalue;
		isnull = ((Const *) node)->constisnull;
	}
	else if (IsA(node, Param) && context->shared == NULL)
		return false;
	else if (context->shared == NULL || contain_var_clause(node))
	{
		/* made of moderate values, it is not far from moderate */
		return !first || function->first == FIRST_ANY;
	}
	else
		value = vexpr_once_value(vexpr_build_once(context->shared, node),
								 &isnull);
	if (isnull)
		return true;
	if (first && function->first == FIRST_WIDTH)
		return is_width(value, type);
	if (first && function->first != FIRST_ANY)
		return is_unit(value, type, function->first == FIRST_FIELD);
	return is_moderate(value, type, function->limit);
}

/* A divisor from 1 to REAL_FACTOR. */
static bool
divisor_fits(Node *node)
{
	Const	   *constant = (Const *) node;
	Datum		value;

	if (!IsA(node, Const) || constant->constisnull)
		return false;
	value = constant->constvalue;
	switch (constant->consttype)
	{
		case INT4OID:
			return DatumGetInt32(value) >= 1;
		case INT8OID:
			return DatumGetInt64(value) >= 1;
		case NUMERICOID:
			value = DirectFunctionCall1(numeric_float8_no_overflow, value);
			/* FALLTHROUGH */
		case FLOAT8OID:
			return DatumGetFloat8(value) >= 1 &&
				DatumGetFloat8(value) <= REAL_FACTOR;
		default:
			return false;
	}
}

/* Of a function whose arguments cannot fail: can it? */
static bool
call_cannot_fail(Oid funcid, List *args, AheadContext *context)
{
	AheadFunction function;
	ListCell   *cell;

	if (get_func_leakproof(funcid))
		return true;
	if (is_division(funcid))
		return divisor_fits(lsecond(args));
	if (funcid == F_TO_CHAR_TIMESTAMP_TEXT || funcid == F_TO_CHAR_TIMESTAMPTZ_TEXT)
		return IsA(lsecond(args), Const);
	if (!find_function(funcid, &function))
		return false;
	foreach(cell, args)
		if (!argument_fits(lfirst(cell), &function,
						   foreach_current_index(cell) == 0, context))
			return false;
	return true;
}

/* Is the value of the parameter there, rather than a plan to be run for it? */
static bool
parameter_is_set(const Param *param, AheadContext *context)
{
	ExprContext *econtext;

	if (param->paramkind == PARAM_EXTERN)
		return true;
	if (param->paramkind != PARAM_EXEC || context->shared == NULL)
		return false;
	econtext = vexpr_econtext(context->shared);
	return econtext->ecxt_param_exec_vals[param->paramid].execPlan == NULL;
}

static bool
cannot_fail(Node *node, AheadContext *context)
{
	Oid			function;
	List	   *args;

	switch (nodeTag(node))
	{
		case T_Var:
			return context->column;
		case T_Const:
		case T_SQLValueFunction:
			return true;
		case T_Param:
			return parameter_is_set((Param *) node, context);
		case T_FuncExpr:
		case T_OpExpr:
			(void) vexpr_function_call(node, &function, &args);
			break;
		case T_DistinctExpr:
		case T_NullIfExpr:
			function = get_opcode(((OpExpr *) node)->opno);
			args = ((OpExpr *) node)->args;
			break;
		case T_ScalarArrayOpExpr:
			function = get_opcode(((ScalarArrayOpExpr *) node)->opno);
			args = NIL;
			if (!get_func_leakproof(function))
				return false;
			break;
		case T_RelabelType:
		case T_BoolExpr:
		case T_NullTest:
		case T_BooleanTest:
		case T_CoalesceExpr:
			return !expression_tree_walker(node, part_can_fail, context);
		case T_ArrayExpr:
			return !((ArrayExpr *) node)->multidims &&
				!expression_tree_walker(node, part_can_fail, context);
		default:
			return false;
	}
	return !expression_tree_walker(node, part_can_fail, context) &&
		call_cannot_fail(function, args, context);
}

/* Look for the largest parts without columns. */
static bool
has_failing_part(Node *node, AheadContext *context)
{
	if (node == NULL)
		return false;
	if (!IsA(node, List) && !contain_var_clause(node))
		return !cannot_fail(node, context);
	return expression_tree_walker(node, has_failing_part, context);
}

bool
vexpr_ahead_is_harmless(Node *clause)
{
	AheadContext context = {NULL, false};

	return !contain_volatile_functions(clause) && !contain_subplans(clause) &&
		!has_failing_part(clause, &context);
}

static bool
has_parameter(Node *node, void *context)
{
	if (node == NULL)
		return false;
	return IsA(node, Param) ||
		expression_tree_walker(node, has_parameter, context);
}

bool
vexpr_ahead_of_column(Node *expr)
{
	AheadContext context = {NULL, true};

	return !contain_volatile_functions(expr) && !contain_subplans(expr) &&
		!has_parameter(expr, NULL) && cannot_fail(expr, &context);
}

bool
vexpr_ahead_compute(VExpr *once)
{
	AheadContext context = {once->shared, false};
	bool		isnull;

	if (!cannot_fail(vexpr_once_node(once), &context))
		return false;
	(void) vexpr_once_value(once, &isnull);
	return true;
}

bool
vexpr_ahead_step(VExprShared *shared, Node *step)
{
	AheadContext context = {shared, true};

	return cannot_fail(step, &context);
}
