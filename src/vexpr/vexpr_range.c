/*
 * vexpr_range.c
 *	  Between what bounds does the result of a function lie?
 *
 * Interval arithmetic for the functions that times are compared with and
 * grouped by.  A function cannot fail when its result, computed from any values
 * between the bounds of its arguments, is one of its type; what else it asks
 * of an argument (a width greater than zero, the name of a unit or of a time
 * zone) must be known.  Bounds may be too wide, never too narrow.
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "access/detoast.h"
#include "catalog/pg_type_d.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "vexpr/cfunction.h"
#include "vexpr/vexpr_range.h"

#define DAY_USECS ((double) USECS_PER_DAY)
#define YEAR_USECS (366 * DAY_USECS)
/* Seconds from 1970 to 2000. */
#define EPOCH_SECONDS 946684800.0
/* Floats and numerics beyond are left alone. */
#define REAL_LIMIT 1e200

/* ---------- ranges ---------- */

static bool
value_number(Oid type, Datum value, double *number)
{
	switch (type)
	{
		case INT2OID:
			*number = DatumGetInt16(value);
			return true;
		case INT4OID:
			*number = DatumGetInt32(value);
			return true;
		case INT8OID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			*number = (double) DatumGetInt64(value);
			return true;
		case DATEOID:
			*number = DatumGetDateADT(value);
			return true;
		case FLOAT8OID:
			*number = DatumGetFloat8(value);
			return !isnan(*number) && !isinf(*number);
		case NUMERICOID:
			*number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, value));
			return !isnan(*number) && !isinf(*number);
		default:
			return false;
	}
}

Range
vexpr_range_of_value(Oid type, Datum value, bool isnull)
{
	Range		range = {type, true, isnull, value, false, 0, 0};

	if (!isnull && value_number(type, value, &range.low))
	{
		range.bounded = true;
		range.high = range.low;
	}
	return range;
}

Range
vexpr_range_union(Range a, Range b)
{
	Range		range = {a.type};

	/* what is NULL has no bounds to add */
	if (a.known && a.isnull)
		return b;
	if (b.known && b.isnull)
		return a;
	range.bounded = a.bounded && b.bounded;
	range.low = Min(a.low, b.low);
	range.high = Max(a.high, b.high);
	return range;
}

/* Set the bounds of a result; false: its type does not have all of them. */
static bool
put(Range *result, double low, double high)
{
	double		limit;

	switch (result->type)
	{
		case INT2OID:
			limit = PG_INT16_MAX;
			break;
		case INT4OID:
			limit = PG_INT32_MAX;
			break;
		case INT8OID:
			limit = 9e18;
			break;
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			limit = 2.0 * RANGE_USECS;
			break;
		case DATEOID:
			limit = 2.0 * RANGE_DAYS;
			break;
		case FLOAT8OID:
		case NUMERICOID:
			limit = REAL_LIMIT;
			break;
		default:
			return false;
	}
	result->bounded = true;
	result->low = low;
	result->high = high;
	return low >= -limit && high <= limit;
}

/* ---------- arguments that must be known ---------- */

static bool
is_known(const Range *arg, Oid type)
{
	return arg->known && !arg->isnull && arg->type == type;
}

/* A text that is not too long for a name, as a string; NULL: another. */
static char *
known_name(const Range *arg)
{
	if (!is_known(arg, TEXTOID) ||
		toast_raw_datum_size(arg->value) > VARHDRSZ + TZ_STRLEN_MAX)
		return NULL;
	return TextDatumGetCString(arg->value);
}

/* Bounds of what an interval adds to a time, in microseconds. */
static bool
interval_span(const Range *arg, double *span)
{
	const Interval *interval;

	if (!is_known(arg, INTERVALOID))
		return false;
	interval = DatumGetIntervalP(arg->value);
	*span = fabs((double) interval->month) * 31 * DAY_USECS +
		fabs((double) interval->day) * DAY_USECS +
		fabs((double) interval->time) + DAY_USECS;
	return *span < RANGE_USECS;
}

