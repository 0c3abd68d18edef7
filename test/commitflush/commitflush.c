/*
 * commitflush.c
 *	  rusts.flush_every_commit: rows become columnar right after their commit.
 *
 * A module for tests: any suite, run with this setting, sees segments where it
 * would otherwise see hot rows.  A commit itself cannot flush, since nothing
 * may fail any more by then and the rows are not visible before.  So the tables
 * that a transaction inserted into are remembered (the server counts for its
 * statistics, if track_counts is on), and the session's next statement flushes
 * them first, in its own transaction.
 *
 * Why the statement then sees each row once.  The flush marks the hot rows as
 * deleted by, and inserts the directory row as, our own transaction, in a
 * command that CommandCounterIncrement ends before the statement begins.
 * Rows of our own transaction are judged by command number, whatever the
 * age of the snapshot: a snapshot of the current command sees the directory
 * row and not the hot rows; one taken by an earlier command (a cursor, the
 * planner's) the other way round.  Both are right.  Which of them a statement
 * gets does not even matter, but it is the new one: planning a top-level
 * query happens under a snapshot of its own that is dropped before the portal
 * takes the one to execute with, and utility statements refresh the command
 * number of the snapshot that they copy.  If the statement fails, the flush
 * is rolled back with it, and the rows are hot again, as they were.
 *
 * When: only as the first thing in a transaction that consists of this one
 * statement.  In a transaction block a flush would hold its marks, for which
 * updates of other sessions wait, until the block ends, and would give the
 * block a transaction ID that it might not have had.  Nested statements (of
 * functions, triggers, deferred constraints at commit) have a portal or a
 * transaction ID, and are left alone.  So are statements that read no table:
 * some functions refuse to run in a transaction that has written.
 *
 * What is skipped for want of a lock or of the right moment is tried again
 * before the next statement.  A plan that is reused is not planned, so an
 * execution of it does not flush.
 *
 * The module knows nothing of rusts but its SQL function rusts.flush(), which
 * it calls without SQL: a query from within the planner would be planned, too.
 * It loads rusts itself, after defining its setting, because rusts throws out
 * what postgresql.conf says of rusts.* settings that nobody has defined by
 * then; and before installing its hooks, so that they run first.  Hence
 *
 *	LOAD 'rusts_commitflush'
 *		for a session, and
 *	shared_preload_libraries = 'rusts_commitflush,rusts'
 *		for a server that has the setting in its postgresql.conf.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "commands/defrem.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "optimizer/planner.h"
#include "storage/lmgr.h"
#include "tcop/pquery.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "compat/tablestats.h"

/* write/flush.c has one flush of a table at a time by locking this page. */
#define FLUSH_LOCK_PAGE (InvalidBlockNumber - 1)

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

static bool flush_every_commit = false;
static PGFunction flush_function = NULL;	/* rusts.flush() */
static planner_hook_type previous_planner = NULL;
static ProcessUtility_hook_type previous_utility = NULL;

/* inserted into since they were flushed; in TopMemoryContext */
static List *due = NIL;

/* flushed by the running transaction; in TopMemoryContext */
static List *in_flight = NIL;

/* ---------- which tables ---------- */

static void
commitflush_note(Oid relid)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	due = list_append_unique_oid(due, relid);
	MemoryContextSwitchTo(old);
}

static bool
commitflush_is_ours(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			method;

	if (!HeapTupleIsValid(tuple))
		return false;
	method = ((Form_pg_class) GETSTRUCT(tuple))->relam;
	ReleaseSysCache(tuple);
	return OidIsValid(method) && method == get_table_am_oid("rusts", true);
}

/*
 * Note the tables that the transaction inserted into.  Should its commit fail
 * yet, they are flushed for nothing.  An update is no reason for a flush, as
 * it is none for the maintenance worker; and in suites with two sessions the
 * other one is often about to lock the old version of the row.
 */
static void
commitflush_collect(void)
{
	PgStat_SubXactStatus *level;
	PgStat_TableXactStatus *counts;

	level = pgstat_get_xact_stack_level(GetCurrentTransactionNestLevel());
	for (counts = level->first; counts != NULL; counts = counts->next)
	{
		if (counts->tuples_inserted > 0 &&
			commitflush_is_ours(compat_pgstat_relid(counts->parent)))
			commitflush_note(compat_pgstat_relid(counts->parent));
	}
}

static void
commitflush_xact(XactEvent event, void *arg)
{
	ListCell   *cell;

	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			if (flush_every_commit)
				commitflush_collect();
			return;
		case XACT_EVENT_ABORT:
			/* a flush that was rolled back is to be done again */
			foreach(cell, in_flight)
				commitflush_note(lfirst_oid(cell));
			break;
		case XACT_EVENT_COMMIT:
			break;
		default:
			return;
	}
	list_free(in_flight);
	in_flight = NIL;
}

/* ---------- flushing them ---------- */

