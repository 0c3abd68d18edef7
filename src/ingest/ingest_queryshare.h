/*
 * ingest_queryshare.h
 *	  What an ingest worker and the process of a query share.
 *
 * A segment of dynamic shared memory: this struct, the body of the request,
 * the queue for the answer.  The worker fills the first two before the process
 * exists, and the process only reads them, but for the fields named "fatal".
 */
#ifndef RUSTS_INGEST_QUERYSHARE_H
#define RUSTS_INGEST_QUERYSHARE_H

#include <signal.h>

#include "ingest/ingest_rowtext.h"

#define QUERYSHARE_QUEUE_BYTES ((Size) 128 * 1024)
#define QUERYSHARE_PIECE_BYTES (32 * 1024)
#define QUERYSHARE_FATAL_BYTES 512

typedef struct QueryShared
{
	Oid			database;
	Oid			role;
	RowFormat	format;
	RowEpoch	epoch;
	int			timeout;		/* milliseconds; 0: none */
	int			row_limit;		/* 0: none */
	Size		body_len;

	/* The worker: nobody wants the answer any more. */
	volatile sig_atomic_t unwanted;

	/* The process, before it ends with a FATAL error. */
	int			fatal_sqlstate; /* 0: none */
	char		fatal[QUERYSHARE_FATAL_BYTES];
} QueryShared;

/*
 * Messages in the queue.  Their first byte is their kind:
 *
 *	head -> rows... -> end		all rows are there, or the format says why not
 *	head -> rows... -> cut		rows are missing, and the format cannot say so
 *	error
 *
 * A queue that ends in any other way is that of a process that was lost.
 */
#define QUERYSHARE_HEAD 'h'		/* nothing follows: status 200 */
#define QUERYSHARE_ROWS 'r'		/* bytes, not always whole rows */
#define QUERYSHARE_END 'e'
#define QUERYSHARE_CUT 'c'
#define QUERYSHARE_ERROR 'x'	/* status as three digits, then JSON fields */

static inline char *
queryshare_body(QueryShared *shared)
{
	return (char *) shared + MAXALIGN(sizeof(QueryShared));
}

static inline void *
queryshare_queue(QueryShared *shared)
{
	return queryshare_body(shared) + MAXALIGN(shared->body_len);
}

static inline Size
queryshare_size(Size body_len)
{
	return MAXALIGN(sizeof(QueryShared)) + MAXALIGN(body_len) +
		QUERYSHARE_QUEUE_BYTES;
}

#endif							/* RUSTS_INGEST_QUERYSHARE_H */
