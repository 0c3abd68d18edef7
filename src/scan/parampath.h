/*
 * parampath.h
 *	  Scans for the inner side of a nested loop.
 */
#ifndef RUSTS_PARAMPATH_H
#define RUSTS_PARAMPATH_H

#include "nodes/pathnodes.h"

/* Add a path for each set of outer relations that narrows the scan down. */
extern void parampath_add(PlannerInfo *root, RelOptInfo *rel);

#endif							/* RUSTS_PARAMPATH_H */
