/*
 * residentplace.c
 *	  On which processor a resident worker wakes up.
 *
 * Linux may wake a process on the processor of the one that wakes it, and sees
 * some milliseconds later that another processor has nothing to do.  A job may be
 * over by then, done by the session alone.  So the session takes its own processor
 * from a worker that it wakes; once awake the worker takes it back, which costs
 * either side a microsecond or two.
 *
 * Only that one processor is taken and given back, so that what an administrator
 * has set, before or since, stays.  The session changes a worker that is idle, the
 * worker itself when it has the job: never both at a time.
 *
 * It is a matter of speed only, and off unless a superuser switches it on:
 * setting the processors of processes is not what one expects of an extension.
 * A system may refuse it, and what it refuses is not tried again.  A filter of
 * system calls (seccomp) may instead end the process that makes the call, and
 * with it all sessions of the server, which restarts when it loses a process
 * in this way.  Nothing that is safe to ask tells beforehand.
 */
#include "postgres.h"

#ifdef __linux__
#include <sched.h>
#endif

#include "resident/residentplace.h"

#define PLACE_ANY PG_UINT32_MAX
#define PLACE_NEVER (PG_UINT32_MAX - 1)

const bool *residentplace_setting = NULL;

void
residentplace_init(ResidentPlace *place)
{
	pg_atomic_init_u32(place, PLACE_ANY);
}

#ifdef __linux__

void
residentplace_keep_off(ResidentPlace *place, pid_t worker)
{
	int			here = sched_getcpu();
	uint32		taken = pg_atomic_read_u32(place);
	cpu_set_t	processors;

	if (residentplace_setting == NULL || !*residentplace_setting ||
		taken == PLACE_NEVER || taken == (uint32) here || here < 0 ||
		here >= CPU_SETSIZE ||
		sched_getaffinity(worker, sizeof(processors), &processors) != 0)
		return;
	/* who did not get to the last job is kept off one still */
	if (taken != PLACE_ANY)
		CPU_SET(taken, &processors);
	if (CPU_ISSET(here, &processors) && CPU_COUNT(&processors) > 1)
	{
		CPU_CLR(here, &processors);
		pg_atomic_write_u32(place, here);
	}
	else
		pg_atomic_write_u32(place, PLACE_ANY);
	if (sched_setaffinity(worker, sizeof(processors), &processors) != 0)
		pg_atomic_write_u32(place, PLACE_NEVER);
}

void
residentplace_release(ResidentPlace *place)
{
	uint32		taken = pg_atomic_read_u32(place);
	cpu_set_t	processors;

	if (taken >= CPU_SETSIZE ||
		sched_getaffinity(0, sizeof(processors), &processors) != 0)
		return;
	CPU_SET(taken, &processors);
	pg_atomic_write_u32(place,
						sched_setaffinity(0, sizeof(processors),
										  &processors) == 0 ?
						PLACE_ANY : PLACE_NEVER);
}

#else

void
residentplace_keep_off(ResidentPlace *place, pid_t worker)
{
}

void
residentplace_release(ResidentPlace *place)
{
}

#endif
