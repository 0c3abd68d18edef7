/*
 * maintenance.c
 *	  The worker that flushes the tables of one database.
 *
 * It sleeps until a commit wakes it (a table got its first hot row, or has
 * passed a limit) or until the oldest hot row of some table is due, then
 * flushes what is due, one table per transaction.  After a flush, and when it
 * looks at all tables, it drops what is too old and compacts what is worth it
 * (upkeep_job.c).
 *
 * It stays out of the way (flush_try.c): a table whose lock is not free is
 * tried again a little later.  A table whose flush fails is logged and tried
 * less and less often, the others are served meanwhile.
 *
 * SIGTERM ends it quickly and quietly: a flush in progress is cancelled, and
 * rolls back.  The launcher decides whether there will be another worker.
 */
#include "postgres.h"

#include <signal.h>

#include "access/heapam.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_class.h"
#include "jobs/jobslot.h"
#include "jobs/upkeep_job.h"
#include "write/trim.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/bufmgr.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "option/options.h"
#include "write/flush_try.h"
#include "write/hotstats.h"
#include "write/worklog.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#define MAINTENANCE_NAP 10000	/* ms, while there are hot rows */
#define MAINTENANCE_IDLE_NAP (5 * 60 * 1000)	/* ms, while there are none */
#define MAINTENANCE_BUSY_RETRY 1000 /* ms, when a lock was not free */
#define MAINTENANCE_MISS_RETRY 5000	/* ms, doubled by each futile flush */
#define MAINTENANCE_ERROR_RETRY 5000	/* ms, doubled by each failure */
#define MAINTENANCE_RETRY_LAST (60 * 60 * 1000)

/* What is tried, and may fail. */
typedef enum MaintenanceStep
{
	STEP_FLUSH,
	STEP_RETAIN,
	STEP_COMPACT,
	STEP_TRIM_LOG
} MaintenanceStep;

#define STEP_COUNT (STEP_TRIM_LOG + 1)

/* A step that failed is not tried again before a time. */
typedef struct MaintenanceRetry
{
	TimestampTz at;
	int			failures;		/* since the last success */
} MaintenanceRetry;

/* What the worker remembers about a table that has, or had, hot rows. */
typedef struct MaintenanceTable
{
	Oid			relid;			/* key */
	bool		known;			/* the limits are up to date */
	int64		flush_rows;
	int64		flush_size;
	int64		flush_age;
	MaintenanceRetry retry[STEP_COUNT]; /* by step */
	TrimState	trim;
} MaintenanceTable;

typedef enum FlushResult
{
	FLUSH_DONE,
	FLUSH_BUSY,					/* somebody has a lock, or flushes */
	FLUSH_GONE					/* no such table of ours */
} FlushResult;

PGDLLEXPORT void rusts_maintenance_main(Datum arg);

static HTAB *tables = NULL;
static MemoryContext work_context = NULL;	/* reset before each round */
static char activity[2 * NAMEDATALEN + 16]; /* of the flush at hand */
static bool trimming = false;	/* it is a VACUUM */
static volatile sig_atomic_t flushing = false;

/*
 * As SignalHandlerForShutdownRequest, and cancels a flush, which may be in the
 * middle of something long.
 */
static void
maintenance_sigterm(SIGNAL_ARGS)
{
	int			save_errno = errno;

	ShutdownRequestPending = true;
	if (flushing)
	{
		InterruptPending = true;
		QueryCancelPending = true;
	}
	SetLatch(MyLatch);
	errno = save_errno;
}

/* A table's parameters may have changed; InvalidOid means all tables. */
static void
maintenance_invalidate(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS scan;
	MaintenanceTable *table;

	if (OidIsValid(relid))
	{
		table = hash_search(tables, &relid, HASH_FIND, NULL);
		if (table != NULL)
			table->known = false;
		return;
	}
	hash_seq_init(&scan, tables);
	while ((table = hash_seq_search(&scan)) != NULL)
		table->known = false;
}

static MaintenanceTable *
maintenance_table(Oid relid)
{
	MaintenanceTable *table;
	bool		found;

	table = hash_search(tables, &relid, HASH_ENTER, &found);
	if (!found)
	{
		memset(table, 0, sizeof(MaintenanceTable));
		table->relid = relid;
	}
	return table;
}

