/*
 * residentshare.h
 *	  What a session and its resident workers share: one segment of dynamic
 *	  shared memory.
 *
 *	  ResidentShared | session state | job | a queue for each worker
 */
#ifndef RUSTS_RESIDENTSHARE_H
#define RUSTS_RESIDENTSHARE_H

#include "executor/instrument.h"
#include "mb/pg_wchar.h"
#include "port/atomics.h"
#include "storage/proc.h"

#include "resident/resident.h"
#include "resident/residentplace.h"

#define RESIDENT_STATE_BYTES (32 * 1024)
#define RESIDENT_JOB_BYTES (64 * 1024)
#define RESIDENT_QUEUE_BYTES (64 * 1024)
#define RESIDENT_QUERY_BYTES 1024
#define RESIDENT_MESSAGE_BYTES 1024

/* README.md says which side may change which phase to which. */
typedef enum ResidentPhase
{
	RESIDENT_IDLE,
	RESIDENT_POSTED,			/* the job is there to be taken */
	RESIDENT_TAKEN,
	RESIDENT_GONE				/* the worker exits, or never was */
} ResidentPhase;

typedef struct ResidentError
{
	int			code;			/* SQLSTATE; 0: none */
	char		message[RESIDENT_MESSAGE_BYTES];
	char		detail[RESIDENT_MESSAGE_BYTES];
	char		hint[RESIDENT_MESSAGE_BYTES];
} ResidentError;

typedef struct ResidentSlot
{
	pg_atomic_uint32 phase;
	PGPROC	   *proc;			/* of the worker; NULL: not there yet */
	ResidentPlace place;
	bool		done;			/* the job that was taken ended well */
	ResidentError error;
	BufferUsage buffers;
	WalUsage	wal;
} ResidentSlot;

typedef struct ResidentShared
{
	PGPROC	   *leader;
	pid_t		leader_pid;
	Oid			database;
	Oid			user;			/* the authenticated one */
	bool		quit;			/* idle workers should exit */
	int			nslots;			/* that have a queue */
	ResidentSlot slots[RESIDENT_MAX];

	/* state of the session, in the order it is restored */
	uint64		state_number;	/* one more whenever it changes */
	Oid			role;
	bool		role_is_superuser;
	Oid			temporary;		/* schema, and that of its TOAST tables */
	Oid			temporary_toast;
	Size		libraries;		/* bytes, then the settings' */
	Size		settings;

	/* the job, in this order */
	Oid			current_user;
	int			security_context;
	TimestampTz transaction_start;
	TimestampTz statement_start;
	Size		snapshot;		/* bytes */
	Size		params;
	Size		work;
	char		query[RESIDENT_QUERY_BYTES];

	union
	{
		char		bytes[RESIDENT_AREA_BYTES];
		uint64		align;
	}			area;
} ResidentShared;

/* Copy as much of a text (NULL: none) as there is room for. */
static inline void
residentshare_copy_text(char *to, const char *from, int size)
{
	int			length;

	if (from == NULL)
		from = "";
	length = pg_mbcliplen(from, strlen(from), size - 1);
	memcpy(to, from, length);
	to[length] = '\0';
}

static inline char *
residentshare_state(ResidentShared *shared)
{
	return (char *) shared + BUFFERALIGN(sizeof(ResidentShared));
}

static inline char *
residentshare_job(ResidentShared *shared)
{
	return residentshare_state(shared) + RESIDENT_STATE_BYTES;
}

static inline void *
residentshare_queue(ResidentShared *shared, int slot)
{
	return residentshare_job(shared) + RESIDENT_JOB_BYTES +
		slot * RESIDENT_QUEUE_BYTES;
}

static inline Size
residentshare_size(int nslots)
{
	return BUFFERALIGN(sizeof(ResidentShared)) + RESIDENT_STATE_BYTES +
		RESIDENT_JOB_BYTES + (Size) nslots * RESIDENT_QUEUE_BYTES;
}

#endif							/* RUSTS_RESIDENTSHARE_H */
