/*
 * parse_lines.c
 *	  SQL function rusts.parse_lines: what line protocol says, as rows.
 *
 * For people and tests: it shows what the parser (src/wire) makes of lines,
 * and touches no table.  A row is a line that is neither blank nor a comment.
 *
 * Rows are made in a context of their own, which is reset for each.
 */
#include "postgres.h"

#include "common/shortest_dec.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "compat/compat.h"
#include "wire/wireparser.h"
#include "wire/wiretext.h"

/* columns of the result */
typedef enum ParseLinesColumn
{
	PARSE_LINES_LINE,
	PARSE_LINES_MEASUREMENT,
	PARSE_LINES_TAGS,
	PARSE_LINES_FIELDS,
	PARSE_LINES_TS,
	PARSE_LINES_ERROR,
	PARSE_LINES_COLUMNS
} ParseLinesColumn;

#define NANOSECONDS_PER_USEC 1000

#define UNIX_TO_POSTGRES_USECS \
	((POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

PG_FUNCTION_INFO_V1(rusts_parse_lines);

PGDLLEXPORT Datum rusts_parse_lines(PG_FUNCTION_ARGS);

/* ---------- values ---------- */

static Datum
text_of(WireText text)
{
	return PointerGetDatum(cstring_to_text_with_len(text.data, (int) text.len));
}

static void
put_string(JsonbValue *value, WireText text)
{
	value->type = jbvString;
	value->val.string.val = (char *) text.data;
	value->val.string.len = (int) text.len;
}

/* Digits as jsonb's number, which is exact for any of ours. */
static void
put_digits(JsonbValue *value, const char *digits)
{
	value->type = jbvNumeric;
	value->val.numeric = DatumGetNumeric(DirectFunctionCall3(numeric_in,
															 CStringGetDatum(digits),
															 ObjectIdGetDatum(InvalidOid),
															 Int32GetDatum(-1)));
}

static void
put_field_value(JsonbValue *value, const WireField *field)
{
	char		digits[DOUBLE_SHORTEST_DECIMAL_LEN + 1];

	switch (field->type)
	{
		case WIRE_FLOAT:
			double_to_shortest_decimal_buf(field->value.number, digits);
			put_digits(value, digits);
			break;
		case WIRE_INTEGER:
			value->type = jbvNumeric;
			value->val.numeric = int64_to_numeric(field->value.integer);
			break;
		case WIRE_UNSIGNED:
			snprintf(digits, sizeof(digits), UINT64_FORMAT,
					 field->value.natural);
			put_digits(value, digits);
			break;
		case WIRE_BOOLEAN:
			value->type = jbvBool;
			value->val.boolean = field->value.boolean;
			break;
		case WIRE_STRING:
			put_string(value, field->value.string);
			break;
	}
}

static Datum
tags_of(const WireItem *item)
{
	JsonbParseState *state = NULL;
	JsonbValue	key;
	JsonbValue	value;
	int			i;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (i = 0; i < item->tag_count; i++)
	{
		put_string(&key, item->tags[i].key);
		put_string(&value, item->tags[i].value);
		pushJsonbValue(&state, WJB_KEY, &key);
		pushJsonbValue(&state, WJB_VALUE, &value);
	}
	return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state,
														   WJB_END_OBJECT,
														   NULL)));
}

static Datum
fields_of(const WireItem *item)
{
	JsonbParseState *state = NULL;
	JsonbValue	key;
	JsonbValue	value;
	int			i;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (i = 0; i < item->field_count; i++)
	{
		put_string(&key, item->fields[i].key);
		put_field_value(&value, &item->fields[i]);
		pushJsonbValue(&state, WJB_KEY, &key);
		pushJsonbValue(&state, WJB_VALUE, &value);
	}
	return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state,
														   WJB_END_OBJECT,
														   NULL)));
}

/* Rounded down to what a timestamp holds; all 64 bits of it are in range. */
static TimestampTz
timestamp_of(int64 nanoseconds)
{
	int64		usecs = nanoseconds / NANOSECONDS_PER_USEC;

	if (nanoseconds % NANOSECONDS_PER_USEC < 0)
		usecs--;
	return usecs - UNIX_TO_POSTGRES_USECS;
}

/* ---------- rows ---------- */

static void
put_row(ReturnSetInfo *result, const WireItem *item)
{
	Datum		values[PARSE_LINES_COLUMNS];
	bool		isnull[PARSE_LINES_COLUMNS];

	memset(isnull, true, sizeof(isnull));
	values[PARSE_LINES_LINE] = Int32GetDatum((int32) item->line);
	isnull[PARSE_LINES_LINE] = false;
	if (item->reason != WIRE_GOOD)
	{
		values[PARSE_LINES_ERROR] =
			CStringGetTextDatum(wiretext_reason(item->reason));
		isnull[PARSE_LINES_ERROR] = false;
	}
	else
	{
		values[PARSE_LINES_MEASUREMENT] = text_of(item->measurement);
		values[PARSE_LINES_TAGS] = tags_of(item);
		values[PARSE_LINES_FIELDS] = fields_of(item);
		values[PARSE_LINES_TS] =
			TimestampTzGetDatum(timestamp_of(item->time));
		isnull[PARSE_LINES_MEASUREMENT] = false;
		isnull[PARSE_LINES_TAGS] = false;
		isnull[PARSE_LINES_FIELDS] = false;
		isnull[PARSE_LINES_TS] = !item->has_time;
	}
	tuplestore_putvalues(result->setResult, result->setDesc, values, isnull);
}

static void
put_rows(ReturnSetInfo *result, const WireBatch *batch)
{
	WireParser *parser = palloc(wireparser_size());
	MemoryContext row = AllocSetContextCreate(CurrentMemoryContext,
											  "rusts line",
											  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(row);
	const WireItem *item;

	wireparser_init(parser);
	wireparser_begin(parser, batch);
	while ((item = wireparser_next(parser)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		put_row(result, item);
		MemoryContextReset(row);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(row);
}

static int64
unit_of(text *precision)
{
	int64		unit = wireparser_unit(VARDATA_ANY(precision),
									   VARSIZE_ANY_EXHDR(precision));

	if (unit == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized precision: \"%s\"",
						text_to_cstring(precision)),
				 errhint("Use n, ns, u, us, ms, s, m or h.")));
	return unit;
}

Datum
rusts_parse_lines(PG_FUNCTION_ARGS)
{
	text	   *lines = PG_GETARG_TEXT_PP(0);
	WireBatch	batch = {VARDATA_ANY(lines), VARSIZE_ANY_EXHDR(lines)};

	batch.unit = unit_of(PG_GETARG_TEXT_PP(1));
	batch.arena = palloc(batch.len + 1);
	compat_init_materialized_srf(fcinfo);
	put_rows((ReturnSetInfo *) fcinfo->resultinfo, &batch);
	return (Datum) 0;
}