/*
 * The width of a bucket in microseconds; whole_days: nothing smaller is
 * allowed; months: may it be some?
 */
static bool
width_of(const Range *arg, bool whole_days, bool months, double *width)
{
	const Interval *interval;

	if (!interval_span(arg, width))
		return false;
	interval = DatumGetIntervalP(arg->value);
	if (interval->month < 0 || interval->day < 0 || interval->time < 0 ||
		(whole_days && interval->time % USECS_PER_DAY != 0))
		return false;
	if (interval->month > 0)
		return months && interval->day == 0 && interval->time == 0;
	return interval->day > 0 || interval->time > 0;
}

static bool
is_unit(const Range *arg, bool or_field)
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

	name = known_name(arg);
	if (name == NULL)
		return false;
	for (i = 0; i < n; i++)
		if (pg_strcasecmp(name, units[i]) == 0)
			return true;
	return false;
}

static bool
is_epoch(const Range *arg)
{
	return pg_strcasecmp(TextDatumGetCString(arg->value), "epoch") == 0;
}

static bool
is_zone(const Range *arg)
{
	char	   *name = known_name(arg);

	return name != NULL && pg_tzset(name) != NULL;
}

/* ---------- kinds of functions ---------- */

static bool
multiply(const Range *a, const Range *b, Range *result)
{
	double		products[4];
	double		low;
	double		high;
	int			i;

	products[0] = a->low * b->low;
	products[1] = a->low * b->high;
	products[2] = a->high * b->low;
	products[3] = a->high * b->high;
	low = high = products[0];
	for (i = 1; i < 4; i++)
	{
		low = Min(low, products[i]);
		high = Max(high, products[i]);
	}
	return put(result, low, high);
}

/* By a number that is at least one, hence no further from zero. */
static bool
divide(const Range *a, const Range *b, Range *result)
{
	return b->low >= 1 && put(result, Min(a->low, 0), Max(a->high, 0));
}

static bool
move_time(const Range *time, const Range *interval, Range *result)
{
	double		unit = time->type == DATEOID ? DAY_USECS : 1;
	double		span;

	return interval_span(interval, &span) &&
		put(result, time->low * unit - span, time->high * unit + span);
}

/* Arithmetic of intervals is only done with what is known. */
static bool
interval_times(const Range *interval, const Range *factor, Range *result)
{
	double		span;

	return interval_span(interval, &span) && factor->bounded &&
		factor->known && span * Max(1, fabs(factor->low)) < RANGE_USECS;
}

static bool
interval_added(const Range *args, int nargs, Range *result)
{
	double		span;
	int			i;

	for (i = 0; i < nargs; i++)
		if (!interval_span(&args[i], &span))
			return false;
	return true;
}

static bool
interval_made(const Range *args, int nargs)
{
	int			i;

	for (i = 0; i < nargs; i++)
		if (!args[i].known || args[i].isnull || !args[i].bounded ||
			fabs(args[i].low) > 10000)
			return false;
	return true;
}

static bool
extract(const Range *args, Range *result)
{
	if (!is_unit(&args[0], true))
		return false;
	if (!is_epoch(&args[0]))
		return put(result, -1e8, 1e8);
	return put(result, args[1].low / USECS_PER_SEC + EPOCH_SECONDS - 1,
			   args[1].high / USECS_PER_SEC + EPOCH_SECONDS + 1);
}

/* Buckets of integers: what goes beyond the type is an error. */
static bool
bucket_integer(const Range *args, int nargs, Range *result)
{
	double		margin = args[0].high;

	if (!args[0].known || !args[0].bounded || args[0].low < 1)
		return false;
	if (nargs > 2)
	{
		if (!args[2].known || !args[2].bounded)
			return false;
		margin += fabs(args[2].low);
	}
	return put(result, args[1].low - margin, args[1].high + margin);
}

