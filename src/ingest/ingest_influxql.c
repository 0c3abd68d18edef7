/*
 * ingest_influxql.c
 *	  Statements of InfluxQL that agents send before they write.
 *
 * A database of InfluxQL has no meaning here: all points go to one schema.  So
 * CREATE DATABASE remembers the name, for SHOW DATABASES, and that is all.  A
 * retention policy is accepted with a warning, as no data are lost by keeping
 * them.  What would delete data is refused, as a client must not believe that
 * they are gone.
 *
 * All statements are parsed before the first is run, as InfluxDB does it.
 * Texts are UTF-8, whatever the server's encoding.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "ingest/ingest_auth.h"
#include "ingest/ingest_influxql.h"
#include "ingest/ingest_settings.h"
#include "ingest/ingest_share.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/json.h"
#include "utils/snapmgr.h"

#define INFLUXQL_MAX_STATEMENTS 100
#define INFLUXQL_MAX_DATABASES 64
#define INFLUXQL_MAX_MEASUREMENTS 100000

typedef enum InfluxKind
{
	INFLUX_CREATE_DATABASE,
	INFLUX_SHOW_DATABASES,
	INFLUX_SHOW_MEASUREMENTS,
	INFLUX_SHOW_POLICIES,
	INFLUX_KEEP_POLICY,			/* CREATE or ALTER RETENTION POLICY */
	INFLUX_DELETE				/* whatever deletes data */
} InfluxKind;

typedef struct InfluxStatement
{
	InfluxKind	kind;
	const char *name;			/* of a database; or the statement's words */
	bool		has_policy;		/* CREATE DATABASE ... WITH */
	int64		limit;			/* -1: none */
	int64		offset;
} InfluxStatement;

typedef enum InfluxTokenKind
{
	INFLUX_END,					/* of the text */
	INFLUX_WORD,				/* a keyword or a name */
	INFLUX_QUOTED,				/* "a name" */
	INFLUX_NUMBER,				/* with its unit, if there is one */
	INFLUX_OTHER				/* a character, or a string */
} InfluxTokenKind;

/* The text and the token at hand. */
typedef struct InfluxParser
{
	const char *text;
	const char *at;				/* after the token */
	const char *token;
	InfluxTokenKind kind;
	char	   *value;			/* without quotes */
	InfluxStatement *statements;
	int			count;
	char	   *error;			/* NULL: none yet */
} InfluxParser;

/* ---------- tokens ---------- */

static void
influx_skip_blanks(InfluxParser *parser)
{
	for (;;)
	{
		const char *at = parser->at + strspn(parser->at, " \t\r\n");
		const char *end;

		if (at[0] == '-' && at[1] == '-')
			at += strcspn(at, "\n");
		else if (at[0] == '/' && at[1] == '*')
		{
			end = strstr(at + 2, "*/");
			at = end ? end + 2 : at + strlen(at);
		}
		else
		{
			parser->at = at;
			return;
		}
		parser->at = at;
	}
}

/* A text in quotes; a backslash takes the meaning of the byte after it. */
static void
influx_scan_quoted(InfluxParser *parser)
{
	char		quote = *parser->at;
	const char *at = parser->at + 1;
	StringInfoData value;

	initStringInfo(&value);
	while (*at != '\0' && *at != quote)
	{
		if (*at == '\\' && at[1] != '\0')
		{
			at++;
			appendStringInfoChar(&value, *at == 'n' ? '\n' : *at);
		}
		else
			appendStringInfoChar(&value, *at);
		at++;
	}
	/* one without an end is nothing that a statement expects */
	parser->kind = quote == '"' && *at == quote ? INFLUX_QUOTED : INFLUX_OTHER;
	parser->value = value.data;
	parser->at = *at == quote ? at + 1 : at;
}

static bool
influx_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		IS_HIGHBIT_SET(c);
}

static bool
influx_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void
influx_next(InfluxParser *parser)
{
	const char *at;

	influx_skip_blanks(parser);
	at = parser->token = parser->at;
	if (*at == '"' || *at == '\'')
	{
		influx_scan_quoted(parser);
		return;
	}
	parser->kind = *at == '\0' ? INFLUX_END :
		influx_is_letter(*at) ? INFLUX_WORD :
		influx_is_digit(*at) ? INFLUX_NUMBER : INFLUX_OTHER;
	if (parser->kind == INFLUX_OTHER)
		at++;
	else
		while (influx_is_letter(*at) || influx_is_digit(*at))
			at++;
	parser->value = pnstrdup(parser->token, at - parser->token);
	parser->at = at;
}

/* ---------- errors ---------- */

