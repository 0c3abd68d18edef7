/*
 * zone_verdict.c
 *	  What a filter can come to, known from minimum, maximum and NULL count.
 *
 * A test is a tree: comparisons of a column with something constant for the
 * scan, IN lists, IS [NOT] NULL, and AND, OR, NOT of these.  Evaluated for a
 * zone it gives the set of SQL truth values that rows of the zone can have,
 * possibly too large a set, never too small.  Whatever is not understood can
 * have all three.
 *
 * Zones hold int64 for types whose order is that of the stored number, and
 * doubles for floats, ordered as PostgreSQL orders them: NaN is the greatest.
 * A constant must be comparable in the same way, so only operators of the
 * column type's own btree family between types of one kind are understood.
 *
 * The constant side is evaluated ahead of the rows only where that cannot fail
 * (vexpr_ahead.c); else the test says nothing until rows have needed the value.
 *
 * A function of the column that never decreases, such as time_bucket or
 * date_trunc (vexpr_time_find), may stand in its place: all its values lie
 * between those for the smallest and the largest input.  A function that goes
 * by the local time of a time zone can decrease where clocks are put back, by
 * a day at most, and once more on the way from local time back.  So it is
 * asked about inputs two days further out, unless the UTC offset is the same
 * all the way.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_type_d.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "pgtime.h"
#include "utils/array.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "block/zone_verdict.h"
#include "segment/value.h"
#include "vexpr/shape.h"
#include "vexpr/vexpr_ahead.h"
#include "vexpr/vexpr_once.h"
#include "vexpr/vexpr_range.h"
#include "vexpr/vexpr_step.h"
#include "vexpr/vexpr_time.h"

/* The truth values that rows can have. */
#define CAN_TRUE 1
#define CAN_FALSE 2
#define CAN_NULL 4
#define CAN_ANY (CAN_TRUE | CAN_FALSE | CAN_NULL)

#define NE_STRATEGY (BTMaxStrategyNumber + 1)

typedef enum ZoneTestKind
{
	TEST_COMPARE,				/* column op constant */
	TEST_IN,					/* column = ANY (constant array) */
	TEST_NULL,					/* column IS [NOT] NULL */
	TEST_BOOL,					/* the column itself */
	TEST_CONSTANT,				/* no column at all */
	TEST_AND,
	TEST_OR,
	TEST_NOT
} ZoneTestKind;

struct ZoneTest
{
	ZoneTestKind kind;
	AttrNumber	attno;
	bool		is_float;
	ExprState  *step;			/* of a function of the column, or NULL */
	Node	   *step_node;
	bool		step_harmless;	/* cannot fail; known once step_examined */
	bool		step_examined;
	ExprContext *step_context;
	Oid			step_type;		/* of its value */
	Oid			step_input;		/* of the column */
	bool		step_zoned;		/* goes by local time, of ... */
	char	   *step_zone;		/* NULL: the session's time zone */
	int			strategy;		/* btree's, or NE_STRATEGY */
	bool		is_not;			/* IS NOT NULL */
	VExprShared *shared;		/* of the filter */
	VExpr	   *constant;
	Oid			constant_type;	/* of an element, for IN */

	/* the constant, once evaluated */
	bool		ready;
	bool		examined;		/* can it be, ahead of all rows? */
	bool		ahead;
	bool		isnull;			/* or an array with a NULL in it */
	int			nvalues;
	int64	   *values;			/* as in a zone */
	List	   *children;
	MemoryContext context;
};

/* What tests are compiled from. */
typedef struct ZoneSource
{
	VExprShared *shared;
	PlanState  *parent;
	TupleDesc	desc;
} ZoneSource;

/* ---------- compiling ---------- */

/* 0: not comparable; 1: int64 of one type; 2: any integer; 3: any float */
static int
zone_type_kind(Oid type)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return 2;
		case FLOAT4OID:
		case FLOAT8OID:
			return 3;
		case BOOLOID:
		case DATEOID:
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return 1;
		default:
			return 0;
	}
}

static Expr *
zone_strip(Expr *expr)
{
	expr = (Expr *) shape_strip((Node *) expr);
	return expr;
}

static bool
zone_is_column(Expr *expr, TupleDesc desc)
{
	return expr != NULL && IsA(expr, Var) && ((Var *) expr)->varattno > 0 &&
		((Var *) expr)->varattno <= desc->natts;
}

