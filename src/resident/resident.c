/*
 * resident.c
 *	  A session and its resident workers: the session's side.
 */
#include "postgres.h"

#include <signal.h>

#include "access/parallel.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "postmaster/bgworker.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/wait_event.h"

#include "compat/compat.h"
#include "resident/residentcount.h"
#include "resident/residentshare.h"

/* The session's view of a worker. */
typedef struct ResidentWorker
{
	BackgroundWorkerHandle *handle; /* NULL: never started */
	shm_mq_handle *queue;		/* of the job at hand; NULL: has none */
} ResidentWorker;

typedef enum ResidentProgress
{
	JOB_NONE,
	JOB_OFFERED,
	JOB_CLOSED					/* nobody takes it any more */
} ResidentProgress;

static dsm_segment *segment = NULL;
static ResidentShared *shared = NULL;
static ResidentWorker workers[RESIDENT_MAX];
static MemoryContext queue_memory;	/* of the queues' ends, from job to job */
static ResidentProgress progress = JOB_NONE;
static ResourceOwner owner;		/* of the job at hand */
static int	taken;				/* workers that are through with the job */

/*
 * Workers that ended before they were there: the role may not connect any more,
 * say.  After some the session stops trying, instead of filling the log.
 */
#define FAILED_STARTS_MAX 3
static int	failed_starts = 0;

/* ---------- the memory ---------- */

static bool
change_phase(int i, ResidentPhase from, ResidentPhase to)
{
	uint32		expected = from;

	return pg_atomic_compare_exchange_u32(&shared->slots[i].phase, &expected,
										  to);
}

static ResidentPhase
phase_of(int i)
{
	return (ResidentPhase) pg_atomic_read_u32(&shared->slots[i].phase);
}

static void
wake(int i)
{
	PGPROC	   *proc = shared->slots[i].proc;

	/* one that belongs to somebody else by now is woken for nothing */
	if (proc != NULL)
		SetLatch(&proc->procLatch);
}

/*
 * Make the worker exit, and wait until it has.  To be interrupted hurts nobody
 * who is idle or exits already, and who is so may change at any time.
 */
static void
dismiss(int i, bool interrupt)
{
	ResidentWorker *worker = &workers[i];
	pid_t		pid;

	HOLD_INTERRUPTS();
	switch (GetBackgroundWorkerPid(worker->handle, &pid))
	{
		case BGWH_NOT_YET_STARTED:
			TerminateBackgroundWorker(worker->handle);
			break;
		case BGWH_STARTED:
			if (interrupt)
				(void) kill(pid, SIGINT);
			wake(i);
			break;
		default:
			break;
	}
	(void) WaitForBackgroundWorkerShutdown(worker->handle);
	pfree(worker->handle);
	worker->handle = NULL;
	RESUME_INTERRUPTS();
}

/* The session ends, and must not end before its workers: README.md, 4. */
static void
resident_leave(int code, Datum arg)
{
	int			i;

	shared->quit = true;
	pg_memory_barrier();
	for (i = 0; i < RESIDENT_MAX; i++)
	{
		(void) change_phase(i, RESIDENT_POSTED, RESIDENT_IDLE);
		if (workers[i].handle != NULL)
			wake(i);
	}
	for (i = 0; i < RESIDENT_MAX; i++)
		if (workers[i].handle != NULL)
			dismiss(i, phase_of(i) == RESIDENT_TAKEN);
	/* the transaction is rolled back after this */
	progress = JOB_NONE;
}

/* What began the job has failed, or ended without it: README.md, 6. */
static void
release_job(ResourceReleasePhase phase, bool commit, bool top, void *arg)
{
	if (phase == RESOURCE_RELEASE_BEFORE_LOCKS && progress != JOB_NONE &&
		CurrentResourceOwner == owner)
		resident_abandon();
}

