/*
 * aggstream.h
 *	  Groups that are complete before the whole table has been read.
 */
#ifndef RUSTS_AGGSTREAM_H
#define RUSTS_AGGSTREAM_H

#include "agg/aggfill.h"
#include "nodes/pathnodes.h"

/*
 * Planning: can groups in this order (aggsort_plan's) be handed out early?  A
 * list for aggstream_create, or NIL.
 */
extern List *aggstream_plan(List *keys, List *aggrefs, List *order,
							double groups);

extern void aggstream_create(AggStream *stream, List *plan);
/* The scan has just begun: have it read in the stream's order. */
extern void aggstream_begin(AggStream *stream, BlockScan *scan);
/* Nothing has been handed out yet. */
extern void aggstream_reset(AggStream *stream);
/*
 * Are there complete groups that have not been handed out?  Then they are in
 * groups.  Not while a batch is being read.
 */
extern bool aggstream_look(AggFill *fill);
/* All has been read: hand out the others.  groups NULL: that is all of them. */
extern void aggstream_finish(AggFill *fill);
extern void aggstream_forget_groups(AggStream *stream);
/* Has it been handed out?  Then no row and no state of it will come. */
extern bool aggstream_is_out(const AggFill *fill, uint32 group);

#endif							/* RUSTS_AGGSTREAM_H */
