/*
 * planner.c
 *	  What the planner must know about rusts tables and their indexes.
 *
 * Rows in segments have virtual TIDs beyond the end of the main fork.
 *
 * A BRIN index summarises ranges of heap blocks and has nothing to say about
 * segments: it would lose their rows.  Creating one is refused (utility.c);
 * one that is there nevertheless is hidden from the planner.
 *
 * A bitmap heap scan is fine with virtual TIDs (bitmap.c), except that up to
 * PostgreSQL 17 the executor prefetches the blocks that a bitmap names without
 * asking the access method, and fails on virtual ones.  So prefetching is
 * switched off in each such node when a plan is started.  Nodes that are made
 * later, for rechecking a row that another session changed, do not pass
 * there.  Of those only the ones in subqueries ever scan; for tables in
 * subqueries of statements that may recheck, bitmaps are not offered.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_am_d.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/plancat.h"

#include "compat/compat.h"
#include "table/handler.h"
#include "table/planner.h"

static get_relation_info_hook_type previous_info = NULL;
static ExecutorStart_hook_type previous_start = NULL;

static bool
planner_is_rusts(Oid relid)
{
	/* the planner holds a lock on every relation that it asks about */
	Relation	rel = relation_open(relid, NoLock);
	bool		result = handler_is_rusts(rel);

	relation_close(rel, NoLock);
	return result;
}

/* Is this a subquery of a query that locks or changes rows? */
static bool
planner_may_recheck(PlannerInfo *root)
{
	while ((root = root->parent_root) != NULL)
	{
		if (root->parse->commandType != CMD_SELECT ||
			root->parse->rowMarks != NIL)
			return true;
	}
	return false;
}

static void
planner_relation_info(PlannerInfo *root, Oid relid, bool inhparent,
					  RelOptInfo *rel)
{
	bool		bitmaps = !COMPAT_EXECUTOR_PREFETCHES ||
	!planner_may_recheck(root);
	List	   *kept = NIL;
	ListCell   *cell;

	if (previous_info)
		previous_info(root, relid, inhparent, rel);
	if (rel->indexlist == NIL || !planner_is_rusts(relid))
		return;
	foreach(cell, rel->indexlist)
	{
		IndexOptInfo *index = lfirst_node(IndexOptInfo, cell);

		if (index->relam == BRIN_AM_OID)
			continue;
		index->amhasgetbitmap &= bitmaps;
		kept = lappend(kept, index);
	}
	rel->indexlist = kept;
}

#if COMPAT_EXECUTOR_PREFETCHES

static bool
planner_stop_prefetch(PlanState *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, BitmapHeapScanState))
	{
		BitmapHeapScanState *scan = (BitmapHeapScanState *) node;

		if (handler_is_rusts(scan->ss.ss_currentRelation))
			scan->prefetch_maximum = 0;
	}
	return planstate_tree_walker(node, planner_stop_prefetch, context);
}

static void
planner_executor_start(QueryDesc *query, int eflags)
{
	if (previous_start)
		previous_start(query, eflags);
	else
		standard_ExecutorStart(query, eflags);
	planner_stop_prefetch(query->planstate, NULL);
}

#endif							/* COMPAT_EXECUTOR_PREFETCHES */

void
planner_init(void)
{
	previous_info = get_relation_info_hook;
	get_relation_info_hook = planner_relation_info;
#if COMPAT_EXECUTOR_PREFETCHES
	previous_start = ExecutorStart_hook;
	ExecutorStart_hook = planner_executor_start;
#endif
}
