/*
 * time_bucket.c
 *	  time_bucket(): the start of the bucket that holds a point in time.
 *
 * Model.  Buckets are half-open ranges [start, start + width) that tile the
 * time axis; one of them starts at the origin.  A width is one of two kinds:
 *
 *	fixed	days and time, no months.  A day is 24 hours, so the grid is pure
 *			arithmetic on the 64-bit value: start = ts - ((ts - origin) mod width)
 *	months	months and years, nothing else.  Starts are origin + k * width on
 *			the calendar; a day that a month lacks becomes its last day.
 *
 * A width with both kinds has no tiling that users would agree on: refused.
 *
 * timestamptz without a time zone argument is bucketed in UTC, never in the
 * session's zone: the functions are IMMUTABLE so that they can be indexed,
 * pushed down and materialised.  With a time zone, ts is taken to local time,
 * bucketed there, and the start is taken back.
 *
 * The default origin is Monday 2000-01-03, so that weeks start on Mondays; for
 * months it is 2000-01-01, so that years and quarters start in January.
 */
#include "postgres.h"

#include "common/int.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "compat/compat.h"

#define MONDAY_ORIGIN_DAYS 2	/* 2000-01-03, counted from 2000-01-01 */
#define MONTH_ORIGIN_DAYS 0

/* A checked bucket width: exactly one of the two fields is positive. */
typedef struct BucketWidth
{
	int32		months;
	int64		usecs;
} BucketWidth;

PG_FUNCTION_INFO_V1(rusts_time_bucket_timestamp);
PG_FUNCTION_INFO_V1(rusts_time_bucket_timestamp_offset);
PG_FUNCTION_INFO_V1(rusts_time_bucket_timezone);
PG_FUNCTION_INFO_V1(rusts_time_bucket_date);
PG_FUNCTION_INFO_V1(rusts_time_bucket_date_offset);
PG_FUNCTION_INFO_V1(rusts_time_bucket_int2);
PG_FUNCTION_INFO_V1(rusts_time_bucket_int4);
PG_FUNCTION_INFO_V1(rusts_time_bucket_int8);
PGDLLEXPORT Datum rusts_time_bucket_timestamp(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_time_bucket_timestamp_offset(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_time_bucket_timezone(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_time_bucket_date(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_time_bucket_date_offset(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_time_bucket_int2(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_time_bucket_int4(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_time_bucket_int8(PG_FUNCTION_ARGS);

static char *
interval_text(Interval *interval)
{
	return DatumGetCString(DirectFunctionCall1(interval_out,
											   IntervalPGetDatum(interval)));
}

static void
report_width_not_positive(char *width, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("bucket width must be greater than zero"),
			 errdetail("The given width is %s.", width),
			 errhint("%s", hint)));
}

static void
report_start_out_of_range(const char *type_name)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("bucket start is out of range for type %s", type_name),
			 errhint("Use a smaller bucket width.")));
}

static void
report_width_too_large(Interval *interval)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("bucket width is out of range"),
			 errdetail("The given width is %s.", interval_text(interval))));
}

/* Check a width given as an interval; errors out on one that cannot tile. */
static BucketWidth
width_from_interval(Interval *interval)
{
	BucketWidth width = {0, 0};
	int64		day_usecs;

	if (INTERVAL_NOT_FINITE(interval))
		report_width_too_large(interval);

	if (interval->month != 0)
	{
		if (interval->day != 0 || interval->time != 0)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("bucket width cannot mix months with days or time"),
					 errdetail("The given width is %s.", interval_text(interval)),
					 errhint("Use whole months and years, or days, hours and smaller units.")));
		width.months = interval->month;
	}
	else if (pg_mul_s64_overflow(interval->day, USECS_PER_DAY, &day_usecs) ||
			 pg_add_s64_overflow(day_usecs, interval->time, &width.usecs))
		report_width_too_large(interval);

	if (width.months <= 0 && width.usecs <= 0)
		report_width_not_positive(interval_text(interval),
								  "Use an interval such as '1 hour'.");
	return width;
}

/*
 * Distance from the start of value's bucket to value, in [0, width).
 *
 * Both remainders are taken first: value - origin itself may not fit.
 */
static int64
distance_from_start(int64 width, int64 value, int64 origin)
{
	int64		value_part = value % width;
	int64		origin_part = origin % width;
	int64		distance;

	if (value_part < 0)
		value_part += width;
	if (origin_part < 0)
		origin_part += width;
	distance = value_part - origin_part;
	return distance < 0 ? distance + width : distance;
}

