/*
 * vexpr_time.c
 *	  Which expressions of a time column are step functions.
 *
 * Grouping by time is mostly grouping by a function that gives the same value
 * for long stretches of a sorted column: time_bucket, date_trunc, date_bin, a
 * cast to date, floor(extract(epoch from time) / 300) * 300, the hour of the
 * day.  Here they are recognised; vexpr_step.c evaluates them once a step.
 *
 * A chain of functions that never decrease never decreases.  The table says
 * which of the server's functions are like that in one argument, the others
 * being constants.  A function that goes through a time zone is like that only
 * while the UTC offset stays the same, which is checked for each batch.
 *
 * Our own time_bucket is found by its C symbol (cfunction.h).
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "vexpr/cfunction.h"
#include "vexpr/shape.h"
#include "vexpr/vexpr_once.h"
#include "vexpr/vexpr_step.h"
#include "vexpr/vexpr_time.h"

/* What a function asks of its other arguments, and does to the chain. */
#define STEP_TRUNCATES 1		/* it makes the steps */
#define STEP_ZONED 2			/* by the session's time zone */
#define STEP_POSITIVE 4			/* never decreases by a positive constant */
#define STEP_EPOCH 8			/* only with the field "epoch" */

typedef struct StepFunction
{
	Oid			function;
	int			arg;			/* in which it never decreases */
	int			flags;
	StepWidth	width;			/* of a call on the column itself ... */
	int			width_arg;		/* ... given by this argument */
	int			zone_arg;		/* -1, or where a time zone is named */
} StepFunction;

static const StepFunction functions[] = {
	{F_DATE_TRUNC_TEXT_TIMESTAMP, 1, STEP_TRUNCATES, STEP_WIDTH_UNIT, 0, -1},
	{F_DATE_TRUNC_TEXT_TIMESTAMPTZ, 1, STEP_TRUNCATES | STEP_ZONED,
	STEP_WIDTH_UNIT, 0, -1},
	{F_DATE_TRUNC_TEXT_TIMESTAMPTZ_TEXT, 1, STEP_TRUNCATES,
	STEP_WIDTH_UNIT, 0, 2},
	{F_DATE_BIN_INTERVAL_TIMESTAMP_TIMESTAMP, 1, STEP_TRUNCATES,
	STEP_WIDTH_INTERVAL, 0, -1},
	{F_DATE_BIN_INTERVAL_TIMESTAMPTZ_TIMESTAMPTZ, 1, STEP_TRUNCATES,
	STEP_WIDTH_INTERVAL, 0, -1},
	{F_DATE_TIMESTAMP, 0, STEP_TRUNCATES, STEP_WIDTH_NONE, 0, -1},
	{F_DATE_TIMESTAMPTZ, 0, STEP_TRUNCATES | STEP_ZONED, STEP_WIDTH_NONE, 0, -1},
	{F_TIMESTAMP_DATE, 0, 0, STEP_WIDTH_NONE, 0, -1},
	{F_TIMESTAMP_TIMESTAMPTZ, 0, STEP_ZONED, STEP_WIDTH_NONE, 0, -1},
	{F_TIMEZONE_TEXT_TIMESTAMPTZ, 1, 0, STEP_WIDTH_NONE, 0, 0},
	{F_EXTRACT_TEXT_TIMESTAMP, 1, STEP_EPOCH, STEP_WIDTH_NONE, 0, -1},
	{F_EXTRACT_TEXT_TIMESTAMPTZ, 1, STEP_EPOCH, STEP_WIDTH_NONE, 0, -1},
	{F_DATE_PART_TEXT_TIMESTAMP, 1, STEP_EPOCH, STEP_WIDTH_NONE, 0, -1},
	{F_DATE_PART_TEXT_TIMESTAMPTZ, 1, STEP_EPOCH, STEP_WIDTH_NONE, 0, -1},
	{F_TO_TIMESTAMP_FLOAT8, 0, 0, STEP_WIDTH_NONE, 0, -1},
	{F_NUMERIC_DIV, 0, STEP_POSITIVE, STEP_WIDTH_NONE, 0, -1},
	{F_NUMERIC_MUL, 0, STEP_POSITIVE, STEP_WIDTH_NONE, 0, -1},
	{F_NUMERIC_ADD, 0, 0, STEP_WIDTH_NONE, 0, -1},
	{F_NUMERIC_SUB, 0, 0, STEP_WIDTH_NONE, 0, -1},
	{F_FLOOR_NUMERIC, 0, STEP_TRUNCATES, STEP_WIDTH_NONE, 0, -1},
	{F_CEIL_NUMERIC, 0, STEP_TRUNCATES, STEP_WIDTH_NONE, 0, -1},
	{F_CEILING_NUMERIC, 0, STEP_TRUNCATES, STEP_WIDTH_NONE, 0, -1},
	{F_ROUND_NUMERIC_INT4, 0, STEP_TRUNCATES, STEP_WIDTH_NONE, 0, -1},
	{F_TRUNC_NUMERIC_INT4, 0, STEP_TRUNCATES, STEP_WIDTH_NONE, 0, -1},
	{F_INT8_NUMERIC, 0, STEP_TRUNCATES, STEP_WIDTH_NONE, 0, -1},
	{F_INT4_NUMERIC, 0, STEP_TRUNCATES, STEP_WIDTH_NONE, 0, -1},
	{F_FLOAT8_NUMERIC, 0, 0, STEP_WIDTH_NONE, 0, -1},
	{F_FLOAT8DIV, 0, STEP_POSITIVE, STEP_WIDTH_NONE, 0, -1},
	{F_FLOAT8MUL, 0, STEP_POSITIVE, STEP_WIDTH_NONE, 0, -1},
	{F_FLOAT8PL, 0, 0, STEP_WIDTH_NONE, 0, -1},
	{F_FLOAT8MI, 0, 0, STEP_WIDTH_NONE, 0, -1},
	{F_FLOOR_FLOAT8, 0, STEP_TRUNCATES, STEP_WIDTH_NONE, 0, -1},
	{F_CEIL_FLOAT8, 0, STEP_TRUNCATES, STEP_WIDTH_NONE, 0, -1},
	{F_CEILING_FLOAT8, 0, STEP_TRUNCATES, STEP_WIDTH_NONE, 0, -1},
	{F_ROUND_FLOAT8, 0, STEP_TRUNCATES, STEP_WIDTH_NONE, 0, -1},
	{F_TRUNC_FLOAT8, 0, STEP_TRUNCATES, STEP_WIDTH_NONE, 0, -1},
	{F_INT8_FLOAT8, 0, STEP_TRUNCATES, STEP_WIDTH_NONE, 0, -1},
	{F_INT4_FLOAT8, 0, STEP_TRUNCATES, STEP_WIDTH_NONE, 0, -1},
	{F_INT8DIV, 0, STEP_POSITIVE | STEP_TRUNCATES, STEP_WIDTH_NONE, 0, -1},
	{F_INT84DIV, 0, STEP_POSITIVE | STEP_TRUNCATES, STEP_WIDTH_NONE, 0, -1},
	{F_INT4DIV, 0, STEP_POSITIVE | STEP_TRUNCATES, STEP_WIDTH_NONE, 0, -1},
	{F_INT8MUL, 0, STEP_POSITIVE, STEP_WIDTH_NONE, 0, -1},
	{F_INT84MUL, 0, STEP_POSITIVE, STEP_WIDTH_NONE, 0, -1},
	{F_INT4MUL, 0, STEP_POSITIVE, STEP_WIDTH_NONE, 0, -1}
};

