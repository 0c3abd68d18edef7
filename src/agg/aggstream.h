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
	AttrNumber	attno;			/* by buckets of this column, 0: none are */
	int			key;			/* the buckets */
	bool		desc;
	bool		nulls_first;
	int64		slack;			/* keys so close to a value may come still */

	AggStreamState state;
	int			segments;		/* that are done, in the order of the scan */
	uint64		rows;			/* of these */
	uint32		looked;			/* groups when last looked at */
	uint32		seen;			/* groups of which the first key is known */
	bool		any_key;		/* one that is not NULL */
	int64		first;			/* in the order */
	bool		any;			/* groups before bound are out */
	int64		bound;
	uint32	   *groups;			/* at hand that are to be emitted; NULL: all */
	uint32		ngroups;
	int64		streamed;		/* before all was read, for EXPLAIN */
} AggStream;

/*
 * Planning: can groups in this order (aggsort_plan's) be handed out early?  A
 * list for aggstream_create, or NIL.
 */
extern List *aggstream_plan(List *keys, List *aggrefs, List *order,
							double groups);

/* Have the scan read in the stream's order, and look after each segment. */
extern void aggstream_create(AggStream *stream, AggTeam *team, List *plan);
/* Nothing has been handed out yet. */
extern void aggstream_reset(AggStream *stream);
/* Groups go to disk: nothing is handed out any more before the end. */
extern void aggstream_stop(AggStream *stream);
/*
 * Are there complete groups that have not been handed out?  Then they are in
 * groups.  For aggread_look; arg: the stream.
 */
extern bool aggstream_look(void *arg);
/* All has been read: hand out the others.  groups NULL: that is all of them. */
extern void aggstream_finish(AggStream *stream);
extern void aggstream_forget_groups(AggStream *stream);
/* Has it been handed out?  Then no row and no state of it will come. */
extern bool aggstream_is_out(const AggStream *stream, uint32 group);

#endif							/* RUSTS_AGGSTREAM_H */
