/*
 * ingest_query.c
 *	  Queries of HTTP clients, on the side of the ingest worker.
 *
 * InfluxQL is answered at once.  SQL runs in a process of its own, so that a
 * long query holds up nobody (ingest_queryjob.c).  Here is the receiving end of
 * its queue.  The worker never waits for it: it looks when its latch was set.
 *
 *	HEAD --head--> ROWS --rows--> ROWS --end--> DONE
 *	HEAD --error--> DONE                ROWS --cut, or lost--> LOST
 *
 * A run that is closed before DONE is cancelled.  It is kept here until its
 * process has ended, and counts until then against rusts.ingest_max_queries:
 * otherwise clients that come and go could start any number of them.
 */
#include "postgres.h"

#include <signal.h>

#include "access/xact.h"
#include "ingest/ingest_influxql.h"
#include "ingest/ingest_query.h"
#include "ingest/ingest_queryerror.h"
#include "ingest/ingest_queryshare.h"
#include "ingest/ingest_settings.h"
#include "lib/ilist.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/shm_mq.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

/* After so long, a query that was cancelled is ended. */
#define QUERY_PATIENCE_MS 2000

#define QUERY_JSON "application/json"

typedef enum QueryState
{
	QUERY_HEAD,
	QUERY_ROWS,
	QUERY_DONE,
	QUERY_LOST
} QueryState;

struct QueryRun
{
	dlist_node	node;			/* in runs */
	MemoryContext context;		/* of this struct and what is in it */
	QueryState	state;
	dsm_segment *segment;		/* NULL: given back */
	QueryShared *shared;
	shm_mq_handle *queue;
	BackgroundWorkerHandle *process;	/* NULL: was not started */
	TimestampTz closed_at;		/* 0: it is open */
	const char *piece;			/* rows that are being read, in the queue */
	Size		piece_len;
};

static dlist_head runs = DLIST_STATIC_INIT(runs);

/* ---------- answers ---------- */

/* body: of malloc. */
static void
query_set_answer(QueryAnswer *answer, int status, char *body)
{
	answer->status = status;
	answer->content_type = QUERY_JSON;
	answer->body = body;
	answer->body_len = body ? strlen(body) : 0;
	answer->retry_after = ingest_queryerror_retry_after(status);
}

/* An error that is not one of SQL; message is JSON without quotes, as it is. */
static void
query_refuse(QueryAnswer *answer, int status, const char *message)
{
	char	   *body = malloc(strlen(message) + 16);

	if (body)
		sprintf(body, "{\"error\":\"%s\"}\n", message);
	query_set_answer(answer, status, body);
}

/* After an error was caught: it becomes the answer, and nothing is held. */
static void
query_answer_caught(QueryAnswer *answer, MemoryContext old)
{
	int			sqlstate = geterrcode();
	int			status = ingest_queryerror_status(sqlstate, false);

	MemoryContextSwitchTo(old);
	EmitErrorReport();
	FlushErrorState();
	LWLockReleaseAll();
	AbortCurrentTransaction();
	/* 400 is for what the client has said, and it has said nothing wrong */
	query_refuse(answer, status == 400 ? 500 : status,
				 status == 503 ? "the server is short of something, try again" :
				 "internal error, see the server's log");
}

/* ---------- runs ---------- */

static void
query_free(QueryRun *run)
{
	dlist_delete(&run->node);
	MemoryContextDelete(run->context);
}

/* Let go of those whose processes have ended, and press those that have not. */
static int
query_count(void)
{
	dlist_mutable_iter iter;
	int			count = 0;

	dlist_foreach_modify(iter, &runs)
	{
		QueryRun   *run = dlist_container(QueryRun, node, iter.cur);
		pid_t		pid;
		BgwHandleStatus status;

		if (run->closed_at == 0)
		{
			count++;
			continue;
		}
		status = GetBackgroundWorkerPid(run->process, &pid);
		if (status == BGWH_STOPPED || status == BGWH_POSTMASTER_DIED)
		{
			query_free(run);
			continue;
		}
		/* one that is done is as good as gone */
		if (run->state == QUERY_DONE)
			continue;
		count++;
		if (status == BGWH_STARTED &&
			TimestampDifferenceExceeds(run->closed_at, GetCurrentTimestamp(),
									   QUERY_PATIENCE_MS))
			(void) kill(pid, SIGTERM);
	}
	return count;
}

/*
 * The worker ends, and no query outlives it.  Nobody will be there to press one
 * that was cancelled and goes on, so they are ended, not cancelled.
 */
static void
query_leave(int code, Datum arg)
{
	dlist_iter	iter;

	dlist_foreach(iter, &runs)
	{
		QueryRun   *run = dlist_container(QueryRun, node, iter.cur);
		pid_t		pid;

		if (run->state == QUERY_DONE)
			continue;
		if (run->closed_at == 0)
			TerminateBackgroundWorker(run->process);
		else if (GetBackgroundWorkerPid(run->process, &pid) == BGWH_STARTED)
			(void) kill(pid, SIGTERM);
	}
}

