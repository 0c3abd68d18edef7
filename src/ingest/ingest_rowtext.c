/*
 * ingest_rowtext.c
 *	  Rows of a query as JSON, CSV or JSON lines.
 *
 * A column's type decides once how its values are written.  Numbers, booleans
 * and JSON are JSON as they are; points in time are ISO 8601 or a number of
 * units since 1970; all else is what its output function says, as a string.
 * The text has the server's encoding.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "ingest/ingest_rowtext.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

typedef enum CellKind
{
	CELL_TEXT,
	CELL_NUMBER,
	CELL_BOOL,
	CELL_JSON,
	CELL_DATETIME
} CellKind;

typedef struct RowColumn
{
	CellKind	kind;
	Oid			type;			/* of a domain: its base type */
	FmgrInfo	output;
	char	   *name;			/* as a JSON string */
} RowColumn;

struct RowText
{
	RowFormat	format;
	RowEpoch	epoch;
	bool		first;			/* no row yet */
	int			ncolumns;
	RowColumn  *columns;
	MemoryContext row;			/* reset with each row */
};

/* ---------- names of formats ---------- */

bool
ingest_rowtext_parse_format(const char *name, RowFormat *format)
{
	if (pg_strcasecmp(name, "json") == 0)
		*format = ROWTEXT_JSON;
	else if (pg_strcasecmp(name, "csv") == 0)
		*format = ROWTEXT_CSV;
	else if (pg_strcasecmp(name, "ndjson") == 0 ||
			 pg_strcasecmp(name, "jsonl") == 0)
		*format = ROWTEXT_LINES;
	else
		return false;
	return true;
}

static bool
ingest_rowtext_media_type(const char *name, size_t len, RowFormat *format)
{
	static const struct
	{
		const char *name;
		RowFormat	format;
	}			types[] = {
		{"application/json", ROWTEXT_JSON},
		{"application/*", ROWTEXT_JSON},
		{"*/*", ROWTEXT_JSON},
		{"text/csv", ROWTEXT_CSV},
		{"application/csv", ROWTEXT_CSV},
		{"application/x-ndjson", ROWTEXT_LINES},
		{"application/ndjson", ROWTEXT_LINES},
		{"application/jsonl", ROWTEXT_LINES}
	};
	int			i;

	for (i = 0; i < lengthof(types); i++)
		if (strlen(types[i].name) == len &&
			pg_strncasecmp(types[i].name, name, len) == 0)
		{
			*format = types[i].format;
			return true;
		}
	return false;
}

/* The weight among the parameters of a media range: ";q=0.5". */
static double
ingest_rowtext_weight(const char *at, const char *end)
{
	for (; at < end; at++)
	{
		if (*at != ';')
			continue;
		at++;
		at += strspn(at, " \t");
		if (end - at > 2 && (at[0] == 'q' || at[0] == 'Q') && at[1] == '=')
			return strtod(at + 2, NULL);
	}
	return 1;
}

RowFormat
ingest_rowtext_accept(const char *header)
{
	RowFormat	best = ROWTEXT_JSON;
	double		best_weight = 0;

	while (*header != '\0')
	{
		const char *end = header + strcspn(header, ",");
		RowFormat	format;
		double		weight;

		header += strspn(header, " \t");
		weight = ingest_rowtext_weight(header, end);
		if (weight > best_weight &&
			ingest_rowtext_media_type(header, strcspn(header, ";, \t"),
									  &format))
		{
			best = format;
			best_weight = weight;
		}
		header = *end == ',' ? end + 1 : end;
	}
	return best;
}

bool
ingest_rowtext_parse_epoch(const char *name, RowEpoch *epoch)
{
	static const struct
	{
		const char *name;
		RowEpoch	epoch;
	}			units[] = {
		{"n", ROWTEXT_NANOSECONDS},
		{"ns", ROWTEXT_NANOSECONDS},
		{"u", ROWTEXT_MICROSECONDS},
		{"us", ROWTEXT_MICROSECONDS},
		{"\302\265", ROWTEXT_MICROSECONDS},	/* the micro sign */
		{"ms", ROWTEXT_MILLISECONDS},
		{"s", ROWTEXT_SECONDS},
		{"m", ROWTEXT_MINUTES},
		{"h", ROWTEXT_HOURS}
	};
	int			i;

	for (i = 0; i < lengthof(units); i++)
		if (strcmp(units[i].name, name) == 0)
		{
			*epoch = units[i].epoch;
			return true;
		}
	return false;
}

const char *
ingest_rowtext_content_type(RowFormat format)
{
	switch (format)
	{
		case ROWTEXT_JSON:
			break;
		case ROWTEXT_CSV:
			return "text/csv; charset=utf-8; header=present";
		case ROWTEXT_LINES:
			return "application/x-ndjson";
	}
	return "application/json";
}

