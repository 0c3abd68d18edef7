/*
 * onlooker.c
 *	  Another extension: what it sees, and what it could be mistaken for.
 *
 * A ProcessUtility hook that looks into pg_class as soon as the next hook, or
 * the server, is done with a statement, and tells as a NOTICE the parameters of
 * all relations called seen_*.  And a C function with one of our symbols.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "tcop/utility.h"
#include "utils/memutils.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

PG_FUNCTION_INFO_V1(rusts_time_bucket_int8);
Datum		rusts_time_bucket_int8(PG_FUNCTION_ARGS);

static ProcessUtility_hook_type previous_hook = NULL;

static const char *
onlooker_parameters(void)
{
	const char *result = "";

	SPI_connect();
	if (SPI_execute("SELECT string_agg(format('%s %s', oid::regclass, reloptions), ' ' ORDER BY oid::regclass::text COLLATE \"C\")"
					" FROM pg_catalog.pg_class WHERE relname LIKE 'seen\\_%' AND reloptions IS NOT NULL",
					false, 0) == SPI_OK_SELECT)
		result = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	result = MemoryContextStrdup(TopTransactionContext, result ? result : "");
	SPI_finish();
	return result;
}

static bool
onlooker_cares(Node *statement)
{
	return IsA(statement, CreateStmt) || IsA(statement, CreateTableAsStmt) ||
		IsA(statement, CreateSchemaStmt) || IsA(statement, AlterTableStmt) ||
		IsA(statement, RenameStmt) || IsA(statement, DropStmt) ||
		IsA(statement, ExplainStmt);
}

static void
onlooker_hook(PlannedStmt *pstmt, const char *query_string, bool read_only_tree,
			  ProcessUtilityContext context, ParamListInfo params,
			  QueryEnvironment *query_env, DestReceiver *dest,
			  QueryCompletion *qc)
{
	ProcessUtility_hook_type next = previous_hook ? previous_hook :
	standard_ProcessUtility;
	bool		cares = onlooker_cares(pstmt->utilityStmt);

	next(pstmt, query_string, read_only_tree, context, params, query_env, dest,
		 qc);
	if (cares && IsTransactionState())
		ereport(NOTICE, (errmsg("seen: %s", onlooker_parameters())));
}

/* Anything but a step function. */
Datum
rusts_time_bucket_int8(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_INT64(1) % PG_GETARG_INT64(0));
}

void
_PG_init(void)
{
	previous_hook = ProcessUtility_hook;
	ProcessUtility_hook = onlooker_hook;
}
