/*
 * residentplace.h
 *	  On which processor a resident worker wakes up.
 */
#ifndef RUSTS_RESIDENTPLACE_H
#define RUSTS_RESIDENTPLACE_H

#include "port/atomics.h"

/*
 * The processor that a worker is kept off, or one of two more: none, or none
 * ever, where the system does not let us.
 */
typedef pg_atomic_uint32 ResidentPlace;

/* Whether to; plugged in by rusts.c, NULL: no. */
extern const bool *residentplace_setting;

/* Of a worker that does not exist yet; in the session. */
extern void residentplace_init(ResidentPlace *place);
/*
 * Keep a worker that is idle off the caller's processor until it has taken its
 * next job; in the session, before it offers that.
 */
extern void residentplace_keep_off(ResidentPlace *place, pid_t worker);
/*
 * It may run there again; in the worker, which has taken the job.  Also when the
 * setting has been switched off since.
 */
extern void residentplace_release(ResidentPlace *place);

#endif							/* RUSTS_RESIDENTPLACE_H */