static void
create_memory(int wanted)
{
	int			nslots = Min(Max(wanted, max_parallel_workers_per_gather),
							 RESIDENT_MAX);
	dsm_segment *created = dsm_create(residentshare_size(nslots),
									  DSM_CREATE_NULL_IF_MAXSEGMENTS);
	int			i;

	if (created == NULL)
		return;
	BecomeLockGroupLeader();
	shared = dsm_segment_address(created);
	memset(shared, 0, sizeof(ResidentShared));
	shared->leader = MyProc;
	shared->leader_pid = MyProcPid;
	shared->database = MyDatabaseId;
	shared->user = GetAuthenticatedUserId();
	shared->nslots = nslots;
	for (i = 0; i < RESIDENT_MAX; i++)
		pg_atomic_init_u32(&shared->slots[i].phase, RESIDENT_GONE);
	queue_memory = AllocSetContextCreate(TopMemoryContext,
										 "rusts parallel worker queues",
										 ALLOCSET_DEFAULT_SIZES);
	RegisterResourceReleaseCallback(release_job, NULL);
	before_shmem_exit(resident_leave, (Datum) 0);
	dsm_pin_mapping(created);
	segment = created;
}

/* ---------- the job ---------- */

/* See README.md, invariant 1. */
static bool
session_is_fit(void)
{
	return IsUnderPostmaster && !IsParallelWorker() && !IsInParallelMode() &&
		!TransactionIdIsValid(GetTopTransactionIdIfAny()) &&
		!IsolationIsSerializable() && !HistoricSnapshotActive() &&
		GetSessionUserId() == GetAuthenticatedUserId() &&
		max_parallel_workers > 0;
}

void *
resident_area(int wanted)
{
	if (!session_is_fit())
		return NULL;
	if (segment == NULL)
		create_memory(wanted);
	/* an expression of the job at hand may ask for another one */
	if (segment == NULL || progress != JOB_NONE)
		return NULL;
	return shared->area.bytes;
}

/* Libraries and settings; false: there is no room for them. */
static bool
write_state(void)
{
	Size		libraries = EstimateLibraryStateSpace();
	Size		settings = EstimateGUCStateSpace();
	Oid			role = GetCurrentRoleId();
	char	   *state = residentshare_state(shared);
	char	   *fresh;
	Oid			temporary;
	Oid			temporary_toast;
	bool		same;

	if (libraries + settings > RESIDENT_STATE_BYTES)
		return false;
	fresh = palloc0(libraries + settings);
	SerializeLibraryState(libraries, fresh);
	SerializeGUCState(settings, fresh + libraries);
	GetTempNamespaceState(&temporary, &temporary_toast);
	same = shared->state_number > 0 && shared->role == role &&
		shared->temporary == temporary &&
		shared->libraries == libraries && shared->settings == settings &&
		memcmp(state, fresh, libraries + settings) == 0;
	if (!same)
	{
		memcpy(state, fresh, libraries + settings);
		shared->libraries = libraries;
		shared->settings = settings;
		shared->role = role;
		shared->temporary = temporary;
		shared->temporary_toast = temporary_toast;
		shared->role_is_superuser = OidIsValid(role) && superuser_arg(role);
		shared->state_number++;
	}
	pfree(fresh);
	return true;
}

static bool
write_job(const StringInfoData *work, Snapshot snapshot, ParamListInfo params)
{
	char	   *at = residentshare_job(shared);

	shared->snapshot = MAXALIGN(EstimateSnapshotSpace(snapshot));
	shared->params = params == NULL ? 0 :
		MAXALIGN(EstimateParamListSpace(params));
	shared->work = work->len + 1;
	if (shared->snapshot + shared->params + shared->work > RESIDENT_JOB_BYTES)
		return false;
	GetUserIdAndSecContext(&shared->current_user, &shared->security_context);
	shared->transaction_start = GetCurrentTransactionStartTimestamp();
	shared->statement_start = GetCurrentStatementStartTimestamp();
	SerializeSnapshot(snapshot, at);
	at += shared->snapshot;
	if (params != NULL)
	{
		char	   *end = at;

		SerializeParamList(params, &end);
		at += shared->params;
	}
	memcpy(at, work->data, shared->work);
	residentshare_copy_text(shared->query, debug_query_string,
							RESIDENT_QUERY_BYTES);
	return true;
}

/* ---------- posting ---------- */