/* time_bucket, by symbol; all have the width first and the time second. */
typedef struct BucketFunction
{
	const char *symbol;
	StepWidth	width;
	int			zone_arg;
} BucketFunction;

static const BucketFunction buckets[] = {
	{"rusts_time_bucket_timestamp", STEP_WIDTH_INTERVAL, -1},
	{"rusts_time_bucket_timestamp_offset", STEP_WIDTH_INTERVAL, -1},
	{"rusts_time_bucket_timezone", STEP_WIDTH_NONE, 2},
	{"rusts_time_bucket_date", STEP_WIDTH_DAYS, -1},
	{"rusts_time_bucket_date_offset", STEP_WIDTH_DAYS, -1},
	{"rusts_time_bucket_int2", STEP_WIDTH_INTEGER, -1},
	{"rusts_time_bucket_int4", STEP_WIDTH_INTEGER, -1},
	{"rusts_time_bucket_int8", STEP_WIDTH_INTEGER, -1}
};

/* Fields that are the same within a minute, an hour, a day of local time. */
typedef struct CellField
{
	const char *name;
	int64		width;
} CellField;

static const CellField cell_fields[] = {
	{"minute", USECS_PER_MINUTE}, {"hour", USECS_PER_HOUR},
	{"day", USECS_PER_DAY}, {"dow", USECS_PER_DAY}, {"isodow", USECS_PER_DAY},
	{"doy", USECS_PER_DAY}, {"week", USECS_PER_DAY}, {"month", USECS_PER_DAY},
	{"quarter", USECS_PER_DAY}, {"year", USECS_PER_DAY},
	{"isoyear", USECS_PER_DAY}
};

/* ---------- functions ---------- */