/* Day number (from 2000-01-01) of a date; false when outside the Julian range. */
static bool
day_from_month_index(int64 month_index, int day_of_month, int32 *day)
{
	int64		year = month_index / MONTHS_PER_YEAR;
	int			month = (int) (month_index % MONTHS_PER_YEAR);
	int			last_day;

	if (month < 0)
	{
		month += MONTHS_PER_YEAR;
		year--;
	}
	if (year < JULIAN_MINYEAR || year > JULIAN_MAXYEAR ||
		!IS_VALID_JULIAN((int) year, month + 1, 1))
		return false;
	last_day = day_tab[isleap((int) year)][month];
	*day = date2j((int) year, month + 1, Min(day_of_month, last_day)) -
		POSTGRES_EPOCH_JDATE;
	return true;
}

/*
 * Start of the bucket of "months" months that holds a point, as a day number.
 *
 * A point and the origin are a day and a time within it; all buckets start at
 * the origin's time of day.  False when the start has no day number.
 */
static bool
month_bucket_day(int32 months, int32 day, int64 time,
				 int32 origin_day, int64 origin_time, int32 *start)
{
	int			year;
	int			month;
	int			mday;
	int			origin_mday;
	int64		origin_index;
	int64		index;

	j2date(origin_day + POSTGRES_EPOCH_JDATE, &year, &month, &origin_mday);
	origin_index = (int64) year * MONTHS_PER_YEAR + month - 1;
	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &mday);
	index = (int64) year * MONTHS_PER_YEAR + month - 1;

	index -= distance_from_start(months, index, origin_index);
	if (!day_from_month_index(index, origin_mday, start))
		return false;

	/* In the month of the start, the point may still lie before the start. */
	if (*start > day || (*start == day && origin_time > time))
		return day_from_month_index(index - months, origin_mday, start);
	return true;
}

/* Split a timestamp into its day number and the time within that day. */
static int32
split_timestamp(Timestamp ts, int64 *time)
{
	int64		day;

	*time = distance_from_start(USECS_PER_DAY, ts, 0);
	day = (ts - *time) / USECS_PER_DAY;
	return (int32) day;
}

static Timestamp
default_origin(BucketWidth width)
{
	return USECS_PER_DAY *
		(width.months > 0 ? MONTH_ORIGIN_DAYS : MONDAY_ORIGIN_DAYS);
}

/* The bucket start of a finite timestamp. */
static Timestamp
bucket_timestamp(BucketWidth width, Timestamp ts, Timestamp origin)
{
	Timestamp	start = 0;
	bool		valid;

	if (TIMESTAMP_NOT_FINITE(origin))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("bucket origin must be finite")));

	if (width.months > 0)
	{
		int64		time;
		int64		origin_time;
		int32		day = split_timestamp(ts, &time);
		int32		origin_day = split_timestamp(origin, &origin_time);
		int32		start_day;

		valid = month_bucket_day(width.months, day, time,
								 origin_day, origin_time, &start_day);
		if (valid)
			start = start_day * USECS_PER_DAY + origin_time;
	}
	else
		valid = !pg_sub_s64_overflow(ts, distance_from_start(width.usecs, ts, origin),
									 &start);

	if (!valid || !IS_VALID_TIMESTAMP(start))
		report_start_out_of_range("timestamp");
	return start;
}

static Timestamp
timestamp_plus(Timestamp ts, Interval *interval)
{
	return DatumGetTimestamp(DirectFunctionCall2(timestamp_pl_interval,
												 TimestampGetDatum(ts),
												 IntervalPGetDatum(interval)));
}

static Timestamp
timestamp_minus(Timestamp ts, Interval *interval)
{
	return DatumGetTimestamp(DirectFunctionCall2(timestamp_mi_interval,
												 TimestampGetDatum(ts),
												 IntervalPGetDatum(interval)));
}

/*
 * The bucket start of a finite timestamp when all buckets are moved by offset.
 *
 * A fixed grid moves with its origin.  A calendar grid does not (the first of
 * the month plus 30 days is not the 31st of every month), so there the point
 * moves the other way and the result is moved back.
 */
static Timestamp
bucket_timestamp_offset(BucketWidth width, Timestamp ts, Timestamp origin,
						Interval *offset)
{
	if (INTERVAL_NOT_FINITE(offset))
		report_start_out_of_range("timestamp");
	if (width.months > 0)
		return timestamp_plus(bucket_timestamp(width,
											   timestamp_minus(ts, offset),
											   origin),
							  offset);
	return bucket_timestamp(width, ts, timestamp_plus(origin, offset));
}