/*
 * The function checks that its caller owns the table.  An error ends the
 * transaction, and with it the borrowed identity.
 */
static void
commitflush_as_owner(Relation rel)
{
	Oid			userid;
	int			context;

	GetUserIdAndSecContext(&userid, &context);
	SetUserIdAndSecContext(rel->rd_rel->relowner,
						   context | SECURITY_LOCAL_USERID_CHANGE);
	DirectFunctionCall1(flush_function,
						ObjectIdGetDatum(RelationGetRelid(rel)));
	SetUserIdAndSecContext(userid, context);
}

/*
 * Returns false when the table should be tried again.  Nothing here waits:
 * whoever queues behind a waiting lock waits as well, and sessions that flush
 * several tables, each in its own order, would wait for each other.
 */
static bool
commitflush_table(Oid relid)
{
	Relation	rel;
	bool		done = true;

	if (!ConditionalLockRelationOid(relid, RowExclusiveLock))
		return false;
	rel = commitflush_is_ours(relid) ? try_relation_open(relid, NoLock) : NULL;
	if (rel == NULL)
	{
		UnlockRelationOid(relid, RowExclusiveLock);
		return true;
	}
	/* without a TOAST relation there is nowhere to flush to */
	if (OidIsValid(rel->rd_rel->reltoastrelid))
	{
		done = ConditionalLockPage(rel, FLUSH_LOCK_PAGE, ExclusiveLock);
		if (done)
			commitflush_as_owner(rel);
	}
	relation_close(rel, NoLock);
	return done;
}

static void
commitflush_run(void)
{
	ListCell   *cell;

	in_flight = due;
	due = NIL;
	foreach(cell, in_flight)
	{
		if (!commitflush_table(lfirst_oid(cell)))
			commitflush_note(lfirst_oid(cell));
	}
	CommandCounterIncrement();
}

/* ---------- when ---------- */

/* Is this transaction nothing but the statement about to start? */
static bool
commitflush_is_time(void)
{
	return flush_every_commit &&
		due != NIL &&
		MyBackendType == B_BACKEND &&
		IsTransactionState() &&
		!IsTransactionBlock() &&
		GetCurrentTransactionNestLevel() == 1 &&
		!TransactionIdIsValid(GetTopTransactionIdIfAny()) &&
		!IsolationUsesXactSnapshot() &&
		!XactReadOnly &&
		!RecoveryInProgress();
}

/* May a query read a table?  A guess from its outermost level. */
static bool
commitflush_reads_tables(Query *query)
{
	ListCell   *cell;

	if (query->hasSubLinks)
		return true;
	foreach(cell, query->rtable)
	{
		RangeTblEntry *entry = lfirst_node(RangeTblEntry, cell);

		if (entry->rtekind == RTE_RELATION ||
			entry->rtekind == RTE_SUBQUERY || entry->rtekind == RTE_CTE)
			return true;
	}
	return false;
}

/* While a top-level query is planned there is no portal yet. */
static PlannedStmt *
commitflush_planner(Query *query, const char *query_string,
					int cursor_options, ParamListInfo params)
{
	if (ActivePortal == NULL && commitflush_is_time() &&
		commitflush_reads_tables(query))
		commitflush_run();
	return (previous_planner ? previous_planner : standard_planner)
		(query, query_string, cursor_options, params);
}

/* Utility statements that read tables, and may run after a write. */
static bool
commitflush_wants(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_AlterTableStmt:
		case T_ClusterStmt:
		case T_CopyStmt:
		case T_CreateTableAsStmt:
		case T_ExecuteStmt:
		case T_ExplainStmt:
		case T_IndexStmt:
		case T_RefreshMatViewStmt:
		case T_ReindexStmt:
		case T_VacuumStmt:
			return true;
		default:
			return false;
	}
}

static void
commitflush_utility(PlannedStmt *pstmt, const char *query_string,
					bool read_only_tree, ProcessUtilityContext context,
					ParamListInfo params, QueryEnvironment *query_env,
					DestReceiver *dest, QueryCompletion *qc)
{
	if (context == PROCESS_UTILITY_TOPLEVEL && commitflush_is_time() &&
		commitflush_wants(pstmt->utilityStmt))
		commitflush_run();
	(previous_utility ? previous_utility : standard_ProcessUtility)
		(pstmt, query_string, read_only_tree, context, params, query_env,
		 dest, qc);
}

void
_PG_init(void)
{
	DefineCustomBoolVariable("rusts.flush_every_commit",
							 "Moves inserted rows into segments as soon as possible after each commit.",
							 NULL, &flush_every_commit, false, PGC_USERSET, 0,
							 NULL, NULL, NULL);
	flush_function = load_external_function("$libdir/rusts", "rusts_flush",
											true, NULL);
	RegisterXactCallback(commitflush_xact, NULL);
	previous_planner = planner_hook;
	planner_hook = commitflush_planner;
	previous_utility = ProcessUtility_hook;
	ProcessUtility_hook = commitflush_utility;
}
