/*
 * commitflush.c
 *	  rusts.flush_every_commit: rows become columnar right after their commit.
 *
 * For tests: any suite, run with this setting, sees segments where it would
 * otherwise see hot rows.  A commit itself cannot flush, since nothing may
 * fail any more by then and the rows are not visible before.  So the tables
 * that a transaction inserted into are remembered (hotstats.c), and the
 * session's next statement flushes them first, in its own transaction.
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
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "optimizer/planner.h"
#include "option/settings.h"
#include "table/commitflush.h"
#include "write/hotstats.h"
#include "write/quietflush.h"
#include "tcop/pquery.h"
#include "tcop/utility.h"
#include "utils/memutils.h"

static planner_hook_type previous_planner = NULL;
static ProcessUtility_hook_type previous_utility = NULL;

/* flushed by the running transaction; in TopMemoryContext */
static List *in_flight = NIL;

/* Is this transaction nothing but the statement about to start? */
static bool
commitflush_is_time(void)
{
	return settings_flush_every_commit &&
		hotstats_any_committed() &&
		MyBackendType == B_BACKEND &&
		IsTransactionState() &&
		!IsTransactionBlock() &&
		GetCurrentTransactionNestLevel() == 1 &&
		!TransactionIdIsValid(GetTopTransactionIdIfAny()) &&
		!IsolationUsesXactSnapshot() &&
		!XactReadOnly &&
		!RecoveryInProgress();
}

/* Returns false when the table should be tried again. */
static bool
commitflush_table(Oid relid)
{
	bool		gone;
	Relation	rel = quietflush_open(relid, RowExclusiveLock, &gone);
	int64		moved;

	if (rel == NULL)
		return gone;
	moved = quietflush_run(rel);
	relation_close(rel, NoLock);
	return moved >= 0;
}

static void
commitflush_run(void)
{
	List	   *tables = hotstats_take_committed();
	MemoryContext old;
	ListCell   *cell;

	old = MemoryContextSwitchTo(TopMemoryContext);
	in_flight = list_copy(tables);
	MemoryContextSwitchTo(old);
	foreach(cell, tables)
	{
		if (!commitflush_table(lfirst_oid(cell)))
			hotstats_note_committed(lfirst_oid(cell));
	}
	CommandCounterIncrement();
}

/* A flush that was rolled back is to be done again. */
static void
commitflush_xact(XactEvent event, void *arg)
{
	ListCell   *cell;

	if (in_flight == NIL ||
		(event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT))
		return;
	if (event == XACT_EVENT_ABORT)
	{
		foreach(cell, in_flight)
			hotstats_note_committed(lfirst_oid(cell));
	}
	list_free(in_flight);
	in_flight = NIL;
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
commitflush_init(void)
{
	RegisterXactCallback(commitflush_xact, NULL);
	previous_planner = planner_hook;
	planner_hook = commitflush_planner;
	previous_utility = ProcessUtility_hook;
	ProcessUtility_hook = commitflush_utility;
}
