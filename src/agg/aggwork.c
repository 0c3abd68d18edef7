/*
 * aggwork.c
 *	  What a resident worker does when it takes part in an aggregation.
 *
 * It runs the two plan nodes that the session has sent (aggteam.c) as a
 * statement of its own, and sends the groups where a parallel worker would
 * emit them.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "executor/executor.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/snapmgr.h"

#include "agg/aggnode.h"
#include "agg/aggwork.h"
#include "block/blockshare.h"
#include "resident/residentwork.h"

/* A worker that has so many after a block sends them: as the queue has room. */
#define EARLY_GROUPS (2 * AGGTEAM_GROUPS)

static void
make_message(AggGroupSet *set, uint32 first, uint32 n, uint64 floor,
			 StringInfo message)
{
	uint32		i;

	resetStringInfo(message);
	pq_sendint32(message, n);
	pq_sendint32(message, ParallelWorkerNumber);
	pq_sendint64(message, floor);
	for (i = 0; i < n; i++)
		aggkeys_serialize(set->keys, first + i, message);
	agggroups_serialize(set, first, n, message);
}

static void
send_groups(AggFill *fill, StringInfo message, shm_mq_handle *queue)
{
	uint32		ngroups = aggkeys_ngroups(fill->set.keys);
	uint64		floor = fill->exhausted ? PG_UINT64_MAX :
	blockshare_floor(fill->read.scan->scan, fill->read.in_segment);
	uint32		first = 0;

	for (;;)
	{
		uint32		n = Min(ngroups - first, AGGTEAM_GROUPS);
		bool		last = first + n == ngroups;

		CHECK_FOR_INTERRUPTS();
		/* with the last of them the floor is true */
		make_message(&fill->set, first, n, last ? floor : 0, message);
		residentwork_send(queue, message);
		if (last)
			return;
		first += n;
	}
}

/* Who waits for complete groups wants to know after each piece what is done. */
static bool
is_piece_done(void *arg)
{
	const BlockScan *scan = ((AggRead *) arg)->scan->scan;

	return scan->piece_row == scan->piece_end;
}

void
aggwork_run(void *area, const char *work, ParamListInfo params,
			shm_mq_handle *queue)
{
	PlannedStmt *stmt = castNode(PlannedStmt, stringToNode(work));
	QueryDesc  *desc = CreateQueryDesc(stmt, "", GetActiveSnapshot(),
									   InvalidSnapshot, None_Receiver, params,
									   NULL, 0);
	StringInfoData message;
	AggFill    *fill;

	ExecutorStart(desc, 0);
	initStringInfo(&message);
	fill = aggnode_fill(desc->planstate);
	Assert(fill->mode == AGGNODE_PARTIAL);
	aggread_set_early(&fill->read, EARLY_GROUPS);
	/* the session decides which groups are complete */
	if (fill->read.look != NULL)
		aggread_set_look(&fill->read, is_piece_done, &fill->read);
	scannode_share(fill->read.scan, area);
	while (aggfill_next(fill))
		send_groups(fill, &message, queue);
	blockshare_report(fill->read.scan->scan);
	ExecutorFinish(desc);
	ExecutorEnd(desc);
	FreeQueryDesc(desc);
}
