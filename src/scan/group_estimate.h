/*
 * group_estimate.h
 *	  How many groups will there be?
 */
#ifndef RUSTS_GROUP_ESTIMATE_H
#define RUSTS_GROUP_ESTIMATE_H

#include "nodes/pathnodes.h"

extern double group_estimate_rows(PlannerInfo *root, RelOptInfo *rel,
							   List *keys);

/* How many values a function of a column has in the table; 0: unknown. */
extern double group_estimate_values(PlannerInfo *root, RelOptInfo *rel, Node *key);

#endif							/* RUSTS_GROUP_ESTIMATE_H */
