/*
 * residentwork.c
 *	  A session and its resident workers: the worker's side.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/sinval.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "resident/residentcount.h"
#include "resident/residentshare.h"
#include "resident/residentwork.h"

/* Exit after so long without a job. */
#define RESIDENT_IDLE_MS (10 * 1000)
/* Report statistics after so long. */
#define RESIDENT_PAUSE_MS 200

PGDLLEXPORT void rusts_resident_main(Datum arg);

ResidentWork resident_work = NULL;

static ResidentShared *shared;
static ResidentSlot *slot;
static dsm_segment *segment;
static uint64 state_number = 0; /* what was restored last */
static Oid	outer_user;			/* between jobs */
static int	outer_context;

static bool
change_phase(ResidentPhase from, ResidentPhase to)
{
	uint32		expected = from;

	return pg_atomic_compare_exchange_u32(&slot->phase, &expected, to);
}

/* ---------- the session's state ---------- */

static void
restore_state(void)
{
	char	   *state = residentshare_state(shared);
	Oid			temporary;
	Oid			temporary_toast;

	if (state_number == shared->state_number)
		return;
	StartTransactionCommand();
	SetCurrentRoleId(shared->role, shared->role_is_superuser);
	/* take everything over as it is, without asking whether it is allowed */
	InitializingParallelWorker = true;
	RestoreLibraryState(state);
	RestoreGUCState(state + shared->libraries);
	InitializingParallelWorker = false;
	/* the role before this one has been reset, and none set in its place */
	SetCurrentRoleId(shared->role, shared->role_is_superuser);
	/* a session that has a temporary schema keeps it */
	GetTempNamespaceState(&temporary, &temporary_toast);
	if (!OidIsValid(temporary))
		SetTempNamespaceState(shared->temporary, shared->temporary_toast);
	CommitTransactionCommand();
	state_number = shared->state_number;
}

static void
begin_transaction(void)
{
	Snapshot	snapshot;

	StartTransactionCommand();
	XactIsoLevel = XACT_READ_COMMITTED;
	XactReadOnly = true;
	snapshot = RestoreSnapshot(residentshare_job(shared));
	RestoreTransactionSnapshot(snapshot, shared->leader);
	PushActiveSnapshot(snapshot);
	GetUserIdAndSecContext(&outer_user, &outer_context);
	SetUserIdAndSecContext(shared->current_user, shared->security_context);
	EnterParallelMode();
}

static void
end_transaction(void)
{
	ExitParallelMode();
	PopActiveSnapshot();
	/* a commit leaves them as they are */
	SetUserIdAndSecContext(outer_user, outer_context);
	CommitTransactionCommand();
}

/* ---------- a job ---------- */

void
residentwork_send(shm_mq_handle *queue, const StringInfoData *message)
{
	if (shm_mq_send(queue, message->len, message->data, false, false) !=
		SHM_MQ_SUCCESS)
		ereport(ERROR,
				(errcode(ERRCODE_QUERY_CANCELED),
				 errmsg("the session does not want the answer any more")));
}

static void
work(shm_mq_handle *queue)
{
	char	   *at = residentshare_job(shared) + shared->snapshot;
	ParamListInfo params = NULL;

	restore_state();
	begin_transaction();
	InstrStartParallelQuery();
	if (shared->params > 0)
	{
		char	   *end = at;

		params = RestoreParamList(&end);
	}
	resident_work(shared->area.bytes, at + shared->params, params, queue);
	InstrEndParallelQuery(&slot->buffers, &slot->wal);
	end_transaction();
}

static void
run_job(MemoryContext context)
{
	shm_mq	   *mq = (shm_mq *) residentshare_queue(shared,
													ParallelWorkerNumber);
	shm_mq_handle *queue;

	shm_mq_set_sender(mq, MyProc);
	queue = shm_mq_attach(mq, segment, NULL);
	SetParallelStartTimestamps(shared->transaction_start,
							   shared->statement_start);
	pgstat_report_activity(STATE_RUNNING, shared->query);
	work(queue);
	MemoryContextSwitchTo(context);
	slot->done = true;
	(void) pg_atomic_exchange_u32(&slot->phase, RESIDENT_IDLE);
	/* tells the session */
	shm_mq_detach(queue);
	MemoryContextReset(context);
	(void) pgstat_report_stat(false);
	pgstat_report_activity(STATE_IDLE, NULL);
}