static void
maintenance_forget(Oid relid)
{
	hotstats_forget(relid);
	hash_search(tables, &relid, HASH_REMOVE, NULL);
}

static void
maintenance_begin(void)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
}

static void
maintenance_commit(void)
{
	PopActiveSnapshot();
	CommitTransactionCommand();
}

/* Tables that may be ours, and that a session other than their own can see. */
static List *
maintenance_list_candidates(void)
{
	List	   *candidates = NIL;
	Relation	pg_class = table_open(RelationRelationId, AccessShareLock);
	TableScanDesc scan = table_beginscan_catalog(pg_class, 0, NULL);
	HeapTuple	tuple;

	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

		if ((form->relkind == RELKIND_RELATION ||
			 form->relkind == RELKIND_MATVIEW) &&
			form->relam != HEAP_TABLE_AM_OID &&
			form->relpersistence != RELPERSISTENCE_TEMP)
			candidates = lappend_oid(candidates, form->oid);
	}
	table_endscan(scan);
	table_close(pg_class, AccessShareLock);
	return candidates;
}

/* Take a table of which nothing is known to be full of hot rows. */
static void
maintenance_assume(Relation rel)
{
	BlockNumber blocks = RelationGetNumberOfBlocks(rel);
	HotStats	stats;

	if (blocks > 0 && !hotstats_get(RelationGetRelid(rel), &stats))
		hotstats_assume(RelationGetRelid(rel), (uint64) blocks * BLCKSZ);
}

static void maintenance_keep_up(Oid relid);
static void maintenance_tidy(bool always);

/* Look at all tables; returns how many are ours. */
static int
maintenance_discover(void)
{
	MemoryContext context = CurrentMemoryContext;
	int			count = 0;
	List	   *ours = NIL;
	ListCell   *cell;

	maintenance_begin();
	foreach(cell, maintenance_list_candidates())
	{
		Relation	rel;
		bool		gone;

		rel = flush_try_open(lfirst_oid(cell), AccessShareLock, &gone);
		if (!gone)
			count++;
		if (rel == NULL)
			continue;
		maintenance_assume(rel);
		relation_close(rel, AccessShareLock);
		MemoryContextSwitchTo(context);
		ours = lappend_oid(ours, lfirst_oid(cell));
		CHECK_FOR_INTERRUPTS();
	}
	maintenance_commit();
	MemoryContextSwitchTo(context);
	foreach(cell, ours)
	{
		if (ShutdownRequestPending)
			break;
		maintenance_keep_up(lfirst_oid(cell));
	}
	maintenance_tidy(true);
	return count;
}

/* Learn a table's limits, in a transaction of the caller's. */
static void
maintenance_learn(MaintenanceTable *table)
{
	TableOptions *options;
	Relation	rel;
	bool		gone;

	rel = flush_try_open(table->relid, AccessShareLock, &gone);
	if (rel == NULL)
	{
		if (gone)
			maintenance_forget(table->relid);
		return;
	}
	options = options_get(rel);
	table->flush_rows = options->flush_rows;
	table->flush_size = options->flush_size;
	table->flush_age = options->flush_age;
	table->known = true;
	hotstats_set_limits(table->relid, table->flush_rows, table->flush_size);
	relation_close(rel, AccessShareLock);
}

/* Learn the limits of tables that have hot rows, where they are not known. */
static void
maintenance_learn_all(List *hot)
{
	ListCell   *cell;

	maintenance_begin();		/* this also takes in invalidations */
	foreach(cell, hot)
	{
		MaintenanceTable *table;

		table = maintenance_table(((HotStats *) lfirst(cell))->relid);
		if (!table->known)
			maintenance_learn(table);
	}
	maintenance_commit();
}

/* from plus first, doubled times times, but no more than the longest wait */
static TimestampTz
maintenance_back_off(TimestampTz from, int first, int times)
{
	int64		msec = Min((int64) first << Min(times, 16),
						   MAINTENANCE_RETRY_LAST);

	return TimestampTzPlusMilliseconds(from, msec);
}

/*
 * When should this table be flushed?  A time in the past: now; 0: not before
 * something happens.  Flushes that found nothing to move make it wait longer:
 * what is counted may be rows of a prepared transaction, or no rows at all.
 */
