/*
 * ingest_views.c
 *	  What rusts.ingest_stats and rusts.ingest_errors show.
 */
#include "postgres.h"

#include "compat/compat.h"
#include "compat/privilege.h"
#include "fmgr.h"
#include "funcapi.h"
#include "ingest/ingest_share.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(rusts_ingest_stats);
PG_FUNCTION_INFO_V1(rusts_ingest_errors);

PGDLLEXPORT Datum rusts_ingest_stats(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_ingest_errors(PG_FUNCTION_ARGS);

#define VIEWS_STATS_COLUMNS 25
#define VIEWS_ERROR_COLUMNS 7

/* ---------- rusts.ingest_stats ---------- */

static Datum
ingest_views_number(pg_atomic_uint64 *counter)
{
	return Int64GetDatum((int64) pg_atomic_read_u64(counter));
}

/* Of what is acknowledged and not on disk: how long ago the oldest was. */
static Datum
ingest_views_flush_lag(IngestCounters *counters)
{
	TimestampTz since = (TimestampTz) pg_atomic_read_u64(&counters->unflushed_since);
	TimestampTz now = GetCurrentTimestamp();

	return Float8GetDatum(since == 0 || now < since ? 0 :
						  (double) (now - since) / 1000);
}

static int
ingest_views_counters(IngestCounters *counters, Datum *values)
{
	int			n = 0;
	int			i;

	values[n++] = ingest_views_number(&counters->requests);
	values[n++] = ingest_views_number(&counters->writes);
	values[n++] = ingest_views_number(&counters->lines);
	values[n++] = ingest_views_number(&counters->points);
	values[n++] = ingest_views_number(&counters->bytes);
	for (i = 0; i < INGEST_REJECT_COUNT; i++)
		values[n++] = ingest_views_number(&counters->rejected[i]);
	values[n++] = ingest_views_number(&counters->rounded);
	values[n++] = ingest_views_number(&counters->refused);
	values[n++] = ingest_views_number(&counters->auth_failures);
	values[n++] = ingest_views_number(&counters->dropped_datagrams);
	values[n++] = ingest_views_number(&counters->connections);
	values[n++] = ingest_views_number(&counters->queries);
	values[n++] = ingest_views_number(&counters->queue_bytes);
	values[n++] = ingest_views_number(&counters->transactions);
	values[n++] = Float8GetDatum((double) pg_atomic_read_u64(&counters->commit_us) / 1000);
	values[n++] = ingest_views_flush_lag(counters);
	return n;
}

/* One row for each worker that runs. */
Datum
rusts_ingest_stats(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int			worker;

	compat_init_materialized_srf(fcinfo);
	for (worker = 0; worker < INGEST_SHARE_WORKERS; worker++)
	{
		Datum		values[VIEWS_STATS_COLUMNS] = {0};
		bool		nulls[VIEWS_STATS_COLUMNS] = {0};
		char		failure[INGEST_SHARE_TEXT];
		TimestampTz failed_at = 0;
		int			pid;
		int			n;
		IngestCounters *counters = ingest_share_look(worker, &pid, &failed_at,
													 failure);

		if (counters == NULL || pid == 0)
			continue;
		values[0] = Int32GetDatum(worker);
		values[1] = Int32GetDatum(pid);
		n = 2 + ingest_views_counters(counters, values + 2);
		values[n] = CStringGetTextDatum(failure);
		nulls[n++] = failure[0] == '\0';
		values[n] = TimestampTzGetDatum(failed_at);
		nulls[n++] = failure[0] == '\0';
		Assert(n == VIEWS_STATS_COLUMNS);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}

/* ---------- rusts.ingest_errors ---------- */

/* Lines are data: to be seen by those who sent them, and who see everything. */
Datum
rusts_ingest_errors(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int			count;
	IngestError *errors = ingest_share_errors(&count);
	int			i;

	compat_init_materialized_srf(fcinfo);
	for (i = 0; i < count; i++)
	{
		IngestError *error = &errors[i];
		Datum		values[VIEWS_ERROR_COLUMNS];
		bool		nulls[VIEWS_ERROR_COLUMNS] = {0};
		char	   *role;

		if (!compat_may_see_backend(error->role))
			continue;
		role = GetUserNameFromId(error->role, true);
		values[0] = TimestampTzGetDatum(error->at);
		values[1] = role ? DirectFunctionCall1(namein, CStringGetDatum(role)) : 0;
		nulls[1] = role == NULL;
		values[2] = CStringGetTextDatum(ingest_share_reject_name(error->reject));
		values[3] = Int64GetDatum(error->line);
		values[4] = CStringGetTextDatum(error->measurement);
		nulls[4] = error->measurement[0] == '\0';
		values[5] = CStringGetTextDatum(error->text);
		values[6] = CStringGetTextDatum(error->reason);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}
