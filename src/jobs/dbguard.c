/*
 * dbguard.c
 *	  Commands that need a database for themselves.
 *
 * DROP DATABASE, ALTER DATABASE ... RENAME and SET TABLESPACE, and CREATE
 * DATABASE for its template, fail while another session is connected.  The
 * server sends its own autovacuum workers away, but does not know ours; so
 * they are stopped until the command's transaction ends, and so are the
 * session's own resident workers, until it needs them again.  The command's
 * end would be too early: a new worker would find the database's row still
 * there, wait for the lock, and fail.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "jobs/dbguard.h"
#include "jobs/jobslot.h"
#include "miscadmin.h"
#include "resident/resident.h"
#include "utils/memutils.h"

/* Only a preloaded library has workers to send away. */
static bool active = false;
static List *held = NIL;		/* databases, in TopMemoryContext */

/* The value of an option of CREATE or ALTER DATABASE, or NULL. */
static const char *
dbguard_option(List *options, const char *name)
{
	ListCell   *cell;

	foreach(cell, options)
	{
		DefElem    *option = lfirst_node(DefElem, cell);

		if (strcmp(option->defname, name) == 0 && option->arg != NULL)
			return defGetString(option);
	}
	return NULL;
}

static const char *
dbguard_template(CreatedbStmt *create)
{
	const char *name = dbguard_option(create->options, "template");

	return name ? name : "template1";
}

/* The database that a statement needs for itself, or NULL. */
static const char *
dbguard_database(Node *statement)
{
	if (IsA(statement, DropdbStmt))
		return ((DropdbStmt *) statement)->dbname;
	if (IsA(statement, CreatedbStmt))
		return dbguard_template((CreatedbStmt *) statement);
	if (IsA(statement, AlterDatabaseStmt) &&
		dbguard_option(((AlterDatabaseStmt *) statement)->options,
					   "tablespace") != NULL)
		return ((AlterDatabaseStmt *) statement)->dbname;
	if (IsA(statement, RenameStmt) &&
		((RenameStmt *) statement)->renameType == OBJECT_DATABASE)
		return ((RenameStmt *) statement)->subname;
	return NULL;
}

static void
dbguard_hold(Oid dbid)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	held = lappend_oid(held, dbid);
	MemoryContextSwitchTo(old);
	jobslot_hold(dbid);
}

static void
dbguard_xact(XactEvent event, void *arg)
{
	ListCell   *cell;

	if (held == NIL ||
		(event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
		 event != XACT_EVENT_PREPARE))
		return;
	foreach(cell, held)
		jobslot_release(lfirst_oid(cell));
	list_free(held);
	held = NIL;
}

void
dbguard_clear(Node *statement)
{
	const char *name = active ? dbguard_database(statement) : NULL;
	Oid			dbid = name ? get_database_oid(name, true) : InvalidOid;

	if (!OidIsValid(dbid))
		return;
	dbguard_hold(dbid);
	if (dbid == MyDatabaseId)
		resident_dismiss_idle();
}

void
dbguard_init(void)
{
	RegisterXactCallback(dbguard_xact, NULL);
	active = true;
}