static TimestampTz
maintenance_due(const HotStats *stats, const MaintenanceTable *table)
{
	TimestampTz due = 0;

	if (!table->known)
		return maintenance_back_off(GetCurrentTimestamp(),
									MAINTENANCE_BUSY_RETRY, 0);
	if (table->flush_age > 0)
		due = stats->since + table->flush_age;
	if ((table->flush_rows > 0 && stats->rows >= table->flush_rows) ||
		(table->flush_size > 0 && stats->bytes >= table->flush_size))
		due = stats->since;
	if (due == 0)
		return 0;
	if (stats->misses > 0)
		due = Max(due, maintenance_back_off(stats->since,
											MAINTENANCE_MISS_RETRY,
											stats->misses - 1));
	return Max(due, table->retry[STEP_FLUSH].at);
}

static FlushResult
maintenance_flush_open(Relation rel, bool *trim)
{
	Progress	progress;
	int64		moved;

	snprintf(activity, sizeof(activity), "flushing %s.%s",
			 get_namespace_name(RelationGetNamespace(rel)),
			 RelationGetRelationName(rel));
	pgstat_report_activity(STATE_RUNNING, activity);
	moved = flush_try_run(rel, &progress);
	if (moved > 0)
		worklog_add(rel, &progress);
	*trim = trim_wanted(rel, &maintenance_table(RelationGetRelid(rel))->trim,
						Max(moved, 0));
	return moved < 0 ? FLUSH_BUSY : FLUSH_DONE;
}

/* One transaction, and what VACUUM takes if there is much to trim. */
static FlushResult
maintenance_flush(Oid relid)
{
	FlushResult result;
	bool		trim = false;
	Relation	rel;
	bool		gone;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	rel = flush_try_open(relid, RowExclusiveLock, &gone);
	if (rel != NULL)
	{
		result = maintenance_flush_open(rel, &trim);
		relation_close(rel, NoLock);
	}
	else
		result = gone ? FLUSH_GONE : FLUSH_BUSY;
	CommitTransactionCommand();
	if (trim)
	{
		/* VACUUM sets the counters of dead rows: add the flush's before */
		pgstat_report_stat(true);
		trimming = true;
		trim_table(relid, &maintenance_table(relid)->trim);
	}
	return result;
}

/* Keep the log of what was done in bounds. */
static void
maintenance_trim_log(void)
{
	TrimState	unused = {0};
	Oid			log;

	strlcpy(activity, "trimming rusts.maintenance_log", sizeof(activity));
	pgstat_report_activity(STATE_RUNNING, activity);
	maintenance_begin();
	log = worklog_trim();
	maintenance_commit();
	if (OidIsValid(log))
	{
		pgstat_report_stat(true);
		trim_table(log, &unused);
	}
}

/* Report the error at hand and leave its transaction. */
static void
maintenance_recover(MemoryContext context)
{
	HOLD_INTERRUPTS();
	QueryCancelPending = false;
	MemoryContextSwitchTo(context);
	/* a flush cancelled on the way out is no news */
	if (!ShutdownRequestPending)
		EmitErrorReport();
	AbortOutOfAnyTransaction();
	FlushErrorState();
	RESUME_INTERRUPTS();
}

static const char *
maintenance_step_name(MaintenanceStep step)
{
	if (trimming)
		return "vacuum";
	if (step == STEP_RETAIN)
		return progress_operation_name(OPERATION_RETENTION);
	if (step == STEP_COMPACT)
		return progress_operation_name(OPERATION_COMPACTION);
	return progress_operation_name(OPERATION_FLUSH);
}

/* Record the failure of a step.  That may fail, too, but only in the log. */
static void
maintenance_record(Oid relid, MaintenanceStep step, TimestampTz started_at,
				   const char *message)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		maintenance_begin();
		worklog_add_failure(relid, maintenance_step_name(step), started_at,
							message);
		maintenance_commit();
	}
	PG_CATCH();
	{
		maintenance_recover(context);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
}

static void
maintenance_error_context(void *arg)
{
	errcontext("%s", activity);
}

/* Is there something to do that cannot wait? */
static bool
maintenance_must_stop(void)
{
	return ShutdownRequestPending;
}

