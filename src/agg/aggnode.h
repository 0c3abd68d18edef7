/*
 * aggnode.h
 *	  Vectorised aggregation.
 */
#ifndef RUSTS_AGGNODE_H
#define RUSTS_AGGNODE_H

#include "nodes/extensible.h"

/* What a node does: everything, or one half around a Gather. */
typedef enum AggNodeMode
{
	AGGNODE_SIMPLE,
	AGGNODE_PARTIAL,			/* emits states */
	AGGNODE_FINAL				/* combines them */
} AggNodeMode;

/*
 * CustomScan.custom_private.  custom_scan_tlist holds the group keys, then the
 * aggregates.
 */
typedef enum AggPrivate
{
	AGG_PRIVATE_MODE,			/* an Integer */
	AGG_PRIVATE_EQS,			/* equality operators of the keys */
	AGG_PRIVATE_BUCKETS,		/* count, key, attno, zoned; or NIL */
	AGG_PRIVATE_ORDER,			/* for aggsort_create; or NIL */
	AGG_PRIVATE_WORKERS,		/* an Integer: resident ones */
	AGG_PRIVATE_STREAM			/* for aggstream_create; or NIL */
} AggPrivate;

extern const CustomScanMethods aggnode_plan_methods;

#endif							/* RUSTS_AGGNODE_H */
