/*
 * ingest_share.h
 *	  What ingest workers tell other sessions, in shared memory.
 */
#ifndef RUSTS_INGEST_SHARE_H
#define RUSTS_INGEST_SHARE_H

#include "datatype/timestamp.h"
#include "port/atomics.h"

#define INGEST_SHARE_WORKERS 32
#define INGEST_SHARE_TEXT 256

/* Why lines were not stored. */
typedef enum IngestReject
{
	INGEST_REJECT_SYNTAX,
	INGEST_REJECT_TYPE,			/* field type conflicts, values out of range */
	INGEST_REJECT_SCHEMA,		/* no such table or column, no room for it */
	INGEST_REJECT_CONSTRAINT,
	INGEST_REJECT_PRIVILEGE,
	INGEST_REJECT_OTHER,
	INGEST_REJECT_COUNT
} IngestReject;

/*
 * One worker's counters.  The worker alone writes them, so others may read
 * them at any time; each is right, though not all are of one moment.
 */
typedef struct IngestCounters
{
	pg_atomic_uint64 requests;	/* HTTP requests of all kinds */
	pg_atomic_uint64 writes;	/* requests and chunks that bring lines */
	pg_atomic_uint64 lines;		/* that are neither blank nor comments */
	pg_atomic_uint64 points;	/* lines that were stored and committed */
	pg_atomic_uint64 bytes;		/* of lines, unpacked */
	pg_atomic_uint64 rejected[INGEST_REJECT_COUNT]; /* lines */
	pg_atomic_uint64 rounded;	/* timestamps finer than a microsecond */
	pg_atomic_uint64 refused;	/* writes that were asked to come again: 503 */
	pg_atomic_uint64 auth_failures;
	pg_atomic_uint64 dropped_datagrams; /* UDP */
	pg_atomic_uint64 connections;	/* open now */
	pg_atomic_uint64 queries;	/* running now */
	pg_atomic_uint64 queue_bytes;	/* of bodies in memory now */
	pg_atomic_uint64 transactions;
	pg_atomic_uint64 commit_us; /* time of the last commit, microseconds */
	pg_atomic_uint64 unflushed_since;	/* TimestampTz of the oldest commit
										 * that is not flushed; 0: none */
} IngestCounters;

extern void ingest_share_shmem_request(void);
extern void ingest_share_shmem_startup(void);

/* A worker takes its place; it is given back when the process ends. */
extern void ingest_share_attach(int worker);

/* This worker's counters; never NULL after ingest_share_attach. */
extern IngestCounters *ingest_share_counters;

static inline void
ingest_share_add(pg_atomic_uint64 *counter, uint64 n)
{
	/* one writer: no need for a locked instruction */
	pg_atomic_write_u64(counter, pg_atomic_read_u64(counter) + n);
}

/* A line that was not stored.  Texts are cut at INGEST_SHARE_TEXT bytes. */
typedef struct IngestError
{
	TimestampTz at;
	Oid			role;
	IngestReject reject;
	long		line;			/* within its request */
	char		measurement[NAMEDATALEN];
	char		text[INGEST_SHARE_TEXT];
	char		reason[INGEST_SHARE_TEXT];
} IngestError;

extern void ingest_share_note_error(const IngestError *error);

/* The worker as a whole: the last thing that went wrong, as rusts.ingest_stats
 * shows it, and for the server's log, which hears of it once a while. */
extern void ingest_share_note_failure(const char *message);

/*
 * For those who look.  A worker's slot: its pid (0: none), counters, last
 * failure (copied, "" when there is none).
 */
extern IngestCounters *ingest_share_look(int worker, int *pid,
										 TimestampTz *failed_at,
										 char failure[INGEST_SHARE_TEXT]);

/* Copies of the kept errors, newest last, in CurrentMemoryContext. */
extern IngestError *ingest_share_errors(int *count);

/* Names that clients have asked CREATE DATABASE for, since the start. */
extern void ingest_share_add_database(const char *name);
extern int	ingest_share_databases(char names[][NAMEDATALEN], int max);

/* "type conflict" and the like, as a label */
extern const char *ingest_share_reject_name(IngestReject reject);

#endif							/* RUSTS_INGEST_SHARE_H */