static void
maintenance_do(Oid relid, MaintenanceStep step, FlushResult *result)
{
	trimming = false;
	switch (step)
	{
		case STEP_FLUSH:
			*result = maintenance_flush(relid);
			break;
		case STEP_RETAIN:
			upkeep_job_retain(relid);
			break;
		case STEP_COMPACT:
			upkeep_job_compact(relid, maintenance_must_stop);
			break;
		case STEP_TRIM_LOG:
			maintenance_trim_log();
			break;
	}
}

/*
 * The message of the error at hand, in a memory context that outlives it.
 * NULL: it is none, somebody wanted the lock of a VACUUM.
 */
static char *
maintenance_message(MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	ErrorData  *error = CopyErrorData();

	MemoryContextSwitchTo(old);
	if (trimming && error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		return NULL;
	return error->message != NULL ? error->message : "no message";
}

/* Do something to a table, and survive its failure; returns false then. */
static bool
maintenance_try(Oid relid, MaintenanceStep step, FlushResult *result)
{
	MemoryContext context = CurrentMemoryContext;
	ErrorContextCallback *save_stack = error_context_stack;
	ErrorContextCallback callback;
	TimestampTz started_at = GetCurrentTimestamp();
	char	   *volatile message = NULL;

	activity[0] = '\0';
	callback.callback = maintenance_error_context;
	callback.arg = NULL;
	callback.previous = save_stack;
	flushing = true;
	PG_TRY();
	{
		error_context_stack = &callback;
		maintenance_do(relid, step, result);
	}
	PG_CATCH();
	{
		message = maintenance_message(context);
		maintenance_recover(context);
	}
	PG_END_TRY();
	error_context_stack = save_stack;
	MemoryContextSwitchTo(context);
	if (message != NULL && !ShutdownRequestPending && OidIsValid(relid))
		maintenance_record(relid, step, started_at, message);
	flushing = false;
	pgstat_report_stat(true);
	pgstat_report_activity(STATE_IDLE, NULL);
	return message == NULL;
}

/* Do a step of a table's, unless it failed a while ago; false: it fails. */
static bool
maintenance_step(Oid relid, MaintenanceStep step, FlushResult *result)
{
	MaintenanceRetry *retry = &maintenance_table(relid)->retry[step];
	bool		success;

	if (GetCurrentTimestamp() < retry->at)
		return false;
	success = maintenance_try(relid, step, result);
	retry = &maintenance_table(relid)->retry[step];
	retry->at = success ? 0 :
		maintenance_back_off(GetCurrentTimestamp(), MAINTENANCE_ERROR_RETRY,
							 retry->failures);
	retry->failures = success ? 0 : retry->failures + 1;
	return success;
}

/*
 * Segments are new, or time has passed.  A table whose rows cannot be dropped
 * is compacted all the same.
 */
static void
maintenance_keep_up(Oid relid)
{
	FlushResult unused;

	(void) maintenance_step(relid, STEP_RETAIN, &unused);
	(void) maintenance_step(relid, STEP_COMPACT, &unused);
}

/* Trim the log, if that is worth it. */
static void
maintenance_tidy(bool always)
{
	FlushResult unused;

	if ((worklog_trim_due() || always) && !ShutdownRequestPending)
		(void) maintenance_try(InvalidOid, STEP_TRIM_LOG, &unused);
}

static void
maintenance_flush_due(MaintenanceTable *table)
{
	FlushResult result = FLUSH_BUSY;

	if (!maintenance_step(table->relid, STEP_FLUSH, &result))
		return;
	if (result == FLUSH_DONE)
		maintenance_keep_up(table->relid);
	if (result == FLUSH_GONE)
		maintenance_forget(table->relid);
	else if (result == FLUSH_BUSY)
		table->retry[STEP_FLUSH].at =
			maintenance_back_off(GetCurrentTimestamp(), MAINTENANCE_BUSY_RETRY,
								 0);
}

/* Flush what is due; returns how long to sleep, -1 when nothing is hot. */
static long
maintenance_round(void)
{
	TimestampTz next = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
												   MAINTENANCE_NAP);
	List	   *hot = hotstats_list();
	ListCell   *cell;

	if (hot == NIL)
		return -1;
	maintenance_learn_all(hot);
	foreach(cell, hot)
	{
		HotStats   *stats = lfirst(cell);
		MaintenanceTable *table = maintenance_table(stats->relid);
		TimestampTz due = maintenance_due(stats, table);

		if (due != 0 && due <= GetCurrentTimestamp())
		{
			maintenance_flush_due(table);
			/* soon see what is left */
			due = maintenance_back_off(GetCurrentTimestamp(),
									   MAINTENANCE_BUSY_RETRY, 0);
		}
		if (due != 0)
			next = Min(next, due);
		if (ShutdownRequestPending)
			break;
		CHECK_FOR_INTERRUPTS();
	}
	maintenance_tidy(false);
	return TimestampDifferenceMilliseconds(GetCurrentTimestamp(), next) + 1;
}

