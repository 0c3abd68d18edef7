/*
 * aggteam.h
 *	  Resident workers take part in an aggregation.
 */
#ifndef RUSTS_AGGTEAM_H
#define RUSTS_AGGTEAM_H

#include "agg/aggread.h"

/*
 * A message of a worker holds at most so many groups: their number, the
 * worker's, below which row it has nothing left (0: that is not said), the
 * groups' keys, and their states by aggregate.
 */
#define AGGTEAM_GROUPS 128

/* aggteam.c alone writes it. */
typedef struct AggTeam
{
	AggRead    *read;
	const CustomScan *plan;
	int			workers;		/* resident ones that may take part */
	bool		active;			/* others read the table too */
	bool		table_done;		/* we have read our part of it */
	uint64	   *floors;			/* what they have delivered (aggteam_floor) */
	BlockScanShared *rest;		/* of the table, when they have left */
	int			taken;			/* workers that took part, for EXPLAIN */
} AggTeam;

extern void aggteam_create(AggTeam *team, AggRead *read,
						   const CustomScan *plan, int workers);
/*
 * Invite workers to read the table with us; before the scan begins.  Nothing
 * happens if they cannot come.
 */
extern void aggteam_begin(AggTeam *team);
/* Combine some of what has come by now; for in between. */
extern void aggteam_poll(AggTeam *team);
/* As aggread_table, of an active team: the table, with whoever came. */
extern bool aggteam_read(AggTeam *team);
/*
 * Between two calls of it: have the others finish what they are at, and their
 * groups; the session goes on alone.
 */
extern void aggteam_leave(AggTeam *team);
/* The scan is about to be read again: what is left of a shared one cannot be. */
extern void aggteam_rescan(AggTeam *team);
/*
 * Rows of segments below this one, and hot rows if it is not 0, are read by
 * nobody any more, and in the groups at hand.
 */
extern uint64 aggteam_floor(const AggTeam *team);

#endif							/* RUSTS_AGGTEAM_H */
