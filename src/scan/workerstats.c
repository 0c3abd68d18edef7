/*
 * workerstats.c
 *	  What parallel workers report for EXPLAIN ANALYZE.
 *
 * A node that is not parallel-aware may run in a worker all the same: below a
 * Parallel Append, or a Gather of a single copy.  The server gives such nodes
 * of extensions no shared memory in which they could leave their counters.  So
 * they are left in a few places of our own, with the leader's process number
 * and the node's number, until the leader's EXPLAIN takes them.
 *
 * This is done only for queries that are instrumented.  When all places are
 * taken the oldest is overwritten: an EXPLAIN may then tell too little.  What
 * a query that failed left behind goes when a node of that number begins in
 * the same session.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "storage/spin.h"

#include "scan/workerstats.h"

#define PLACES 64

typedef struct WorkerPlace
{
	int			leader;			/* process number, 0: free */
	int			node;
	uint64		numbers[WORKERSTATS_NUMBERS];
} WorkerPlace;

typedef struct WorkerPlaces
{
	slock_t		mutex;
	int			next;			/* to be overwritten when none is free */
	WorkerPlace places[PLACES];
} WorkerPlaces;

static WorkerPlaces *shared = NULL;

void
workerstats_shmem_request(void)
{
	RequestAddinShmemSpace(sizeof(WorkerPlaces));
}

void
workerstats_shmem_startup(void)
{
	bool		found;

	shared = ShmemInitStruct("rusts worker statistics", sizeof(WorkerPlaces),
							 &found);
	if (found)
		return;
	memset(shared, 0, sizeof(WorkerPlaces));
	SpinLockInit(&shared->mutex);
}

static bool
is_wanted(PlanState *state)
{
	return shared != NULL && state->instrument != NULL;
}

/* A place that is ours: of a node, or (leader 0) a free one; NULL: none. */
static WorkerPlace *
find_place(int leader, int node)
{
	int			i;

	for (i = 0; i < PLACES; i++)
		if (shared->places[i].leader == leader &&
			(leader == 0 || shared->places[i].node == node))
			return &shared->places[i];
	return NULL;
}

void
workerstats_begin(PlanState *state)
{
	WorkerPlace *place;

	if (!is_wanted(state) || IsParallelWorker())
		return;
	SpinLockAcquire(&shared->mutex);
	while ((place = find_place(MyProcPid, state->plan->plan_node_id)) != NULL)
		place->leader = 0;
	SpinLockRelease(&shared->mutex);
}

void
workerstats_post(PlanState *state, const uint64 *numbers, int n)
{
	WorkerPlace *place;

	if (!is_wanted(state) || !IsParallelWorker() ||
		MyProc->lockGroupLeader == NULL)
		return;
	SpinLockAcquire(&shared->mutex);
	place = find_place(0, 0);
	if (place == NULL)
	{
		place = &shared->places[shared->next];
		shared->next = (shared->next + 1) % PLACES;
	}
	place->leader = MyProc->lockGroupLeader->pid;
	place->node = state->plan->plan_node_id;
	memcpy(place->numbers, numbers, n * sizeof(uint64));
	SpinLockRelease(&shared->mutex);
}

bool
workerstats_take(PlanState *state, uint64 *numbers, int n)
{
	WorkerPlace *place;

	if (!is_wanted(state))
		return false;
	SpinLockAcquire(&shared->mutex);
	place = find_place(MyProcPid, state->plan->plan_node_id);
	if (place != NULL)
	{
		memcpy(numbers, place->numbers, n * sizeof(uint64));
		place->leader = 0;
	}
	SpinLockRelease(&shared->mutex);
	return place != NULL;
}
