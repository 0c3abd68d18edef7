/*
 * ingest_write.c
 *	  Points of requests become rows, in transactions.
 *
 * Requests that are there at the same time, of one role and WAL mode, form a
 * group.  The group is tried in one transaction, which costs the least.  What
 * can come of an attempt:
 *
 *	  done			committed, and every request is answered
 *	  needs			tables or columns are missing: they are made in a
 *					transaction of their own, and the group is tried again
 *	  busy			somebody has locked a table
 *	  failed		an error of the server
 *
 * After busy or failed, each request of the group is tried alone and
 * carefully (ingest_points.c), so that only those suffer that are concerned.
 * A request alone whose table is locked goes on waiting in the queue, while
 * others pass it, until rusts.ingest_lock_timeout is over.
 *
 * Invariants:
 * 1. A request's rows are in one transaction, all of them that are good.
 * 2. An answer of 204, or one that says which lines were dropped, is set only
 *	  after that transaction has committed; in mode every_write its WAL is on
 *	  disk by then.
 * 3. Any other answer: nothing of the request was stored.  (A commit that fails
 *	  has stored nothing.)
 *
 * WAL modes.  every_write commits as a session with the server's
 * synchronous_commit, and with local where that is off: a standby is waited for
 * if the server asks for that, and in no other case.  The other modes commit as
 * with off, and periodic remembers that there is something to flush; the loop
 * calls ingest_write_flush when the interval is over.
 */
#include "postgres.h"

#include <malloc.h>

#include "access/xact.h"
#include "access/xlog.h"
#include "ingest/ingest_auth.h"
#include "ingest/ingest_create.h"
#include "ingest/ingest_fault.h"
#include "ingest/ingest_log.h"
#include "ingest/ingest_points.h"
#include "ingest/ingest_session.h"
#include "ingest/ingest_answer.h"
#include "ingest/ingest_write.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* glibc's bound for M_MMAP_THRESHOLD */
#define WRITE_KEPT_BYTES (32 * 1024 * 1024)
#define WRITE_GROUP_BYTES (32 * 1024 * 1024)
#define WRITE_ROUNDS 4			/* attempts that only made things */
#define WRITE_CONFLICTS 3

typedef enum AttemptVerdict
{
	ATTEMPT_DONE,
	ATTEMPT_NEEDS,
	ATTEMPT_BUSY,
	ATTEMPT_FAILED
} AttemptVerdict;

static volatile sig_atomic_t running = false;
static XLogRecPtr unflushed = InvalidXLogRecPtr;

bool
ingest_write_running(void)
{
	return running;
}

/*
 * Bodies, and what a transaction takes, come and go by the megabyte.  As the C
 * library has it from the start, each would be fetched from the system and
 * given back, and every page of it cleared and mapped again: a third of the
 * time that a batch takes.
 */
static void
ingest_write_keep_memory(void)
{
#ifdef M_TRIM_THRESHOLD
	mallopt(M_MMAP_THRESHOLD, WRITE_KEPT_BYTES);
	mallopt(M_TRIM_THRESHOLD, WRITE_KEPT_BYTES);
#endif
}

void
ingest_write_init(void)
{
	ingest_write_keep_memory();
	ingest_points_init();
}

/* ---------- the WAL ---------- */

bool
ingest_write_unflushed(void)
{
	return !XLogRecPtrIsInvalid(unflushed);
}

void
ingest_write_flush(void)
{
	if (XLogRecPtrIsInvalid(unflushed))
		return;
	XLogFlush(unflushed);
	unflushed = InvalidXLogRecPtr;
	pg_atomic_write_u64(&ingest_share_counters->unflushed_since, 0);
}

/*
 * Where the server asks for less than its own disk, that is what there is at
 * least.
 */
static const char *
ingest_write_commit_level(IngestWalMode mode)
{
	const char *server = GetConfigOption("synchronous_commit", false, false);

	if (mode != INGEST_WAL_EVERY_WRITE)
		return "off";
	return strcmp(server, "off") == 0 ? "local" : server;
}

/* In a transaction, until its end. */
static void
ingest_write_set_up(const WriteGroup *group)
{
	(void) set_config_option("synchronous_commit",
							 ingest_write_commit_level(group->wal_mode),
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL,
							 true, 0, false);
	(void) set_config_option("lock_timeout",
							 psprintf("%d", ingest_settings_lock_timeout),
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL,
							 true, 0, false);
}