static bool
start_worker(int i)
{
	BackgroundWorker worker = {0};
	MemoryContext old;
	bool		started;

	/* the last one may be on its way out still, and is ours until then */
	if (workers[i].handle != NULL)
	{
		if (shared->slots[i].proc == NULL)
			failed_starts++;
		dismiss(i, false);
	}
	if (failed_starts >= FAILED_STARTS_MAX || !residentcount_has_room())
		return false;
	shared->slots[i].proc = NULL;
	residentplace_init(&shared->slots[i].place);
	pg_atomic_write_u32(&shared->slots[i].phase, RESIDENT_POSTED);
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS |
		BGWORKER_BACKEND_DATABASE_CONNECTION | BGWORKER_CLASS_PARALLEL;
	worker.bgw_start_time = BgWorkerStart_ConsistentState;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_notify_pid = MyProcPid;
	worker.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(segment));
	memcpy(worker.bgw_extra, &i, sizeof(i));
	strlcpy(worker.bgw_library_name, "rusts", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "rusts_resident_main", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "rusts parallel worker", BGW_MAXLEN);
	snprintf(worker.bgw_name, BGW_MAXLEN, "rusts parallel worker for PID %d",
			 MyProcPid);
	old = MemoryContextSwitchTo(TopMemoryContext);
	started = RegisterDynamicBackgroundWorker(&worker, &workers[i].handle);
	MemoryContextSwitchTo(old);
	if (!started)
		pg_atomic_write_u32(&shared->slots[i].phase, RESIDENT_GONE);
	return started;
}

/* Offer the job to the i-th worker. */
static bool
post_to(int i)
{
	ResidentSlot *slot = &shared->slots[i];
	ResidentWorker *worker = &workers[i];
	shm_mq	   *queue = shm_mq_create(residentshare_queue(shared, i),
									  RESIDENT_QUEUE_BYTES);
	MemoryContext old;
	BgwHandleStatus status = BGWH_STOPPED;
	bool		there;
	pid_t		pid;

	shm_mq_set_receiver(queue, MyProc);
	slot->done = false;
	slot->error.code = 0;
	if (worker->handle != NULL)
		status = GetBackgroundWorkerPid(worker->handle, &pid);
	/* when the session waits for its workers, its processor is free */
	if (status == BGWH_STARTED && phase_of(i) == RESIDENT_IDLE &&
		parallel_leader_participation)
		residentplace_keep_off(&slot->place, pid);
	there = status != BGWH_STOPPED &&
		change_phase(i, RESIDENT_IDLE, RESIDENT_POSTED);
	if (!there && !start_worker(i))
		return false;
	/* to be detached whatever becomes of the query and its memory */
	old = MemoryContextSwitchTo(queue_memory);
	worker->queue = shm_mq_attach(queue, NULL, worker->handle);
	MemoryContextSwitchTo(old);
	if (there)
		wake(i);
	return true;
}

bool
resident_post(const StringInfoData *work, Snapshot snapshot,
			  ParamListInfo params, int wanted)
{
	int			posted = 0;
	int			i;

	if (!write_state() || !write_job(work, snapshot, params))
		return false;
	pg_memory_barrier();
	progress = JOB_OFFERED;
	owner = CurrentResourceOwner;
	taken = 0;
	for (i = 0; i < Min(wanted, shared->nslots); i++)
		posted += post_to(i);
	if (posted == 0)
		progress = JOB_NONE;
	return posted > 0;
}

/* ---------- receiving ---------- */

#define WAIT_MS 1
/* Going to sleep and being woken takes longer than who is nearly done does. */
#define SPINS 2000

bool
resident_wait(void)
{
	bool		any = false;
	int			i;

	for (i = 0; i < RESIDENT_MAX; i++)
	{
		pid_t		pid;

		if (workers[i].queue == NULL)
			continue;
		while (phase_of(i) == RESIDENT_POSTED &&
			   GetBackgroundWorkerPid(workers[i].handle, &pid) != BGWH_STOPPED)
		{
			CHECK_FOR_INTERRUPTS();
			(void) WaitLatch(MyLatch,
							 WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
							 WAIT_MS, PG_WAIT_EXTENSION);
			ResetLatch(MyLatch);
		}
		any |= phase_of(i) != RESIDENT_POSTED;
	}
	return any;
}

static void
close_queue(int i)
{
	shm_mq_detach(workers[i].queue);
	workers[i].queue = NULL;
}

/* Take the job back from whoever has not taken it. */
static void
withdraw(void)
{
	int			i;

	for (i = 0; i < RESIDENT_MAX; i++)
	{
		if (workers[i].queue != NULL &&
			change_phase(i, RESIDENT_POSTED, RESIDENT_IDLE))
			close_queue(i);
	}
}