/*
 * Nobody's defaults, and no waiting for what somebody holds for long.  The
 * settings of rusts.* stay as the database has them: they are the defaults
 * of its tables.
 */
static void
maintenance_configure(void)
{
	static const char *const settings[][2] = {
		{"statement_timeout", "0"},
		{"lock_timeout", "10s"},
		{"idle_in_transaction_session_timeout", "0"},
		{"default_transaction_isolation", "read committed"},
		{"default_transaction_read_only", "off"},
		{"search_path", "pg_catalog, pg_temp"},
	};
	int			i;

	for (i = 0; i < lengthof(settings); i++)
		SetConfigOption(settings[i][0], settings[i][1], PGC_SUSET,
						PGC_S_OVERRIDE);
}

static void
maintenance_set_up(Oid dbid)
{
	HASHCTL		ctl = {0};

	ctl.keysize = sizeof(Oid);
	ctl.entrysize = sizeof(MaintenanceTable);
	ctl.hcxt = TopMemoryContext;
	tables = hash_create("rusts tables", 64, &ctl,
						 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	work_context = AllocSetContextCreate(TopMemoryContext,
										 "rusts maintenance round",
										 ALLOCSET_DEFAULT_SIZES);
	BackgroundWorkerInitializeConnectionByOid(dbid, InvalidOid, 0);
	maintenance_configure();
	CacheRegisterRelcacheCallback(maintenance_invalidate, (Datum) 0);
	pgstat_report_appname("rusts maintenance");
	pgstat_report_activity(STATE_IDLE, NULL);
}

/* Wait for the latch; returns false when it is time to leave. */
static bool
maintenance_sleep(long nap)
{
	if (!ShutdownRequestPending)
		(void) WaitLatch(MyLatch,
						 WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 nap, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	if (ShutdownRequestPending)
		return false;
	QueryCancelPending = false; /* there is nothing to cancel */
	CHECK_FOR_INTERRUPTS();
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
		maintenance_invalidate((Datum) 0, InvalidOid);
	}
	return true;
}

/*
 * Flush until told to stop (false), or until there is nothing to do (true):
 * no table of ours, which is looked up at start and again when nothing was hot
 * for a while; or nothing hot while another database has no worker.
 */
static bool
maintenance_loop(void)
{
	TimestampTz looked = 0;
	long		nap = -1;

	for (;;)
	{
		MemoryContextReset(work_context);
		MemoryContextSwitchTo(work_context);
		if (hotstats_take_overflow() ||
			(nap < 0 &&
			 TimestampDifferenceExceeds(looked, GetCurrentTimestamp(),
										MAINTENANCE_IDLE_NAP)))
		{
			if (maintenance_discover() == 0)
				return true;
			pgstat_report_stat(true);
			looked = GetCurrentTimestamp();
		}
		MemoryContextSwitchTo(work_context);
		nap = maintenance_round();
		if (nap < 0 && jobslot_is_scarce())
			return true;
		if (!maintenance_sleep(nap < 0 ? MAINTENANCE_IDLE_NAP + 1 : nap))
			return false;
	}
}

/*
 * The slot is taken before connecting, so that DROP DATABASE knows of this
 * process from the moment that it is in the way.
 */
void
rusts_maintenance_main(Datum arg)
{
	Oid			dbid = DatumGetObjectId(arg);

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, maintenance_sigterm);
	BackgroundWorkerUnblockSignals();
	if (!jobslot_attach_worker(dbid))
		proc_exit(0);
	maintenance_set_up(dbid);
	if (maintenance_loop())
		jobslot_finished();
	proc_exit(0);
}