static void
ingest_write_note_commit(const WriteGroup *group, TimestampTz began)
{
	IngestCounters *counters = ingest_share_counters;

	ingest_share_add(&counters->transactions, 1);
	pg_atomic_write_u64(&counters->commit_us, GetCurrentTimestamp() - began);
	if (group->wal_mode != INGEST_WAL_PERIODIC ||
		XLogRecPtrIsInvalid(XactLastCommitEnd))
		return;
	if (XLogRecPtrIsInvalid(unflushed))
		pg_atomic_write_u64(&counters->unflushed_since, began);
	unflushed = XactLastCommitEnd;
}

/* ---------- transactions ---------- */

static void
ingest_write_commit(const WriteGroup *group)
{
	TimestampTz began = GetCurrentTimestamp();

	PopActiveSnapshot();
	CommitTransactionCommand();
	ingest_write_note_commit(group, began);
}

static void
ingest_write_begin(const WriteGroup *group)
{
	StartTransactionCommand();
	PreventCommandDuringRecovery("INSERT");
	ingest_write_set_up(group);
	ingest_auth_become(group->role);
	PreventCommandIfReadOnly("INSERT");
	PushActiveSnapshot(GetTransactionSnapshot());
}

/* Keep what the error says and leave the transaction. */
static void
ingest_write_fail(WriteGroup *group)
{
	ErrorData  *error;
	MemoryContext old = MemoryContextSwitchTo(group->context);

	error = CopyErrorData();
	FlushErrorState();
	group->sqlstate = error->sqlerrcode;
	group->message = error->message ? error->message : pstrdup("");
	MemoryContextSwitchTo(old);
	AbortOutOfAnyTransaction();
}

static AttemptVerdict
ingest_write_pass(Pass *pass)
{
	ingest_write_begin(pass->group);
	pass->schema = ingest_create_schema();
	ingest_points_write(pass);
	if (!pass->busy && !pass->incomplete)
	{
		ingest_write_commit(pass->group);
		return ATTEMPT_DONE;
	}
	AbortCurrentTransaction();
	return pass->busy ? ATTEMPT_BUSY : ATTEMPT_NEEDS;
}

static AttemptVerdict
ingest_write_attempt(WriteGroup *group, int first, int count, bool careful)
{
	volatile AttemptVerdict verdict = ATTEMPT_FAILED;
	Pass		pass = {0};

	pass.context = AllocSetContextCreate(TopMemoryContext, "rusts ingest",
										 ALLOCSET_DEFAULT_SIZES);
	pass.group = group;
	pass.first = first;
	pass.count = count;
	pass.careful = careful;
	running = true;
	PG_TRY();
	{
		verdict = ingest_write_pass(&pass);
	}
	PG_CATCH();
	{
		ingest_write_fail(group);
		verdict = ATTEMPT_FAILED;
	}
	PG_END_TRY();
	running = false;
	ingest_session_clean();
	MemoryContextSwitchTo(group->context);
	MemoryContextDelete(pass.context);
	return verdict;
}

/* ---------- what is needed first ---------- */