/*
 * The worker has closed the queue: there is nobody to tell so, and to detach would
 * only wake a worker that has gone to sleep.  But it may hold the queue's lock
 * still, in the memory where the next job's queue will be.
 */
static void
finish(int i)
{
	ResidentSlot *slot = &shared->slots[i];

	(void) shm_mq_get_sender(shm_mq_get_queue(workers[i].queue));
	workers[i].queue = NULL;
	pg_memory_barrier();
	if (slot->error.code != 0)
		ereport(ERROR,
				(errcode(slot->error.code),
				 errmsg_internal("%s", slot->error.message),
				 slot->error.detail[0] == '\0' ? 0 :
				 errdetail_internal("%s", slot->error.detail),
				 slot->error.hint[0] == '\0' ? 0 :
				 errhint("%s", slot->error.hint),
				 errcontext("parallel worker")));
	if (!slot->done)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("lost connection to parallel worker")));
	InstrAccumParallelQuery(&slot->buffers, &slot->wal);
	taken++;
}

/* A message that a worker has sent; false: it has not, or has no more. */
static bool
receive_from(int i, StringInfo message)
{
	Size		length;
	void	   *data;

	switch (shm_mq_receive(workers[i].queue, &length, &data, true))
	{
		case SHM_MQ_SUCCESS:
			message->data = data;
			message->len = message->maxlen = (int) length;
			message->cursor = 0;
			return true;
		case SHM_MQ_WOULD_BLOCK:
			break;
		case SHM_MQ_DETACHED:
			finish(i);
			break;
	}
	return false;
}

bool
resident_poll(StringInfo message)
{
	int			i;

	for (i = 0; i < shared->nslots; i++)
		if (workers[i].queue != NULL && phase_of(i) != RESIDENT_POSTED &&
			receive_from(i, message))
			return true;
	return false;
}

static bool
is_waited_for(void)
{
	int			i;

	for (i = 0; i < shared->nslots; i++)
		if (workers[i].queue != NULL)
			return true;
	return false;
}

/* From all at once: the error of one is not kept waiting by another's work. */
bool
resident_receive(StringInfo message)
{
	int			spins = 0;

	if (progress == JOB_OFFERED)
	{
		withdraw();
		progress = JOB_CLOSED;
	}
	for (;;)
	{
		if (resident_poll(message))
			return true;
		if (!is_waited_for())
			break;
		if (spins++ < SPINS)
		{
			pg_spin_delay();
			continue;
		}
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH, -1,
						 WAIT_EVENT_MESSAGE_QUEUE_RECEIVE);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
	progress = JOB_NONE;
	MemoryContextReset(queue_memory);
	return false;
}

bool
resident_is_at_work(int i)
{
	return workers[i].queue != NULL && phase_of(i) != RESIDENT_POSTED;
}

int
resident_taken(void)
{
	return taken;
}

/* Stop a worker that is at work, or the job from being taken. */
static void
abandon_worker(int i)
{
	bool		withdrawn = change_phase(i, RESIDENT_POSTED, RESIDENT_IDLE);
	ResidentPhase phase = phase_of(i);
	Size		length;
	void	   *data;

	if (workers[i].queue != NULL)
	{
		/* who is done lets go of the queue, before it is made for a new job */
		if (phase == RESIDENT_IDLE && !withdrawn)
			while (shm_mq_receive(workers[i].queue, &length, &data,
								  false) == SHM_MQ_SUCCESS)
				;
		close_queue(i);
	}
	/* who has failed has closed its queue, and may be on its way out */
	if (workers[i].handle != NULL && phase != RESIDENT_IDLE)
		dismiss(i, true);
}

void
resident_abandon(void)
{
	int			i;

	if (segment == NULL || progress == JOB_NONE)
		return;
	HOLD_INTERRUPTS();
	for (i = 0; i < RESIDENT_MAX; i++)
		abandon_worker(i);
	progress = JOB_NONE;
	MemoryContextReset(queue_memory);
	RESUME_INTERRUPTS();
}

void
resident_dismiss_idle(void)
{
	int			i;

	if (segment == NULL || progress != JOB_NONE)
		return;
	for (i = 0; i < RESIDENT_MAX; i++)
		if (workers[i].handle != NULL)
			dismiss(i, true);
}
