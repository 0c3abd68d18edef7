/*
 * aggstream.h
 *	  Groups that are complete before the whole table has been read.
 */
#ifndef RUSTS_AGGSTREAM_H
#define RUSTS_AGGSTREAM_H

#include "agg/aggteam.h"
#include "nodes/pathnodes.h"

/* Can groups be handed out early?  UNKNOWN -> ABLE -> OFF, or UNKNOWN -> OFF. */
typedef enum AggStreamState
{
	AGGSTREAM_UNKNOWN,			/* until the first look */
	AGGSTREAM_ABLE,
	AGGSTREAM_OFF				/* segments forbid it, or groups are on disk */
} AggStreamState;

/* aggstream.c alone writes it. */
typedef struct AggStream
{
	AggTeam    *team;
	const AggGroupSet *set;
	AttrNumber	attno;			/* of the buckets' column; 0: no buckets */
	int			key;			/* the buckets */
	bool		desc;
	bool		nulls_first;
	int64		slack;			/* keys this near to a value may still come */

	AggStreamState state;
	int			segments;		/* that are done, in the order of the scan */
	uint64		rows;			/* of these */
	uint32		looked;			/* groups when last looked at */
	uint32		seen;			/* groups of which the first key is known */
	bool		any_key;		/* one that is not NULL */
	int64		first;			/* such key in the order */
	bool		any;			/* groups before bound are out */
	int64		bound;
	uint32	   *groups;			/* at hand that are to be emitted; NULL: all */
	uint32		ngroups;
	int64		streamed;		/* before all was read, for EXPLAIN */
} AggStream;

/*
 * For the planner: a list for aggstream_create if groups in this order
 * (aggsort_plan's) can be handed out early, else NIL.
 */
extern List *aggstream_plan(List *keys, List *aggrefs, List *order,
							double groups);

/* Have the scan read in the stream's order, and look after each segment. */
extern void aggstream_create(AggStream *stream, AggTeam *team, List *plan);
/* Start over, with nothing handed out. */
extern void aggstream_reset(AggStream *stream);
/* Hand out nothing more before the end, because groups go to disk. */
extern void aggstream_stop(AggStream *stream);
/*
 * Are there complete groups that have not been handed out?  If so, they are in
 * stream->groups.  For aggread_set_look; arg: the stream.
 */
extern bool aggstream_look(void *arg);
/*
 * Called when all has been read: hand out the remaining groups.  groups NULL:
 * these are all groups.
 */
extern void aggstream_finish(AggStream *stream);
extern void aggstream_forget_groups(AggStream *stream);
/* Has a group been handed out?  Then no row and no state of it will come. */
extern bool aggstream_is_out(const AggStream *stream, uint32 group);

#endif							/* RUSTS_AGGSTREAM_H */