static bool
find_bucket(Oid funcid, StepFunction *result)
{
	const char *symbol = cfunction_symbol(funcid);
	int			i;

	if (symbol == NULL)
		return false;
	for (i = 0; i < lengthof(buckets); i++)
	{
		if (strcmp(symbol, buckets[i].symbol) != 0)
			continue;
		*result = (StepFunction)
		{
			funcid, 1, STEP_TRUNCATES, buckets[i].width, 0,
				buckets[i].zone_arg
		};
		return true;
	}
	return false;
}

static bool
find_function(Oid funcid, StepFunction *result)
{
	int			i;

	for (i = 0; i < lengthof(functions); i++)
	{
		if (functions[i].function == funcid)
		{
			*result = functions[i];
			return true;
		}
	}
	return find_bucket(funcid, result);
}

static char *
text_constant(Node *node)
{
	Const	   *constant = (Const *) node;

	if (!IsA(node, Const) || constant->constisnull ||
		constant->consttype != TEXTOID)
		return NULL;
	return TextDatumGetCString(constant->constvalue);
}

static bool
is_positive_constant(Node *node)
{
	Const	   *constant = (Const *) node;
	Datum		value;

	if (!IsA(node, Const) || constant->constisnull)
		return false;
	value = constant->constvalue;
	switch (constant->consttype)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return (int64) value > 0;
		case NUMERICOID:
			value = DirectFunctionCall1(numeric_float8_no_overflow, value);
			/* FALLTHROUGH */
		case FLOAT8OID:
			/* NaN and infinity are not */
			return DatumGetFloat8(value) > 0 && !isinf(DatumGetFloat8(value));
		default:
			return false;
	}
}

/*
 * Only names of the time zone database: abbreviations may mean other things at
 * other times.
 */
static bool
add_zone(Node *node, StepShape *shape)
{
	char	   *zone = text_constant(node);

	if (zone == NULL ||
		(strchr(zone, '/') == NULL && pg_strcasecmp(zone, "UTC") != 0) ||
		pg_tzset(zone) == NULL)
		return false;
	if (shape->zoned &&
		(shape->zone == NULL || pg_strcasecmp(shape->zone, zone) != 0))
		return false;
	shape->zoned = true;
	shape->zone = zone;
	return true;
}

/* Are the other arguments such that the function is what the table says? */
static bool
arguments_fit(const StepFunction *function, List *args, StepShape *shape)
{
	ListCell   *lc;

	if (function->arg >= list_length(args))
		return false;
	foreach(lc, args)
	{
		Node	   *arg = lfirst(lc);

		if (foreach_current_index(lc) == function->arg)
			continue;
		if (!vexpr_once_fits(arg))
			return false;
		if ((function->flags & STEP_POSITIVE) && !is_positive_constant(arg))
			return false;
		if (function->flags & STEP_EPOCH)
		{
			char	   *field = text_constant(arg);

			if (field == NULL || pg_strcasecmp(field, "epoch") != 0)
				return false;
		}
	}
	if (function->zone_arg >= 0)
		return function->zone_arg < list_length(args) &&
			add_zone(list_nth(args, function->zone_arg), shape);
	if (function->flags & STEP_ZONED)
	{
		if (shape->zoned && shape->zone != NULL)
			return false;
		shape->zoned = true;
	}
	return true;
}

/* ---------- chains ---------- */

/* Follow a chain of functions that never decrease down to a column. */
static bool
follow_chain(Node *node, StepShape *shape)
{
	StepFunction function;
	Oid			funcid;
	List	   *args;

	node = shape_strip(node);
	if (IsA(node, Var))
	{
		shape->var = (Var *) node;
		return shape->var->varattno > 0 &&
			vexpr_type_kind(shape->var->vartype) == VECTOR_INT;
	}
	if (!vexpr_function_call(node, &funcid, &args) ||
		!find_function(funcid, &function) ||
		!arguments_fit(&function, args, shape))
		return false;
	if (function.flags & STEP_TRUNCATES)
		shape->truncates = true;
	if (!follow_chain(list_nth(args, function.arg), shape))
		return false;

	/*
	 * A column of local time has gaps and repetitions against a time zone:
	 * nothing is known about those.  Integers are for time_bucket alone, other
	 * arithmetic on them has kernels.
	 */
	if (shape->zoned && shape->var->vartype != TIMESTAMPTZOID)
		return false;
	return shape_is_time(shape->var->vartype) ||
		function.width == STEP_WIDTH_INTEGER;
}

