/*
 * aggcost.h
 *	  What groups take in memory, and what it costs when they do not fit.
 */
#ifndef RUSTS_AGGCOST_H
#define RUSTS_AGGCOST_H

#include "nodes/pathnodes.h"

/* An aggregation, as far as it is known when it is planned. */
typedef struct AggCost
{
	List	   *aggrefs;
	int			width;			/* of keys and results */
	double		groups;
	double		rows;			/* of its input */
	int			row_width;
} AggCost;

extern bool aggcost_fits(const AggCost *cost);
/*
 * The cost of writing what does not fit, reading it back and looking it up
 * again; half of it arises before the first group.
 */
extern Cost aggcost_disk(const AggCost *cost);

#endif							/* RUSTS_AGGCOST_H */