static ZoneTest *
zone_verdict_make(ZoneTestKind kind, const ZoneSource *source)
{
	ZoneTest   *test = palloc0(sizeof(ZoneTest));

	test->kind = kind;
	test->context = CurrentMemoryContext;
	test->shared = source->shared;
	return test;
}

/* Strategy of an operator on a column of a type; 0: not one of its order. */
static int
zone_strategy(Oid opno, Oid type)
{
	int			strategy = vexpr_strategy(opno, type);
	Oid			negator = get_negator(opno);

	if (strategy == 0 && OidIsValid(negator) &&
		vexpr_strategy(negator, type) == BTEqualStrategyNumber)
		return NE_STRATEGY;
	return strategy;
}

/* Is it a function of a column that never decreases? */
static bool
zone_is_step(Expr *expr, TupleDesc desc, StepShape *shape)
{
	return expr != NULL && !IsA(expr, Var) &&
		vexpr_time_find((Node *) expr, shape) &&
		shape->width != STEP_WIDTH_CELL &&
		shape->var->varattno <= desc->natts;
}

/* A comparison of the column, or of a function of it, with something else. */
static ZoneTest *
zone_make_pair(ZoneTestKind kind, Expr *left, const ZoneSource *source)
{
	ZoneTest   *test;
	StepShape	shape;

	if (zone_is_column(left, source->desc))
	{
		test = zone_verdict_make(kind, source);
		test->attno = ((Var *) left)->varattno;
		return test;
	}
	if (!zone_is_step(left, source->desc, &shape))
		return NULL;
	test = zone_verdict_make(kind, source);
	test->attno = shape.var->varattno;
	test->step = ExecInitExpr((Expr *) vexpr_with_placeholder((Node *) left),
							  source->parent);
	test->step_node = (Node *) left;
	vexpr_ahead_prepare(source->shared, (Node *) left);
	test->step_context = CreateExprContext(source->parent->state);
	test->step_type = exprType((Node *) left);
	test->step_input = getBaseType(shape.var->vartype);
	test->step_zoned = shape.zoned;
	test->step_zone = shape.zone;
	return test;
}

static ZoneTest *
zone_compile_pair(ZoneTestKind kind, Oid opno, List *args,
				  const ZoneSource *source)
{
	Expr	   *left = linitial(args);
	Expr	   *right = lsecond(args);
	Oid			column_type;
	Oid			constant_type;
	ZoneTest   *test;

	if (kind == TEST_COMPARE && vexpr_once_fits((Node *) left))
	{
		Expr	   *swap = left;

		left = right;
		right = swap;
		opno = get_commutator(opno);
	}
	if (!OidIsValid(opno) || !vexpr_once_fits((Node *) right))
		return NULL;
	test = zone_make_pair(kind, zone_strip(left), source);
	if (test == NULL)
		return NULL;

	/* the stored number is of the column's base type */
	column_type = getBaseType(test->step != NULL ? test->step_type :
							  TupleDescAttr(source->desc, test->attno - 1)->atttypid);
	constant_type = getBaseType(exprType((Node *) right));
	if (kind == TEST_IN)
		constant_type = getBaseType(get_element_type(constant_type));
	if (zone_type_kind(column_type) == 0 ||
		zone_type_kind(column_type) != zone_type_kind(constant_type) ||
		(zone_type_kind(column_type) == 1 && column_type != constant_type))
		return NULL;

	test->is_float = zone_type_kind(column_type) == 3;
	test->strategy = zone_strategy(opno, column_type);
	test->constant = vexpr_once_build(source->shared, (Node *) right);
	vexpr_ahead_prepare(source->shared, (Node *) right);
	test->constant_type = constant_type;
	return test->strategy == 0 ? NULL : test;
}

static ZoneTest *zone_compile(Expr *expr, const ZoneSource *source);

/* AND and OR: what is not understood stays as a NULL child. */
static ZoneTest *
zone_compile_bool(BoolExpr *expr, const ZoneSource *source)
{
	ZoneTest   *test;
	bool		any = false;
	ListCell   *cell;

	test = zone_verdict_make(expr->boolop == AND_EXPR ? TEST_AND :
						  expr->boolop == OR_EXPR ? TEST_OR : TEST_NOT,
						  source);
	foreach(cell, expr->args)
	{
		ZoneTest   *child = zone_compile(lfirst(cell), source);

		any |= child != NULL;
		test->children = lappend(test->children, child);
	}
	return any ? test : NULL;
}

