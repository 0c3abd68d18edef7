/*
 * aggrows.h
 *	  How many groups will there be?
 */
#ifndef RUSTS_AGGROWS_H
#define RUSTS_AGGROWS_H

#include "nodes/pathnodes.h"

extern double aggrows_estimate(PlannerInfo *root, RelOptInfo *rel,
							   List *keys);

/* Values of a function of a column in the whole table, 0: unknown. */
extern double aggrows_values(PlannerInfo *root, RelOptInfo *rel, Node *key);

#endif							/* RUSTS_AGGROWS_H */
