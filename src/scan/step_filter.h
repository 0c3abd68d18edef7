/*
 * step_filter.h
 *	  How many rows do conditions on time buckets leave?
 */
#ifndef RUSTS_STEP_FILTER_H
#define RUSTS_STEP_FILTER_H

#include "nodes/pathnodes.h"

/* Correct rel->rows; called before paths are made. */
extern void step_filter_estimate(PlannerInfo *root, RelOptInfo *rel);

#endif							/* RUSTS_STEP_FILTER_H */