static ZoneTest *
zone_compile(Expr *expr, const ZoneSource *source)
{
	ZoneTest   *test = NULL;

	expr = zone_strip(expr);
	if (expr == NULL)
		return NULL;
	if (IsA(expr, OpExpr) && list_length(((OpExpr *) expr)->args) == 2)
		return zone_compile_pair(TEST_COMPARE, ((OpExpr *) expr)->opno,
								 ((OpExpr *) expr)->args, source);
	if (IsA(expr, ScalarArrayOpExpr) && ((ScalarArrayOpExpr *) expr)->useOr)
	{
		test = zone_compile_pair(TEST_IN, ((ScalarArrayOpExpr *) expr)->opno,
								 ((ScalarArrayOpExpr *) expr)->args, source);
		if (test != NULL && test->strategy != BTEqualStrategyNumber)
			return NULL;
		return test;
	}
	if (IsA(expr, BoolExpr))
		return zone_compile_bool((BoolExpr *) expr, source);
	if (IsA(expr, NullTest) && !((NullTest *) expr)->argisrow &&
		zone_is_column(((NullTest *) expr)->arg, source->desc))
	{
		test = zone_verdict_make(TEST_NULL, source);
		test->attno = ((Var *) ((NullTest *) expr)->arg)->varattno;
		test->is_not = ((NullTest *) expr)->nulltesttype == IS_NOT_NULL;
		return test;
	}
	if (zone_is_column(expr, source->desc) && exprType((Node *) expr) == BOOLOID)
	{
		test = zone_verdict_make(TEST_BOOL, source);
		test->attno = ((Var *) expr)->varattno;
		return test;
	}
	if (vexpr_once_fits((Node *) expr) && exprType((Node *) expr) == BOOLOID)
	{
		test = zone_verdict_make(TEST_CONSTANT, source);
		test->constant = vexpr_once_build(source->shared, (Node *) expr);
		vexpr_ahead_prepare(source->shared, (Node *) expr);
		test->constant_type = BOOLOID;
	}
	return test;
}

ZoneTest *
zone_verdict_compile(Expr *expr, VExpr *filter, PlanState *parent, TupleDesc desc)
{
	ZoneSource	source = {filter->shared, parent, desc};

	return zone_compile(expr, &source);
}

/* ---------- constants ---------- */

static int64
zone_number(Datum value, Oid type)
{
	double		number;
	int64		bits;

	switch (type)
	{
		case FLOAT4OID:
			number = DatumGetFloat4(value);
			break;
		case FLOAT8OID:
			number = DatumGetFloat8(value);
			break;
		default:
			return (int64) value_normalize(value, get_typlen(type));
	}
	memcpy(&bits, &number, sizeof(bits));
	return bits;
}

static void
zone_read_array(ZoneTest *test, Datum value)
{
	Datum	   *elements;
	bool	   *nulls;
	Oid			type;
	int			n = shape_array(value, &elements, &nulls, &type);
	int			i;

	test->values = palloc(Max(n, 1) * sizeof(int64));
	for (i = 0; i < n; i++)
	{
		if (nulls[i])
			test->isnull = true;
		else
			test->values[test->nvalues++] = zone_number(elements[i],
														test->constant_type);
	}
}

static void
zone_read_constant(ZoneTest *test)
{
	MemoryContext old;
	Datum		value;

	test->nvalues = 0;
	if (test->values != NULL)
		pfree(test->values);
	test->values = NULL;
	value = vexpr_once_value(test->constant, &test->isnull);
	test->ready = true;
	if (test->isnull)
		return;
	old = MemoryContextSwitchTo(test->context);
	if (test->kind == TEST_IN)
		zone_read_array(test, value);
	else
	{
		test->values = palloc(sizeof(int64));
		test->values[0] = zone_number(value, test->constant_type);
		test->nvalues = 1;
	}
	MemoryContextSwitchTo(old);
}

/* Get the constant, if it can be had now. */
static bool
zone_verdict_prepare(ZoneTest *test, ZoneTime time)
{
	if (!test->ready)
	{
		if (!test->examined)
			test->ahead = vexpr_ahead_compute(test->constant);
		test->examined = true;
		if (!test->ahead && !vexpr_once_is_known(test->constant))
			return false;
		zone_read_constant(test);
	}
	return test->ahead || time == ZONE_AMID;
}

void
zone_verdict_rescan(ZoneTest *test)
{
	ListCell   *cell;

	if (test == NULL)
		return;
	test->ready = false;
	test->examined = false;
	test->step_examined = false;
	foreach(cell, test->children)
		zone_verdict_rescan(lfirst(cell));
}

