/*
 * aggrows.h
 *	  How many groups will there be?
 */
#ifndef RUSTS_AGGROWS_H
#define RUSTS_AGGROWS_H

#include "nodes/pathnodes.h"

extern double aggrows_estimate(PlannerInfo *root, RelOptInfo *rel,
							   List *keys);

/* Buckets in the range of a bucket's column, 0: unknown. */
extern double aggrows_buckets(PlannerInfo *root, Node *key);

#endif							/* RUSTS_AGGROWS_H */
