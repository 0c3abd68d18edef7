/*
 * scandelete.c
 *	  A DELETE takes the rows of a batch out before they are handed out.
 *
 * A DELETE gets each row that passes from the scan below it and deletes it. For
 * segment rows it is cheaper to delete those of a batch at once
 * (write/blockdelete.c), which the scan does here; it hands out only what is
 * left: hot rows, and rows that somebody has locked or changed, for which
 * PostgreSQL's own way waits, follows and checks again.
 *
 * This is done only where nobody could tell the difference: no trigger looks
 * at the single row (foreign keys that refer to the table among them), nothing
 * is returned, nobody can decode the table, and the transaction takes a new
 * snapshot for each statement.  With another, rows that a compaction has moved
 * end at two places (table/segment_row.c), and SERIALIZABLE looks at each.
 *
 * The scan's snapshot is the statement's, which does not see what the statement
 * itself deletes, in either way.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/catalog.h"
#include "executor/executor.h"
#include "utils/rel.h"

#include "compat/tablestats.h"
#include "scan/scandelete.h"
#include "scan/scannode.h"
#include "write/blockdelete.h"

static bool
scandelete_is_unseen(ModifyTableState *modify, ResultRelInfo *target)
{
	TriggerDesc *triggers = target->ri_TrigDesc;

	return target->ri_projectReturning == NULL &&
		modify->mt_transition_capture == NULL &&
		!RelationIsLogicallyLogged(target->ri_RelationDesc) &&
		(triggers == NULL ||
		 (!triggers->trig_delete_before_row &&
		  !triggers->trig_delete_after_row &&
		  !triggers->trig_delete_old_table));
}

/* A node below the DELETE: if it scans one of its tables, it may delete. */
static void
scandelete_allow(ModifyTableState *modify, PlanState *state)
{
	ScanNode   *node = scannode_of(state);
	int			i;

	if (node == NULL || node->order != NULL || node->top.attno != 0)
		return;
	for (i = 0; i < modify->mt_nrels; i++)
	{
		ResultRelInfo *target = &modify->resultRelInfo[i];

		if (target->ri_RelationDesc != node->css.ss.ss_currentRelation ||
			!scandelete_is_unseen(modify, target))
			continue;
		node->erase = palloc0(sizeof(ScanDelete));
		node->erase->estate = state->state;
		node->erase->counts = modify->canSetTag;
	}
}

void
scandelete_executor_start(QueryDesc *query, int eflags)
{
	ModifyTableState *modify = (ModifyTableState *) query->planstate;
	PlanState  *below;
	MemoryContext old;
	int			i;

	if ((eflags & EXEC_FLAG_EXPLAIN_ONLY) != 0 || modify == NULL ||
		!IsA(modify, ModifyTableState) || modify->operation != CMD_DELETE ||
		query->crosscheck_snapshot != InvalidSnapshot ||
		IsolationUsesXactSnapshot())
		return;
	old = MemoryContextSwitchTo(query->estate->es_query_cxt);
	below = outerPlanState(modify);
	if (IsA(below, AppendState))
		for (i = 0; i < ((AppendState *) below)->as_nplans; i++)
			scandelete_allow(modify, ((AppendState *) below)->appendplans[i]);
	else
		scandelete_allow(modify, below);
	MemoryContextSwitchTo(old);
}

bool
scandelete_batch(ScanDelete *erase, BlockScan *scan)
{
	Batch	   *batch = &scan->batch;
	int			n;

	if (scan->mode != BLOCK_SEGMENT)
		return true;
	if (erase->store == NULL)
		erase->store = store_open(scan->rel, RowExclusiveLock);
	n = blockdelete_rows(erase->store, scan->entry,
						 scan->block * CODEC_BLOCK_ROWS, batch->selected,
						 erase->estate->es_output_cid);
	batch->nselected -= n;
	erase->rows += n;
	if (erase->counts)
		erase->estate->es_processed += n;
	compat_pgstat_count_deletes(scan->rel, n);
	return batch->nselected > 0;
}

void
scandelete_end(ScanDelete *erase)
{
	if (erase != NULL && erase->store != NULL)
		store_close_keep_locks(erase->store);
}
