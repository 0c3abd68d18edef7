/*
 * ingest_value.c
 *	  Values of tags and fields as values of columns.
 *
 * A value is taken where nothing of it is lost.  float8, bigint, boolean and
 * text are what fields become in new tables, and take their own type alone, as
 * a field in InfluxDB does.  (real takes floats and rounds them, as it does
 * with every number that is written in decimal.)  Narrower integers take what
 * fits, numeric any number, other types what their text form allows.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "ingest/ingest_value.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#define VALUE_EPOCH_US \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

static const char *const wire_types[] = {
	"float", "integer", "unsigned", "boolean", "string"
};

const char *
ingest_value_wire_type(WireType type)
{
	return wire_types[type];
}

const char *
ingest_value_column_type(const Target *target, AttrNumber attnum)
{
	switch (target->columns[attnum - 1].kind)
	{
		case TARGET_FLOAT8:
			return wire_types[WIRE_FLOAT];
		case TARGET_INT8:
			return wire_types[WIRE_INTEGER];
		case TARGET_BOOL:
			return wire_types[WIRE_BOOLEAN];
		case TARGET_TEXT:
			return wire_types[WIRE_STRING];
		default:
			return format_type_be(TupleDescAttr(RelationGetDescr(target->rel),
												attnum - 1)->atttypid);
	}
}

/* ---------- numbers ---------- */

static ValueVerdict
ingest_value_integer(TargetKind kind, int64 number, Datum *value)
{
	switch (kind)
	{
		case TARGET_INT8:
			*value = Int64GetDatum(number);
			return VALUE_FITS;
		case TARGET_INT4:
			*value = Int32GetDatum((int32) number);
			return number >= PG_INT32_MIN && number <= PG_INT32_MAX ?
				VALUE_FITS : VALUE_OUT_OF_RANGE;
		case TARGET_INT2:
			*value = Int16GetDatum((int16) number);
			return number >= PG_INT16_MIN && number <= PG_INT16_MAX ?
				VALUE_FITS : VALUE_OUT_OF_RANGE;
		default:
			return VALUE_CONFLICT;
	}
}

static ValueVerdict
ingest_value_decimal(Stage *stage, const WireField *field, Datum *value)
{
	char		buffer[DOUBLE_SHORTEST_DECIMAL_LEN + MAXINT8LEN];
	WireText	text = {buffer, 0};

	switch (field->type)
	{
		case WIRE_FLOAT:
			text.len = double_to_shortest_decimal_buf(field->value.number,
													  buffer);
			break;
		case WIRE_INTEGER:
			text.len = pg_lltoa(field->value.integer, buffer);
			break;
		case WIRE_UNSIGNED:
			text.len = pg_ulltoa_n(field->value.natural, buffer);
			break;
		default:
			return VALUE_CONFLICT;
	}
	*value = ingest_stage_text(stage, text);
	return VALUE_FITS;
}

static ValueVerdict
ingest_value_real(double number, Datum *value)
{
	float4		narrow = (float4) number;

	*value = Float4GetDatum(narrow);
	return isinf(narrow) ? VALUE_OUT_OF_RANGE : VALUE_FITS;
}

/* These types cut what is too long for them, without an error. */
static bool
ingest_value_is_cut(const Stage *stage, AttrNumber attnum, WireText text)
{
	switch (TupleDescAttr(RelationGetDescr(stage->target->rel),
						  attnum - 1)->atttypid)
	{
		case NAMEOID:
			return text.len >= NAMEDATALEN;
		case CHAROID:
			return text.len > 1;
		default:
			return false;
	}
}

ValueVerdict
ingest_value_field(Stage *stage, AttrNumber attnum, const WireField *field,
				   Datum *value)
{
	TargetKind	kind = stage->target->columns[attnum - 1].kind;

	if (kind == TARGET_CAST_NUMBER)
		return ingest_value_decimal(stage, field, value);
	switch (field->type)
	{
		case WIRE_FLOAT:
			if (kind == TARGET_FLOAT4)
				return ingest_value_real(field->value.number, value);
			*value = Float8GetDatum(field->value.number);
			return kind == TARGET_FLOAT8 ? VALUE_FITS : VALUE_CONFLICT;
		case WIRE_INTEGER:
			return ingest_value_integer(kind, field->value.integer, value);
		case WIRE_UNSIGNED:
			if (field->value.natural > PG_INT64_MAX)
				return ingest_value_integer(kind, 0, value) == VALUE_CONFLICT ?
					VALUE_CONFLICT : VALUE_OUT_OF_RANGE;
			return ingest_value_integer(kind, (int64) field->value.natural,
										value);
		case WIRE_BOOLEAN:
			*value = BoolGetDatum(field->value.boolean);
			return kind == TARGET_BOOL ? VALUE_FITS : VALUE_CONFLICT;
		case WIRE_STRING:
			if (kind != TARGET_TEXT && kind != TARGET_CAST_STRING)
				return VALUE_CONFLICT;
			if (ingest_value_is_cut(stage, attnum, field->value.string))
				return VALUE_OUT_OF_RANGE;
			*value = ingest_stage_text(stage, field->value.string);
			return VALUE_FITS;
	}
	return VALUE_CONFLICT;
}

/* A number that some table keeps as a tag: digits and nothing else. */
static bool
ingest_value_read_integer(WireText text, int64 *number)
{
	char		buffer[MAXINT8LEN + 1];
	char	   *end;

	if (text.len == 0 || text.len > MAXINT8LEN)
		return false;
	memcpy(buffer, text.data, text.len);
	buffer[text.len] = '\0';
	if (buffer[buffer[0] == '-'] < '0' || buffer[buffer[0] == '-'] > '9')
		return false;
	errno = 0;
	*number = strtoi64(buffer, &end, 10);
	return errno == 0 && *end == '\0';
}

ValueVerdict
ingest_value_tag(Stage *stage, AttrNumber attnum, WireText text, Datum *value)
{
	TargetKind	kind = stage->target->columns[attnum - 1].kind;
	int64		number;

	switch (kind)
	{
		case TARGET_TEXT:
		case TARGET_CAST_STRING:
		case TARGET_CAST_NUMBER:
			*value = ingest_stage_text(stage, text);
			return ingest_value_is_cut(stage, attnum, text) ?
				VALUE_OUT_OF_RANGE : VALUE_FITS;
		case TARGET_INT8:
		case TARGET_INT4:
		case TARGET_INT2:
			if (!ingest_value_read_integer(text, &number))
				return VALUE_CONFLICT;
			return ingest_value_integer(kind, number, value);
		case TARGET_FLOAT8:
		case TARGET_FLOAT4:
		case TARGET_BOOL:
			break;
	}
	return VALUE_CONFLICT;
}

/* ---------- times ---------- */

static int64
ingest_value_floor(int64 number, int64 unit)
{
	return number / unit - (number % unit < 0);
}

Datum
ingest_value_time(const Target *target, int64 time, bool *rounded)
{
	int64		us;

	*rounded = false;
	if (target->time_type == INT8OID)
		return Int64GetDatum(time);
	*rounded = time % 1000 != 0;
	us = ingest_value_floor(time, 1000) - VALUE_EPOCH_US;
	if (target->time_type != DATEOID)
		return TimestampTzGetDatum(us);
	*rounded = us % USECS_PER_DAY != 0;
	return DateADTGetDatum((DateADT) ingest_value_floor(us, USECS_PER_DAY));
}
