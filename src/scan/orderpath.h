/*
 * orderpath.h
 *	  Which orders of a columnar scan are of use to the query?
 */
#ifndef RUSTS_ORDERPATH_H
#define RUSTS_ORDERPATH_H

#include "nodes/pathnodes.h"

/* Add a path for each order that helps. */
extern void orderpath_add(PlannerInfo *root, RelOptInfo *rel);

#endif							/* RUSTS_ORDERPATH_H */
