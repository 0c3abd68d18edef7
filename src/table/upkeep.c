/*
 * upkeep.c
 *	  SQL functions that keep a table in shape.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "compat/compat.h"
#include "compat/privilege.h"
#include "option/options.h"
#include "option/ours.h"
#include "table/functions.h"
#include "write/compact.h"
#include "write/flush.h"
#include "write/retain.h"
#include "write/worklog.h"

PG_FUNCTION_INFO_V1(rusts_flush);
PG_FUNCTION_INFO_V1(rusts_compact);
PG_FUNCTION_INFO_V1(rusts_drop_chunks);
PG_FUNCTION_INFO_V1(rusts_add_retention_policy);
PG_FUNCTION_INFO_V1(rusts_remove_retention_policy);

PGDLLEXPORT Datum rusts_flush(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_compact(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_drop_chunks(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_add_retention_policy(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_remove_retention_policy(PG_FUNCTION_ARGS);

/* Lock a table that the caller must own. */
static void
upkeep_lock(Oid relid, const char *function)
{
	PreventCommandIfReadOnly(function);
	PreventCommandIfParallelMode(function);
	if (!compat_class_ownercheck(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER,
					   get_relkind_objtype(get_rel_relkind(relid)),
					   get_rel_name(relid));
	/* it may be dropped while the lock is waited for */
	LockRelationOid(relid, RowExclusiveLock);
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)))
		functions_report_missing(relid);
}

Datum
rusts_flush(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);

	upkeep_lock(relid, "rusts.flush()");
	PG_RETURN_INT64(flush_table(relid));
}

/* Lock and open a rusts table that the caller must own. */
static Relation
upkeep_open(Oid relid, const char *function)
{
	Relation	rel;

	upkeep_lock(relid, function);
	rel = relation_open(relid, NoLock);
	if (!ours_is_table(rel))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a rusts table",
						RelationGetRelationName(rel))));
	return rel;
}

static void
upkeep_log(Relation rel, const Progress *progress)
{
	worklog_add(rel, progress);
	CommandCounterIncrement();
	if (worklog_trim_due())
		(void) worklog_trim();
}

Datum
rusts_compact(PG_FUNCTION_ARGS)
{
	Relation	rel = upkeep_open(PG_GETARG_OID(0), "rusts.compact()");
	Progress	progress;
	int64		written;

	written = compact_relation(rel, PG_GETARG_BOOL(1), PG_INT32_MAX, true,
							   &progress);
	if (written > 0)
		upkeep_log(rel, &progress);
	relation_close(rel, NoLock);
	PG_RETURN_INT64(written);
}

/* ---------- retention ---------- */

/* An argument of any type, NULL or not. */
typedef struct AnyArgument
{
	Oid			type;
	Datum		value;
	const char *name;
} AnyArgument;

static AnyArgument
upkeep_argument(FunctionCallInfo fcinfo, int n, const char *name)
{
	AnyArgument argument = {get_fn_expr_argtype(fcinfo->flinfo, n),
	PG_GETARG_DATUM(n), name};

	/* a literal, of a type that nobody knows yet */
	if (argument.type == UNKNOWNOID)
	{
		argument.value = DirectFunctionCall3(interval_in, argument.value,
											 ObjectIdGetDatum(InvalidOid),
											 Int32GetDatum(-1));
		argument.type = INTERVALOID;
	}
	else if (argument.type == INT4OID || argument.type == INT2OID)
	{
		argument.value = Int64GetDatum(argument.type == INT4OID ?
									   DatumGetInt32(argument.value) :
									   DatumGetInt16(argument.value));
		argument.type = INT8OID;
	}
	return argument;
}

static void
upkeep_refuse_type(const AnyArgument *argument, Oid time_type)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("%s of type %s does not suit a time column of type %s",
					argument->name, format_type_be(argument->type),
					format_type_be(time_type)),
			 time_type == INT8OID ?
			 errhint("Give a number in the unit of the time column.") :
			 errhint("Give a time, or an interval that is counted from now.")));
}

/* now less an interval, as the type of the time column. */
static Datum
upkeep_ago(Datum interval, Oid time_type)
{
	Datum		then = DirectFunctionCall2(timestamptz_mi_interval,
										   TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()),
										   interval);

	if (time_type == TIMESTAMPTZOID)
		return then;
	if (time_type == TIMESTAMPOID)
		return DirectFunctionCall1(timestamptz_timestamp, then);
	return DirectFunctionCall1(timestamptz_date, then);
}

/* A bound in the unit of the time column. */
static int64
upkeep_bound(const AnyArgument *argument, Oid time_type)
{
	Datum		value = argument->value;
	Oid			type = argument->type;

	if (time_type == INT8OID && type == INT8OID)
		return DatumGetInt64(value);
	if (time_type == INT8OID)
		upkeep_refuse_type(argument, time_type);
	if (type == INTERVALOID)
	{
		value = upkeep_ago(value, time_type);
		type = time_type;
	}
	if (type == DATEOID && time_type == TIMESTAMPTZOID)
		value = DirectFunctionCall1(date_timestamptz, value);
	else if (type == DATEOID && time_type == TIMESTAMPOID)
		value = DirectFunctionCall1(date_timestamp, value);
	else if (type == TIMESTAMPOID && time_type == TIMESTAMPTZOID)
		value = DirectFunctionCall1(timestamp_timestamptz, value);
	else if (type == TIMESTAMPTZOID && time_type == TIMESTAMPOID)
		value = DirectFunctionCall1(timestamptz_timestamp, value);
	else if (type != time_type)
		upkeep_refuse_type(argument, time_type);
	return time_type == DATEOID ? DatumGetInt32(value) : DatumGetInt64(value);
}