/* An offset, an origin or a time zone. */
static bool
bucket_extra(const Range *arg, bool is_date, double *margin)
{
	double		span;

	/* not given: the default */
	if (arg->known && arg->isnull && arg->type != TEXTOID)
		return true;
	switch (arg->type)
	{
		case INTERVALOID:
			if (!interval_span(arg, &span) ||
				(is_date && DatumGetIntervalP(arg->value)->time != 0))
				return false;
			*margin += 2 * span;
			return true;
		case TEXTOID:
			return is_zone(arg);
		default:
			return arg->known && !arg->isnull && arg->bounded &&
				fabs(arg->low) < (is_date ? RANGE_DAYS : RANGE_USECS);
	}
}

static bool
bucket_time(const Range *args, int nargs, Range *result)
{
	bool		is_date = args[1].type == DATEOID;
	double		margin = 2 * YEAR_USECS;
	double		width;
	int			i;

	if (!width_of(&args[0], is_date, true, &width))
		return false;
	for (i = 2; i < nargs; i++)
		if (!bucket_extra(&args[i], is_date, &margin))
			return false;
	margin += width;
	if (is_date)
		margin /= DAY_USECS;
	return put(result, args[1].low - margin, args[1].high + margin);
}

static bool
bucket(const Range *args, int nargs, Range *result)
{
	switch (args[1].type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return bucket_integer(args, nargs, result);
		default:
			return bucket_time(args, nargs, result);
	}
}

/* ---------- functions ---------- */

/* Of values that have bounds: numbers, and times to times. */
static bool
range_of_arithmetic(Oid function, const Range *a, const Range *b,
					Range *result)
{
	switch (function)
	{
		case F_INT4PL:
		case F_INT8PL:
		case F_INT84PL:
		case F_NUMERIC_ADD:
		case F_FLOAT8PL:
		case F_DATE_PLI:
			return put(result, a->low + b->low, a->high + b->high);
		case F_INT4MI:
		case F_INT8MI:
		case F_INT84MI:
		case F_NUMERIC_SUB:
		case F_FLOAT8MI:
		case F_DATE_MII:
			return put(result, a->low - b->high, a->high - b->low);
		case F_INT4MUL:
		case F_INT8MUL:
		case F_INT84MUL:
		case F_NUMERIC_MUL:
		case F_FLOAT8MUL:
			return multiply(a, b, result);
		case F_INT4DIV:
		case F_INT8DIV:
		case F_INT84DIV:
		case F_NUMERIC_DIV:
		case F_FLOAT8DIV:
			return divide(a, b, result);
		default:
			return false;
	}
}

static bool
range_of_conversion(Oid function, const Range *a, Range *result)
{
	switch (function)
	{
		case F_INT4UM:
		case F_INT8UM:
		case F_NUMERIC_UMINUS:
		case F_FLOAT8UM:
			return put(result, -a->high, -a->low);
		case F_INT8_INT4:
		case F_INT8_INT2:
		case F_INT4_INT2:
		case F_INT4_INT8:
		case F_FLOAT8_INT4:
		case F_FLOAT8_INT8:
		case F_NUMERIC_INT4:
		case F_NUMERIC_INT8:
		case F_FLOAT8_NUMERIC:
		case F_INT8_NUMERIC:
		case F_INT4_NUMERIC:
		case F_INT8_FLOAT8:
		case F_INT4_FLOAT8:
		case F_FLOOR_NUMERIC:
		case F_CEIL_NUMERIC:
		case F_CEILING_NUMERIC:
		case F_FLOOR_FLOAT8:
		case F_CEIL_FLOAT8:
		case F_CEILING_FLOAT8:
			return put(result, a->low - 1, a->high + 1);
		case F_TIMESTAMPTZ_TIMESTAMP:
		case F_TIMESTAMP_TIMESTAMPTZ:
			return put(result, a->low - DAY_USECS, a->high + DAY_USECS);
		case F_TIMESTAMPTZ_DATE:
		case F_TIMESTAMP_DATE:
			return put(result, (a->low - 1) * DAY_USECS,
					   (a->high + 1) * DAY_USECS);
		case F_DATE_TIMESTAMP:
		case F_DATE_TIMESTAMPTZ:
			return put(result, a->low / DAY_USECS - 2, a->high / DAY_USECS + 2);
		case F_TO_TIMESTAMP_FLOAT8:
			return put(result, (a->low - EPOCH_SECONDS) * USECS_PER_SEC,
					   (a->high - EPOCH_SECONDS) * USECS_PER_SEC);
		default:
			return false;
	}
}

