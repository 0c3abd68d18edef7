/*
 * trim.c
 *	  Give the space of flushed rows back to the heap.
 *
 * Every flush leaves its rows behind as dead heap rows.  Autovacuum counts
 * them against all rows of the table, segments included, so on a table with
 * much history it would come only when a fifth of that history's rows are
 * dead.  Until then the heap would grow, and scans would walk over it.  So the
 * worker vacuums the table itself.
 *
 * Without indexes that costs no more than a look at the hot pages, so it is
 * done after each flush.  With indexes it costs a pass or two over each of
 * them, however few rows are dead.  So it is given a share of the time: after
 * a VACUUM that took a second, the next one comes 19 seconds later at the
 * earliest.  Hence the heap keeps the rows of the flushes in that time, which
 * is minutes, and not of a share of the history.
 *
 * A session that waits for a lock on the table cancels the VACUUM, as it
 * would cancel autovacuum's: the lock manager asks for that by the same flag.
 * The next flush then tries again.
 *
 * The heap is not truncated: that takes an AccessExclusiveLock, and the next
 * hot rows will fill the pages again.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/vacuum.h"
#include "nodes/makefuncs.h"
#include "postmaster/autovacuum.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat/compat.h"
#include "write/trim.h"

/* Fewer rows than this can wait for the next flush. */
#define TRIM_ROWS 1000
/* So many times as long as a VACUUM took it is not repeated. */
#define TRIM_PAUSE 19

/* The owner may have switched autovacuum off, for the table or altogether. */
static bool
trim_allowed(Relation rel)
{
	StdRdOptions *options = (StdRdOptions *) rel->rd_options;

	return AutoVacuumingActive() &&
		(options == NULL || options->autovacuum.enabled);
}

bool
trim_wanted(Relation rel, TrimState *state, int64 moved)
{
	state->dead += moved;
	state->has_index = rel->rd_rel->relhasindex;
	return state->dead >= TRIM_ROWS && trim_allowed(rel) &&
		(!state->has_index || GetCurrentTimestamp() >= state->not_before);
}

/* May whoever waits for one of our locks cancel us? */
static void
trim_set_cancelable(bool cancelable)
{
	LWLockAcquire(ProcArrayLock, LW_EXCLUSIVE);
	if (cancelable)
		MyProc->statusFlags |= PROC_IS_AUTOVACUUM;
	else
		MyProc->statusFlags &= ~PROC_IS_AUTOVACUUM;
	ProcGlobal->statusFlags[MyProc->pgxactoff] = MyProc->statusFlags;
	LWLockRelease(ProcArrayLock);
}

static void
trim_vacuum(Oid relid)
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
	trim_set_cancelable(true);
	PG_TRY();
	{
		StartTransactionCommand();
		compat_vacuum(relations, &params, context);
		CommitTransactionCommand();
	}
	PG_FINALLY();
	{
		trim_set_cancelable(false);
		PortalContext = save_portal;
		MemoryContextSwitchTo(old);
		MemoryContextDelete(context);
	}
	PG_END_TRY();
}

void
trim_table(Oid relid, TrimState *state)
{
	TimestampTz started_at = GetCurrentTimestamp();
	TimestampTz now;

	trim_vacuum(relid);
	now = GetCurrentTimestamp();
	state->dead = 0;
	state->not_before = now + TRIM_PAUSE * (now - started_at);
}
