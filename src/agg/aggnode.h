/*
 * aggnode.h
 *	  Vectorised aggregation.
 */
#ifndef RUSTS_AGGNODE_H
#define RUSTS_AGGNODE_H

#include "agg/aggfill.h"
#include "nodes/extensible.h"

extern const CustomScanMethods aggnode_plan_methods;

/* The AggFill of a node of this kind; an error for any other node. */
extern AggFill *aggnode_fill(PlanState *state);

#endif							/* RUSTS_AGGNODE_H */
