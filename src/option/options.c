/*
 * options.c
 *	  The meaning of a rusts table's storage parameters.
 *
 * One function per parameter turns its text into a field of TableOptions.  The
 * same functions serve two purposes.  CREATE and ALTER TABLE validate: the
 * first problem is an error with a hint.  options_get reads what the catalog
 * holds, perhaps written by another version, or naming a column that has been
 * dropped since by a cascade: a parameter with a problem is left out there,
 * because a table must stay readable whatever its parameters say.
 *
 * The order of the parameters in the table below matters: the meaning of
 * partition_interval depends on the type of the time column.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "codec/codec.h"
#include "nodes/value.h"
#include "option/namelist.h"
#include "option/optionlist.h"
#include "option/options.h"
#include "option/settings.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

/* What a parameter's function works on. */
typedef struct OptionContext
{
	TupleDesc	desc;
	TableOptions *options;
	bool		strict;			/* raise problems? */
	const char *name;			/* parameter at hand, without the prefix */
	const char *value;
	char	   *stored;			/* form for the catalog, when not value */
} OptionContext;

typedef bool (*OptionFunction) (OptionContext *context);

/*
 * Problems.  A macro, because the detail and hint are format strings that
 * the compiler should check, and nothing is to be evaluated when lenient.
 */
#define OPTION_PROBLEM(context, code, ...) \
	do { \
		if ((context)->strict) \
			ereport(ERROR, \
					(errcode(code), \
					 errmsg("invalid value for parameter \"rusts.%s\": \"%s\"", \
							(context)->name, (context)->value), \
					 __VA_ARGS__)); \
		return false; \
	} while (0)

/* Attribute number of a live column, 0 when there is none of that name. */
static AttrNumber
options_find_column(TupleDesc desc, const char *name)
{
	int			i;

	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && strcmp(NameStr(att->attname), name) == 0)
			return att->attnum;
	}
	return InvalidAttrNumber;
}

static Oid
options_column_type(TupleDesc desc, AttrNumber attnum)
{
	return getBaseType(TupleDescAttr(desc, attnum - 1)->atttypid);
}

static bool
options_is_calendar_type(Oid type)
{
	return type == TIMESTAMPTZOID || type == TIMESTAMPOID || type == DATEOID;
}

/*
 * The time column of a table that names none: the first column of a calendar
 * type, among those the NOT NULL ones first.  A bigint may be anything, so it
 * is the time only when it is named.
 */
static void
options_default_time(TupleDesc desc, TableOptions *options)
{
	int			i;

	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		Oid			type;

		if (att->attisdropped)
			continue;
		type = getBaseType(att->atttypid);
		if (!options_is_calendar_type(type))
			continue;
		if (options->time_attnum != 0 && !att->attnotnull)
			continue;
		options->time_attnum = att->attnum;
		options->time_type = type;
		if (att->attnotnull)
			return;
	}
}

static bool
options_parse_time(OptionContext *context)
{
	List	   *items;
	NameItem   *item;
	AttrNumber	attnum;
	Oid			type;

	if (!namelist_parse(context->value, false, &items) ||
		list_length(items) != 1)
		OPTION_PROBLEM(context, ERRCODE_INVALID_PARAMETER_VALUE,
					   errhint("Name one column, in double quotes if it is not all lower case."));
	item = linitial(items);
	attnum = options_find_column(context->desc, item->name);
	if (attnum == InvalidAttrNumber)
		OPTION_PROBLEM(context, ERRCODE_UNDEFINED_COLUMN,
					   errdetail("Column \"%s\" does not exist.", item->name),
					   errhint("Name a column of type timestamptz, timestamp, date or bigint."));
	type = options_column_type(context->desc, attnum);
	if (!options_is_calendar_type(type) && type != INT8OID)
		OPTION_PROBLEM(context, ERRCODE_DATATYPE_MISMATCH,
					   errdetail("Column \"%s\" is of type %s.",
								 item->name, format_type_be(type)),
					   errhint("Name a column of type timestamptz, timestamp, date or bigint."));
	context->options->time_attnum = attnum;
	context->options->time_type = type;
	context->stored = namelist_format(items);
	return true;
}