/* Always false, for the caller to hand on.  The first error counts. */
static bool
influx_fail(InfluxParser *parser, const char *expected)
{
	int			line = 1;
	const char *start = parser->text;
	const char *c;

	if (parser->error)
		return false;
	for (c = parser->text; c < parser->token; c++)
		if (*c == '\n')
		{
			line++;
			start = c + 1;
		}
	parser->error = psprintf("error parsing query: found %s, expected %s at line %d, char %d (SQL goes by POST with Content-Type: application/json and {\"query\": \"...\"})",
							 parser->kind == INFLUX_END ? "EOF" : parser->value,
							 expected, line,
							 (int) (parser->token - start) + 1);
	return false;
}

/* ---------- grammar ---------- */

static bool
influx_is(InfluxParser *parser, const char *keyword)
{
	return parser->kind == INFLUX_WORD &&
		pg_strcasecmp(parser->value, keyword) == 0;
}

static bool
influx_is_semicolon(InfluxParser *parser)
{
	return parser->kind == INFLUX_OTHER && *parser->token == ';';
}

/* Pass the keyword if it is there. */
static bool
influx_accept(InfluxParser *parser, const char *keyword)
{
	if (!influx_is(parser, keyword))
		return false;
	influx_next(parser);
	return true;
}

static bool
influx_expect(InfluxParser *parser, const char *keyword)
{
	return influx_accept(parser, keyword) || influx_fail(parser, keyword);
}

static bool
influx_expect_name(InfluxParser *parser, const char **name)
{
	if (parser->kind != INFLUX_WORD && parser->kind != INFLUX_QUOTED)
		return influx_fail(parser, "identifier");
	*name = parser->value;
	influx_next(parser);
	return true;
}

static bool
influx_expect_number(InfluxParser *parser, int64 *number)
{
	char	   *end;

	if (parser->kind != INFLUX_NUMBER)
		return influx_fail(parser, "integer");
	*number = strtoll(parser->value, &end, 10);
	if (*end != '\0')
		return influx_fail(parser, "integer");
	influx_next(parser);
	return true;
}

/* 7d, 1h30m, INF */
static bool
influx_expect_duration(InfluxParser *parser)
{
	if (parser->kind != INFLUX_NUMBER && !influx_is(parser, "INF"))
		return influx_fail(parser, "duration");
	influx_next(parser);
	return true;
}

/* What a retention policy is like, at least a word; names: NAME is part of it. */
static bool
influx_parse_policy(InfluxParser *parser, bool names)
{
	const char *name;
	int64		copies;
	int			words;

	for (words = 0;; words++)
	{
		bool		right;

		if (influx_accept(parser, "DURATION"))
			right = influx_expect_duration(parser);
		else if (influx_accept(parser, "REPLICATION"))
			right = influx_expect_number(parser, &copies);
		else if (influx_accept(parser, "SHARD"))
			right = influx_expect(parser, "DURATION") &&
				influx_expect_duration(parser);
		else if (names && influx_accept(parser, "NAME"))
			right = influx_expect_name(parser, &name);
		else if (!names && influx_accept(parser, "DEFAULT"))
			right = true;
		else
			return words > 0 ||
				influx_fail(parser, names ?
							"DURATION, NAME, REPLICATION, SHARD" :
							"DURATION, REPLICATION, SHARD, DEFAULT");
		if (!right)
			return false;
	}
}

/* After CREATE or ALTER: RETENTION POLICY name ON database ... */
static bool
influx_parse_keep_policy(InfluxParser *parser, InfluxStatement *statement)
{
	const char *policy;

	statement->kind = INFLUX_KEEP_POLICY;
	return influx_expect(parser, "RETENTION") &&
		influx_expect(parser, "POLICY") &&
		influx_expect_name(parser, &policy) &&
		influx_expect(parser, "ON") &&
		influx_expect_name(parser, &statement->name) &&
		influx_parse_policy(parser, false);
}

static bool
influx_parse_create(InfluxParser *parser, InfluxStatement *statement)
{
	if (influx_is(parser, "RETENTION"))
		return influx_parse_keep_policy(parser, statement);
	if (!influx_accept(parser, "DATABASE"))
		return influx_fail(parser, "DATABASE, RETENTION");
	statement->kind = INFLUX_CREATE_DATABASE;
	if (!influx_expect_name(parser, &statement->name))
		return false;
	statement->has_policy = influx_accept(parser, "WITH");
	return !statement->has_policy || influx_parse_policy(parser, true);
}