/* The error at hand becomes the session's, which learns of it as we exit. */
static void
hand_over_error(MemoryContext context)
{
	ErrorData  *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	residentshare_copy_text(slot->error.message, error->message,
							RESIDENT_MESSAGE_BYTES);
	residentshare_copy_text(slot->error.detail, error->detail,
							RESIDENT_MESSAGE_BYTES);
	residentshare_copy_text(slot->error.hint, error->hint,
							RESIDENT_MESSAGE_BYTES);
	slot->error.code = error->sqlerrcode;
	FlushErrorState();
	AbortCurrentTransaction();
}

/* ---------- waiting ---------- */

/* Wait for a job; false: it is time to go. */
static bool
wait_for_job(void)
{
	TimestampTz since = GetCurrentTimestamp();
	bool		reported = false;

	for (;;)
	{
		int			event;

		CHECK_FOR_INTERRUPTS();
		/* not before the first job, which tells what time it is */
		if (catchupInterruptPending && state_number > 0)
			ProcessCatchupInterrupt();
		if (shared->quit)
			return false;
		if (change_phase(RESIDENT_POSTED, RESIDENT_TAKEN))
		{
			residentplace_release(&slot->place);
			return true;
		}
		if (TimestampDifferenceExceeds(since, GetCurrentTimestamp(),
									   RESIDENT_IDLE_MS) &&
			change_phase(RESIDENT_IDLE, RESIDENT_GONE))
			return false;
		event = WaitLatch(MyLatch,
						  WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						  reported ? RESIDENT_IDLE_MS : RESIDENT_PAUSE_MS,
						  PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		if ((event & WL_TIMEOUT) && !reported)
		{
			(void) pgstat_report_stat(true);
			reported = true;
		}
	}
}

static void
serve(MemoryContext context)
{
	volatile bool in_job = false;

	PG_TRY();
	{
		while (wait_for_job())
		{
			in_job = true;
			run_job(context);
			in_job = false;
		}
	}
	PG_CATCH();
	{
		if (in_job)
		{
			hand_over_error(context);
			(void) pg_atomic_exchange_u32(&slot->phase, RESIDENT_GONE);
		}
		else
		{
			/* a job that has come meanwhile finds nobody who takes it */
			(void) change_phase(RESIDENT_IDLE, RESIDENT_GONE);
		}
		/* a cancellation that comes late is nobody's business */
		if (!in_job && geterrcode() != ERRCODE_QUERY_CANCELED)
			PG_RE_THROW();
	}
	PG_END_TRY();
}

/* Become a parallel worker of the session; false: it has gone. */
static bool
join_session(Datum arg)
{
	int			number;

	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	memcpy(&number, MyBgworkerEntry->bgw_extra, sizeof(number));
	/* without a resource owner: until the process ends */
	segment = dsm_attach(DatumGetUInt32(arg));
	if (segment == NULL)
		return false;
	shared = dsm_segment_address(segment);
	slot = &shared->slots[number];
	residentcount_join();
	if (!BecomeLockGroupMember(shared->leader, shared->leader_pid))
		return false;
	BackgroundWorkerInitializeConnectionByOid(shared->database, shared->user,
											  BGWORKER_BYPASS_ALLOWCONN);
	SetClientEncoding(GetDatabaseEncoding());
	ParallelWorkerNumber = number;
	slot->proc = MyProc;
	pg_memory_barrier();
	return true;
}

void
rusts_resident_main(Datum arg)
{
	if (join_session(arg))
	{
		MemoryContext context = AllocSetContextCreate(TopMemoryContext,
													  "rusts parallel worker",
													  ALLOCSET_DEFAULT_SIZES);

		MemoryContextSwitchTo(context);
		serve(context);
	}
	proc_exit(0);
}
