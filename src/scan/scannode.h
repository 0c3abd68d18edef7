/*
 * scannode.h
 *	  Columnar scan: rows of a table for PostgreSQL's executor.
 */
#ifndef RUSTS_SCANNODE_H
#define RUSTS_SCANNODE_H

#include "block/blockscan.h"
#include "scan/scandelete.h"
#include "scan/scanorder.h"
#include "scan/scantop.h"
#include "nodes/extensible.h"

typedef struct ScanNode
{
	CustomScanState css;		/* must be first */
	BlockScan  *scan;
	bool		begun;
	BlockScanShared *shared;
	ScanTopPlan top;			/* attno 0: all rows are wanted */
	ScanOrder  *order;			/* NULL: as they lie */
	ScanOrderPlan order_plan;
	ExprState  *recheck;		/* all filters, for EvalPlanQual */
	AttrNumber *needed;			/* columns that rows consist of */
	int			nneeded;
	const Vector **vectors;		/* of these, in the batch at hand; NULL: value
								 * by value */
	int			row;			/* next in the batch */
	bool		in_batch;
	ScanDelete *erase;			/* NULL: rows are handed out and no more */
	bool		by_value;		/* any of its columns is NULL in vectors */
} ScanNode;

extern const CustomScanMethods scannode_plan_methods;

/*
 * The node as a ScanNode, for a node that reads its batches; NULL: not ours.
 */
extern ScanNode *scannode_of(PlanState *node);
/* End the scan; share it, or not any more (NULL), when it begins again. */
extern void scannode_share(ScanNode *node, BlockScanShared *shared);
/* Begin the scan unless it has begun. */
extern BlockScan *scannode_scan(ScanNode *node);

#endif							/* RUSTS_SCANNODE_H */
