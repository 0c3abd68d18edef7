/*
 * scanpath.h
 *	  Plan the columnar scan of a base relation.
 */
#ifndef RUSTS_SCANPATH_H
#define RUSTS_SCANPATH_H

#include "nodes/extensible.h"
#include "nodes/pathnodes.h"
#include "optimizer/planner.h"

#include "scan/scanorder.h"
#include "scan/scantop.h"

/* CustomScan.custom_private of a columnar scan, in this order. */
typedef enum ScanPrivate
{
	SCAN_PRIVATE_NEEDED,		/* attribute numbers to decode */
	SCAN_PRIVATE_EARLY,			/* per filter: may it run before the others? */
	SCAN_PRIVATE_TOP,			/* scantop_describe, or NIL */
	SCAN_PRIVATE_ORDER			/* scanorder_describe, or NIL */
} ScanPrivate;

/* Can a columnar scan read the relation?  And does it have segments? */
extern bool scanpath_able(PlannerInfo *root, RelOptInfo *rel);
extern bool scanpath_possible(PlannerInfo *root, RelOptInfo *rel);
/* A path for the relation, parallel-aware when workers > 0. */
extern CustomPath *scanpath_create(PlannerInfo *root, RelOptInfo *rel,
								   int workers);
/* A path that takes values from other relations. */
extern CustomPath *scanpath_create_inner(PlannerInfo *root, RelOptInfo *rel,
										 Relids outer);
/* How many of the table's segments lie in the time that clauses leave? */
extern double scanpath_segments(PlannerInfo *root, RelOptInfo *rel,
								List *clauses, AttrNumber time,
								double segments);
/* Let the scan drop rows that do not matter; rows: how many will be left. */
extern void scanpath_set_top(CustomPath *path, const ScanTopPlan *plan,
							 double rows);
/* Let the scan give out rows in an order. */
extern void scanpath_set_order(CustomPath *path, const ScanOrderPlan *plan);
/* What the scan costs when its batches are read instead of its rows. */
extern Cost scanpath_batch_cost(const Path *path);
/* How many workers to plan for; 0: a parallel scan is out of the question. */
extern int	scanpath_workers(RelOptInfo *rel);
extern void scanpath_init(void);

/* Let next plan a query, and remember meanwhile whether its cursor scrolls. */
extern PlannedStmt *scanpath_planner(Query *parse, const char *query_string,
									 int options, ParamListInfo params,
									 planner_hook_type next);
/* Add columnar scans to the paths of a base relation. */
extern void scanpath_add(PlannerInfo *root, RelOptInfo *rel);

#endif							/* RUSTS_SCANPATH_H */
