/*
 * column_stats.h
 *	  Statistics of columns before the first ANALYZE.
 */
#ifndef RUSTS_COLUMN_STATS_H
#define RUSTS_COLUMN_STATS_H

#include "nodes/parsenodes.h"
#include "utils/selfuncs.h"

/* Get statistics from the segments; false: there are others, or none. */
extern bool column_stats_get(RangeTblEntry *rte, AttrNumber attnum,
							 VariableStatData *data);

#endif							/* RUSTS_COLUMN_STATS_H */
