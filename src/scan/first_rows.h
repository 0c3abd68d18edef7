/*
 * first_rows.h
 *	  Which rows of a scan can matter to the query above it?
 */
#ifndef RUSTS_FIRST_ROWS_H
#define RUSTS_FIRST_ROWS_H

#include "scan/scantop.h"
#include "nodes/pathnodes.h"

/*
 * What a query that wants the first rows in its order, or of each of its
 * DISTINCT ON groups, asks of a scan of rel; false: nothing special.  *rows:
 * about how many rows will be enough.
 */
extern bool first_rows_for_order(PlannerInfo *root, RelOptInfo *rel,
								 ScanTopPlan *plan, double *rows);

/*
 * Does the query read one relation, with nothing in it that wants more rows
 * than its LIMIT?
 */
extern bool first_rows_query_is_simple(PlannerInfo *root);
/* How many rows LIMIT and OFFSET want; 0: unknown, or too many. */
extern int	first_rows_limit(const Query *parse);

#endif							/* RUSTS_FIRST_ROWS_H */
