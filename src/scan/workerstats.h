/*
 * workerstats.h
 *	  What parallel workers report for EXPLAIN ANALYZE.
 */
#ifndef RUSTS_WORKERSTATS_H
#define RUSTS_WORKERSTATS_H

#include "nodes/execnodes.h"

#define WORKERSTATS_NUMBERS 16

/* While libraries are preloaded: ask for shared memory, and set it up. */
extern void workerstats_shmem_request(void);
extern void workerstats_shmem_startup(void);
/* In the leader, when a node begins: forget what was reported of it before. */
extern void workerstats_begin(PlanState *state);
/* In a worker, when it is done with a node: report n numbers. */
extern void workerstats_post(PlanState *state, const uint64 *numbers, int n);
/* In the leader: take the next numbers reported; false: there are no more. */
extern bool workerstats_take(PlanState *state, uint64 *numbers, int n);

#endif							/* RUSTS_WORKERSTATS_H */
