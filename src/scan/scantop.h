/*
 * scantop.h
 *	  Keep only rows that can still be among the first of an order.
 */
#ifndef RUSTS_SCANTOP_H
#define RUSTS_SCANTOP_H

#include "block/blockscan.h"
#include "vexpr/aggkeys.h"

/* Which rows to keep; a list of integers in a plan (scantop_describe). */
typedef struct ScanTopPlan
{
	AttrNumber	attno;			/* the column that orders, of VECTOR_INT kind */
	bool		desc;
	bool		ties;			/* rows equal to the last one count too */
	int			count;			/* how many rows; of each group with keys */
	List	   *keys;			/* attribute numbers, NIL: one group */
	List	   *eqs;			/* their equality operators */
} ScanTopPlan;

extern List *scantop_describe(const ScanTopPlan *plan);
extern void scantop_read(List *description, ScanTopPlan *plan);

/* Make the scan drop rows accordingly; called before it begins. */
extern void scantop_attach(BlockScan *scan, const ScanTopPlan *plan,
						   PlanState *parent, TupleTableSlot *slot);

#endif							/* RUSTS_SCANTOP_H */
