/*
 * steprows.h
 *	  How many rows do conditions on time buckets leave?
 */
#ifndef RUSTS_STEPROWS_H
#define RUSTS_STEPROWS_H

#include "nodes/pathnodes.h"

/* Set rel->rows right; before paths are made. */
extern void steprows_estimate(PlannerInfo *root, RelOptInfo *rel);

#endif							/* RUSTS_STEPROWS_H */
