/*
 * ingest_queryjob.c
 *	  The process of one query: a background worker that runs it and ends.
 *
 * It connects as the role itself.  So there is no other role behind it that a
 * statement could get back to, and parallel workers see the same role.
 *
 *	connect -> read-only transaction -> rows -> rollback -> end of the answer
 *
 * "Read only" is the server's own: no way to switch it off is left once the
 * transaction has a snapshot, and RESET brings back what was set here.  What it
 * does not know of (large objects before PostgreSQL 16, NOTIFY) comes to
 * nothing because the transaction is never committed.
 *
 * Rows gather in a buffer.  Its first part is complete rows, in UTF-8; an error
 * throws away the rest.  Nothing is sent before the buffer is full or some time
 * has passed, so most errors are still the whole answer.
 */
#include "postgres.h"

#include "access/xact.h"
#include "compat/querying.h"
#include "ingest/ingest_auth.h"
#include "ingest/ingest_queryerror.h"
#include "ingest/ingest_queryplan.h"
#include "ingest/ingest_querysend.h"
#include "ingest/ingest_queryshare.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

/* Rows are sent when there are as many bytes, or after as many milliseconds. */
#define QUERYJOB_FULL QUERYSHARE_PIECE_BYTES
#define QUERYJOB_LINGER_MS 200

PGDLLEXPORT void rusts_query_main(Datum arg);

typedef struct QueryOutput
{
	DestReceiver pub;			/* must be first */
	MemoryContext context;		/* of all of this */
	RowText    *text;
	StringInfoData buffer;
	int			complete;		/* bytes of buffer that may be sent */
	int			sent;			/* of these */
	bool		begun;			/* the head has been sent */
	TimestampTz sent_at;
	uint64		rows;
	bool		truncated;
} QueryOutput;

static QueryShared *volatile shared = NULL;
static QueryOutput output;
static emit_log_hook_type next_emit_log = NULL;

/* ---------- ends that come from outside ---------- */

/*
 * SIGTERM.  A query that nobody wants any more is cancelled, which is quiet.
 * If it goes on (its functions may catch that) there is another one, and that,
 * as an administrator's, ends the process.
 */
static void
queryjob_terminate(SIGNAL_ARGS)
{
	static volatile sig_atomic_t cancelled = false;
	QueryShared *order = shared;

	if (order == NULL || !order->unwanted || cancelled)
	{
		die(postgres_signal_arg);
		return;
	}
	cancelled = true;
	StatementCancelHandler(postgres_signal_arg);
}

/* Signals and errors come until the very end, and find no memory then. */
static void
queryjob_forget_shared(dsm_segment *segment, Datum arg)
{
	shared = NULL;
}

/* A FATAL error ends the process.  Here is where the worker finds it then. */
static void
queryjob_note_fatal(ErrorData *error)
{
	if (next_emit_log)
		next_emit_log(error);
	if (error->elevel < FATAL || shared == NULL || shared->fatal_sqlstate != 0)
		return;
	strlcpy(shared->fatal, error->message ? error->message : "",
			QUERYSHARE_FATAL_BYTES);
	shared->fatal_sqlstate = error->sqlerrcode;
}

/* ---------- the buffer ---------- */

/* Make UTF-8 of what follows the complete rows, and count it to them. */
static void
queryjob_complete(void)
{
	StringInfo	buffer = &output.buffer;
	char	   *rest = buffer->data + output.complete;
	int			len = buffer->len - output.complete;
	char	   *utf8 = pg_server_to_any(rest, len, PG_UTF8);

	if (utf8 != rest)
	{
		buffer->len = output.complete;
		appendStringInfoString(buffer, utf8);
		pfree(utf8);
	}
	output.complete = buffer->len;
}

/* The answer is one of rows, and not an error. */
static void
queryjob_send_head(void)
{
	if (!output.begun)
		ingest_querysend_begin(QUERYSHARE_HEAD, NULL, 0);
	output.begun = true;
}

/* Nothing is lost when an error interrupts this: the next call goes on. */
static void
queryjob_flush(void)
{
	queryjob_send_head();
	while (output.sent < output.complete)
	{
		int			len = Min(output.complete - output.sent,
							  QUERYSHARE_PIECE_BYTES);

		ingest_querysend_begin(QUERYSHARE_ROWS,
							   output.buffer.data + output.sent, len);
		output.sent += len;
		ingest_querysend_finish();
	}
	/* what is behind the complete rows is there only between rows */
	if (output.buffer.len == output.complete)
	{
		resetStringInfo(&output.buffer);
		output.complete = output.sent = 0;
	}
	output.sent_at = GetCurrentTimestamp();
}

