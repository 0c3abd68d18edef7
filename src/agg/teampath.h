/*
 * teampath.h
 *	  May resident workers take part in an aggregation, and does it pay?
 */
#ifndef RUSTS_TEAMPATH_H
#define RUSTS_TEAMPATH_H

#include "nodes/pathnodes.h"

/* How many may; 0: none.  eqs: equality operators of the keys. */
extern int	teampath_workers(PlannerInfo *root, RelOptInfo *input, List *keys,
							 List *eqs, List *aggrefs);
/*
 * The cost of what the session does until it has all groups, with as many
 * workers, where it is cost alone.
 */
extern Cost teampath_cost(Cost cost, int workers, double groups);

#endif							/* RUSTS_TEAMPATH_H */
