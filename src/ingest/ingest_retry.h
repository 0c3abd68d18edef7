/*
 * ingest_retry.h
 *	  Lines whose sender nobody can ask to come again.
 */
#ifndef RUSTS_INGEST_RETRY_H
#define RUSTS_INGEST_RETRY_H

#include "ingest/ingest_request.h"

/*
 * A write of such lines.  What is not their fault is tried again here, until
 * rusts.ingest_timeout is over.
 */
typedef struct RetriedWrite
{
	WriteRequest write;
	int64		retry_at;		/* ingest_poll_now; 0: not to be tried again */
	int64		give_up_at;
} RetriedWrite;

/* Into the queue, for the first time. */
extern void ingest_retry_begin(RetriedWrite *retried, Oid role, char *data,
							   size_t len);

/*
 * It comes from the queue.  True: that was it, the lines are stored, refused
 * for good, or dropped, in which case *dropped is set.  False: once more.
 */
extern bool ingest_retry_answered(RetriedWrite *retried, bool *dropped);

/* Into the queue again, if it is time. */
extern void ingest_retry_tend(RetriedWrite *retried);

/* From now on nothing is tried more than once again. */
extern void ingest_retry_stop(void);

#endif							/* RUSTS_INGEST_RETRY_H */
