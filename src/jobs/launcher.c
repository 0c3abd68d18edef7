/*
 * launcher.c
 *	  The process that starts a maintenance worker where one is needed.
 *
 * There is no way to see from outside whether a database has rusts tables.
 * So each database gets a worker once, when the launcher first meets it; a
 * worker that finds nothing to do reports so and exits.  From then on the
 * database costs nothing, until a commit there asks for a worker
 * (jobslot_wake).
 *
 *	unknown --start--> running --"finished"--> idle --"wanted"--> running
 *	                      |
 *	                      +--exited otherwise--> failed --after a while--> running
 *
 * A worker that fails again and again is started less and less often.  Only
 * one worker starts at a time: a server with hundreds of databases and eight
 * worker processes must not lend them all to us after a restart.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "jobs/jobslot.h"
#include "jobs/launcher.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#define LAUNCHER_NAP 10000		/* ms between looks for new databases */
#define LAUNCHER_START_NAP 1000 /* ms, while a start is in progress */
#define LAUNCHER_RETRY_FIRST 1000	/* ms after a worker failed */
#define LAUNCHER_RETRY_LAST (5 * 60 * 1000)
#define LAUNCHER_STEADY 60000	/* ms; a worker that ran so long is sound */
#define LAUNCHER_COMPLAIN (10 * 60 * 1000)	/* ms between warnings */

/* What the launcher knows about a database. */
typedef struct LauncherDatabase
{
	Oid			dbid;			/* key */
	BackgroundWorkerHandle *handle; /* of its worker, NULL: none */
	TimestampTz started;
	TimestampTz retry_at;		/* not before */
	int			failures;
	bool		met;			/* has had a worker */
	bool		seen;			/* by the scan at hand */
} LauncherDatabase;

PGDLLEXPORT void rusts_launcher_main(Datum arg);

static HTAB *databases = NULL;
static TimestampTz complained = 0;	/* that there was no free process */

static void
launcher_note_database(Oid dbid)
{
	LauncherDatabase *database;
	bool		found;

	database = hash_search(databases, &dbid, HASH_ENTER, &found);
	if (!found)
	{
		memset(database, 0, sizeof(LauncherDatabase));
		database->dbid = dbid;
	}
	database->seen = true;
}

/* Forget databases that the scan has not seen. */
static void
launcher_forget_dropped(void)
{
	HASH_SEQ_STATUS scan;
	LauncherDatabase *database;

	hash_seq_init(&scan, databases);
	while ((database = hash_seq_search(&scan)) != NULL)
	{
		if (database->seen)
		{
			database->seen = false;
			continue;
		}
		jobslot_free(database->dbid);
		if (database->handle)
			pfree(database->handle);
		hash_search(databases, &database->dbid, HASH_REMOVE, NULL);
	}
}

/* Meet new databases that one can connect to, forget those that are gone. */
static void
launcher_look_around(void)
{
	Relation	rel;
	TableScanDesc scan;
	HeapTuple	tuple;

	pgstat_report_activity(STATE_RUNNING, "looking for databases");
	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	rel = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(rel, 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Form_pg_database form = (Form_pg_database) GETSTRUCT(tuple);

		if (form->datallowconn)
			launcher_note_database(form->oid);
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	CommitTransactionCommand();
	launcher_forget_dropped();
	pgstat_report_stat(false);
	pgstat_report_activity(STATE_IDLE, NULL);
}

/* A worker exited: when may there be another one? */
static void
launcher_note_exit(LauncherDatabase *database, const JobStatus *status,
				   TimestampTz now)
{
	int			delay;

	pfree(database->handle);
	database->handle = NULL;
	database->retry_at = 0;
	if (status->finished ||
		TimestampDifferenceExceeds(database->started, now, LAUNCHER_STEADY))
		database->failures = 0;
	if (status->finished || status->held)
		return;
	delay = Min(LAUNCHER_RETRY_FIRST << Min(database->failures, 16),
				LAUNCHER_RETRY_LAST);
	database->failures++;
	database->retry_at = TimestampTzPlusMilliseconds(now, delay);
}

/* The server has no process for us: say so now and then, and come back. */
static void
launcher_no_room(LauncherDatabase *database, TimestampTz now)
{
	database->handle = NULL;
	database->retry_at = TimestampTzPlusMilliseconds(now, LAUNCHER_START_NAP);
	jobslot_set_scarce(true);
	if (complained != 0 &&
		!TimestampDifferenceExceeds(complained, now, LAUNCHER_COMPLAIN))
		return;
	complained = now;
	ereport(WARNING,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("no worker process is free for rusts maintenance"),
			 errhint("Raise max_worker_processes.")));
}