/* extract(hour from time) and its like */
static bool
match_cell(Node *node, StepShape *shape)
{
	Oid			funcid;
	List	   *args;
	char	   *field;
	int			i;

	if (!vexpr_function_call(node, &funcid, &args) ||
		(funcid != F_EXTRACT_TEXT_TIMESTAMP &&
		 funcid != F_EXTRACT_TEXT_TIMESTAMPTZ &&
		 funcid != F_DATE_PART_TEXT_TIMESTAMP &&
		 funcid != F_DATE_PART_TEXT_TIMESTAMPTZ) ||
		!IsA(lsecond(args), Var))
		return false;
	shape->var = lsecond(args);
	field = text_constant(linitial(args));
	if (field == NULL || shape->var->varattno <= 0 ||
		!shape_is_time(shape->var->vartype))
		return false;
	for (i = 0; i < lengthof(cell_fields); i++)
	{
		if (pg_strcasecmp(field, cell_fields[i].name) != 0)
			continue;
		shape->truncates = true;
		shape->zoned = shape->var->vartype == TIMESTAMPTZOID;
		shape->width = STEP_WIDTH_CELL;
		shape->cell_width = cell_fields[i].width;
		return true;
	}
	return false;
}

/* The seconds by which an epoch is divided, if they are whole; else 0. */
static int64
whole_seconds(Node *node)
{
	Const	   *constant = (Const *) node;
	double		value;

	if (!is_positive_constant(node))
		return 0;
	if (constant->consttype == FLOAT8OID)
		value = DatumGetFloat8(constant->constvalue);
	else if (constant->consttype == NUMERICOID)
		value = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
												   constant->constvalue));
	else
		return 0;
	return value >= 1 && value <= 1e7 && value == floor(value) ?
		(int64) value : 0;
}

/*
 * Seconds of the ranges of floor(extract(epoch from column) / seconds), which
 * the chain goes through; 0 if it does not.
 */
static int64
find_epoch_division(Node *node)
{
	StepFunction function;
	Oid			funcid;
	Oid			division;
	Oid			field;
	List	   *args;
	List	   *quotient;
	List	   *epoch;

	while (vexpr_function_call(node, &funcid, &args) &&
		   find_function(funcid, &function))
	{
		node = list_nth(args, function.arg);
		if ((funcid == F_FLOOR_NUMERIC || funcid == F_FLOOR_FLOAT8) &&
			vexpr_function_call(node, &division, &quotient) &&
			(division == F_NUMERIC_DIV || division == F_FLOAT8DIV) &&
			vexpr_function_call(linitial(quotient), &field, &epoch) &&
			find_function(field, &function) &&
			(function.flags & STEP_EPOCH) && IsA(lsecond(epoch), Var))
			return whole_seconds(lsecond(quotient));
	}
	return 0;
}

bool
vexpr_time_find(Node *node, StepShape *shape)
{
	StepFunction function;
	Oid			funcid;
	List	   *args;
	int64		seconds;

	memset(shape, 0, sizeof(*shape));
	if (match_cell(node, shape))
		return true;
	memset(shape, 0, sizeof(*shape));
	if (!follow_chain(node, shape) || !shape->truncates)
		return false;
	/* of a single function on the column itself, more may be known */
	if (vexpr_function_call(node, &funcid, &args) &&
		find_function(funcid, &function) &&
		IsA(list_nth(args, function.arg), Var))
	{
		shape->width = function.width;
		shape->width_arg = list_nth(args, function.width_arg);
	}
	else if (!shape->zoned && (seconds = find_epoch_division(node)) > 0)
	{
		shape->width = STEP_WIDTH_EPOCH;
		shape->cell_width = seconds * USECS_PER_SEC;
	}
	return true;
}

/* ---------- building ---------- */

VExpr *
vexpr_time_build(VExprShared *shared, Node *node)
{
	StepShape	shape;

	if (!vexpr_time_find(node, &shape))
		return NULL;
	return vexpr_step_build(shared, node, &shape, NULL);
}

/* The largest steps in an expression, which must be the same everywhere. */
typedef struct KeyContext
{
	Node	   *key;
	StepShape	shape;
} KeyContext;

/* Returns true to give up. */
static bool
find_key(Node *node, void *arg)
{
	KeyContext *context = arg;
	StepShape	shape;

	if (node == NULL)
		return false;
	if (IsA(node, Var))
		return true;
	if (vexpr_time_find(node, &shape))
	{
		if (context->key != NULL)
			return !equal(node, context->key);
		context->key = node;
		context->shape = shape;
		return false;
	}
	return expression_tree_walker(node, find_key, context);
}

VExpr *
vexpr_time_build_of_step(VExprShared *shared, Node *node)
{
	KeyContext	context = {NULL};

	if (vexpr_scalar_only_column(node) == 0 ||
		expression_tree_walker(node, find_key, &context) ||
		context.key == NULL)
		return NULL;
	return vexpr_step_build(shared, context.key, &context.shape, node);
}
