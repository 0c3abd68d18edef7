/*
 * jobslot.c
 *	  Which worker maintains which database: the shared memory of jobs/.
 *
 * There is one slot per database about which something is recorded:
 *
 *	pid			the worker that is connected to it.  The worker writes and
 *				clears it itself, so it never names a process of another kind.
 *	wanted		a commit left hot rows and there was no worker.  The launcher
 *				starts one, which clears it.
 *	holder		a backend that runs DROP DATABASE or the like.  A worker that
 *				finds it set exits; the launcher starts none.
 *	finished	the last worker exited because there was nothing to do, so the
 *				launcher waits until one is wanted.
 *
 * When all slots are taken a database gets none, and no worker; the launcher
 * frees slots of dropped databases.
 *
 * Everything is under one lock, held for a few instructions.  Commits come
 * here only when a table gets its first hot row or passes a limit.
 */
#include "postgres.h"

#include <signal.h>

#include "jobs/jobslot.h"
#include "miscadmin.h"
#include "storage/condition_variable.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#define JOBSLOT_COUNT 256
#define JOBSLOT_TRANCHE "rusts jobs"
#define JOBSLOT_HOLD_TIMEOUT 5000	/* ms */

typedef struct JobSlot
{
	Oid			dbid;			/* InvalidOid: free */
	int			pid;
	int			holder;
	bool		wanted;
	bool		finished;
	PGPROC	   *proc;			/* of pid */
} JobSlot;

typedef struct JobShared
{
	LWLock	   *lock;
	PGPROC	   *launcher;		/* NULL: not running */
	bool		asked;			/* some slot became wanted */
	bool		scarce;			/* the server has no process for a worker */
	ConditionVariable stopped;	/* some worker cleared its pid */
	JobSlot		slots[JOBSLOT_COUNT];
} JobShared;

static JobShared *shared = NULL;
static Oid	my_dbid = InvalidOid;	/* of the slot that names this process */

void
jobslot_shmem_request(void)
{
	RequestAddinShmemSpace(MAXALIGN(sizeof(JobShared)));
	RequestNamedLWLockTranche(JOBSLOT_TRANCHE, 1);
}

void
jobslot_shmem_startup(void)
{
	bool		found;

	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	shared = ShmemInitStruct(JOBSLOT_TRANCHE, sizeof(JobShared), &found);
	if (!found)
	{
		memset(shared, 0, sizeof(JobShared));
		shared->lock = &(GetNamedLWLockTranche(JOBSLOT_TRANCHE))->lock;
		ConditionVariableInit(&shared->stopped);
	}
	LWLockRelease(AddinShmemInitLock);
}

/* The slot of a database; NULL when it has none.  Caller holds the lock. */
static JobSlot *
jobslot_find(Oid dbid)
{
	int			i;

	Assert(LWLockHeldByMe(shared->lock));
	for (i = 0; i < JOBSLOT_COUNT; i++)
	{
		if (shared->slots[i].dbid == dbid)
			return &shared->slots[i];
	}
	return NULL;
}

/* The same, taking a free one.  Caller holds the lock exclusively. */
static JobSlot *
jobslot_find_or_take(Oid dbid)
{
	JobSlot    *slot = jobslot_find(dbid);

	Assert(OidIsValid(dbid) &&
		   LWLockHeldByMeInMode(shared->lock, LW_EXCLUSIVE));
	if (slot != NULL)
		return slot;
	slot = jobslot_find(InvalidOid);
	if (slot != NULL)
	{
		memset(slot, 0, sizeof(JobSlot));
		slot->dbid = dbid;
	}
	return slot;
}

static void
jobslot_wake_launcher(void)
{
	Assert(LWLockHeldByMe(shared->lock));
	if (shared->launcher != NULL)
		SetLatch(&shared->launcher->procLatch);
}

/* Launcher. */

static void
jobslot_detach_launcher(int code, Datum arg)
{
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	shared->launcher = NULL;
	LWLockRelease(shared->lock);
}

void
jobslot_attach_launcher(void)
{
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	shared->launcher = MyProc;
	LWLockRelease(shared->lock);
	before_shmem_exit(jobslot_detach_launcher, (Datum) 0);
}

/* A holder that is gone, whatever happened to it, holds no longer. */
static void
jobslot_check_holder(JobSlot *slot)
{
	Assert(LWLockHeldByMeInMode(shared->lock, LW_EXCLUSIVE));
	if (slot->holder != 0 && BackendPidGetProc(slot->holder) == NULL)
		slot->holder = 0;
}

JobStatus
jobslot_status(Oid dbid)
{
	JobStatus	status = {0};
	JobSlot    *slot;

	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	slot = jobslot_find(dbid);
	if (slot != NULL)
	{
		jobslot_check_holder(slot);
		status.pid = slot->pid;
		status.wanted = slot->wanted;
		status.held = slot->holder != 0;
		status.finished = slot->finished;
	}
	LWLockRelease(shared->lock);
	return status;
}