/* time_bucket(width, ts [, origin]) for timestamp and, in UTC, timestamptz */
Datum
rusts_time_bucket_timestamp(PG_FUNCTION_ARGS)
{
	BucketWidth width = width_from_interval(PG_GETARG_INTERVAL_P(0));
	Timestamp	ts = PG_GETARG_TIMESTAMP(1);
	Timestamp	origin = default_origin(width);

	if (PG_NARGS() > 2)
		origin = PG_GETARG_TIMESTAMP(2);
	if (TIMESTAMP_NOT_FINITE(ts))
		PG_RETURN_TIMESTAMP(ts);
	PG_RETURN_TIMESTAMP(bucket_timestamp(width, ts, origin));
}

/* time_bucket(width, ts, "offset") for timestamp and, in UTC, timestamptz */
Datum
rusts_time_bucket_timestamp_offset(PG_FUNCTION_ARGS)
{
	BucketWidth width = width_from_interval(PG_GETARG_INTERVAL_P(0));
	Timestamp	ts = PG_GETARG_TIMESTAMP(1);
	Interval   *offset = PG_GETARG_INTERVAL_P(2);

	if (TIMESTAMP_NOT_FINITE(ts))
		PG_RETURN_TIMESTAMP(ts);
	PG_RETURN_TIMESTAMP(bucket_timestamp_offset(width, ts,
												default_origin(width), offset));
}

static Timestamp
to_local(Datum zone, TimestampTz ts)
{
	return DatumGetTimestamp(DirectFunctionCall2(timestamptz_zone, zone,
												 TimestampTzGetDatum(ts)));
}

static TimestampTz
from_local(Datum zone, Timestamp local)
{
	return DatumGetTimestampTz(DirectFunctionCall2(timestamp_zone, zone,
												   TimestampGetDatum(local)));
}

/*
 * time_bucket(width, ts, timezone [, origin] [, "offset"])
 *
 * When clocks go back, a local time occurs twice.  A bucket shorter than a day
 * that starts in that hour keeps the UTC offset of ts, as date_trunc('hour')
 * does: otherwise the rows of the first hour would get a start after their own
 * time.  From a day up the start is read as PostgreSQL reads any local time,
 * as date_trunc('day') does, so that a day is never cut in two.
 */
Datum
rusts_time_bucket_timezone(PG_FUNCTION_ARGS)
{
	BucketWidth width;
	TimestampTz ts;
	Datum		zone;
	Timestamp	origin;
	Timestamp	local;
	Timestamp	start;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();

	width = width_from_interval(PG_GETARG_INTERVAL_P(0));
	ts = PG_GETARG_TIMESTAMPTZ(1);
	zone = PG_GETARG_DATUM(2);
	if (TIMESTAMP_NOT_FINITE(ts))
		PG_RETURN_TIMESTAMPTZ(ts);

	local = to_local(zone, ts);
	origin = PG_ARGISNULL(3) ? default_origin(width) :
		to_local(zone, PG_GETARG_TIMESTAMPTZ(3));
	start = PG_ARGISNULL(4) ? bucket_timestamp(width, local, origin) :
		bucket_timestamp_offset(width, local, origin, PG_GETARG_INTERVAL_P(4));

	if (width.months == 0 && width.usecs < USECS_PER_DAY)
	{
		TimestampTz same_offset = ts - (local - start);

		if (IS_VALID_TIMESTAMP(same_offset) &&
			to_local(zone, same_offset) == start)
			PG_RETURN_TIMESTAMPTZ(same_offset);
	}
	PG_RETURN_TIMESTAMPTZ(from_local(zone, start));
}

/* Whole days of an interval without months; errors out on a part of a day. */
static int64
whole_days(int64 usecs, const char *what, Interval *interval)
{
	if (usecs % USECS_PER_DAY != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s for dates must be a whole number of days", what),
				 errdetail("The given value is %s.", interval_text(interval)),
				 errhint("Cast the date to timestamp for parts of a day.")));
	return usecs / USECS_PER_DAY;
}