static void
launcher_fill_worker(BackgroundWorker *worker, const char *function,
					 const char *name)
{
	memset(worker, 0, sizeof(BackgroundWorker));
	worker->bgw_flags = BGWORKER_SHMEM_ACCESS |
		BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker->bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker->bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker->bgw_library_name, "rusts", BGW_MAXLEN);
	strlcpy(worker->bgw_function_name, function, BGW_MAXLEN);
	strlcpy(worker->bgw_name, name, BGW_MAXLEN);
	strlcpy(worker->bgw_type, name, BGW_MAXLEN);
}

/* Ask the postmaster for a worker; it tells us when it started or stopped. */
static void
launcher_start_worker(LauncherDatabase *database, TimestampTz now)
{
	BackgroundWorker worker;
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	launcher_fill_worker(&worker, "rusts_maintenance_main", "rusts maintenance");
	worker.bgw_main_arg = ObjectIdGetDatum(database->dbid);
	worker.bgw_notify_pid = MyProcPid;
	if (RegisterDynamicBackgroundWorker(&worker, &database->handle))
	{
		database->met = true;
		database->started = now;
		jobslot_set_scarce(false);
	}
	else
		launcher_no_room(database, now);
	MemoryContextSwitchTo(old);
}

/* Does this database lack a worker, whether or not it may have it now? */
static bool
launcher_lacks_worker(LauncherDatabase *database, const JobStatus *status)
{
	if (database->handle != NULL || status->held || status->pid != 0)
		return false;
	return !database->met || status->wanted || !status->finished;
}

/*
 * Look after every database; returns how long to sleep.  Starts one worker
 * at most, and none while another is between its start and its first report.
 */
static long
launcher_tend(void)
{
	TimestampTz now = GetCurrentTimestamp();
	LauncherDatabase *next = NULL;
	LauncherDatabase *database;
	bool		starting = false;
	long		nap = LAUNCHER_NAP;
	HASH_SEQ_STATUS scan;

	hash_seq_init(&scan, databases);
	while ((database = hash_seq_search(&scan)) != NULL)
	{
		JobStatus	status = jobslot_status(database->dbid);
		pid_t		pid;

		if (database->handle != NULL &&
			GetBackgroundWorkerPid(database->handle, &pid) == BGWH_STOPPED)
			launcher_note_exit(database, &status, now);
		starting |= database->handle != NULL && status.pid == 0;
		if (!launcher_lacks_worker(database, &status))
			continue;
		if (database->retry_at > now)
			nap = Min(nap, 1 + TimestampDifferenceMilliseconds(now,
															   database->retry_at));
		else
			next = database;
	}
	if (next != NULL && !starting)
		launcher_start_worker(next, now);
	return next != NULL || starting ? Min(nap, LAUNCHER_START_NAP) : nap;
}

static void
launcher_set_up(void)
{
	HASHCTL		ctl = {0};

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	pgstat_report_appname("rusts launcher");
	ctl.keysize = sizeof(Oid);
	ctl.entrysize = sizeof(LauncherDatabase);
	ctl.hcxt = TopMemoryContext;
	databases = hash_create("rusts databases", 16, &ctl,
							HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	jobslot_attach_launcher();
}

void
rusts_launcher_main(Datum arg)
{
	TimestampTz looked = 0;

	launcher_set_up();
	while (!ShutdownRequestPending)
	{
		TimestampTz now = GetCurrentTimestamp();
		long		nap;

		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
		/* a database that asks may be newer than the last look */
		if (looked == 0 || jobslot_take_asked() ||
			TimestampDifferenceExceeds(looked, now, LAUNCHER_NAP))
		{
			launcher_look_around();
			looked = now;
		}
		nap = launcher_tend();
		(void) WaitLatch(MyLatch,
						 WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 nap, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
	/* not 0, which would tell the postmaster never to start it again */
	proc_exit(1);
}

/* Called from _PG_init while libraries are preloaded. */
void
launcher_register(void)
{
	BackgroundWorker worker;

	launcher_fill_worker(&worker, "rusts_launcher_main", "rusts launcher");
	worker.bgw_restart_time = 5;
	RegisterBackgroundWorker(&worker);
}
