/*
 * ingest_create.c
 *	  Tables and columns for measurements that are new.
 *
 * A measurement becomes a rusts table: time timestamptz NOT NULL, a text column
 * for each tag, a column for each field.  It belongs to the role that wrote the
 * first point.
 *
 * Workers take turns, under a lock on the schema that other statements do not
 * take (but DROP SCHEMA, which waits).  Who has it looks again before making
 * anything: another worker, or somebody's CREATE TABLE, may have been first.
 * CREATE TABLE of a session at the same moment is an error of a unique index
 * for one of the two; ours is tried again and finds the table.
 *
 * The lock order is schema, then table.  A table's lock is waited for as long
 * as rusts.ingest_lock_timeout says.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "compat/privilege.h"
#include "executor/spi.h"
#include "ingest/ingest_create.h"
#include "ingest/ingest_target.h"
#include "option/namelist.h"
#include "option/options.h"
#include "option/ours.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* An index has 32 columns, and one is the time. */
#define CREATE_KEY_TAGS (INDEX_MAX_KEYS - 1)

Oid
ingest_create_schema(void)
{
	return get_namespace_oid(ingest_settings_schema, false);
}

static void
ingest_create_run(const char *sql)
{
	int			result = SPI_execute(sql, false, 0);

	if (result != SPI_OK_UTILITY)
		elog(ERROR, "could not create: %s", SPI_result_code_string(result));
}

static const char *
ingest_create_type(const NeedColumn *column)
{
	if (column->tag)
		return "text";
	switch (column->type)
	{
		case WIRE_FLOAT:
			return "double precision";
		case WIRE_INTEGER:
		case WIRE_UNSIGNED:
			return "bigint";
		case WIRE_BOOLEAN:
			return "boolean";
		case WIRE_STRING:
			break;
	}
	return "text";
}

/* ---------- tags ---------- */

/* Names of a table's tags, and after them those that are new. */
static List *
ingest_create_tags(Relation rel, const Need *need)
{
	List	   *tags = NIL;
	ListCell   *cell;
	int			i;

	if (rel != NULL)
	{
		TableOptions *options = options_get(rel);

		for (i = 0; i < options->ntags; i++)
			tags = lappend(tags,
						   NameStr(TupleDescAttr(RelationGetDescr(rel),
												 options->tags[i] - 1)->attname));
	}
	foreach(cell, need->columns)
		if (((NeedColumn *) lfirst(cell))->tag)
			tags = lappend(tags, ((NeedColumn *) lfirst(cell))->name);
	return tags;
}

/* As the storage parameter has it, as a literal of SQL. */
static char *
ingest_create_tag_literal(List *tags)
{
	List	   *items = NIL;
	ListCell   *cell;

	foreach(cell, tags)
	{
		NameItem   *item = palloc0(sizeof(NameItem));

		item->name = lfirst(cell);
		items = lappend(items, item);
	}
	return quote_literal_cstr(namelist_format(items));
}

/* ---------- the unique index ---------- */

