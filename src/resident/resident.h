/*
 * resident.h
 *	  Parallel workers that stay with their session.
 *
 *	  area -> post -> [ receive ]*
 */
#ifndef RUSTS_RESIDENT_H
#define RUSTS_RESIDENT_H

#include "lib/stringinfo.h"
#include "nodes/params.h"
#include "storage/shm_mq.h"
#include "utils/snapshot.h"

/* Workers of a session, at most. */
#define RESIDENT_MAX 8
/* Memory in which the participants of a job coordinate. */
#define RESIDENT_AREA_BYTES 1024

/* ---------- in the session ---------- */

/*
 * Returns the area, to be initialised, if workers can take part in what the
 * session does now, else NULL.  wanted: how many workers, if possible.
 */
extern void *resident_area(int wanted);
/*
 * Offer a job to up to wanted workers, which are started if they are not
 * there; false: none can come.  Afterwards resident_receive must be called
 * until it returns false; if that does not happen before the current resource
 * owner is released, after an error for example, the job is abandoned.  params
 * NULL: none.
 */
extern bool resident_post(const StringInfoData *work, Snapshot snapshot,
						  ParamListInfo params, int wanted);
/* Wait until the workers have taken the job; false: none has come. */
extern bool resident_wait(void);
/* Get a message that is there already, if any; valid until the next call. */
extern bool resident_poll(StringInfo message);
/*
 * Get the next message of a worker, valid until the next call; false: all are
 * done.  The first call withdraws the job from workers that have not taken it.
 * Errors of workers are raised here.
 */
extern bool resident_receive(StringInfo message);
/* Has worker i (from 0) taken the job, and not reported that it is done? */
extern bool resident_is_at_work(int i);
/* How many workers have taken the last job. */
extern int	resident_taken(void);
/* Stop the workers that are at work, and wait until they have stopped. */
extern void resident_abandon(void);

/* Dismiss idle workers, for a command that needs the database for itself. */
extern void resident_dismiss_idle(void);

/* ---------- in the worker ---------- */

/*
 * A function that does the work, in a transaction with the session's snapshot,
 * and answers by messages.  Plugged in by rusts.c.
 */
typedef void (*ResidentWork) (void *area, const char *work,
							  ParamListInfo params, shm_mq_handle *queue);
extern ResidentWork resident_work;

#endif							/* RUSTS_RESIDENT_H */
