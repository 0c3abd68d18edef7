/*
 * aggrows.h
 *	  How many groups will there be?
 */
#ifndef RUSTS_AGGROWS_H
#define RUSTS_AGGROWS_H

#include "nodes/pathnodes.h"

extern double aggrows_estimate(PlannerInfo *root, RelOptInfo *rel,
							   List *keys);

#endif							/* RUSTS_AGGROWS_H */
