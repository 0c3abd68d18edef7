/*
 * stepvalues.c
 *	  How many values does a function of a column have?
 *
 * For a bucket with a constant width this is known at once.  Other functions
 * of a time column, such as to_char(time, 'YYYY-MM'), extract(epoch FROM
 * time)::bigint / 86400 or time_bucket('1 hour', time) + interval '30
 * minutes', are tried at some random times of those the table has, when the
 * planner may evaluate them (they cannot fail).  Equal values among n random
 * ones tell how many there are; when all are different, pairs of times ever
 * closer to each other tell how wide a step is.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type_d.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "scan/stepvalues.h"
#include "segment/value.h"
#include "vexpr/bucket.h"
#include "vexpr/shape.h"
#include "vexpr/vexpr.h"
#include "vexpr/vexpr_ahead.h"
#include "vexpr/vexpr_range.h"

/* ---------- widths that are given ---------- */

/* Microseconds of a bucket's width, or its number; 0: unknown. */
static double
width_given(Const *width)
{
	static const struct
	{
		const char *name;
		double		usecs;
	}			units[] = {
		{"second", USECS_PER_SEC}, {"minute", USECS_PER_MINUTE},
		{"hour", USECS_PER_HOUR}, {"day", USECS_PER_DAY},
		{"week", 7.0 * USECS_PER_DAY}, {"month", 30.4 * USECS_PER_DAY},
		{"quarter", 91.3 * USECS_PER_DAY}, {"year", 365.25 * USECS_PER_DAY},
	};
	Interval   *interval;
	int			i;

	switch (width->consttype)
	{
		case INTERVALOID:
			interval = DatumGetIntervalP(width->constvalue);
			return interval->time + interval->day * (double) USECS_PER_DAY +
				interval->month * 30.4 * USECS_PER_DAY;
		case INT2OID:
			return DatumGetInt16(width->constvalue);
		case INT4OID:
			return DatumGetInt32(width->constvalue);
		case INT8OID:
			return (double) DatumGetInt64(width->constvalue);
		case TEXTOID:
			for (i = 0; i < lengthof(units); i++)
				if (pg_strcasecmp(units[i].name,
								  TextDatumGetCString(width->constvalue)) == 0)
					return units[i].usecs;
			return 0;
		default:
			return 0;
	}
}

static double
bucket_width(Node *expr, Var *var)
{
	AttrNumber	attno;
	bool		zoned;
	Node	   *width;
	double		result;

	if (!bucket_column(expr, &attno, &zoned))
		return 0;
	width = linitial(((FuncExpr *) expr)->args);
	if (!IsA(width, Const) || ((Const *) width)->constisnull)
		return 0;
	result = width_given((Const *) width);
	return var->vartype == DATEOID ? result / USECS_PER_DAY : Max(result, 0);
}

/* ---------- trying ---------- */

#define TRIALS 128
/* Fewer equal values than this tell nothing. */
#define EQUALS_MIN 3
#define PAIRS 32
#define PAIR_STEPS 24

typedef struct Trial
{
	List	   *states;			/* ExprState */
	ExprContext *econtext;
	int16		input_typlen;
	const OutlineSpan *spans;
	int			nspans;
	double		length;			/* of all spans */
	uint64		random;
} Trial;

/* In [0, 1), the same numbers for each plan. */
static double
trial_random(Trial *trial)
{
	trial->random = trial->random * UINT64CONST(6364136223846793005) +
		UINT64CONST(1442695040888963407);
	return (double) (trial->random >> 11) / (double) (UINT64CONST(1) << 53);
}

/* A value of the column, at random. */
static int64
trial_input(Trial *trial)
{
	double		at = trial_random(trial) * trial->length;
	int			i;

	for (i = 0; i < trial->nspans - 1; i++)
	{
		const OutlineSpan *span = &trial->spans[i];
		double		length = ((double) span->to - span->from + 1) * span->windows;

		if (at < length)
			return span->from + (int64) (at / span->windows);
		at -= length;
	}
	return Min(trial->spans[i].from + (int64) (at / trial->spans[i].windows),
			   trial->spans[i].to);
}

static uint64
hash_value(ExprState *state, ExprContext *econtext)
{
	int16		typlen;
	bool		typbyval;
	bool		isnull;
	Datum		value = ExecEvalExprSwitchContext(state, econtext, &isnull);

	if (isnull)
		return 0;
	get_typlenbyval(exprType((Node *) state->expr), &typlen, &typbyval);
	if (typbyval)
		value = value_normalize(value, typlen);
	return DatumGetUInt64(typbyval ?
						  hash_any_extended((unsigned char *) &value,
											sizeof(value), 0) :
						  hash_any_extended((unsigned char *) DatumGetPointer(value),
											datumGetSize(value, false, typlen), 0));
}

