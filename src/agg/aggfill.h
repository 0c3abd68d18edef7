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
 * file that it is named after, what is not in one of them by aggfill.c.
 */
typedef struct AggFill
{
	AggNodeMode mode;
	PlanState  *child;			/* a scan, or what emits states */
	AggGroupSet set;
	AggRead		read;
	AggTeam		team;
	AggStream	stream;
	bool		paused;			/* in the middle of the table */
	bool		exhausted;		/* a partial node's table is */
	struct AggSpill *spill;		/* NULL: all fitted so far */
	StringInfoData buffer;		/* a group on its way out or in */

	/* for EXPLAIN */
	int64		batches;		/* the table, and parts of the hash space */
	int64		ngroups;		/* of all batches */
	int64		disk;			/* bytes, of executions before this one */
} AggFill;

/*
 * For a node, of all zeroes; workers: resident ones that may take part.  The
 * child has been begun.
 */
extern void aggfill_create(AggFill *fill, CustomScanState *node,
						   PlanState *child, int workers);
/* Bytes that went to disk. */
extern int64 aggfill_disk(const AggFill *fill);
/* Before the first groups, and when the input has been rescanned. */
extern void aggfill_begin(AggFill *fill);
/*
 * The next groups in place of those at hand, or in the middle of it all some
 * of those at hand; false: there are none left.
 */
extern bool aggfill_next(AggFill *fill);
/* How many these are. */
extern uint32 aggfill_count(const AggFill *fill);
/* The node may not be called again soon, or ever. */
extern void aggfill_shutdown(AggFill *fill);
/* Are there groups that do not fit into memory with those at hand? */
extern bool aggfill_has_more(const AggFill *fill);
/* Remove files. */
extern void aggfill_end(AggFill *fill);

#endif							/* RUSTS_AGGFILL_H */