/* The bucket start of a finite date; days need not fit a timestamp. */
static DateADT
bucket_date(Interval *interval, DateADT date, DateADT origin)
{
	BucketWidth width = width_from_interval(interval);
	int64		start = 0;
	bool		valid = true;

	if (DATE_NOT_FINITE(origin))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("bucket origin must be finite")));

	if (width.months > 0)
	{
		int32		start_day;

		valid = month_bucket_day(width.months, date, 0, origin, 0, &start_day);
		if (valid)
			start = start_day;
	}
	else
		start = date -
			distance_from_start(whole_days(width.usecs, "bucket width", interval),
								date, origin);

	if (!valid || !IS_VALID_DATE(start))
		report_start_out_of_range("date");
	return (DateADT) start;
}

static DateADT
default_date_origin(Interval *width)
{
	return width->month != 0 ? MONTH_ORIGIN_DAYS : MONDAY_ORIGIN_DAYS;
}

/* time_bucket(width, ts date [, origin]) */
Datum
rusts_time_bucket_date(PG_FUNCTION_ARGS)
{
	Interval   *width = PG_GETARG_INTERVAL_P(0);
	DateADT		date = PG_GETARG_DATEADT(1);
	DateADT		origin = default_date_origin(width);

	if (PG_NARGS() > 2)
		origin = PG_GETARG_DATEADT(2);
	if (DATE_NOT_FINITE(date))
	{
		(void) width_from_interval(width);
		PG_RETURN_DATEADT(date);
	}
	PG_RETURN_DATEADT(bucket_date(width, date, origin));
}

/* time_bucket(width, ts date, "offset"): whole days; months move the origin */
Datum
rusts_time_bucket_date_offset(PG_FUNCTION_ARGS)
{
	Interval   *width = PG_GETARG_INTERVAL_P(0);
	DateADT		date = PG_GETARG_DATEADT(1);
	Interval   *offset = PG_GETARG_INTERVAL_P(2);
	DateADT		origin = default_date_origin(width);
	int64		days;

	if (DATE_NOT_FINITE(date))
	{
		(void) width_from_interval(width);
		PG_RETURN_DATEADT(date);
	}
	if (INTERVAL_NOT_FINITE(offset))
		report_start_out_of_range("date");

	days = offset->day + whole_days(offset->time, "bucket offset", offset);
	if (offset->month != 0 &&
		!day_from_month_index((int64) 2000 * MONTHS_PER_YEAR + offset->month,
							  origin + 1, &origin))
		report_start_out_of_range("date");

	/*
	 * Months moved the origin (its day is 1 or 3, so nothing clamped); days
	 * move the date there and the start back.
	 */
	if (!IS_VALID_DATE(date - days))
		report_start_out_of_range("date");
	days += bucket_date(width, (DateADT) (date - days), origin);
	if (!IS_VALID_DATE(days))
		report_start_out_of_range("date");
	PG_RETURN_DATEADT((DateADT) days);
}

/*
 * time_bucket(width, ts [, "offset"]) for an integer type with smallest value
 * min.  The unit is the caller's; the origin is zero, or the offset.
 */
static int64
bucket_integer(int64 width, int64 value, int64 offset, int64 min)
{
	int64		start;

	if (width <= 0)
		report_width_not_positive(psprintf(INT64_FORMAT, width),
								  "Use a positive number in the unit of the time column.");
	if (pg_sub_s64_overflow(value, distance_from_start(width, value, offset),
							&start) ||
		start < min)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("bucket start is out of range for its integer type"),
				 errdetail("The given width is " INT64_FORMAT ", the value " INT64_FORMAT ".",
						   width, value),
				 errhint("Use a smaller bucket width or a wider integer type.")));
	return start;
}

Datum
rusts_time_bucket_int2(PG_FUNCTION_ARGS)
{
	int64		offset = PG_NARGS() > 2 ? PG_GETARG_INT16(2) : 0;

	PG_RETURN_INT16((int16) bucket_integer(PG_GETARG_INT16(0), PG_GETARG_INT16(1),
										   offset, PG_INT16_MIN));
}

Datum
rusts_time_bucket_int4(PG_FUNCTION_ARGS)
{
	int64		offset = PG_NARGS() > 2 ? PG_GETARG_INT32(2) : 0;

	PG_RETURN_INT32((int32) bucket_integer(PG_GETARG_INT32(0), PG_GETARG_INT32(1),
										   offset, PG_INT32_MIN));
}

Datum
rusts_time_bucket_int8(PG_FUNCTION_ARGS)
{
	int64		offset = PG_NARGS() > 2 ? PG_GETARG_INT64(2) : 0;

	PG_RETURN_INT64(bucket_integer(PG_GETARG_INT64(0), PG_GETARG_INT64(1),
								   offset, PG_INT64_MIN));
}
