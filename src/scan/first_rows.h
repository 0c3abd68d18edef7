/*
 * first_rows.h
 *	  Which rows of a scan can matter to the query above it?
 */
#ifndef RUSTS_FIRST_ROWS_H
#define RUSTS_FIRST_ROWS_H

#include "scan/scantop.h"
#include "nodes/pathnodes.h"

/*
 * What the first rows of the query's order, or of each of its DISTINCT ON
 * groups, ask of a scan of rel; false: nothing special.  rows: how many rows
 * will be about enough.
 */
extern bool first_rows_for_order(PlannerInfo *root, RelOptInfo *rel,
								 ScanTopPlan *plan, double *rows);

/*
 * Is the query one relation's, with nothing that wants more rows than its LIMIT
 * says?
 */
extern bool first_rows_query_is_simple(PlannerInfo *root);
/* The rows that LIMIT and OFFSET want, 0: unknown, or too many. */
extern int	first_rows_limit(const Query *parse);

#endif							/* RUSTS_FIRST_ROWS_H */