/* Append one tag column, unless it cannot be one. */
static bool
options_add_tag(OptionContext *context, const char *column)
{
	TableOptions *options = context->options;
	AttrNumber	attnum = options_find_column(context->desc, column);
	Oid			type;
	int			i;

	if (attnum == InvalidAttrNumber)
		OPTION_PROBLEM(context, ERRCODE_UNDEFINED_COLUMN,
					   errdetail("Column \"%s\" does not exist.", column),
					   errhint("Name columns of the table, separated by commas, in double quotes if not all lower case."));
	for (i = 0; i < options->ntags; i++)
	{
		if (options->tags[i] == attnum)
			OPTION_PROBLEM(context, ERRCODE_DUPLICATE_COLUMN,
						   errdetail("Column \"%s\" is named twice.", column));
	}
	if (attnum == options->time_attnum)
		OPTION_PROBLEM(context, ERRCODE_INVALID_PARAMETER_VALUE,
					   errdetail("Column \"%s\" is the time column.", column),
					   errhint("Rows of a series are sorted by time in any case; name only the columns that identify a series."));
	type = options_column_type(context->desc, attnum);
	if (!OidIsValid(lookup_type_cache(type, TYPECACHE_CMP_PROC)->cmp_proc))
		OPTION_PROBLEM(context, ERRCODE_DATATYPE_MISMATCH,
					   errdetail("Column \"%s\" is of type %s, which has no order.",
								 column, format_type_be(type)));
	options->tags[options->ntags++] = attnum;
	return true;
}

/* One bad tag does not take the others with it when lenient. */
static bool
options_parse_tags(OptionContext *context)
{
	List	   *items;
	ListCell   *cell;

	if (!namelist_parse(context->value, false, &items))
		OPTION_PROBLEM(context, ERRCODE_INVALID_PARAMETER_VALUE,
					   errhint("Name columns separated by commas, for example 'host,region'."));
	context->options->tags = palloc(sizeof(AttrNumber) *
									(list_length(items) + 1));
	foreach(cell, items)
		(void) options_add_tag(context, ((NameItem *) lfirst(cell))->name);
	context->stored = namelist_format(items);
	return true;
}

/* Microseconds to the unit of the time column. */
static int64
options_in_time_unit(const TableOptions *options, int64 usec)
{
	switch (options->time_type)
	{
		case TIMESTAMPTZOID:
		case TIMESTAMPOID:
			return usec;
		case DATEOID:
			/* round up: a window of no day would hold nothing */
			return (usec + USECS_PER_DAY - 1) / USECS_PER_DAY;
		default:
			return 0;
	}
}

/* A whole number and nothing else? */
static bool
options_scan_number(const char *text, int64 *number)
{
	char	   *end;

	errno = 0;
	*number = strtoll(text, &end, 10);
	while (*end == ' ')
		end++;
	return end != text && *end == '\0' && errno == 0;
}

static bool
options_parse_partition_interval(OptionContext *context)
{
	TableOptions *options = context->options;
	int64		number;

	if (options->time_type == INT8OID)
	{
		if (!options_scan_number(context->value, &number) || number < 0)
			OPTION_PROBLEM(context, ERRCODE_INVALID_PARAMETER_VALUE,
						   errdetail("The time column is a bigint."),
						   errhint("Give a number in the unit of the time column, or 0 for one partition."));
		options->partition_interval = number;
		return true;
	}
	if (!settings_parse_duration(context->value, &number))
		OPTION_PROBLEM(context, ERRCODE_INVALID_PARAMETER_VALUE,
					   errhint("Use an interval of fixed length such as '24 hours' or '7 days', or 0 for one partition."));
	if (options->time_type == DATEOID && number % USECS_PER_DAY != 0)
		OPTION_PROBLEM(context, ERRCODE_INVALID_PARAMETER_VALUE,
					   errdetail("The time column is a date."),
					   errhint("Use a whole number of days."));
	options->partition_interval = options_in_time_unit(options, number);
	return true;
}

/* A whole number between lo and hi. */
static bool
options_parse_number(OptionContext *context, int64 lo, int64 hi, int64 *field)
{
	int64		number;

	if (!options_scan_number(context->value, &number) ||
		number < lo || number > hi)
		OPTION_PROBLEM(context, ERRCODE_INVALID_PARAMETER_VALUE,
					   errhint("Use a number between " INT64_FORMAT " and " INT64_FORMAT ".",
							   lo, hi));
	*field = number;
	return true;
}

static bool
options_parse_flush_rows(OptionContext *context)
{
	return options_parse_number(context, 0, SETTINGS_FLUSH_ROWS_MAX,
								&context->options->flush_rows);
}

static bool
options_parse_segment_rows(OptionContext *context)
{
	int64		number;

	if (!options_parse_number(context, SETTINGS_SEGMENT_ROWS_MIN,
							  SETTINGS_SEGMENT_ROWS_MAX, &number))
		return false;
	context->options->segment_rows = (int) number;
	return true;
}