static bool
influx_parse_show(InfluxParser *parser, InfluxStatement *statement)
{
	if (influx_accept(parser, "DATABASES"))
	{
		statement->kind = INFLUX_SHOW_DATABASES;
		return true;
	}
	if (influx_accept(parser, "RETENTION"))
	{
		statement->kind = INFLUX_SHOW_POLICIES;
		return influx_expect(parser, "POLICIES") &&
			(!influx_accept(parser, "ON") ||
			 influx_expect_name(parser, &statement->name));
	}
	if (!influx_accept(parser, "MEASUREMENTS"))
		return influx_fail(parser, "DATABASES, MEASUREMENTS, RETENTION");
	statement->kind = INFLUX_SHOW_MEASUREMENTS;
	return (!influx_accept(parser, "ON") ||
			influx_expect_name(parser, &statement->name)) &&
		(!influx_accept(parser, "LIMIT") ||
		 influx_expect_number(parser, &statement->limit)) &&
		(!influx_accept(parser, "OFFSET") ||
		 influx_expect_number(parser, &statement->offset));
}

/* DROP or DELETE: its words, as they are refused whatever they say. */
static bool
influx_parse_delete(InfluxParser *parser, InfluxStatement *statement,
					const char *verb)
{
	statement->kind = INFLUX_DELETE;
	statement->name = verb;
	if (strcmp(verb, "DROP") == 0 && parser->kind == INFLUX_WORD)
		statement->name = psprintf("%s %s", verb,
								   asc_toupper(parser->value,
											   strlen(parser->value)));
	while (parser->kind != INFLUX_END && !influx_is_semicolon(parser))
		influx_next(parser);
	return true;
}

static bool
influx_parse_statement(InfluxParser *parser, InfluxStatement *statement)
{
	statement->limit = -1;
	if (influx_accept(parser, "CREATE"))
		return influx_parse_create(parser, statement);
	if (influx_accept(parser, "ALTER"))
		return influx_parse_keep_policy(parser, statement);
	if (influx_accept(parser, "SHOW"))
		return influx_parse_show(parser, statement);
	if (influx_accept(parser, "DROP"))
		return influx_parse_delete(parser, statement, "DROP");
	if (influx_accept(parser, "DELETE"))
		return influx_parse_delete(parser, statement, "DELETE");
	return influx_fail(parser, "SHOW, CREATE, ALTER, DROP, DELETE");
}

static bool
influx_parse(InfluxParser *parser)
{
	parser->statements = palloc0(sizeof(InfluxStatement) *
								 INFLUXQL_MAX_STATEMENTS);
	influx_next(parser);
	for (;;)
	{
		while (influx_is_semicolon(parser))
			influx_next(parser);
		if (parser->kind == INFLUX_END)
			return true;
		if (parser->count == INFLUXQL_MAX_STATEMENTS)
			return influx_fail(parser, "fewer statements");
		if (!influx_parse_statement(parser,
									&parser->statements[parser->count++]))
			return false;
		if (parser->kind != INFLUX_END && !influx_is_semicolon(parser))
			return influx_fail(parser, ";, EOF");
	}
}

/* ---------- answers ---------- */

/* One series: what comes before its values. */
static void
influx_open_series(StringInfo out, const char *name, const char *columns)
{
	appendStringInfoString(out, ",\"series\":[{");
	if (name)
		appendStringInfo(out, "\"name\":\"%s\",", name);
	appendStringInfo(out, "\"columns\":[%s],\"values\":[", columns);
}

static void
influx_add_value(StringInfo out, const char *value, bool first)
{
	appendStringInfoString(out, first ? "[" : ",[");
	escape_json(out, value);
	appendStringInfoChar(out, ']');
}

static void
influx_warn(StringInfo out, const char *message)
{
	appendStringInfo(out, ",\"messages\":[{\"level\":\"warning\",\"text\":\"%s\"}]",
					 message);
}

static void
influx_show_databases(StringInfo out)
{
	char		names[INFLUXQL_MAX_DATABASES][NAMEDATALEN];
	int			count = ingest_share_databases(names, INFLUXQL_MAX_DATABASES);
	int			i;

	influx_open_series(out, "databases", "\"name\"");
	influx_add_value(out, ingest_settings_database, true);
	for (i = 0; i < count; i++)
		if (strcmp(names[i], ingest_settings_database) != 0)
			influx_add_value(out, names[i], false);
	appendStringInfoString(out, "]}]");
}

static void
influx_show_policies(StringInfo out)
{
	influx_open_series(out, NULL,
					   "\"name\",\"duration\",\"shardGroupDuration\",\"replicaN\",\"default\"");
	appendStringInfoString(out,
						   "[\"autogen\",\"0s\",\"168h0m0s\",1,true]]}]");
}