/* Of times, by arguments that must be known. */
static bool
range_of_time(Oid function, const Range *args, int nargs, Range *result)
{
	double		width;

	switch (function)
	{
		case F_TIMESTAMPTZ_PL_INTERVAL:
		case F_TIMESTAMPTZ_MI_INTERVAL:
		case F_TIMESTAMP_PL_INTERVAL:
		case F_TIMESTAMP_MI_INTERVAL:
		case F_DATE_PL_INTERVAL:
		case F_DATE_MI_INTERVAL:
			return args[0].bounded && move_time(&args[0], &args[1], result);
		case F_TIMEZONE_TEXT_TIMESTAMPTZ:
		case F_TIMEZONE_TEXT_TIMESTAMP:
			return args[1].bounded && is_zone(&args[0]) &&
				put(result, args[1].low - DAY_USECS, args[1].high + DAY_USECS);
		case F_DATE_TRUNC_TEXT_TIMESTAMP:
		case F_DATE_TRUNC_TEXT_TIMESTAMPTZ:
		case F_DATE_TRUNC_TEXT_TIMESTAMPTZ_TEXT:
			return args[1].bounded && is_unit(&args[0], false) &&
				(nargs < 3 || is_zone(&args[2])) &&
				put(result, args[1].low - 1001 * YEAR_USECS,
					args[1].high + DAY_USECS);
		case F_EXTRACT_TEXT_TIMESTAMP:
		case F_EXTRACT_TEXT_TIMESTAMPTZ:
		case F_DATE_PART_TEXT_TIMESTAMP:
		case F_DATE_PART_TEXT_TIMESTAMPTZ:
			return args[1].bounded && extract(args, result);
		case F_DATE_BIN_INTERVAL_TIMESTAMP_TIMESTAMP:
		case F_DATE_BIN_INTERVAL_TIMESTAMPTZ_TIMESTAMPTZ:
			return args[1].bounded && args[2].bounded &&
				args[2].low > -RANGE_USECS && args[2].high < RANGE_USECS &&
				width_of(&args[0], false, false, &width) &&
				put(result, args[1].low - width, args[1].high + width);
		default:
			return false;
	}
}

/* The functions of range_of_time. */
static bool
is_of_time(Oid function)
{
	static const Oid functions[] = {
		F_TIMESTAMPTZ_PL_INTERVAL, F_TIMESTAMPTZ_MI_INTERVAL,
		F_TIMESTAMP_PL_INTERVAL, F_TIMESTAMP_MI_INTERVAL,
		F_DATE_PL_INTERVAL, F_DATE_MI_INTERVAL, F_TIMEZONE_TEXT_TIMESTAMPTZ,
		F_TIMEZONE_TEXT_TIMESTAMP, F_DATE_TRUNC_TEXT_TIMESTAMP,
		F_DATE_TRUNC_TEXT_TIMESTAMPTZ, F_DATE_TRUNC_TEXT_TIMESTAMPTZ_TEXT,
		F_EXTRACT_TEXT_TIMESTAMP, F_EXTRACT_TEXT_TIMESTAMPTZ,
		F_DATE_PART_TEXT_TIMESTAMP, F_DATE_PART_TEXT_TIMESTAMPTZ,
		F_DATE_BIN_INTERVAL_TIMESTAMP_TIMESTAMP,
		F_DATE_BIN_INTERVAL_TIMESTAMPTZ_TIMESTAMPTZ
	};
	int			i;

	for (i = 0; i < lengthof(functions); i++)
		if (functions[i] == function)
			return true;
	return false;
}