/* ---------- evaluating ---------- */

static int
zone_compare(bool is_float, int64 a, int64 b)
{
	double		x;
	double		y;

	if (!is_float)
		return a < b ? -1 : a > b;
	memcpy(&x, &a, sizeof(x));
	memcpy(&y, &b, sizeof(y));
	return float8_cmp_internal(x, y);
}

/* What `column op value` can be for non-null values in [min, max]. */
static int
zone_compare_range(const ZoneTest *test, const Zone *zone, int64 value)
{
	int			low = zone_compare(test->is_float, zone->min, value);
	int			high = zone_compare(test->is_float, zone->max, value);
	bool		some = false;
	bool		all = false;

	switch (test->strategy)
	{
		case BTLessStrategyNumber:
			some = low < 0;
			all = high < 0;
			break;
		case BTLessEqualStrategyNumber:
			some = low <= 0;
			all = high <= 0;
			break;
		case BTEqualStrategyNumber:
			some = low <= 0 && high >= 0;
			all = low == 0 && high == 0;
			break;
		case BTGreaterEqualStrategyNumber:
			some = high >= 0;
			all = low >= 0;
			break;
		case BTGreaterStrategyNumber:
			some = high > 0;
			all = low > 0;
			break;
		case NE_STRATEGY:
			some = low != 0 || high != 0;
			all = low > 0 || high < 0;
			break;
	}
	return (some ? CAN_TRUE : 0) | (all ? 0 : CAN_FALSE);
}

static int
zone_eval_column(ZoneTest *test, const Zone *zone)
{
	int			can = zone->nulls > 0 ? CAN_NULL : 0;
	bool		some = false;
	bool		all = false;
	int			i;

	if (test->kind == TEST_COMPARE && test->isnull)
		return CAN_NULL;
	if (zone->nulls >= zone->rows)
		return test->kind == TEST_IN ? CAN_NULL | CAN_FALSE : CAN_NULL;
	if (!zone->has_minmax)
		return can | CAN_ANY;
	if (test->kind == TEST_BOOL)
		return can | (zone->max != 0 ? CAN_TRUE : 0) |
			(zone->min == 0 ? CAN_FALSE : 0);
	for (i = 0; i < test->nvalues; i++)
	{
		int			one = zone_compare_range(test, zone, test->values[i]);

		some |= (one & CAN_TRUE) != 0;
		all |= (one & CAN_FALSE) == 0;
	}
	can |= (some ? CAN_TRUE : 0) | (all ? 0 : CAN_FALSE);
	/* no match and a NULL in the list: NULL */
	if (test->kind == TEST_IN && test->isnull)
		can |= CAN_NULL;
	return can;
}

static int
zone_eval_null(const ZoneTest *test, const Zone *zone)
{
	int			can = 0;

	if (zone->nulls > 0)
		can |= test->is_not ? CAN_FALSE : CAN_TRUE;
	if (zone->nulls < zone->rows)
		can |= test->is_not ? CAN_TRUE : CAN_FALSE;
	return can;
}

/*
 * Inputs far from the ends of the type's range, where functions raise errors or
 * have special values.
 */
static bool
zone_step_input_is_safe(Oid type, int64 value)
{
	switch (type)
	{
		case INT2OID:
			return value > -(1 << 14) && value < (1 << 14);
		case INT4OID:
			return value > -(1 << 30) && value < (1 << 30);
		case DATEOID:
			return value > -RANGE_DAYS && value < RANGE_DAYS;
		case INT8OID:
			return value > -(INT64CONST(1) << 62) &&
				value < (INT64CONST(1) << 62);
		default:
			return value > -RANGE_USECS && value < RANGE_USECS;
	}
}

static bool
zone_step_value(ZoneTest *test, int64 input, int64 *value)
{
	ExprContext *econtext = test->step_context;
	Datum		result;
	bool		isnull;

	if (!zone_step_input_is_safe(test->step_input, input))
		return false;
	econtext->caseValue_datum = (Datum) input;
	econtext->caseValue_isNull = false;
	result = ExecEvalExprSwitchContext(test->step, econtext, &isnull);
	if (!isnull)
		*value = zone_number(result, getBaseType(test->step_type));
	ResetExprContext(econtext);
	return !isnull;
}

