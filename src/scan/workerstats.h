/*
 * workerstats.h
 *	  What parallel workers tell for EXPLAIN ANALYZE.
 */
#ifndef RUSTS_WORKERSTATS_H
#define RUSTS_WORKERSTATS_H

#include "nodes/execnodes.h"

#define WORKERSTATS_NUMBERS 16

/* While libraries are preloaded: ask for shared memory, and set it up. */
extern void workerstats_shmem_request(void);
extern void workerstats_shmem_startup(void);
/* In the leader, when a node begins: what was told of it is not of this time. */
extern void workerstats_begin(PlanState *state);
/* In a worker, when it is done with a node: n numbers. */
extern void workerstats_post(PlanState *state, const uint64 *numbers, int n);
/* In the leader: the next numbers that were told; false: there are no more. */
extern bool workerstats_take(PlanState *state, uint64 *numbers, int n);

#endif							/* RUSTS_WORKERSTATS_H */
