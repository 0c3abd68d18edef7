/*
 * aggsort.h
 *	  Groups in the order of their keys.
 */
#ifndef RUSTS_AGGSORT_H
#define RUSTS_AGGSORT_H

#include "vexpr/aggkeys.h"
#include "nodes/pathnodes.h"

/*
 * For the planner: the order that the query wants its groups in, in terms of
 * keys, as a list for aggsort_create; NIL when it wants none, or an order by
 * something else.  *pathkeys gets the path keys of that order.
 */
extern List *aggsort_plan(PlannerInfo *root, List *keys, List **pathkeys);

/* The key that such a list begins with; the list must not be NIL. */
extern void aggsort_read_first(List *plan, int *key, bool *desc,
							   bool *nulls_first);

/* An element of that list in words; keys: the names of the keys. */
extern char *aggsort_describe(List *element, List *keys);

typedef struct AggSort AggSort;

extern AggSort *aggsort_create(List *plan);
/* Return n groups (NULL: the first n) in order, allocated in context. */
extern uint32 *aggsort_groups(AggSort *sort, const AggKeys *keys,
							  const uint32 *groups, uint32 n,
							  MemoryContext context);

/*
 * Groups that come in several steps are sorted as rows of keys and results:
 * put all rows, then get them until false.  slot: virtual, keys first.
 */
extern void aggsort_put(AggSort *sort, TupleTableSlot *slot);
extern bool aggsort_get(AggSort *sort, TupleTableSlot *slot);
extern void aggsort_end(AggSort *sort);

#endif							/* RUSTS_AGGSORT_H */
