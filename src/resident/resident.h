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
 * Can workers, so many if possible, take part in what the session does now?
 * Then the area, to be initialised; else NULL.
 */
extern void *resident_area(int wanted);
/*
 * Offer a job to up to wanted workers, who are started if they are not there;
 * false: nobody can come.  Afterwards resident_receive must be called until it
 * returns false; if that does not happen before the current resource owner is
 * released, after an error say, the job is abandoned.  params NULL: none.
 */
extern bool resident_post(const StringInfoData *work, Snapshot snapshot,
						  ParamListInfo params, int wanted);
/* Wait until they have taken it; false: nobody has come. */
extern bool resident_wait(void);
/* A message that is there already, if any; valid until the next call. */
extern bool resident_poll(StringInfo message);
/*
 * The next message of a worker, valid until the next call; false: all are done.
 * The first call withdraws the job from workers who have not taken it.  Errors
 * of workers are raised here.
 */
extern bool resident_receive(StringInfo message);
/* Has the i-th (from 0) taken the job, and has not been heard to be done? */
extern bool resident_is_at_work(int i);
/* How many have taken the last job. */
extern int	resident_taken(void);
/* Stop who is at work, and wait until they have. */
extern void resident_abandon(void);

/* For a command that wants nobody else in the database. */
extern void resident_dismiss_idle(void);

/* ---------- in the worker ---------- */

/*
 * Does the work, in a transaction with the session's snapshot, and answers by
 * messages.  Plugged in by rusts.c.
 */
typedef void (*ResidentWork) (void *area, const char *work,
							  ParamListInfo params, shm_mq_handle *queue);
extern ResidentWork resident_work;

#endif							/* RUSTS_RESIDENT_H */
