/*
 * aggteam.h
 *	  Resident workers take part in an aggregation.
 */
#ifndef RUSTS_AGGTEAM_H
#define RUSTS_AGGTEAM_H

#include "agg/aggread.h"

/*
 * The most groups in a message of a worker.  A message is: the number of
 * groups, the worker's number, the row below which it has nothing left (0: not
 * said), the groups' keys, and their states by aggregate.
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
/* Combine some of the groups that have come by now; called in between. */
extern void aggteam_poll(AggTeam *team);
/*
 * Read the table with the workers of an active team; result as aggread_table.
 */
extern bool aggteam_read(AggTeam *team);
/*
 * Between two calls of aggteam_read: let the workers finish what they are
 * reading and take their groups; the session goes on alone.
 */
extern void aggteam_leave(AggTeam *team);
/*
 * Called before the scan is read again: let the workers go, share it no more.
 */
extern void aggteam_rescan(AggTeam *team);
/*
 * No participant will read segment rows below this one any more, nor hot rows
 * if it is not 0: they are in the groups at hand.
 */
extern uint64 aggteam_floor(const AggTeam *team);

#endif							/* RUSTS_AGGTEAM_H */