/* As in postgresql.conf: a number without a unit is kilobytes. */
static bool
options_parse_flush_size(OptionContext *context)
{
	int			kilobytes;
	const char *hint = NULL;

	if (!parse_int(context->value, &kilobytes, GUC_UNIT_KB, &hint) ||
		kilobytes < 0 || kilobytes > SETTINGS_FLUSH_SIZE_MAX)
		OPTION_PROBLEM(context, ERRCODE_INVALID_PARAMETER_VALUE,
					   errhint("Use a size such as '64MB'; 0 switches the trigger off."));
	context->options->flush_size = (int64) kilobytes * 1024;
	return true;
}

static bool
options_parse_duration(OptionContext *context, int64 *field)
{
	int64		usec;

	if (!settings_parse_duration(context->value, &usec))
		OPTION_PROBLEM(context, ERRCODE_INVALID_PARAMETER_VALUE,
					   errhint("Use an interval of fixed length such as '90s', '24 hours' or '7 days'."));
	*field = usec;
	return true;
}

static bool
options_parse_flush_age(OptionContext *context)
{
	return options_parse_duration(context, &context->options->flush_age);
}

static bool
options_parse_cold_after(OptionContext *context)
{
	return options_parse_duration(context, &context->options->cold_after);
}

/* As partition_interval. */
static bool
options_parse_drop_after(OptionContext *context)
{
	TableOptions *options = context->options;
	int64		number;

	if (options->time_attnum == 0)
		OPTION_PROBLEM(context, ERRCODE_INVALID_PARAMETER_VALUE,
					   errdetail("The table has no time column."),
					   errhint("Name one with rusts.time."));
	if (options->time_type == INT8OID)
	{
		if (!options_scan_number(context->value, &number) || number <= 0)
			OPTION_PROBLEM(context, ERRCODE_INVALID_PARAMETER_VALUE,
						   errdetail("The time column is a bigint."),
						   errhint("Give a number greater than 0 in the unit of the time column."));
		options->drop_after = number;
		return true;
	}
	if (!settings_parse_duration(context->value, &number) || number <= 0)
		OPTION_PROBLEM(context, ERRCODE_INVALID_PARAMETER_VALUE,
					   errhint("Use an interval of fixed length greater than 0, such as '30 days'."));
	options->drop_after = options_in_time_unit(options, number);
	return true;
}

static bool
options_parse_compaction(OptionContext *context)
{
	if (!parse_bool(context->value, &context->options->compaction))
		OPTION_PROBLEM(context, ERRCODE_INVALID_PARAMETER_VALUE,
					   errhint("Use on or off."));
	return true;
}

static bool
options_parse_compression(OptionContext *context, uint8 *field, int *level)
{
	int			method;
	int			parsed;

	if (!settings_parse_compression(context->value, &method, &parsed))
		OPTION_PROBLEM(context, ERRCODE_INVALID_PARAMETER_VALUE,
					   errhint("Use none, lz4, zstd or zstd:LEVEL with a level from 1 to 22."));
	*field = (uint8) method;
	*level = parsed;
	return true;
}

static bool
options_parse_hot_compression(OptionContext *context)
{
	return options_parse_compression(context,
									 &context->options->hot_compression,
									 &context->options->hot_level);
}

static bool
options_parse_cold_compression(OptionContext *context)
{
	return options_parse_compression(context,
									 &context->options->cold_compression,
									 &context->options->cold_level);
}

/* Which kind of values does an encoding hold, and has the column such? */
static bool
options_encoding_fits(CodecEncoding encoding, Oid type)
{
	switch (type)
	{
		case BOOLOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case DATEOID:
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return encoding >= CODEC_INT_FOR && encoding <= CODEC_INT_RAW;
		case FLOAT4OID:
		case FLOAT8OID:
			return encoding >= CODEC_FLOAT_RAW &&
				encoding <= CODEC_FLOAT_ALP_PLANES;
		default:
			return encoding == CODEC_DICTIONARY ||
				encoding == CODEC_BYTES_PLAIN;
	}
}

static bool
options_add_encoding(OptionContext *context, NameItem *item)
{
	AttrNumber	attnum = options_find_column(context->desc, item->name);
	CodecEncoding encoding = CODEC_NONE;
	Oid			type;

	if (attnum == InvalidAttrNumber)
		OPTION_PROBLEM(context, ERRCODE_UNDEFINED_COLUMN,
					   errdetail("Column \"%s\" does not exist.", item->name));
	type = options_column_type(context->desc, attnum);
	if (strcmp(item->value, "auto") != 0)
	{
		encoding = codec_encoding_by_name(item->value);
		if (encoding == CODEC_NONE)
			OPTION_PROBLEM(context, ERRCODE_INVALID_PARAMETER_VALUE,
						   errdetail("There is no encoding \"%s\".", item->value),
						   errhint("Encodings are listed in the documentation of rusts.encoding."));
		if (!options_encoding_fits(encoding, type))
			OPTION_PROBLEM(context, ERRCODE_DATATYPE_MISMATCH,
						   errdetail("Encoding %s cannot hold column \"%s\" of type %s.",
									 item->value, item->name,
									 format_type_be(type)));
	}
	context->options->encoding[attnum - 1] = (uint8) encoding;
	return true;
}

