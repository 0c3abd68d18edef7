/*
 * planner.c
 *	  What the planner must know about rusts tables and their indexes.
 *
 * Rows in segments have virtual TIDs beyond the end of the main fork.
 *
 * A BRIN index summarises ranges of heap blocks and has nothing to say about
 * segments: it would lose their rows.  It is hidden from the planner as soon
 * as the table has segments; these carry minimum and maximum of every column
 * themselves.  The first segment invalidates plans, with the relcache entry.
 * A statement that was just between planning and taking its snapshot when the
 * segment was committed is stopped, with the error that asks for a retry.
 *
 * A bitmap heap scan is fine with virtual TIDs (bitmap.c), except that up to
 * PostgreSQL 17 the executor prefetches the blocks that a bitmap names without
 * asking the access method, and fails on virtual ones.  So prefetching is
 * switched off in each such node when a plan is started.  Nodes that are made
 * later, for rechecking a row that another session changed, do not pass
 * there.  Of those only the ones in subqueries ever scan; for tables with
 * segments in subqueries of statements that may recheck, bitmaps are not
 * offered.
 *
 * A table without segments is planned exactly as a heap is.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/sysattr.h"
#include "catalog/pg_am_d.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"

#include "compat/scans.h"
#include "option/options.h"
#include "option/ours.h"
#include "table/planner.h"
#include "write/size.h"

bool
planner_is_rusts(Oid relid)
{
	Relation	rel = relation_open(relid, NoLock);
	bool		result = ours_is_table(rel);

	relation_close(rel, NoLock);
	return result;
}

int
planner_segments(Oid relid)
{
	/* the planner holds a lock on every relation that it asks about */
	Relation	rel = relation_open(relid, NoLock);
	SegmentTotals totals = {0};

	if (ours_is_table(rel))
		size_planner_totals(rel, &totals);
	relation_close(rel, NoLock);
	return totals.segments;
}

bool
planner_has_segments(Oid relid)
{
	return planner_segments(relid) > 0;
}

Bitmapset *
planner_tags(Oid relid)
{
	Relation	rel = relation_open(relid, NoLock);
	TableOptions *options = options_get(rel);
	Bitmapset  *tags = NULL;
	int			i;

	for (i = 0; i < options->ntags; i++)
		tags = bms_add_member(tags, options->tags[i] -
							  FirstLowInvalidHeapAttributeNumber);
	relation_close(rel, NoLock);
	return tags;
}

AttrNumber
planner_time(Oid relid)
{
	Relation	rel = relation_open(relid, NoLock);
	AttrNumber	time = options_get(rel)->time_attnum;

	relation_close(rel, NoLock);
	return time;
}

Outline *
planner_outline(Oid relid)
{
	Relation	rel = relation_open(relid, NoLock);
	Outline    *outline = outline_get(rel, false);

	relation_close(rel, NoLock);
	return outline;
}

uint32
planner_series(Oid relid)
{
	Relation	rel = relation_open(relid, NoLock);
	Outline    *outline = outline_get(rel, true);

	relation_close(rel, NoLock);
	return outline != NULL ? outline->series : 0;
}

bool
planner_outline_column(Oid relid, AttrNumber attnum, Outline *head,
					   OutlineColumn *column)
{
	Relation	rel = relation_open(relid, NoLock);
	bool		result = ours_is_table(rel) &&
	outline_get_column(rel, attnum, head, column);

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

void
planner_relation_info(PlannerInfo *root, Oid relid, RelOptInfo *rel)
{
	bool		bitmaps = COMPAT_SCAN_ITERATES_BITMAP ||
	!planner_may_recheck(root);
	List	   *kept = NIL;
	ListCell   *cell;

	if (rel->indexlist == NIL || !planner_has_segments(relid))
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

/* Is there a scan of a BRIN index below this node? */
static bool
planner_uses_brin(PlanState *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, BitmapIndexScanState))
	{
		Relation	index = ((BitmapIndexScanState *) node)->biss_RelationDesc;

		return index != NULL && index->rd_rel->relam == BRIN_AM_OID;
	}
	return planstate_tree_walker(node, planner_uses_brin, context);
}

static void
planner_check_brin(BitmapHeapScanState *node, Snapshot snapshot)
{
	Relation	rel = node->ss.ss_currentRelation;
	SegmentTotals totals;

	if (snapshot == NULL || !planner_uses_brin(outerPlanState(node), NULL))
		return;
	size_segment_totals(rel, snapshot, &totals);
	if (totals.segments > 0)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("the first rows of table \"%s\" were moved to segments while the statement was planned",
						RelationGetRelationName(rel)),
				 errhint("The statement might succeed if retried.")));
}

/* context: the snapshot that the plan is about to run with. */
static bool
planner_prepare_node(PlanState *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, BitmapHeapScanState))
	{
		BitmapHeapScanState *scan = (BitmapHeapScanState *) node;

		if (ours_is_table(scan->ss.ss_currentRelation))
		{
#if !COMPAT_SCAN_ITERATES_BITMAP
			scan->prefetch_maximum = 0;
#endif
			planner_check_brin(scan, (Snapshot) context);
		}
	}
	return planstate_tree_walker(node, planner_prepare_node, context);
}

void
planner_executor_start(QueryDesc *query, int eflags)
{
	if ((eflags & EXEC_FLAG_EXPLAIN_ONLY) == 0)
		planner_prepare_node(query->planstate, query->estate->es_snapshot);
}
