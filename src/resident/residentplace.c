/*
 * residentplace.c
 *	  On which processor a resident worker wakes up.
 *
 * Linux may wake a process on the processor of the one that wakes it, and sees
 * some milliseconds later that another processor has nothing to do.  A job may be
 * over by then, done by the session alone.  So the session takes its own processor
 * from a worker that it wakes; once awake the worker gives itself all of them
 * back, which costs either side a microsecond or two.
 *
 * It is a matter of speed only: what the system refuses is not done.
 */
#include "postgres.h"

#ifdef __linux__
#include <sched.h>
#endif

#include "resident/residentplace.h"

#ifdef __linux__

static cpu_set_t all;
static bool known = false;

void
residentplace_init(void)
{
	known = sched_getaffinity(0, sizeof(all), &all) == 0;
}

void
residentplace_keep_off(pid_t worker)
{
	int			here = sched_getcpu();
	cpu_set_t	others;

	if (here < 0 || here >= CPU_SETSIZE ||
		sched_getaffinity(worker, sizeof(others), &others) != 0)
		return;
	CPU_CLR(here, &others);
	if (CPU_COUNT(&others) > 0)
		(void) sched_setaffinity(worker, sizeof(others), &others);
}

void
residentplace_release(void)
{
	if (known)
		(void) sched_setaffinity(0, sizeof(all), &all);
}

#else

void
residentplace_init(void)
{
}

void
residentplace_keep_off(pid_t worker)
{
}

void
residentplace_release(void)
{
}

#endif