static bool
options_parse_encoding(OptionContext *context)
{
	List	   *items;
	ListCell   *cell;

	if (pg_strcasecmp(context->value, "auto") == 0)
	{
		context->options->encoding = NULL;
		return true;
	}
	if (!namelist_parse(context->value, true, &items))
		OPTION_PROBLEM(context, ERRCODE_INVALID_PARAMETER_VALUE,
					   errhint("Use auto, or a list such as 'usage=gorilla,load=alp'."));
	context->options->encoding = palloc0(context->desc->natts + 1);
	foreach(cell, items)
		(void) options_add_encoding(context, lfirst(cell));
	context->stored = namelist_format(items);
	return true;
}

static const struct
{
	const char *name;
	OptionFunction parse;
}			option_table[] =
{
	{"time", options_parse_time},
	{"tags", options_parse_tags},
	{"partition_interval", options_parse_partition_interval},
	{"flush_rows", options_parse_flush_rows},
	{"flush_size", options_parse_flush_size},
	{"flush_age", options_parse_flush_age},
	{"segment_rows", options_parse_segment_rows},
	{"hot_compression", options_parse_hot_compression},
	{"cold_compression", options_parse_cold_compression},
	{"cold_after", options_parse_cold_after},
	{"compaction", options_parse_compaction},
	{"drop_after", options_parse_drop_after},
	{"encoding", options_parse_encoding},
};

bool
options_is_name(const char *name)
{
	int			i;

	for (i = 0; i < lengthof(option_table); i++)
	{
		if (strcmp(option_table[i].name, name) == 0)
			return true;
	}
	return false;
}

const char *
options_all_names(void)
{
	StringInfoData names;
	int			i;

	initStringInfo(&names);
	for (i = 0; i < lengthof(option_table); i++)
		appendStringInfo(&names, "%srusts.%s", i > 0 ? ", " : "",
						 option_table[i].name);
	return names.data;
}

/* The settings, before the table's own word. */
static void
options_fill_defaults(OptionContext *context)
{
	TableOptions *options = context->options;

	options->flush_rows = settings_flush_rows;
	options->flush_size = (int64) settings_flush_size * 1024;
	options->flush_age = settings_flush_age_us;
	options->segment_rows = settings_segment_rows;
	options->hot_compression = (uint8) settings_hot_method;
	options->hot_level = settings_hot_level;
	options->cold_compression = (uint8) settings_cold_method;
	options->cold_level = settings_cold_level;
	options->cold_after = settings_cold_after_us;
	options->compaction = settings_compaction;
	options->drop_after = 0;
	context->name = "encoding";
	context->value = settings_encoding;
	(void) options_parse_encoding(context);
	options_default_time(context->desc, options);
}

/*
 * Parse parameters over the defaults.  When strict, each parameter's value is
 * replaced by the form to store.
 */
static TableOptions *
options_build(TupleDesc desc, List *parameters, bool strict)
{
	OptionContext context = {0};
	int			i;

	context.desc = desc;
	context.options = palloc0(sizeof(TableOptions));
	options_fill_defaults(&context);
	context.strict = strict;
	for (i = 0; i < lengthof(option_table); i++)
	{
		DefElem    *parameter = optionlist_find(parameters,
												option_table[i].name);

		/* by now the time column is known, which the default needs */
		if (option_table[i].parse == options_parse_partition_interval)
			context.options->partition_interval =
				options_in_time_unit(context.options,
									 settings_partition_interval_us);
		if (parameter == NULL)
			continue;
		context.name = option_table[i].name;
		context.value = strVal(parameter->arg);
		context.stored = NULL;
		if (option_table[i].parse(&context) && strict && context.stored)
			parameter->arg = (Node *) makeString(context.stored);
	}
	return context.options;
}

List *
options_validate(Relation rel, List *parameters)
{
	List	   *result = optionlist_merge(NIL, parameters);

	(void) options_build(RelationGetDescr(rel), result, true);
	return result;
}

TableOptions *
options_get(Relation rel)
{
	List	   *parameters = optionlist_read(RelationGetRelid(rel));

	return options_build(RelationGetDescr(rel), parameters, false);
}
