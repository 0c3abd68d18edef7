/*
 * aggteam.h
 *	  Resident workers take part in an aggregation.
 */
#ifndef RUSTS_AGGTEAM_H
#define RUSTS_AGGTEAM_H

#include "agg/aggfill.h"
#include "resident/resident.h"

/*
 * Invite workers to read the table with us; before the scan begins.  Nothing
 * happens if they cannot come.
 */
extern void aggteam_begin(AggFill *fill);
/* Combine some of what has come by now; for in between. */
extern void aggteam_poll(AggFill *fill);
/* The same after a block of our own. */
extern void aggteam_poll_block(AggFill *fill);
/* As aggread_table: the table, with whoever came. */
extern bool aggteam_read(AggFill *fill);
/*
 * Between two calls of it: have the others finish what they are at, and their
 * groups; the session goes on alone.
 */
extern void aggteam_leave(AggFill *fill);
/*
 * Rows of segments below this one, and hot rows if it is not 0, are read by
 * nobody any more, and in the groups at hand.
 */
extern uint64 aggteam_floor(const AggFill *fill);

/* What such a worker does. */
extern void aggteam_work(void *area, const char *work, ParamListInfo params,
						 shm_mq_handle *queue);

#endif							/* RUSTS_AGGTEAM_H */
