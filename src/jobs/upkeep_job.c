/*
 * upkeep_job.c
 *	  Compaction and retention of a table that no user asked for.
 *
 * As with flushes (flush_try.c), nothing waits for the lock of a user's table,
 * and a step is a transaction.  What could not be done, because somebody is at
 * one of the rows, is tried again after the table's next flush.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "jobs/upkeep_job.h"
#include "option/options.h"
#include "write/compact.h"
#include "write/flush_try.h"
#include "write/retain.h"
#include "write/worklog.h"

static void
upkeep_job_tell(const char *what, Relation rel)
{
	char	   *text = psprintf("%s %s.%s", what,
								get_namespace_name(RelationGetNamespace(rel)),
								RelationGetRelationName(rel));

	pgstat_report_activity(STATE_RUNNING, text);
	pfree(text);
}

/* Drop whole segments that are too old. */
static bool
upkeep_job_drop(Relation rel)
{
	RetainRange range;
	Progress	progress;

	if (!retain_policy_range(rel, &range) || !retain_due(rel, &range))
		return false;
	upkeep_job_tell("dropping old rows of", rel);
	if (retain_drop(rel, &range, false, &progress, NULL, NULL) > 0)
		worklog_add(rel, &progress);
	return false;
}

/* One group; true: there may be more. */
static bool
upkeep_job_merge(Relation rel)
{
	Progress	progress;

	if (!options_get(rel)->compaction)
		return false;
	upkeep_job_tell("compacting", rel);
	if (compact_relation(rel, false, 1, false, &progress) <= 0)
		return false;
	worklog_add(rel, &progress);
	return true;
}

typedef bool (*UpkeepJob) (Relation rel);

/* A transaction of a job; true: there may be more. */
static bool
upkeep_job_step(Oid relid, UpkeepJob job)
{
	Relation	rel;
	bool		gone;
	bool		more = false;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	rel = flush_try_open(relid, RowExclusiveLock, &gone);
	if (rel != NULL)
	{
		more = job(rel);
		relation_close(rel, NoLock);
	}
	PopActiveSnapshot();
	CommitTransactionCommand();
	return more;
}

void
upkeep_job_retain(Oid relid)
{
	(void) upkeep_job_step(relid, upkeep_job_drop);
}

void
upkeep_job_compact(Oid relid, bool (*stop) (void))
{
	while (!stop() && upkeep_job_step(relid, upkeep_job_merge))
		;
}
