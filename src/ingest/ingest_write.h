/*
 * ingest_write.h
 *	  Points of requests become rows, in transactions.
 */
#ifndef RUSTS_INGEST_WRITE_H
#define RUSTS_INGEST_WRITE_H

#include "ingest/ingest_request.h"

/* Once in the life of a worker, after it has connected to its database. */
extern void ingest_write_init(void);

/*
 * Write what a queue of WriteRequests asks for and set each one's answer.
 * Requests of one role and WAL mode share a transaction as long as all goes
 * well.  Called outside of a transaction.  Errors become answers: none is
 * raised (FATAL ends the process, as ever).
 *
 * What is answered is taken off "waiting" and put at the end of "done".  What
 * is left waits for the lock of a table: as long as there is any, call again
 * within some 10 ms.  (It is answered after rusts.ingest_lock_timeout at the
 * latest, counted from the first call.)
 */
extern void ingest_write_run(dlist_head *waiting, dlist_head *done);

/*
 * Mode periodic: is there anything that has been acknowledged and not yet
 * flushed, and if so, flush it.  The loop calls this at each interval.
 */
extern bool ingest_write_unflushed(void);
extern void ingest_write_flush(void);

/* For the signal handler: is a transaction under way that may be cancelled? */
extern bool ingest_write_running(void);

#endif							/* RUSTS_INGEST_WRITE_H */