static void
query_register(QueryRun *run)
{
	static bool registered = false;

	if (!registered)
		before_shmem_exit(query_leave, (Datum) 0);
	registered = true;
	dlist_push_tail(&runs, &run->node);
}

static QueryRun *
query_make(void)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext,
												  "rusts query",
												  ALLOCSET_SMALL_SIZES);
	QueryRun   *run = MemoryContextAllocZero(context, sizeof(QueryRun));

	run->context = context;
	return run;
}

/* ---------- starting ---------- */

/*
 * The memory that the process will find, and our end of the queue in it.  If
 * there is no room the server keeps a descriptor, a few bytes, of the segment
 * that did not come to be.
 */
static void
query_share(QueryRun *run, const QueryRequest *request,
			const QueryShared *order)
{
	shm_mq	   *queue;

	run->segment = dsm_create(queryshare_size(request->body_len), 0);
	dsm_pin_mapping(run->segment);
	run->shared = dsm_segment_address(run->segment);
	*run->shared = *order;
	memcpy(queryshare_body(run->shared), request->body, request->body_len);
	queue = shm_mq_create(queryshare_queue(run->shared),
						  QUERYSHARE_QUEUE_BYTES);
	shm_mq_set_receiver(queue, MyProc);
	run->queue = shm_mq_attach(queue, run->segment, NULL);
}

/* False: no process is free. */
static bool
query_launch(QueryRun *run)
{
	BackgroundWorker worker = {0};

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS |
		BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_ConsistentState;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_notify_pid = MyProcPid;
	worker.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(run->segment));
	strlcpy(worker.bgw_library_name, "rusts", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "rusts_query_main", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "rusts query", BGW_MAXLEN);
	strlcpy(worker.bgw_name, "rusts query", BGW_MAXLEN);
	if (!RegisterDynamicBackgroundWorker(&worker, &run->process))
		return false;
	/* a process that ends before it has come to the queue is noticed */
	shm_mq_set_handle(run->queue, run->process);
	return true;
}

static void
query_release_memory(QueryRun *run)
{
	if (run->segment == NULL)
		return;
	/* closes our end of the queue as well */
	dsm_detach(run->segment);
	run->segment = NULL;
	run->shared = NULL;
	run->queue = NULL;
	run->piece_len = 0;
}

/* What is wrong with the request, before anybody looks at the SQL. */
static bool
query_order(const QueryRequest *request, QueryShared *order,
			QueryAnswer *answer)
{
	memset(order, 0, sizeof(QueryShared));
	order->database = MyDatabaseId;
	order->role = request->role;
	order->timeout = ingest_settings_query_timeout;
	order->row_limit = ingest_settings_query_rows;
	order->body_len = request->body_len;
	if (request->format == NULL)
		order->format = request->accept ?
			ingest_rowtext_accept(request->accept) : ROWTEXT_JSON;
	else if (!ingest_rowtext_parse_format(request->format, &order->format))
	{
		query_refuse(answer, 400,
					 "unknown format: use json, csv or ndjson");
		return false;
	}
	if (request->epoch != NULL &&
		!ingest_rowtext_parse_epoch(request->epoch, &order->epoch))
	{
		query_refuse(answer, 400,
					 "unknown epoch: use ns, us, ms, s, m or h");
		return false;
	}
	return true;
}