/* ---------- columns ---------- */

static CellKind
ingest_rowtext_kind(Oid type)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
			return CELL_NUMBER;
		case BOOLOID:
			return CELL_BOOL;
		case JSONOID:
		case JSONBOID:
			return CELL_JSON;
		case DATEOID:
		case TIMEOID:
		case TIMETZOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return CELL_DATETIME;
		default:
			return CELL_TEXT;
	}
}

static void
ingest_rowtext_init_column(RowColumn *column, Form_pg_attribute attribute)
{
	StringInfoData name;
	Oid			function;
	bool		is_varlena;

	column->type = getBaseType(attribute->atttypid);
	column->kind = ingest_rowtext_kind(column->type);
	getTypeOutputInfo(attribute->atttypid, &function, &is_varlena);
	fmgr_info(function, &column->output);
	initStringInfo(&name);
	escape_json(&name, NameStr(attribute->attname));
	column->name = name.data;
}

/* In quotes where RFC 4180 asks for it; an empty text too, as it is no NULL. */
static void
ingest_rowtext_csv_text(StringInfo out, const char *value)
{
	if (value[0] != '\0' && value[strcspn(value, "\",\r\n")] == '\0')
	{
		appendStringInfoString(out, value);
		return;
	}
	appendStringInfoChar(out, '"');
	for (; *value != '\0'; value++)
	{
		if (*value == '"')
			appendStringInfoChar(out, '"');
		appendStringInfoChar(out, *value);
	}
	appendStringInfoChar(out, '"');
}

static void
ingest_rowtext_header(RowText *text, TupleDesc columns, StringInfo out)
{
	int			i;

	if (text->format == ROWTEXT_JSON)
		appendStringInfoString(out, "{\"columns\":[");
	for (i = 0; i < columns->natts && text->format != ROWTEXT_LINES; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(columns, i);

		if (i > 0)
			appendStringInfoChar(out, ',');
		if (text->format == ROWTEXT_CSV)
		{
			ingest_rowtext_csv_text(out, NameStr(attribute->attname));
			continue;
		}
		appendStringInfo(out, "{\"name\":%s,\"type\":",
						 text->columns[i].name);
		escape_json(out, format_type_be(attribute->atttypid));
		appendStringInfoChar(out, '}');
	}
	if (text->format == ROWTEXT_JSON)
		appendStringInfoString(out, "],\"rows\":[");
	else if (text->format == ROWTEXT_CSV)
		appendStringInfoString(out, "\r\n");
}

RowText *
ingest_rowtext_begin(RowFormat format, RowEpoch epoch, TupleDesc columns,
					 StringInfo out)
{
	RowText    *text = palloc0(sizeof(RowText));
	int			i;

	text->format = format;
	text->epoch = epoch;
	text->first = true;
	text->ncolumns = columns->natts;
	text->columns = palloc0(sizeof(RowColumn) * Max(columns->natts, 1));
	for (i = 0; i < columns->natts; i++)
		ingest_rowtext_init_column(&text->columns[i],
								   TupleDescAttr(columns, i));
	text->row = AllocSetContextCreate(CurrentMemoryContext,
									  "rusts row as text",
									  ALLOCSET_DEFAULT_SIZES);
	ingest_rowtext_header(text, columns, out);
	return text;
}

/* ---------- values ---------- */

/*
 * Microseconds since 2000 as units since 1970, rounded down.  False: infinite,
 * or in the last of 294276 years, of which int64 has no microseconds.
 */
static bool
ingest_rowtext_epoch(RowEpoch epoch, Timestamp value, StringInfo out)
{
	static const int64 micros[] = {
		[ROWTEXT_ISO] = 1,
		[ROWTEXT_NANOSECONDS] = 1,
		[ROWTEXT_MICROSECONDS] = 1,
		[ROWTEXT_MILLISECONDS] = 1000,
		[ROWTEXT_SECONDS] = USECS_PER_SEC,
		[ROWTEXT_MINUTES] = USECS_PER_MINUTE,
		[ROWTEXT_HOURS] = USECS_PER_HOUR
	};
	/* whole days, so whole units */
	int64		thirty_years = (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) *
		(USECS_PER_DAY / micros[epoch]);
	int64		units = value / micros[epoch];

	if (TIMESTAMP_NOT_FINITE(value))
		return false;
	if (value % micros[epoch] < 0)
		units--;
	if (pg_add_s64_overflow(units, thirty_years, &units))
		return false;
	appendStringInfo(out, INT64_FORMAT, units);
	/* nanoseconds would not fit after 2262 */
	if (epoch == ROWTEXT_NANOSECONDS && units != 0)
		appendStringInfoString(out, "000");
	return true;
}

