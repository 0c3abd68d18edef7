/*
 * ingest_share.c
 *	  What ingest workers tell other sessions, in shared memory.
 *
 * Counters are written by their worker alone, without a lock, and go on where
 * they were when a worker is started again.  Rejected lines are kept in a ring
 * that all workers share; they and the names of databases are under a lock,
 * held for a copy.  A crash of the server empties all of it.
 */
#include "postgres.h"

#include "ingest/ingest_share.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"

#define SHARE_TRANCHE "rusts ingest"
#define SHARE_ERRORS 256
#define SHARE_DATABASES 64

typedef struct ShareWorker
{
	int			pid;			/* 0: not running */
	TimestampTz failed_at;
	char		failure[INGEST_SHARE_TEXT];
	IngestCounters counters;
} ShareWorker;

typedef struct IngestShared
{
	LWLock	   *lock;
	uint64		errors_noted;	/* the newest is at (errors_noted - 1) % SHARE_ERRORS */
	int			database_count;
	char		databases[SHARE_DATABASES][NAMEDATALEN];
	ShareWorker workers[INGEST_SHARE_WORKERS];
	IngestError errors[SHARE_ERRORS];
} IngestShared;

static IngestShared *shared = NULL;
static ShareWorker *my_worker = NULL;

IngestCounters *ingest_share_counters = NULL;

void
ingest_share_shmem_request(void)
{
	RequestAddinShmemSpace(MAXALIGN(sizeof(IngestShared)));
	RequestNamedLWLockTranche(SHARE_TRANCHE, 1);
}

static void
ingest_share_init_counters(IngestCounters *counters)
{
	pg_atomic_uint64 *first = (pg_atomic_uint64 *) counters;
	int			i;

	for (i = 0; i < sizeof(IngestCounters) / sizeof(pg_atomic_uint64); i++)
		pg_atomic_init_u64(&first[i], 0);
}

void
ingest_share_shmem_startup(void)
{
	bool		found;
	int			i;

	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	shared = ShmemInitStruct(SHARE_TRANCHE, sizeof(IngestShared), &found);
	if (!found)
	{
		memset(shared, 0, sizeof(IngestShared));
		shared->lock = &(GetNamedLWLockTranche(SHARE_TRANCHE))->lock;
		for (i = 0; i < INGEST_SHARE_WORKERS; i++)
			ingest_share_init_counters(&shared->workers[i].counters);
	}
	LWLockRelease(AddinShmemInitLock);
}

static void
ingest_share_detach(int code, Datum arg)
{
	pg_atomic_write_u64(&my_worker->counters.connections, 0);
	pg_atomic_write_u64(&my_worker->counters.queries, 0);
	pg_atomic_write_u64(&my_worker->counters.queue_bytes, 0);
	pg_atomic_write_u64(&my_worker->counters.unflushed_since, 0);
	my_worker->pid = 0;
}

void
ingest_share_attach(int worker)
{
	Assert(worker >= 0 && worker < INGEST_SHARE_WORKERS);
	my_worker = &shared->workers[worker];
	ingest_share_counters = &my_worker->counters;
	before_shmem_exit(ingest_share_detach, (Datum) 0);
	my_worker->pid = MyProcPid;
}

/* Cut at room, at the end of a character. */
static void
ingest_share_copy_text(char *to, const char *from, size_t room)
{
	size_t		len = strlen(from);

	if (len >= room)
		len = pg_mbcliplen(from, len, room - 1);
	memcpy(to, from, len);
	to[len] = '\0';
}

void
ingest_share_note_error(const IngestError *error)
{
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	shared->errors[shared->errors_noted % SHARE_ERRORS] = *error;
	shared->errors_noted++;
	LWLockRelease(shared->lock);
}

void
ingest_share_note_failure(const char *message)
{
	TimestampTz now = GetCurrentTimestamp();

	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	my_worker->failed_at = now;
	ingest_share_copy_text(my_worker->failure, message, INGEST_SHARE_TEXT);
	LWLockRelease(shared->lock);
}

IngestCounters *
ingest_share_look(int worker, int *pid, TimestampTz *failed_at,
				  char failure[INGEST_SHARE_TEXT])
{
	ShareWorker *slot;

	*pid = 0;
	failure[0] = '\0';
	if (shared == NULL)
		return NULL;
	slot = &shared->workers[worker];
	LWLockAcquire(shared->lock, LW_SHARED);
	*pid = slot->pid;
	*failed_at = slot->failed_at;
	strlcpy(failure, slot->failure, INGEST_SHARE_TEXT);
	LWLockRelease(shared->lock);
	return &slot->counters;
}

IngestError *
ingest_share_errors(int *count)
{
	IngestError *errors = palloc(sizeof(IngestError) * SHARE_ERRORS);
	uint64		noted;
	int			i;

	*count = 0;
	if (shared == NULL)
		return errors;
	LWLockAcquire(shared->lock, LW_SHARED);
	noted = shared->errors_noted;
	*count = (int) Min(noted, SHARE_ERRORS);
	for (i = 0; i < *count; i++)
		errors[i] = shared->errors[(noted - *count + i) % SHARE_ERRORS];
	LWLockRelease(shared->lock);
	return errors;
}

void
ingest_share_add_database(const char *name)
{
	char		cut[NAMEDATALEN];
	int			i;

	ingest_share_copy_text(cut, name, NAMEDATALEN);
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	for (i = 0; i < shared->database_count; i++)
		if (strcmp(shared->databases[i], cut) == 0)
			break;
	if (i == shared->database_count && i < SHARE_DATABASES)
		strlcpy(shared->databases[shared->database_count++], cut, NAMEDATALEN);
	LWLockRelease(shared->lock);
}

int
ingest_share_databases(char names[][NAMEDATALEN], int max)
{
	int			count;

	LWLockAcquire(shared->lock, LW_SHARED);
	count = Min(shared->database_count, max);
	memcpy(names, shared->databases, (size_t) count * NAMEDATALEN);
	LWLockRelease(shared->lock);
	return count;
}

const char *
ingest_share_reject_name(IngestReject reject)
{
	switch (reject)
	{
		case INGEST_REJECT_SYNTAX:
			return "syntax";
		case INGEST_REJECT_TYPE:
			return "type";
		case INGEST_REJECT_SCHEMA:
			return "schema";
		case INGEST_REJECT_CONSTRAINT:
			return "constraint";
		case INGEST_REJECT_PRIVILEGE:
			return "privilege";
		case INGEST_REJECT_OTHER:
		case INGEST_REJECT_COUNT:
			break;
	}
	return "other";
}