/* False, and an answer, if it cannot be. */
static bool
query_begin(QueryRun *run, const QueryRequest *request,
			const QueryShared *order, QueryAnswer *answer)
{
	MemoryContext old = MemoryContextSwitchTo(run->context);

	PG_TRY();
	{
		query_share(run, request, order);
		if (query_launch(run))
			query_register(run);
		else
			query_refuse(answer, 503, "no process is free for the query");
	}
	PG_CATCH();
	{
		query_answer_caught(answer, old);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	return run->process != NULL;
}

static QueryRun *
query_start_sql(const QueryRequest *request, QueryAnswer *answer)
{
	QueryShared order;
	QueryRun   *run;

	if (!query_order(request, &order, answer))
		return NULL;
	if (ingest_settings_max_queries == 0)
	{
		query_refuse(answer, 403, "queries are off");
		return NULL;
	}
	if (query_count() >= ingest_settings_max_queries)
	{
		query_refuse(answer, 503, "too many queries");
		return NULL;
	}
	run = query_make();
	if (query_begin(run, request, &order, answer))
		return run;
	query_release_memory(run);
	MemoryContextDelete(run->context);
	return NULL;
}

static void
query_run_influxql(const QueryRequest *request, QueryAnswer *answer)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext,
												  "rusts InfluxQL",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	StringInfoData out;
	int			status;

	PG_TRY();
	{
		initStringInfo(&out);
		status = ingest_influxql_run(request->q, request->role, &out);
		query_set_answer(answer, status, strdup(out.data));
	}
	PG_CATCH();
	{
		query_answer_caught(answer, old);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/* InfluxDB's client for Python names the type of a body that is not there. */
static bool
query_is_json(const QueryRequest *request)
{
	size_t		len = strlen(QUERY_JSON);

	return request->post && request->body_len > 0 &&
		request->content_type != NULL &&
		pg_strncasecmp(request->content_type, QUERY_JSON, len) == 0 &&
		strchr("; \t", request->content_type[len]) != NULL;
}

QueryRun *
ingest_query_start(const QueryRequest *request, QueryAnswer *answer)
{
	memset(answer, 0, sizeof(QueryAnswer));
	if (query_is_json(request))
		return query_start_sql(request, answer);
	if (request->q != NULL && request->q[0] != '\0')
		query_run_influxql(request, answer);
	else
		query_refuse(answer, 400, "missing required parameter \\\"q\\\"");
	return NULL;
}

/* ---------- receiving ---------- */

/* The process has ended with a FATAL error, or was killed. */
static void
query_answer_lost(QueryRun *run, QueryAnswer *answer)
{
	QueryError	error = {ERRCODE_CRASH_SHUTDOWN,
	"the process of the query has ended"};
	StringInfoData body;
	char	   *c;
	int			status;

	if (run->shared->fatal_sqlstate != 0)
	{
		error.sqlstate = run->shared->fatal_sqlstate;
		error.message = run->shared->fatal;
	}
	initStringInfo(&body);
	appendStringInfoChar(&body, '{');
	ingest_queryerror_fields(&body, &error);
	appendStringInfoString(&body, "}\n");
	/* it may have been cut within a character, or not know ours yet */
	for (c = body.data; *c != '\0'; c++)
		if (IS_HIGHBIT_SET(*c))
			*c = '?';
	status = ingest_queryerror_status(error.sqlstate, false);
	query_set_answer(answer, status, strdup(body.data));
	run->state = QUERY_DONE;
}

/* message: the status as three digits, and fields. */
static void
query_answer_error(QueryRun *run, const char *message, Size len,
				   QueryAnswer *answer)
{
	char	   *body = malloc(len + 3);
	int			status = (message[0] - '0') * 100 + (message[1] - '0') * 10 +
		message[2] - '0';

	Assert(len > 3);
	if (body)
		snprintf(body, len + 3, "{%.*s}\n", (int) len - 3, message + 3);
	query_set_answer(answer, status, body);
	run->state = QUERY_DONE;
}

/* A message: what becomes of it depends on its kind. */
static void
query_take(QueryRun *run, const char *message, Size len, QueryAnswer *answer)
{
	switch (message[0])
	{
		case QUERYSHARE_HEAD:
			run->state = QUERY_ROWS;
			query_set_answer(answer, 200, NULL);
			answer->content_type =
				ingest_rowtext_content_type(run->shared->format);
			break;
		case QUERYSHARE_ROWS:
			run->piece = message + 1;
			run->piece_len = len - 1;
			break;
		case QUERYSHARE_END:
			run->state = QUERY_DONE;
			break;
		case QUERYSHARE_CUT:
			run->state = QUERY_LOST;
			break;
		case QUERYSHARE_ERROR:
			query_answer_error(run, message + 1, len - 1, answer);
			break;
	}
}

/* Take the next message; false: there is none now. */
static bool
query_receive(QueryRun *run, QueryAnswer *answer)
{
	Size		len;
	void	   *message;

	switch (shm_mq_receive(run->queue, &len, &message, true))
	{
		case SHM_MQ_SUCCESS:
			query_take(run, message, len, answer);
			break;
		case SHM_MQ_WOULD_BLOCK:
			return false;
		case SHM_MQ_DETACHED:
			if (run->state == QUERY_HEAD)
				query_answer_lost(run, answer);
			else
				run->state = QUERY_LOST;
			break;
	}
	return true;
}

/* query_receive without errors: one is the end of the run. */
static bool
query_receive_safely(QueryRun *run, QueryAnswer *answer)
{
	MemoryContext old = MemoryContextSwitchTo(run->context);
	volatile bool received = true;

	PG_TRY();
	{
		received = query_receive(run, answer);
	}
	PG_CATCH();
	{
		query_answer_caught(answer, old);
		run->state = QUERY_LOST;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	return received;
}

int
ingest_query_head(QueryRun *run, QueryAnswer *answer)
{
	memset(answer, 0, sizeof(QueryAnswer));
	while (run->state == QUERY_HEAD)
		if (!query_receive_safely(run, answer))
			return 0;
	return 1;
}

long
ingest_query_read(QueryRun *run, char *buffer, size_t room)
{
	QueryAnswer ignored;
	size_t		len;

	while (run->piece_len == 0)
	{
		if (run->state == QUERY_DONE)
			return -1;
		if (run->state != QUERY_ROWS)
			return -2;
		memset(&ignored, 0, sizeof(ignored));
		if (!query_receive_safely(run, &ignored))
			return 0;
		free(ignored.body);
	}
	len = Min(run->piece_len, room);
	memcpy(buffer, run->piece, len);
	run->piece += len;
	run->piece_len -= len;
	return (long) len;
}

void
ingest_query_close(QueryRun *run)
{
	if (run->state != QUERY_DONE)
	{
		run->shared->unwanted = true;
		TerminateBackgroundWorker(run->process);
	}
	query_release_memory(run);
	run->closed_at = GetCurrentTimestamp();
	(void) query_count();
}