static void
ingest_create_index(const char *table, const char *name, List *tags,
					const char *time)
{
	StringInfoData sql;
	ListCell   *cell;

	if (list_length(tags) > CREATE_KEY_TAGS)
	{
		ereport(LOG,
				(errmsg("table %s has too many tags for a unique index",
						table)));
		return;
	}
	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE UNIQUE INDEX %s ON %s (", name, table);
	foreach(cell, tags)
		appendStringInfo(&sql, "%s, ", quote_identifier(lfirst(cell)));
	appendStringInfo(&sql, "%s) NULLS NOT DISTINCT", quote_identifier(time));
	ingest_create_run(sql.data);
}

/* ---------- what a table has ---------- */

/* Of a table that is to get columns; the table is not open any more. */
typedef struct CreateFacts
{
	List	   *missing;		/* NeedColumn */
	List	   *tags;			/* names, new ones too; NIL: nothing new, or no
								 * rusts table */
	char	   *index;			/* on tags and time, of no constraint, or NULL */
	char	   *time;
} CreateFacts;

/*
 * New tags belong to the series of a point, and so to the key.  An index that
 * no constraint owns is made again with them; a constraint is its owner's
 * decision.
 */
static void
ingest_create_rekey(const char *table, const CreateFacts *facts)
{
	if (facts->index == NULL || !ingest_settings_unique)
		return;
	ingest_create_run(psprintf("DROP INDEX %s.%s",
							   quote_identifier(ingest_settings_schema),
							   quote_identifier(facts->index)));
	ingest_create_index(table, quote_identifier(facts->index), facts->tags,
						facts->time);
}

static void
ingest_create_learn(const Target *target, const Need *need, CreateFacts *facts)
{
	TupleDesc	desc = RelationGetDescr(target->rel);
	Need		missing = *need;
	bool		new_tags = false;
	ListCell   *cell;

	memset(facts, 0, sizeof(*facts));
	foreach(cell, need->columns)
	{
		NeedColumn *column = lfirst(cell);

		if (ingest_target_column(target, column->name) != InvalidAttrNumber)
			continue;
		facts->missing = lappend(facts->missing, column);
		new_tags |= column->tag;
	}
	missing.columns = facts->missing;
	if (new_tags && ours_is_table(target->rel))
		facts->tags = ingest_create_tags(target->rel, &missing);
	facts->time = pstrdup(NameStr(TupleDescAttr(desc, target->time_attnum - 1)->attname));
	if (OidIsValid(target->key_index) &&
		!OidIsValid(get_index_constraint(target->key_index)))
		facts->index = get_rel_name(target->key_index);
}

/* ---------- tables and columns ---------- */

static void
ingest_create_table(const char *table, const Need *need)
{
	List	   *tags = ingest_create_tags(NULL, need);
	StringInfoData sql;
	ListCell   *cell;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE TABLE %s (time timestamptz NOT NULL",
					 table);
	foreach(cell, need->columns)
	{
		NeedColumn *column = lfirst(cell);

		appendStringInfo(&sql, ", %s %s", quote_identifier(column->name),
						 ingest_create_type(column));
	}
	appendStringInfoString(&sql, ") USING rusts WITH (rusts.time = 'time'");
	if (tags != NIL)
		appendStringInfo(&sql, ", rusts.tags = %s",
						 ingest_create_tag_literal(tags));
	appendStringInfoString(&sql, ")");
	ingest_create_run(sql.data);
	if (ingest_settings_unique)
		ingest_create_index(table, "", tags, "time");
}

static void
ingest_create_columns(const char *table, const CreateFacts *facts)
{
	StringInfoData sql;
	ListCell   *cell;
	const char *separator = "";

	if (facts->missing == NIL)
		return;
	initStringInfo(&sql);
	appendStringInfo(&sql, "ALTER TABLE %s ", table);
	foreach(cell, facts->missing)
	{
		NeedColumn *column = lfirst(cell);

		appendStringInfo(&sql, "%sADD COLUMN %s %s", separator,
						 quote_identifier(column->name),
						 ingest_create_type(column));
		separator = ", ";
	}
	ingest_create_run(sql.data);
	if (facts->tags == NIL)
		return;
	ingest_create_run(psprintf("ALTER TABLE %s SET (rusts.tags = %s)", table,
							   ingest_create_tag_literal(facts->tags)));
	ingest_create_rekey(table, facts);
}

/*
 * ALTER TABLE's lock from the beginning: to come by it from a weaker one could
 * be a deadlock.  Who may not alter the table does not get to lock it.
 */
static bool
ingest_create_lock(Oid schema, const char *name)
{
	Oid			relid = get_relname_relid(name, schema);

	if (!OidIsValid(relid))
		return false;
	if (!compat_class_ownercheck(relid, GetUserId()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of table %s", name)));
	LockRelationOid(relid, AccessExclusiveLock);
	return true;
}

static void
ingest_create_extend(Oid schema, const char *table, const Need *need)
{
	Target	   *target;
	TargetRefusal refusal;
	CreateFacts facts;

	if (ingest_target_open(schema, need->table, &target,
						   &refusal) != TARGET_FOUND)
		return;
	ingest_create_learn(target, need, &facts);
	ingest_target_close(target);
	ingest_create_columns(table, &facts);
}

void
ingest_create_needed(Oid schema, const Need *need)
{
	const char *table = quote_qualified_identifier(get_namespace_name(schema),
												   need->table);

	LockDatabaseObject(NamespaceRelationId, schema, 0,
					   ShareUpdateExclusiveLock);
	SPI_connect();
	if (ingest_create_lock(schema, need->table))
		ingest_create_extend(schema, table, need);
	else
		ingest_create_table(table, need);
	SPI_finish();
}
