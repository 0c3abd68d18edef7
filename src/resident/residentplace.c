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
 * It is a matter of speed only: what the system refuses is not tried again.
 */
#include "postgres.h"

#ifdef __linux__
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

#include "resident/residentplace.h"

#define PLACE_ANY PG_UINT32_MAX
#define PLACE_NEVER (PG_UINT32_MAX - 1)

void
residentplace_init(ResidentPlace *place)
{
	pg_atomic_init_u32(place, PLACE_NEVER);
}

#ifdef __linux__

#define SECCOMP_WITH_FILTER 2

/* Leave all as it is. */
static bool
set_same(void)
{
	cpu_set_t	processors;

	return sched_getaffinity(0, sizeof(processors), &processors) == 0 &&
		sched_setaffinity(0, sizeof(processors), &processors) == 0;
}

/*
 * A filter of system calls may end the process instead of refusing the call, and
 * with it the server: let a process try that nobody misses.
 */
static bool
child_may_set(void)
{
	pid_t		child = fork();
	int			status;

	if (child == 0)
		_exit(set_same() ? 0 : 1);
	while (child > 0 && waitpid(child, &status, 0) < 0)
	{
		if (errno != EINTR)
			return false;
	}
	return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void
residentplace_allow(ResidentPlace *place)
{
	bool		filtered = prctl(PR_GET_SECCOMP) == SECCOMP_WITH_FILTER;

	if (filtered ? child_may_set() : set_same())
		pg_atomic_write_u32(place, PLACE_ANY);
}

void
residentplace_keep_off(ResidentPlace *place, pid_t worker)
{
	int			here = sched_getcpu();
	uint32		taken = pg_atomic_read_u32(place);
	cpu_set_t	processors;

	if (taken == PLACE_NEVER || taken == (uint32) here || here < 0 ||
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
	(void) sched_setaffinity(0, sizeof(processors), &processors);
	pg_atomic_write_u32(place, PLACE_ANY);
}

#else

void
residentplace_allow(ResidentPlace *place)
{
}

void
residentplace_keep_off(ResidentPlace *place, pid_t worker)
{
}

void
residentplace_release(ResidentPlace *place)
{
}

#endif