bool
vexpr_range_of_call(Oid function, const Range *args, int nargs, Range *result)
{
	int			i;

	switch (function)
	{
		case F_NOW:
		case F_TRANSACTION_TIMESTAMP:
		case F_STATEMENT_TIMESTAMP:
			return put(result, 0, 200 * YEAR_USECS);
		case F_TO_CHAR_TIMESTAMP_TEXT:
		case F_TO_CHAR_TIMESTAMPTZ_TEXT:
			return args[1].known;
		case F_INTERVAL_PL:
		case F_INTERVAL_MI:
		case F_INTERVAL_UM:
			return interval_added(args, nargs, result);
		case F_INTERVAL_MUL:
			return interval_times(&args[0], &args[1], result);
		case F_MUL_D_INTERVAL:
			return interval_times(&args[1], &args[0], result);
		case F_MAKE_INTERVAL:
			return interval_made(args, nargs);
		default:
			break;
	}
	if (cfunction_has_prefix(function, "rusts_time_bucket_"))
		return args[1].bounded && bucket(args, nargs, result);
	/* the others are strict */
	for (i = 0; i < nargs; i++)
		if (args[i].known && args[i].isnull)
			return true;
	if (is_of_time(function))
		return range_of_time(function, args, nargs, result);
	for (i = 0; i < nargs; i++)
		if (!args[i].bounded)
			return false;
	return nargs == 2 ? range_of_arithmetic(function, &args[0], &args[1], result) :
		nargs == 1 && range_of_conversion(function, &args[0], result);
}

/* ---------- times as texts ---------- */

/* Read n digits, at most high; false: they are not there. */
static bool
read_digits(const char **at, int n, int high, int *value)
{
	*value = 0;
	for (; n > 0; n--)
	{
		if (!isdigit((unsigned char) **at))
			return false;
		*value = *value * 10 + *(*at)++ - '0';
	}
	return *value <= high;
}

static bool
skip(const char **at, char wanted)
{
	if (**at != wanted)
		return false;
	(*at)++;
	return true;
}

/* hh:mm[:ss[.ffffff]] */
static bool
read_time_of_day(const char **at)
{
	int			value;

	if (!read_digits(at, 2, 23, &value) || !skip(at, ':') ||
		!read_digits(at, 2, 59, &value))
		return false;
	if (!skip(at, ':'))
		return true;
	if (!read_digits(at, 2, 59, &value))
		return false;
	if (skip(at, '.'))
		for (value = 0; isdigit((unsigned char) **at); value++)
			(*at)++;
	return value <= 59;
}

/* Z, +hh or +hh:mm, if there is any */
static bool
read_offset(const char **at)
{
	int			value;

	if (skip(at, 'Z') || (!skip(at, '+') && !skip(at, '-')))
		return true;
	return read_digits(at, 2, 14, &value) &&
		(!skip(at, ':') || read_digits(at, 2, 59, &value));
}

bool
vexpr_range_is_iso_time(const Range *text)
{
	const char *at = known_name(text);
	int			year;
	int			month;
	int			day;

	if (at == NULL || !read_digits(&at, 4, 4000, &year) || !skip(&at, '-') ||
		!read_digits(&at, 2, 12, &month) || !skip(&at, '-') ||
		!read_digits(&at, 2, 31, &day) || year == 0 || month == 0 ||
		day == 0 || day > day_tab[isleap(year)][month - 1])
		return false;
	if ((skip(&at, ' ') || skip(&at, 'T')) && !read_time_of_day(&at))
		return false;
	return read_offset(&at) && *at == '\0';
}
