/*
 * aggteam_path.h
 *	  May resident workers take part in an aggregation, and does it pay?
 */
#ifndef RUSTS_AGGTEAM_PATH_H
#define RUSTS_AGGTEAM_PATH_H

#include "nodes/pathnodes.h"

/* How many may take part; 0: none.  eqs: equality operators of the keys. */
extern int	aggteam_path_workers(PlannerInfo *root, RelOptInfo *input, List *keys,
								 List *eqs, List *aggrefs);
/*
 * The cost of all that the session does until it has all groups, with so many
 * workers; cost: what it is without any.
 */
extern Cost aggteam_path_cost(Cost cost, int workers, double groups);

#endif							/* RUSTS_AGGTEAM_PATH_H */