/* Where lines about dropped windows go. */
typedef struct DropReport
{
	Relation	rel;
	Oid			time_type;
	ReturnSetInfo *result;
} DropReport;

static void
upkeep_report_window(void *arg, int64 partition, uint64 rows)
{
	DropReport *report = arg;
	Oid			output;
	bool		is_varlena;
	bool		isnull = false;
	char	   *start;
	Datum		line;

	getTypeOutputInfo(report->time_type, &output, &is_varlena);
	start = OidOutputFunctionCall(output, report->time_type == DATEOID ?
								  Int32GetDatum((int32) partition) :
								  Int64GetDatum(partition));
	line = CStringGetTextDatum(psprintf("%s %s: " UINT64_FORMAT " rows",
										quote_qualified_identifier(get_namespace_name(RelationGetNamespace(report->rel)),
																   RelationGetRelationName(report->rel)),
										start, rows));
	tuplestore_putvalues(report->result->setResult, report->result->setDesc,
						 &line, &isnull);
}

Datum
rusts_drop_chunks(PG_FUNCTION_ARGS)
{
	RetainRange range = {PG_INT64_MIN, PG_INT64_MAX};
	Progress	progress;
	DropReport	report;
	Relation	rel;

	if (PG_ARGISNULL(0) || (PG_ARGISNULL(1) && PG_ARGISNULL(2)))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("drop_chunks needs a table, and older_than or newer_than")));
	rel = upkeep_open(PG_GETARG_OID(0), "drop_chunks()");
	report.rel = rel;
	report.time_type = options_get(rel)->time_type;
	if (options_get(rel)->time_attnum == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has no time column",
						RelationGetRelationName(rel)),
				 errhint("Name one with rusts.time.")));
	if (!PG_ARGISNULL(1))
	{
		AnyArgument older = upkeep_argument(fcinfo, 1, "older_than");

		range.high = upkeep_bound(&older, report.time_type);
	}
	if (!PG_ARGISNULL(2))
	{
		AnyArgument newer = upkeep_argument(fcinfo, 2, "newer_than");

		range.low = upkeep_bound(&newer, report.time_type);
	}
	compat_init_scalar_srf(fcinfo);
	report.result = (ReturnSetInfo *) fcinfo->resultinfo;
	/* what is hot and old goes too, in the same way */
	(void) flush_relation(rel, true, &progress);
	CommandCounterIncrement();
	if (retain_drop(rel, &range, true, &progress, upkeep_report_window,
					&report) > 0)
		upkeep_log(rel, &progress);
	relation_close(rel, NoLock);
	return (Datum) 0;
}

/* ALTER TABLE with one parameter. */
static void
upkeep_alter(Relation rel, const char *action)
{
	char	   *command;

	command = psprintf("ALTER TABLE %s %s",
					   quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
												  RelationGetRelationName(rel)),
					   action);
	relation_close(rel, NoLock);
	SPI_connect();
	if (SPI_execute(command, false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "could not run %s", command);
	SPI_finish();
}

Datum
rusts_add_retention_policy(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	AnyArgument age;
	Relation	rel;
	char	   *text;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("add_retention_policy needs a table and drop_after")));
	rel = upkeep_open(relid, "add_retention_policy()");
	age = upkeep_argument(fcinfo, 1, "drop_after");
	if (options_get(rel)->drop_after > 0)
	{
		ereport(PG_GETARG_BOOL(2) ? NOTICE : ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("table \"%s\" has a retention policy already",
						RelationGetRelationName(rel)),
				 errhint("Use ALTER TABLE ... SET (rusts.drop_after = ...).")));
		relation_close(rel, NoLock);
		PG_RETURN_INT32(-1);
	}
	if (retain_is_referenced(rel))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot add a retention policy to table \"%s\", which is referenced in a foreign key constraint",
						RelationGetRelationName(rel)),
				 errhint("Use DELETE, from a scheduled job.")));
	if (age.type == INTERVALOID)
		text = DatumGetCString(DirectFunctionCall1(interval_out, age.value));
	else if (age.type == INT8OID)
		text = psprintf(INT64_FORMAT, DatumGetInt64(age.value));
	else
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("drop_after of type %s is not possible",
						format_type_be(age.type)),
				 errhint("Give an interval, or a number for a time column of type bigint.")));
	upkeep_alter(rel, psprintf("SET (rusts.drop_after = %s)",
							   quote_literal_cstr(text)));
	PG_RETURN_INT32((int32) relid);
}

Datum
rusts_remove_retention_policy(PG_FUNCTION_ARGS)
{
	Relation	rel = upkeep_open(PG_GETARG_OID(0),
								  "remove_retention_policy()");

	if (options_get(rel)->drop_after <= 0)
	{
		ereport(PG_GETARG_BOOL(1) ? NOTICE : ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("table \"%s\" has no retention policy",
						RelationGetRelationName(rel))));
		relation_close(rel, NoLock);
		PG_RETURN_VOID();
	}
	upkeep_alter(rel, "RESET (rusts.drop_after)");
	PG_RETURN_VOID();
}