/* A number that equal combinations of values have in common. */
static uint64
trial_value(Trial *trial, int64 input)
{
	ExprContext *econtext = trial->econtext;
	uint64		hash = 0;
	ListCell   *cell;

	econtext->caseValue_datum = value_normalize((Datum) input,
												trial->input_typlen);
	econtext->caseValue_isNull = false;
	foreach(cell, trial->states)
		hash = hash_combine64(hash, hash_value(lfirst(cell), econtext));
	ResetExprContext(econtext);
	return hash;
}

static int
hash_compare(const void *a, const void *b)
{
	uint64		x = *(const uint64 *) a;
	uint64		y = *(const uint64 *) b;

	return x < y ? -1 : x > y;
}

/* How many of n random values are different? */
static int
count_different(Trial *trial)
{
	uint64		hashes[TRIALS];
	int			different = 0;
	int			i;

	for (i = 0; i < TRIALS; i++)
		hashes[i] = trial_value(trial, trial_input(trial));
	qsort(hashes, TRIALS, sizeof(uint64), hash_compare);
	for (i = 0; i < TRIALS; i++)
		different += i == 0 || hashes[i] != hashes[i - 1];
	return different;
}

/* Of how many equally likely values are so many different ones, among TRIALS? */
static double
values_behind(int different)
{
	double		low = different;
	double		high = 1e5;

	while (high - low > 0.5)
	{
		double		middle = (low + high) / 2;

		if (middle * (1 - exp(-TRIALS / middle)) < different)
			low = middle;
		else
			high = middle;
	}
	return rint(low);
}

/* How wide are the steps, if half of the pairs at some distance are equal? */
static double
find_width(Trial *trial)
{
	double		distance = trial->length / TRIALS;
	int			i;

	for (i = 0; i < PAIR_STEPS && distance >= 1; i++)
	{
		int			different = 0;
		int			pair;

		for (pair = 0; pair < PAIRS; pair++)
		{
			int64		input = trial_input(trial);

			different += trial_value(trial, input) !=
				trial_value(trial, input + (int64) distance);
		}
		if (different <= PAIRS / 2)
			return distance * PAIRS / Max(different, 1);
		distance /= 4;
	}
	return 1;
}

static StepValues
try_values(Trial *trial)
{
	StepValues	result = {0, 0};
	int			different = count_different(trial);

	if (TRIALS - different >= EQUALS_MIN)
		result.count = values_behind(different);
	else
		result.width = find_width(trial);
	return result;
}

static double
length_of(const OutlineSpan *spans, int nspans)
{
	double		length = 0;
	int			i;

	for (i = 0; i < nspans; i++)
		length += ((double) spans[i].to - spans[i].from + 1) * spans[i].windows;
	return length;
}

static bool
can_be_tried(Node *expr, Var *var, const OutlineSpan *spans, int nspans)
{
	int64		low = PG_INT64_MAX;
	int64		high = PG_INT64_MIN;
	int			i;

	for (i = 0; i < nspans; i++)
	{
		low = Min(low, spans[i].from);
		high = Max(high, spans[i].to);
	}
	if (!shape_is_time(var->vartype))
		return false;
	/* pairs of times may reach beyond */
	return nspans > 0 && low > -RANGE_USECS && high < RANGE_USECS &&
		vexpr_ahead_of_column(expr, low, high + (high - low) / TRIALS + 1);
}

bool
stepvalues_possible(Node *expr, Var *var, const OutlineSpan *spans, int nspans)
{
	return IsA(expr, Var) || bucket_width(expr, var) > 0 ||
		can_be_tried(expr, var, spans, nspans);
}

/* Of combinations of columns and buckets: the smallest; 0: others are there. */
static double
smallest_width(List *exprs, Var *var)
{
	double		smallest = DBL_MAX;
	ListCell   *cell;

	foreach(cell, exprs)
	{
		double		width = IsA(lfirst(cell), Var) ? 1 :
			bucket_width(lfirst(cell), var);

		smallest = Min(smallest, width);
	}
	return smallest;
}

StepValues
stepvalues_find(List *exprs, Var *var, const OutlineSpan *spans, int nspans)
{
	StepValues	result = {smallest_width(exprs, var), 0};
	Trial		trial = {NIL};
	ListCell   *cell;

	if (result.width > 0 || nspans == 0)
		return result;
	trial.input_typlen = get_typlen(var->vartype);
	trial.spans = spans;
	trial.nspans = nspans;
	trial.length = length_of(spans, nspans);
	trial.random = 1;
	trial.econtext = CreateStandaloneExprContext();
	foreach(cell, exprs)
	{
		/* a bucket with a width but not to be tried is not among these */
		if (!can_be_tried(lfirst(cell), var, spans, nspans))
			continue;
		trial.states = lappend(trial.states,
							   ExecInitExpr((Expr *) vexpr_with_placeholder(lfirst(cell)),
											NULL));
	}
	result = try_values(&trial);
	FreeExprContext(trial.econtext, true);
	return result;
}