/* ---------- rows of the executor ---------- */

static void
queryjob_rows_startup(DestReceiver *self, int operation, TupleDesc columns)
{
	MemoryContext old = MemoryContextSwitchTo(output.context);

	output.text = ingest_rowtext_begin(shared->format, shared->epoch,
									   columns, &output.buffer);
	queryjob_complete();
	output.sent_at = GetCurrentTimestamp();
	MemoryContextSwitchTo(old);
}

static bool
queryjob_rows_receive(TupleTableSlot *slot, DestReceiver *self)
{
	if (shared->row_limit > 0 && output.rows >= (uint64) shared->row_limit)
	{
		output.truncated = true;
		return false;
	}
	ingest_rowtext_row(output.text, slot, &output.buffer);
	queryjob_complete();
	output.rows++;
	if (output.complete >= QUERYJOB_FULL ||
		TimestampDifferenceExceeds(output.sent_at, GetCurrentTimestamp(),
								   QUERYJOB_LINGER_MS))
		queryjob_flush();
	return true;
}

static void
queryjob_rows_shutdown(DestReceiver *self)
{
}

static void
queryjob_init_output(MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);

	memset(&output, 0, sizeof(output));
	output.pub.receiveSlot = queryjob_rows_receive;
	output.pub.rStartup = queryjob_rows_startup;
	output.pub.rShutdown = queryjob_rows_shutdown;
	output.pub.rDestroy = queryjob_rows_shutdown;
	output.pub.mydest = DestNone;
	output.context = context;
	initStringInfo(&output.buffer);
	MemoryContextSwitchTo(old);
}

/* ---------- the query ---------- */

/*
 * As overrides, these are also what RESET brings back.  Before PostgreSQL 16
 * RESET does not ask whether transaction_read_only may change.
 */
static void
queryjob_set(void)
{
	SetConfigOption("default_transaction_read_only", "on", PGC_USERSET,
					PGC_S_OVERRIDE);
	SetConfigOption("transaction_read_only", "on", PGC_USERSET,
					PGC_S_OVERRIDE);
	SetConfigOption("datestyle", "ISO", PGC_USERSET, PGC_S_OVERRIDE);
	SetConfigOption("extra_float_digits", "1", PGC_USERSET, PGC_S_OVERRIDE);
}

static void
queryjob_begin(void)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	if (!XactReadOnly)
		elog(ERROR, "the transaction of a query is not read-only");
	if (shared->timeout > 0)
		enable_timeout_after(STATEMENT_TIMEOUT, shared->timeout);
	/* from here on the server does not let it become anything else */
	PushActiveSnapshot(GetTransactionSnapshot());
	ingest_auth_become(shared->role);
}

static void
queryjob_announce(const char *sql)
{
	debug_query_string = MemoryContextStrdup(output.context, sql);
	pgstat_report_activity(STATE_RUNNING, sql);
	if (log_statement == LOGSTMT_ALL)
		ereport(LOG,
				(errmsg("statement: %s", sql),
				 errhidestmt(true)));
}

static void
queryjob_execute(void)
{
	QueryText  *text;
	Portal		portal;

	queryjob_begin();
	text = ingest_queryplan_parse(queryshare_body(shared), shared->body_len);
	queryjob_announce(text->sql);
	portal = ingest_queryplan_portal(text);
	PopActiveSnapshot();
	PortalStart(portal, portal->portalParams, 0, InvalidSnapshot);
	compat_portal_run(portal, &output.pub);
	PortalDrop(portal, false);
	disable_timeout(STATEMENT_TIMEOUT, false);
}

/* ---------- the end of the answer ---------- */

/* error: fields of JSON, NULL: none. */
static void
queryjob_finish(const char *error)
{
	char		kind = QUERYSHARE_END;

	if (!ingest_rowtext_end(shared->format, output.rows, output.truncated,
							error, &output.buffer))
		kind = QUERYSHARE_CUT;
	/* the end is ASCII, and the error UTF-8 already */
	output.complete = output.buffer.len;
	queryjob_flush();
	ingest_querysend_begin(kind, NULL, 0);
	ingest_querysend_finish();
}

