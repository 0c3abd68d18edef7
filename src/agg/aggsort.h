/*
 * aggsort.h
 *	  Groups in the order of their keys.
 */
#ifndef RUSTS_AGGSORT_H
#define RUSTS_AGGSORT_H

#include "vexpr/aggkeys.h"
#include "nodes/pathnodes.h"

/*
 * Planning: the order that the query wants of its groups, in terms of keys, as
 * a list for aggsort_create; NIL when it wants none, or one by something else.
 * pathkeys: what was found.
 */
extern List *aggsort_plan(PlannerInfo *root, List *keys, List **pathkeys);

/* The key that such a list, which is not NIL, begins with. */
extern void aggsort_read_first(List *plan, int *key, bool *desc,
							   bool *nulls_first);

/* An element of that list, in words; keys: what the keys are called. */
extern char *aggsort_describe(List *element, List *keys);

typedef struct AggSort AggSort;

extern AggSort *aggsort_create(List *plan);
/* n groups (NULL: the first n) in order, allocated in context. */
extern uint32 *aggsort_groups(AggSort *sort, const AggKeys *keys,
							  const uint32 *groups, uint32 n,
							  MemoryContext context);

/*
 * When groups come in several steps, rows of keys and results are sorted:
 * put them all, then get them until false.  slot: keys first, virtual.
 */
extern void aggsort_put(AggSort *sort, TupleTableSlot *slot);
extern bool aggsort_get(AggSort *sort, TupleTableSlot *slot);
extern void aggsort_end(AggSort *sort);

#endif							/* RUSTS_AGGSORT_H */