/* Tables of the schema that the role may read. */
static const char *const influx_measurements =
"SELECT c.relname::pg_catalog.text FROM pg_catalog.pg_class c"
" JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
" WHERE n.nspname OPERATOR(pg_catalog.=) $1::pg_catalog.name"
" AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,m,f}'::pg_catalog.\"char\"[])"
" AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
" AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')"
" ORDER BY 1 LIMIT $2 OFFSET $3";

static void
influx_select_measurements(const InfluxStatement *statement)
{
	Oid			types[] = {TEXTOID, INT8OID, INT8OID};
	Datum		values[3];
	int64		limit = INFLUXQL_MAX_MEASUREMENTS;

	if (statement->limit > 0)
		limit = Min(limit, statement->limit);
	values[0] = CStringGetTextDatum(ingest_settings_schema);
	values[1] = Int64GetDatum(limit);
	values[2] = Int64GetDatum(statement->offset);
	if (SPI_execute_with_args(influx_measurements, 3, types, values, NULL,
							  true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the list of tables");
}

static void
influx_show_measurements(const InfluxStatement *statement, Oid role,
						 StringInfo out)
{
	uint64		i;

	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	ingest_auth_become(role);
	SPI_connect();
	influx_select_measurements(statement);
	if (SPI_processed > 0)
		influx_open_series(out, "measurements", "\"name\"");
	for (i = 0; i < SPI_processed; i++)
	{
		char	   *name = SPI_getvalue(SPI_tuptable->vals[i],
										SPI_tuptable->tupdesc, 1);

		influx_add_value(out, pg_server_to_any(name, strlen(name), PG_UTF8),
						 i == 0);
	}
	if (SPI_processed > 0)
		appendStringInfoString(out, "]}]");
	SPI_finish();
	PopActiveSnapshot();
	CommitTransactionCommand();
}

/* False: the statement is refused, and so is the rest. */
static bool
influx_execute(const InfluxStatement *statement, Oid role, StringInfo out)
{
	switch (statement->kind)
	{
		case INFLUX_CREATE_DATABASE:
			if (statement->name[0] == '\0')
			{
				appendStringInfoString(out, ",\"error\":\"invalid name\"");
				return false;
			}
			ingest_share_add_database(statement->name);
			if (statement->has_policy)
				influx_warn(out, "points are kept until rusts.drop_after of their table");
			break;
		case INFLUX_SHOW_DATABASES:
			influx_show_databases(out);
			break;
		case INFLUX_SHOW_MEASUREMENTS:
			influx_show_measurements(statement, role, out);
			break;
		case INFLUX_SHOW_POLICIES:
			influx_show_policies(out);
			break;
		case INFLUX_KEEP_POLICY:
			influx_warn(out, "points are kept until rusts.drop_after of their table");
			break;
		case INFLUX_DELETE:
			appendStringInfoString(out, ",\"error\":");
			escape_json(out, psprintf("%s is not supported: data are deleted by SQL, through PostgreSQL",
									  statement->name));
			return false;
	}
	return true;
}

static void
influx_execute_all(const InfluxParser *parser, Oid role, StringInfo out)
{
	MemoryContext context = CurrentMemoryContext;
	bool		good = true;
	int			i;

	if (parser->count == 0)
	{
		appendStringInfoString(out, "{}\n");
		return;
	}
	appendStringInfoString(out, "{\"results\":[");
	for (i = 0; i < parser->count; i++)
	{
		appendStringInfo(out, "%s{\"statement_id\":%d", i > 0 ? "," : "", i);
		if (good)
			good = influx_execute(&parser->statements[i], role, out);
		else
			appendStringInfoString(out, ",\"error\":\"not executed\"");
		appendStringInfoChar(out, '}');
		MemoryContextSwitchTo(context);
	}
	appendStringInfoString(out, "]}\n");
}

int
ingest_influxql_run(const char *q, Oid role, StringInfo out)
{
	InfluxParser parser = {q, q};
	bool		parsed;

	if (pg_encoding_verifymbstr(PG_UTF8, q, strlen(q)) != strlen(q))
	{
		appendStringInfoString(out, "{\"error\":\"error parsing query: it is not UTF-8\"}\n");
		return 400;
	}
	parsed = influx_parse(&parser);
	if (!parsed)
	{
		appendStringInfoString(out, "{\"error\":");
		escape_json(out, parser.error);
		appendStringInfoString(out, "}\n");
		return 400;
	}
	influx_execute_all(&parser, role, out);
	return 200;
}
