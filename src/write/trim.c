/*
 * trim.c
 *	  Give the space of flushed rows back to the heap.
 *
 * Every flush leaves its rows behind as dead heap rows.  Autovacuum counts
 * them against all rows of the table, segments included, so on a table with
 * much history it would come only when a fifth of that history's rows are
 * dead, and scans would walk over them until then.  Without indexes a VACUUM
 * costs no more than a look at the hot pages, so the worker runs one after a
 * flush.  With indexes it costs a pass over each of them, however few rows
 * are dead; there autovacuum's threshold is right.
 *
 * The heap is not truncated: that takes an AccessExclusiveLock, and the next
 * hot rows will fill the pages again.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/vacuum.h"
#include "nodes/makefuncs.h"
#include "postmaster/autovacuum.h"
#include "utils/memutils.h"

#include "compat/compat.h"
#include "write/trim.h"

/* Fewer rows than this can wait for the next flush. */
#define TRIM_ROWS 1000

/* The owner may have switched autovacuum off, for the table or altogether. */
static bool
trim_allowed(Relation rel)
{
	StdRdOptions *options = (StdRdOptions *) rel->rd_options;

	return AutoVacuumingActive() &&
		(options == NULL || options->autovacuum.enabled);
}

bool
trim_wanted(Relation rel, int64 moved)
{
	return moved >= TRIM_ROWS && !rel->rd_rel->relhasindex &&
		trim_allowed(rel);
}

void
trim_table(Oid relid)
{
	MemoryContext save_portal = PortalContext;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "rusts trim",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	VacuumParams params = {0};
	List	   *relations;

	relations = list_make1(makeVacuumRelation(NULL, relid, NIL));
	params.options = COMPAT_VACOPT_MAIN | VACOPT_VACUUM | VACOPT_SKIP_LOCKED;
	params.freeze_min_age = -1;
	params.freeze_table_age = -1;
	params.multixact_freeze_min_age = -1;
	params.multixact_freeze_table_age = -1;
	params.log_min_duration = -1;
	params.index_cleanup = VACOPTVALUE_AUTO;
	params.truncate = VACOPTVALUE_DISABLED;
	params.nworkers = -1;

	/* vacuum() keeps what must survive its transactions there */
	PortalContext = context;
	PG_TRY();
	{
		StartTransactionCommand();
		compat_vacuum(relations, &params, context);
		CommitTransactionCommand();
	}
	PG_FINALLY();
	{
		PortalContext = save_portal;
		MemoryContextSwitchTo(old);
		MemoryContextDelete(context);
	}
	PG_END_TRY();
}