static char *
queryjob_error_fields(const ErrorData *error)
{
	QueryError	fields = {error->sqlerrcode, error->message, error->detail,
	error->hint};
	StringInfoData text;
	char	   *utf8;

	initStringInfo(&text);
	ingest_queryerror_fields(&text, &fields);
	if (GetDatabaseEncoding() == PG_UTF8)
		return text.data;
	/* conversions are found in the catalogs */
	StartTransactionCommand();
	MemoryContextSwitchTo(output.context);
	utf8 = pg_server_to_any(text.data, text.len, PG_UTF8);
	AbortCurrentTransaction();
	MemoryContextSwitchTo(output.context);
	return utf8;
}

static void
queryjob_send_error(int status, const char *fields)
{
	StringInfoData text;
	int			len;

	initStringInfo(&text);
	appendStringInfo(&text, "%03d%s", status, fields);
	/* a longer one would say no more */
	len = text.len;
	if (len > QUERYSHARE_PIECE_BYTES)
	{
		resetStringInfo(&text);
		appendStringInfo(&text, "%03d\"error\":\"the message is too long\"",
						 status);
		len = text.len;
	}
	ingest_querysend_begin(QUERYSHARE_ERROR, text.data, len);
	ingest_querysend_finish();
}

static bool
queryjob_is_in_vain(void)
{
	return shared->unwanted || ingest_querysend_is_in_vain();
}

static void
queryjob_send_failure(const ErrorData *error, bool timed_out)
{
	char	   *fields = queryjob_error_fields(error);

	/* what is behind the complete rows is half a row */
	output.buffer.len = output.complete;
	if (output.begun)
		queryjob_finish(fields);
	else
		queryjob_send_error(ingest_queryerror_status(error->sqlerrcode,
													 timed_out),
							fields);
}

/* The error at hand becomes the client's, if there is one still. */
static void
queryjob_fail(TimestampTz started)
{
	ErrorData  *error;
	bool		timed_out;

	disable_timeout(STATEMENT_TIMEOUT, false);
	HOLD_CANCEL_INTERRUPTS();
	MemoryContextSwitchTo(output.context);
	error = CopyErrorData();
	timed_out = shared->timeout > 0 &&
		TimestampDifferenceExceeds(started, GetCurrentTimestamp(),
								   shared->timeout);
	if (!queryjob_is_in_vain())
		EmitErrorReport();
	FlushErrorState();
	AbortCurrentTransaction();
	MemoryContextSwitchTo(output.context);
	if (!queryjob_is_in_vain())
		queryjob_send_failure(error, timed_out);
}

/*
 * The transaction ends before the end of the answer is sent, so a client that
 * has all of it meets no lock of the query.
 */
static void
queryjob_answer(void)
{
	TimestampTz started = GetCurrentTimestamp();

	PG_TRY();
	{
		queryjob_execute();
		HOLD_CANCEL_INTERRUPTS();
		AbortCurrentTransaction();
		MemoryContextSwitchTo(output.context);
		queryjob_finish(NULL);
	}
	PG_CATCH();
	{
		queryjob_fail(started);
	}
	PG_END_TRY();
}

/* A client that goes away while it is told of an error is none. */
static void
queryjob_run(void)
{
	PG_TRY();
	{
		queryjob_answer();
	}
	PG_CATCH();
	{
		if (!queryjob_is_in_vain())
			PG_RE_THROW();
	}
	PG_END_TRY();
}

void
rusts_query_main(Datum arg)
{
	dsm_segment *segment;

	/* without a resource owner: until the process ends */
	segment = dsm_attach(DatumGetUInt32(arg));
	if (segment == NULL)
		proc_exit(0);			/* the client has gone already */
	shared = dsm_segment_address(segment);
	on_dsm_detach(segment, queryjob_forget_shared, (Datum) 0);
	next_emit_log = emit_log_hook;
	emit_log_hook = queryjob_note_fatal;
	pqsignal(SIGTERM, queryjob_terminate);
	BackgroundWorkerUnblockSignals();
	ingest_querysend_init(segment, queryshare_queue(shared));
	BackgroundWorkerInitializeConnectionByOid(shared->database, shared->role,
											  0);
	queryjob_set();
	queryjob_init_output(AllocSetContextCreate(TopMemoryContext, "rusts query",
											   ALLOCSET_DEFAULT_SIZES));
	queryjob_run();
	proc_exit(0);
}