/* A number or a word that is JSON without quotes; else false, nothing done. */
static bool
ingest_rowtext_bare(RowText *text, RowColumn *column, Datum value,
					StringInfo out)
{
	switch (column->kind)
	{
		case CELL_BOOL:
			appendStringInfoString(out, DatumGetBool(value) ? "true" : "false");
			return true;
		case CELL_DATETIME:
			return text->epoch != ROWTEXT_ISO &&
				(column->type == TIMESTAMPOID ||
				 column->type == TIMESTAMPTZOID) &&
				ingest_rowtext_epoch(text->epoch, DatumGetTimestamp(value),
									 out);
		case CELL_NUMBER:
		case CELL_TEXT:
		case CELL_JSON:
			break;
	}
	return false;
}

static char *
ingest_rowtext_value(RowColumn *column, Datum value)
{
	if (column->kind == CELL_DATETIME)
	{
		char	   *buffer = palloc(MAXDATELEN + 1);

		JsonEncodeDateTime(buffer, value, column->type, NULL);
		return buffer;
	}
	return OutputFunctionCall(&column->output, value);
}

/* NaN and infinity are numbers to SQL and not to JSON. */
static bool
ingest_rowtext_is_json_number(const char *value)
{
	if (*value == '-')
		value++;
	return *value >= '0' && *value <= '9';
}

/* Type json keeps white space; a new line would end an object's line. */
static void
ingest_rowtext_json(StringInfo out, const char *value)
{
	int			at = out->len;

	appendStringInfoString(out, value);
	for (; at < out->len; at++)
		if (out->data[at] == '\n' || out->data[at] == '\r')
			out->data[at] = ' ';
}

static void
ingest_rowtext_cell(RowText *text, RowColumn *column, Datum value,
					StringInfo out)
{
	char	   *string;

	if (ingest_rowtext_bare(text, column, value, out))
		return;
	string = ingest_rowtext_value(column, value);
	if (text->format == ROWTEXT_CSV)
		ingest_rowtext_csv_text(out, string);
	else if (column->kind == CELL_NUMBER &&
			 ingest_rowtext_is_json_number(string))
		appendStringInfoString(out, string);
	else if (column->kind == CELL_JSON)
		ingest_rowtext_json(out, string);
	else
		escape_json(out, string);
}

static void
ingest_rowtext_open_row(RowText *text, StringInfo out)
{
	switch (text->format)
	{
		case ROWTEXT_JSON:
			appendStringInfoString(out, text->first ? "[" : ",[");
			break;
		case ROWTEXT_CSV:
			break;
		case ROWTEXT_LINES:
			appendStringInfoChar(out, '{');
			break;
	}
	text->first = false;
}

static void
ingest_rowtext_close_row(RowText *text, StringInfo out)
{
	switch (text->format)
	{
		case ROWTEXT_JSON:
			appendStringInfoChar(out, ']');
			break;
		case ROWTEXT_CSV:
			appendStringInfoString(out, "\r\n");
			break;
		case ROWTEXT_LINES:
			appendStringInfoString(out, "}\n");
			break;
	}
}

void
ingest_rowtext_row(RowText *text, TupleTableSlot *slot, StringInfo out)
{
	MemoryContext old = MemoryContextSwitchTo(text->row);
	int			i;

	slot_getallattrs(slot);
	ingest_rowtext_open_row(text, out);
	for (i = 0; i < text->ncolumns; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, ',');
		if (text->format == ROWTEXT_LINES)
			appendStringInfo(out, "%s:", text->columns[i].name);
		if (!slot->tts_isnull[i])
			ingest_rowtext_cell(text, &text->columns[i], slot->tts_values[i],
								out);
		else if (text->format != ROWTEXT_CSV)
			appendStringInfoString(out, "null");
	}
	ingest_rowtext_close_row(text, out);
	MemoryContextSwitchTo(old);
	MemoryContextReset(text->row);
}

/* ---------- the end ---------- */

bool
ingest_rowtext_end(RowFormat format, uint64 rows, bool truncated,
				   const char *error, StringInfo out)
{
	switch (format)
	{
		case ROWTEXT_JSON:
			appendStringInfo(out, "],\"row_count\":" UINT64_FORMAT, rows);
			if (truncated)
				appendStringInfoString(out, ",\"truncated\":true");
			if (error)
				appendStringInfo(out, ",%s", error);
			appendStringInfoString(out, "}\n");
			break;
		case ROWTEXT_CSV:
			return !truncated && error == NULL;
		case ROWTEXT_LINES:
			if (truncated)
				appendStringInfoString(out, "{\"truncated\":true}\n");
			if (error)
				appendStringInfo(out, "{%s}\n", error);
			break;
	}
	return true;
}
