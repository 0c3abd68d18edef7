/*
 * ingest_worker.c
 *	  The process that listens for line protocol.
 *
 * A turn of its loop: wait until there is something to do; accept and read;
 * write all that has come whole, which is one group that commits together;
 * send answers.  While a transaction runs, clients wait in their sockets.
 *
 * It runs on a standby as well, where it asks clients to come again, and goes
 * on when the standby is promoted.
 *
 * To stop: no new clients; what is being written is cancelled, or commits, and
 * is answered as it went; what is not yet whole or not yet begun is refused.
 * Then clients have a moment to read their answers, and the WAL is flushed.
 * The exit code is 1, which has the postmaster start the worker again when it
 * was not the server that stopped.
 */
#include "postgres.h"

#include "access/xact.h"
#include "ingest/ingest_asking.h"
#include "ingest/ingest_auth.h"
#include "ingest/ingest_connection.h"
#include "ingest/ingest_encoding.h"
#include "ingest/ingest_http.h"
#include "ingest/ingest_log.h"
#include "ingest/ingest_plain.h"
#include "ingest/ingest_poll.h"
#include "ingest/ingest_queue.h"
#include "ingest/ingest_serve.h"
#include "ingest/ingest_settings.h"
#include "ingest/ingest_share.h"
#include "ingest/ingest_worker.h"
#include "ingest/ingest_write.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "utils/guc.h"

#define WORKER_RESTART 2		/* seconds */
#define WORKER_LONGEST_WAIT 1000	/* milliseconds */
#define WORKER_SHORT_WAIT 100	/* while clients have deadlines */
#define WORKER_LOCK_WAIT 10		/* while a write waits for a lock */
#define WORKER_OPEN_RETRY 5000	/* for a port that is taken */
#define WORKER_GRACE 700		/* to read answers, when we stop */

PGDLLEXPORT void rusts_ingest_main(Datum arg);

static int64 open_at = 0;		/* look again after ports that are not open */
static int64 wake_at = 0;		/* look after queries */
static int64 flush_at = 0;		/* 0: nothing to flush */

/* ---------- signals ---------- */

/* A transaction is cancelled; the rest of the loop finds the request itself. */
static void
ingest_worker_handle_stop(SIGNAL_ARGS)
{
	int			save_errno = errno;

	ShutdownRequestPending = true;
	if (ingest_write_running())
	{
		InterruptPending = true;
		QueryCancelPending = true;
	}
	SetLatch(MyLatch);
	errno = save_errno;
}

/* Out of transactions there is nothing to cancel: forget a request that came
 * too late. */
static void
ingest_worker_heed_interrupts(void)
{
	QueryCancelPending = false;
	CHECK_FOR_INTERRUPTS();
}

/* ---------- a turn ---------- */

static void
ingest_worker_open_ports(void)
{
	if (ingest_poll_now() < open_at)
		return;
	open_at = ingest_poll_now() + WORKER_OPEN_RETRY;
	if (ingest_settings_port != 0)
		(void) ingest_http_open();
	ingest_plain_open();
}

static void
ingest_worker_reload(void)
{
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
	open_at = 0;
	ingest_log_reset();
	ingest_http_reload();
}

static void
ingest_worker_answered(WriteRequest *write)
{
	if (write->api == REQUEST_STREAM)
		ingest_plain_answered(write);
	else
		ingest_serve_answered(write);
}

static void
ingest_worker_write(void)
{
	if (ingest_queue_is_empty())
		return;
	pgstat_report_activity(STATE_RUNNING, "writing");
	ingest_queue_write(ingest_worker_answered);
	pgstat_report_activity(STATE_IDLE, NULL);
}

/* Mode periodic: the oldest commit waits for one interval. */
static void
ingest_worker_flush(void)
{
	if (!ingest_write_unflushed())
		flush_at = 0;
	else if (flush_at == 0)
		flush_at = ingest_poll_now() + ingest_settings_wal_sync_interval;
	else if (flush_at <= ingest_poll_now())
	{
		ingest_write_flush();
		flush_at = 0;
	}
}