static HTAB *
ingest_write_refused(WriteGroup *group)
{
	HASHCTL		control = {0};

	control.keysize = sizeof(RefusedName);
	control.entrysize = sizeof(Refused);
	control.hcxt = group->context;
	if (group->refused == NULL)
		group->refused = hash_create("rusts ingest refused", 64, &control,
									 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return group->refused;
}

static void
ingest_write_refuse(WriteGroup *group, const char *table, const char *column)
{
	RefusedName name = {{0}};
	Refused    *refused;

	strlcpy(name.table, table, NAMEDATALEN);
	strlcpy(name.column, column, NAMEDATALEN);
	refused = hash_search(ingest_write_refused(group), &name, HASH_ENTER,
						  NULL);
	refused->refusal.reject =
		group->sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE ?
		INGEST_REJECT_PRIVILEGE : INGEST_REJECT_SCHEMA;
	refused->refusal.reason = group->message;
}

/* It cannot be made: neither the table nor its columns are asked for again. */
static void
ingest_write_refuse_need(WriteGroup *group, const Need *need)
{
	ListCell   *cell;

	ingest_write_refuse(group, need->table, "");
	foreach(cell, need->columns)
		ingest_write_refuse(group, need->table,
							((NeedColumn *) lfirst(cell))->name);
}

static bool
ingest_write_create(WriteGroup *group, const Need *need)
{
	volatile bool created = false;

	running = true;
	PG_TRY();
	{
		ingest_write_begin(group);
		ingest_create_needed(ingest_create_schema(), need);
		ingest_write_commit(group);
		created = true;
	}
	PG_CATCH();
	{
		ingest_write_fail(group);
	}
	PG_END_TRY();
	running = false;
	ingest_session_clean();
	MemoryContextSwitchTo(group->context);
	return created;
}

/* Is this error about what was to be made, so that asking again is no use? */
static bool
ingest_write_is_final(int sqlstate)
{
	return sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE ||
		ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_PROGRAM_LIMIT_EXCEEDED ||
		ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_FEATURE_NOT_SUPPORTED ||
		sqlstate == ERRCODE_WRONG_OBJECT_TYPE ||
		sqlstate == ERRCODE_TOO_MANY_COLUMNS;
}

/* Is this error about what somebody else has made meanwhile? */
static bool
ingest_write_is_taken(int sqlstate)
{
	return sqlstate == ERRCODE_DUPLICATE_TABLE ||
		sqlstate == ERRCODE_DUPLICATE_COLUMN ||
		sqlstate == ERRCODE_DUPLICATE_OBJECT ||
		sqlstate == ERRCODE_UNIQUE_VIOLATION;
}

/*
 * A table's name is also that of its row type.  When a table was made
 * meanwhile, the next attempt finds it, so an error of the type that comes again
 * is about a type that is no table's.
 */
static bool
ingest_write_is_type(const WriteGroup *group, int round)
{
	return group->sqlstate == ERRCODE_DUPLICATE_OBJECT && round > 0;
}

/* False: not now; the group's error says why. */
static bool
ingest_write_make(WriteGroup *group, int round)
{
	ListCell   *cell;

	foreach(cell, group->needs)
	{
		Need	   *need = lfirst(cell);

		if (ingest_write_create(group, need) ||
			(ingest_write_is_taken(group->sqlstate) &&
			 !ingest_write_is_type(group, round)))
			continue;			/* now, or by somebody else meanwhile */
		if (!ingest_write_is_final(group->sqlstate) &&
			!ingest_write_is_type(group, round))
			return false;
		ingest_write_refuse_need(group, need);
	}
	group->needs = NIL;
	return true;
}

/* Attempts until there is nothing that is missing. */
static AttemptVerdict
ingest_write_settle(WriteGroup *group, int first, int count, bool careful)
{
	AttemptVerdict verdict = ATTEMPT_NEEDS;
	int			round;
	int			conflicts = 0;

	/* what could not be made for others is not this one's to make */
	group->needs = NIL;
	for (round = 0; round < WRITE_ROUNDS && verdict == ATTEMPT_NEEDS; round++)
	{
		verdict = ingest_write_attempt(group, first, count, careful);
		if (verdict == ATTEMPT_NEEDS && !ingest_write_make(group, round))
			return ATTEMPT_FAILED;
		if (verdict == ATTEMPT_FAILED &&
			ingest_fault_kind(group->sqlstate) == FAULT_CONFLICT &&
			++conflicts < WRITE_CONFLICTS)
			verdict = ATTEMPT_NEEDS;
	}
	if (verdict != ATTEMPT_NEEDS)
		return verdict;
	group->sqlstate = ERRCODE_T_R_SERIALIZATION_FAILURE;
	group->message = pstrdup("tables change while points are written");
	return ATTEMPT_FAILED;
}

/* ---------- answers ---------- */

static void
ingest_write_count(const Outcome *outcome, const WriteRequest *request)
{
	IngestCounters *counters = ingest_share_counters;
	int			i;

	ingest_share_add(&counters->lines, outcome->lines);
	ingest_share_add(&counters->points, outcome->points);
	ingest_share_add(&counters->rounded, outcome->rounded);
	for (i = 0; i < INGEST_REJECT_COUNT; i++)
		ingest_share_add(&counters->rejected[i], outcome->rejected[i]);
	for (i = 0; i < outcome->kept; i++)
		ingest_share_note_error(&outcome->errors[i]);
}

static void
ingest_write_answer(WriteRequest *request, dlist_head *done)
{
	ingest_share_add(&ingest_share_counters->writes, 1);
	ingest_share_add(&ingest_share_counters->bytes, request->body_len);
	dlist_push_tail(done, &request->node);
}

static void
ingest_write_answer_done(WriteGroup *group, int i, dlist_head *done)
{
	ingest_write_count(&group->outcomes[i], group->requests[i]);
	ingest_answer_outcome(group->requests[i], &group->outcomes[i]);
	ingest_write_answer(group->requests[i], done);
}

static void
ingest_write_answer_failed(WriteGroup *group, int i, dlist_head *done)
{
	ingest_answer_error(group->requests[i], group->sqlstate, group->message);
	if (group->requests[i]->status == 503)
		ingest_share_add(&ingest_share_counters->refused, 1);
	else
		ingest_log(LOG_KIND_SERVER, NULL, "could not write points: %s (SQLSTATE %s)",
				   group->message, unpack_sql_state(group->sqlstate));
	ingest_share_note_failure(group->message);
	ingest_write_answer(group->requests[i], done);
}

/* ---------- groups ---------- */

/* Nobody else is to blame, or to suffer. */
static void
ingest_write_alone(WriteGroup *group, int i, dlist_head *waiting, dlist_head *done)
{
	WriteRequest *request = group->requests[i];

	switch (ingest_write_settle(group, i, 1, true))
	{
		case ATTEMPT_DONE:
			ingest_write_answer_done(group, i, done);
			break;
		case ATTEMPT_BUSY:
			if (!TimestampDifferenceExceeds(request->first_tried,
											GetCurrentTimestamp(),
											ingest_settings_lock_timeout))
			{
				dlist_push_tail(waiting, &request->node);
				break;
			}
			group->sqlstate = ERRCODE_LOCK_NOT_AVAILABLE;
			group->message = pstrdup("a table is locked by another session");
			ingest_write_answer_failed(group, i, done);
			break;
		case ATTEMPT_NEEDS:
		case ATTEMPT_FAILED:
			ingest_write_answer_failed(group, i, done);
			break;
	}
}

/* Would each request alone come to the same end? */
static bool
ingest_write_concerns_all(const WriteGroup *group)
{
	return ingest_fault_kind(group->sqlstate) == FAULT_LATER &&
		group->sqlstate != ERRCODE_LOCK_NOT_AVAILABLE;
}

static void
ingest_write_group(WriteGroup *group, dlist_head *waiting, dlist_head *done)
{
	AttemptVerdict verdict = ingest_write_settle(group, 0, group->count, false);
	int			i;

	for (i = 0; i < group->count; i++)
	{
		if (verdict == ATTEMPT_DONE)
			ingest_write_answer_done(group, i, done);
		else if (verdict == ATTEMPT_FAILED && ingest_write_concerns_all(group))
			ingest_write_answer_failed(group, i, done);
		else
			ingest_write_alone(group, i, waiting, done);
	}
}

/* Take the first and all that go with it off the queue. */
static WriteGroup *
ingest_write_gather(dlist_head *queue, int room, MemoryContext context)
{
	WriteGroup	   *group = MemoryContextAllocZero(context, sizeof(WriteGroup));
	WriteRequest *first = dlist_head_element(WriteRequest, node, queue);
	dlist_mutable_iter iter;
	size_t		bytes = 0;

	group->context = context;
	group->role = first->role;
	group->wal_mode = first->wal_mode;
	group->now = GetCurrentTimestamp();
	group->requests = MemoryContextAlloc(context, sizeof(WriteRequest *) * room);
	dlist_foreach_modify(iter, queue)
	{
		WriteRequest *request = dlist_container(WriteRequest, node, iter.cur);

		if (request->role != group->role ||
			request->wal_mode != group->wal_mode ||
			(group->count > 0 && bytes + request->body_len > WRITE_GROUP_BYTES))
			continue;
		bytes += request->body_len;
		dlist_delete(&request->node);
		if (request->first_tried == 0)
			request->first_tried = group->now;
		group->requests[group->count++] = request;
	}
	group->outcomes = MemoryContextAllocZero(context,
											 sizeof(Outcome) * group->count);
	return group;
}

static int
ingest_write_length(const dlist_head *queue)
{
	dlist_iter	iter;
	int			length = 0;

	dlist_foreach(iter, (dlist_head *) queue)
		length++;
	return length;
}

void
ingest_write_run(dlist_head *waiting, dlist_head *done)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext,
												  "rusts ingest group",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	dlist_head	still = DLIST_STATIC_INIT(still);
	int			room = ingest_write_length(waiting);

	/* when the server stops, what has not begun is left to be refused */
	while (!dlist_is_empty(waiting) && !ShutdownRequestPending)
	{
		ingest_write_group(ingest_write_gather(waiting, room, context),
						   &still, done);
		MemoryContextReset(context);
	}
	while (!dlist_is_empty(&still))
		dlist_push_tail(waiting, dlist_pop_head_node(&still));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	pgstat_report_stat(false);
}
