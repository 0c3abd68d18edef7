/*
 * residentplace.h
 *	  On which processor a resident worker wakes up.
 */
#ifndef RUSTS_RESIDENTPLACE_H
#define RUSTS_RESIDENTPLACE_H

#include "port/atomics.h"

/*
 * The processor that a worker is kept off, or one of two more values: none, or
 * never any, where the system does not let us.
 */
typedef pg_atomic_uint32 ResidentPlace;

/* Whether to keep workers off; plugged in by rusts.c, NULL: no. */
extern const bool *residentplace_setting;

/* Initialise the place of a worker that does not exist yet; in the session. */
extern void residentplace_init(ResidentPlace *place);
/*
 * Keep an idle worker off the caller's processor until it has taken its next
 * job; called in the session, before it offers the job.
 */
extern void residentplace_keep_off(ResidentPlace *place, pid_t worker);
/*
 * Let the worker run there again; called in the worker when it has taken the
 * job, even if the setting has been switched off since.
 */
extern void residentplace_release(ResidentPlace *place);

#endif							/* RUSTS_RESIDENTPLACE_H */
