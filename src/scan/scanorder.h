/*
 * scanorder.h
 *	  Give out a scan's rows in order: by tags and time, or by time.
 */
#ifndef RUSTS_SCANORDER_H
#define RUSTS_SCANORDER_H

#include "scan/orderstream.h"

/* The most segments that are kept open at once to be merged. */
#define SCANORDER_MAX_SEGMENTS 64

typedef struct ScanOrder ScanOrder;

/* The order as a list in a plan. */
extern List *scanorder_describe(const ScanOrderPlan *plan);
extern void scanorder_read(List *description, ScanOrderPlan *plan);

/*
 * Create an order, in the current memory context, before the scan begins.
 * attnos: the columns that rows consist of.
 */
extern ScanOrder *scanorder_create(BlockScan *scan, const ScanOrderPlan *plan,
								   const AttrNumber *attnos, int nattnos);
/*
 * Store the next row into a virtual slot of the table's descriptor; false: no
 * more.  The scan has begun.
 */
extern bool scanorder_next(ScanOrder *order, TupleTableSlot *slot);
/* Start again; called before the scan starts again or ends. */
extern void scanorder_reset(ScanOrder *order);
/* Bring the scan's counters up to date. */
extern void scanorder_count(ScanOrder *order);

#endif							/* RUSTS_SCANORDER_H */
