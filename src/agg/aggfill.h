/*
 * aggfill.h
 *	  Groups, as many as memory holds at a time.
 */
#ifndef RUSTS_AGGFILL_H
#define RUSTS_AGGFILL_H

#include "agg/aggprivate.h"
#include "agg/aggstream.h"

/*
 * The groups at hand, and where more come from.  Each part is written by the
 * file that it is named after, the other fields by aggfill.c.
 */
typedef struct AggFill
{
	AggNodeMode mode;
	PlanState  *child;			/* a scan, or a node that emits states */
	AggGroupSet set;
	AggRead		read;
	AggTeam		team;
	AggStream	stream;
	bool		paused;			/* in the middle of the table */
	bool		exhausted;		/* a partial node has read its table */
	struct AggSpill *spill;		/* NULL: all fitted so far */
	StringInfoData buffer;		/* a group on its way out or in */

	/* for EXPLAIN */
	int64		batches;		/* the table, and parts of the hash space */
	int64		ngroups;		/* of all batches */
	int64		disk;			/* bytes, of executions before this one */
} AggFill;

/*
 * Set up fill, which is all zeroes, for a node whose child has been begun.
 * workers: how many resident workers may take part.
 */
extern void aggfill_create(AggFill *fill, CustomScanState *node,
						   PlanState *child, int workers);
/* Bytes that went to disk. */
extern int64 aggfill_disk(const AggFill *fill);
/* Start over: before the first groups, and when the input is rescanned. */
extern void aggfill_begin(AggFill *fill);
/*
 * Go on to the next groups, which replace those at hand or, in the middle of
 * the table, are some of those at hand.  False: there are none left.
 */
extern bool aggfill_next(AggFill *fill);
/* How many groups aggfill_next gave. */
extern uint32 aggfill_count(const AggFill *fill);
/* Let the workers go: the node may not be called again soon, or ever. */
extern void aggfill_shutdown(AggFill *fill);
/* Are there groups that do not fit into memory with those at hand? */
extern bool aggfill_has_more(const AggFill *fill);
/* Remove files. */
extern void aggfill_end(AggFill *fill);

#endif							/* RUSTS_AGGFILL_H */
