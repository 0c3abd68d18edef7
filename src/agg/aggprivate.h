/*
 * aggprivate.h
 *	  What the plan of a vectorised aggregation tells its node.
 *
 * This header has types only: the files that make the plan, read it or send it
 * to workers are layers above.
 */
#ifndef RUSTS_AGGPRIVATE_H
#define RUSTS_AGGPRIVATE_H

/* What a node does: everything, or one half around a Gather. */
typedef enum AggNodeMode
{
	AGGNODE_SIMPLE,
	AGGNODE_PARTIAL,			/* emits states */
	AGGNODE_FINAL				/* combines them */
} AggNodeMode;

/*
 * CustomScan.custom_private, in this order.  custom_scan_tlist holds the group
 * keys, then the aggregates.
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

#endif							/* RUSTS_AGGPRIVATE_H */
