/*
 * residentplace.h
 *	  On which processor a resident worker wakes up.
 */
#ifndef RUSTS_RESIDENTPLACE_H
#define RUSTS_RESIDENTPLACE_H

#include "port/atomics.h"

/*
 * The processor that a worker is kept off, and one of two more: from none, or
 * from none ever, where the system does not let us.
 */
typedef pg_atomic_uint32 ResidentPlace;

/* Of a worker that does not exist yet; in the session. */
extern void residentplace_init(ResidentPlace *place);
/* It exists and may be kept off processors; in the worker. */
extern void residentplace_allow(ResidentPlace *place);
/*
 * Keep a worker that is idle off the caller's processor until it has taken its
 * next job; in the session, before it offers that.
 */
extern void residentplace_keep_off(ResidentPlace *place, pid_t worker);
/* It may run there again; in the worker, which has taken the job. */
extern void residentplace_release(ResidentPlace *place);

#endif							/* RUSTS_RESIDENTPLACE_H */