/* Has any database asked for a worker since the last call? */
bool
jobslot_take_asked(void)
{
	bool		asked;

	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	asked = shared->asked;
	shared->asked = false;
	LWLockRelease(shared->lock);
	return asked;
}

/*
 * There is, or is not, a process for the next worker.  Workers that have
 * nothing to do hear of it and make room.
 */
void
jobslot_set_scarce(bool scarce)
{
	int			i;

	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	shared->scarce = scarce;
	for (i = 0; scarce && i < JOBSLOT_COUNT; i++)
	{
		if (shared->slots[i].pid != 0)
			SetLatch(&shared->slots[i].proc->procLatch);
	}
	LWLockRelease(shared->lock);
}

/* The database is gone. */
void
jobslot_free(Oid dbid)
{
	JobSlot    *slot;

	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	slot = jobslot_find(dbid);
	if (slot != NULL && slot->pid == 0)
		slot->dbid = InvalidOid;
	LWLockRelease(shared->lock);
}

/* Worker. */

static void
jobslot_detach_worker(int code, Datum arg)
{
	JobSlot    *slot;

	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	slot = jobslot_find(my_dbid);
	if (slot != NULL && slot->pid == MyProcPid)
	{
		slot->pid = 0;
		slot->proc = NULL;
	}
	jobslot_wake_launcher();
	LWLockRelease(shared->lock);
	ConditionVariableBroadcast(&shared->stopped);
}

bool
jobslot_attach_worker(Oid dbid)
{
	JobSlot    *slot;
	bool		allowed = false;

	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	slot = jobslot_find_or_take(dbid);
	if (slot != NULL)
	{
		jobslot_check_holder(slot);
		allowed = slot->holder == 0 && slot->pid == 0;
	}
	if (allowed)
	{
		slot->pid = MyProcPid;
		slot->proc = MyProc;
		slot->wanted = false;
		slot->finished = false;
	}
	LWLockRelease(shared->lock);
	if (allowed)
	{
		my_dbid = dbid;
		before_shmem_exit(jobslot_detach_worker, (Datum) 0);
	}
	return allowed;
}

void
jobslot_finished(void)
{
	JobSlot    *slot;

	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	slot = jobslot_find(my_dbid);
	if (slot != NULL)
		slot->finished = true;
	LWLockRelease(shared->lock);
}

bool
jobslot_is_scarce(void)
{
	bool		scarce;

	LWLockAcquire(shared->lock, LW_SHARED);
	scarce = shared->scarce;
	LWLockRelease(shared->lock);
	return scarce;
}

/* Any backend. */

void
jobslot_wake(Oid dbid)
{
	JobSlot    *slot;

	if (shared == NULL)
		return;
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	slot = jobslot_find_or_take(dbid);
	if (slot != NULL && slot->pid != 0)
	{
		/* one that is about to exit for want of work will not look again */
		slot->wanted |= slot->finished;
		SetLatch(&slot->proc->procLatch);
	}
	else if (slot != NULL)
	{
		slot->wanted = true;
		shared->asked = true;
		jobslot_wake_launcher();
	}
	LWLockRelease(shared->lock);
}

/* Wait until the worker is gone, but no longer than a few seconds. */
static void
jobslot_wait_stopped(Oid dbid, int pid)
{
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
													   JOBSLOT_HOLD_TIMEOUT);

	ConditionVariablePrepareToSleep(&shared->stopped);
	while (jobslot_status(dbid).pid == pid)
	{
		long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(),
														   deadline);

		if (left <= 0 ||
			ConditionVariableTimedSleep(&shared->stopped, left,
										PG_WAIT_EXTENSION))
			break;
	}
	ConditionVariableCancelSleep();
}

/*
 * Stop the worker of a database and keep it from coming back.  If it does not
 * go in time, that is all right: the command at hand has its own check for
 * other sessions and reports them better.
 */
void
jobslot_hold(Oid dbid)
{
	JobSlot    *slot;
	int			pid = 0;

	if (shared == NULL)
		return;
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	slot = jobslot_find_or_take(dbid);
	if (slot != NULL)
	{
		slot->holder = MyProcPid;
		pid = slot->pid;
		/* still its pid: it cannot exit without this lock */
		if (pid != 0)
			kill(pid, SIGTERM);
	}
	LWLockRelease(shared->lock);
	if (pid != 0)
		jobslot_wait_stopped(dbid, pid);
}

void
jobslot_release(Oid dbid)
{
	JobSlot    *slot;

	if (shared == NULL)
		return;
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	slot = jobslot_find(dbid);
	if (slot != NULL && slot->holder == MyProcPid)
		slot->holder = 0;
	shared->asked = true;		/* the database may be gone: look first */
	jobslot_wake_launcher();
	LWLockRelease(shared->lock);
}
