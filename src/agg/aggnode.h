/*
 * aggnode.h
 *	  Vectorised aggregation.
 */
#ifndef RUSTS_AGGNODE_H
#define RUSTS_AGGNODE_H

#include "agg/aggfill.h"
#include "nodes/extensible.h"

extern const CustomScanMethods aggnode_plan_methods;

/* What such a node fills its groups by. */
extern AggFill *aggnode_fill(PlanState *state);

#endif							/* RUSTS_AGGNODE_H */