/*
 * The latch was set; or it was set and reset while a transaction waited for
 * something, which is why they are asked now and then in any case.
 */
static void
ingest_worker_wake_queries(void)
{
	if (wake_at > ingest_poll_now())
		return;
	wake_at = ingest_poll_now() + WORKER_SHORT_WAIT;
	ingest_asking_wake();
}

static long
ingest_worker_timeout(void)
{
	long		timeout = ingest_connection_count() > 0 ?
		WORKER_SHORT_WAIT : WORKER_LONGEST_WAIT;

	if (!ingest_queue_is_empty())
		timeout = WORKER_LOCK_WAIT;
	if (flush_at != 0)
		timeout = Min(timeout, Max(flush_at - ingest_poll_now(), 0));
	return ingest_http_timeout(ingest_plain_timeout(timeout));
}

static void
ingest_worker_turn(void)
{
	if (ingest_poll_wait(ingest_worker_timeout()))
		wake_at = 0;
	ingest_worker_heed_interrupts();
	if (ConfigReloadPending)
		ingest_worker_reload();
	if (ShutdownRequestPending)
		return;
	ingest_worker_open_ports();
	ingest_worker_wake_queries();
	ingest_http_run();
	ingest_worker_write();
	ingest_worker_flush();
	ingest_http_run();
	ingest_connection_tend();
	ingest_asking_tend();
	ingest_plain_tend();
	pgstat_report_stat(false);
}

/* ---------- start and end ---------- */

static void
ingest_worker_start(int number)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, ingest_worker_handle_stop);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(ingest_settings_database, NULL, 0);
	pgstat_report_appname("rusts ingest");
	ingest_poll_init();
	ingest_share_attach(number);
	/* what hashes needs a resource owner, what converts the catalogs */
	StartTransactionCommand();
	ingest_auth_init();
	ingest_encoding_init();
	CommitTransactionCommand();
	ingest_write_init();
	pgstat_report_activity(STATE_IDLE, NULL);
}

static void
ingest_worker_stop(void)
{
	int64		until = ingest_poll_now() + WORKER_GRACE;

	pgstat_report_activity(STATE_RUNNING, "shutting down");
	ingest_serve_stop();
	ingest_http_close();
	ingest_asking_stop();
	ingest_plain_stop();
	ingest_connection_cut_idle(false);
	ingest_queue_refuse(ingest_worker_answered, "the server is shutting down");
	while (ingest_connection_count() > 0 && ingest_poll_now() < until)
	{
		ingest_http_run();
		ingest_queue_refuse(ingest_worker_answered,
							"the server is shutting down");
		ingest_http_run();
		ingest_connection_cut_idle(false);
		(void) ingest_poll_wait(ingest_http_timeout(20));
		ingest_worker_heed_interrupts();
	}
	if (ingest_write_unflushed())
		ingest_write_flush();
}

void
rusts_ingest_main(Datum arg)
{
	ingest_worker_start(DatumGetInt32(arg));
	while (!ShutdownRequestPending)
		ingest_worker_turn();
	ingest_worker_stop();
	/* not 0, which would tell the postmaster never to start it again */
	proc_exit(1);
}

void
ingest_worker_register(void)
{
	BackgroundWorker worker;
	int			i;

	if (IsBinaryUpgrade || (ingest_settings_port == 0 &&
							ingest_settings_tcp_port == 0 &&
							ingest_settings_udp_port == 0))
		return;
	memset(&worker, 0, sizeof(worker));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS |
		BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_ConsistentState;
	worker.bgw_restart_time = WORKER_RESTART;
	strlcpy(worker.bgw_library_name, "rusts", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "rusts_ingest_main", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "rusts ingest", BGW_MAXLEN);
	for (i = 0; i < ingest_settings_workers; i++)
	{
		snprintf(worker.bgw_name, BGW_MAXLEN, "rusts ingest %d", i + 1);
		worker.bgw_main_arg = Int32GetDatum(i);
		RegisterBackgroundWorker(&worker);
	}
}