/* Inputs this much further out bound the value (top of the file). */
static int64
zone_step_slack(const ZoneTest *test, const Zone *zone)
{
	const int64 slack = 2 * USECS_PER_DAY;
	const pg_tz *tz = test->step_zone != NULL ? pg_tzset(test->step_zone) :
	session_timezone;
	pg_time_t	from;
	pg_time_t	boundary;
	long		before;
	long		after;
	int			before_dst;
	int			after_dst;
	int			found;

	if (!test->step_zoned)
		return 0;
	if (tz == NULL ||
		!zone_step_input_is_safe(test->step_input, zone->min - slack) ||
		!zone_step_input_is_safe(test->step_input, zone->max + slack))
		return slack;
	/* the conversion rounds towards the year 2000 */
	from = timestamptz_to_time_t(zone->min - slack) - 1;
	found = pg_next_dst_boundary(&from, &before, &before_dst, &boundary,
								 &after, &after_dst, tz);
	if (found == 0 ||
		(found > 0 && timestamptz_to_time_t(zone->max + slack) + 1 < boundary))
		return 0;
	return slack;
}

/* Make the zone of a column that of the test's function of it. */
static bool
zone_apply_step(ZoneTest *test, Zone *zone)
{
	int64		slack;

	if (!zone->has_minmax || zone->nulls >= zone->rows)
		return true;
	if (!test->step_examined)
	{
		test->step_harmless = vexpr_ahead_step(test->shared, test->step_node);
		test->step_examined = true;
	}
	if (!test->step_harmless)
		return false;
	slack = zone_step_slack(test, zone);
	return zone_step_value(test, zone->min - slack, &zone->min) &&
		zone_step_value(test, zone->max + slack, &zone->max);
}

static int	zone_eval(ZoneTest *test, ZoneTime time, ZoneLookup lookup,
					  void *arg);

/* AND; OR is NOT (NOT a AND NOT b). */
static int
zone_eval_bool(ZoneTest *test, ZoneTime time, ZoneLookup lookup, void *arg)
{
	bool		is_or = test->kind == TEST_OR;
	int			decisive = is_or ? CAN_TRUE : CAN_FALSE;
	int			neutral = is_or ? CAN_FALSE : CAN_TRUE;
	bool		all_neutral = true;
	bool		can_null = false;
	bool		can_decide = false;
	bool		must_decide = false;
	ListCell   *cell;

	foreach(cell, test->children)
	{
		int			can = zone_eval(lfirst(cell), time, lookup, arg);

		all_neutral &= (can & neutral) != 0;
		can_decide |= (can & decisive) != 0;
		must_decide |= can == decisive;
		can_null |= (can & CAN_NULL) != 0;
	}
	if (must_decide)
		return decisive;
	return (can_decide ? decisive : 0) | (all_neutral ? neutral : 0) |
		(can_null ? CAN_NULL : 0);
}

static int
zone_eval(ZoneTest *test, ZoneTime time, ZoneLookup lookup, void *arg)
{
	Zone		zone;
	int			can;

	if (test == NULL)
		return CAN_ANY;
	switch (test->kind)
	{
		case TEST_AND:
		case TEST_OR:
			return zone_eval_bool(test, time, lookup, arg);
		case TEST_NOT:
			can = zone_eval(linitial(test->children), time, lookup, arg);
			return (can & CAN_NULL) | (can & CAN_TRUE ? CAN_FALSE : 0) |
				(can & CAN_FALSE ? CAN_TRUE : 0);
		case TEST_CONSTANT:
			if (!zone_verdict_prepare(test, time))
				return CAN_ANY;
			return test->isnull ? CAN_NULL :
				test->values[0] ? CAN_TRUE : CAN_FALSE;
		case TEST_NULL:
			if (!lookup(arg, test->attno, &zone) || zone.rows == 0)
				return CAN_TRUE | CAN_FALSE;
			return zone_eval_null(test, &zone);
		case TEST_COMPARE:
		case TEST_IN:
			if (!zone_verdict_prepare(test, time))
				return CAN_ANY;
			/* FALLTHROUGH */
		case TEST_BOOL:
			break;
	}
	if (!lookup(arg, test->attno, &zone) || zone.rows == 0)
		return CAN_ANY;
	if (test->step != NULL && !zone_apply_step(test, &zone))
		return CAN_ANY;
	return zone_eval_column(test, &zone);
}

ZoneVerdict
zone_verdict_eval(ZoneTest *test, ZoneTime time, ZoneLookup lookup, void *arg)
{
	int			can = zone_eval(test, time, lookup, arg);

	if ((can & CAN_TRUE) == 0)
		return ZONE_NONE;
	return can == CAN_TRUE ? ZONE_ALL : ZONE_SOME;
}
