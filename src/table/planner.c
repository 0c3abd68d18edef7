/*
 * planner.c
 *	  What the planner must know about rusts tables and their indexes.
 *
 * Rows in segments have virtual TIDs beyond the end of the main fork.  A
 * bitmap heap scan prefetches the blocks that a bitmap names, without asking
 * the access method, and fails on them; so no index of a rusts table offers
 * bitmaps.  A BRIN index summarises ranges of heap blocks and has nothing to
 * say about segments: it would lose their rows, so it is not offered at all.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_am_d.h"
#include "optimizer/plancat.h"
#include "table/handler.h"
#include "table/planner.h"

static get_relation_info_hook_type previous_hook = NULL;

static bool
planner_is_rusts(Oid relid)
{
	/* the planner holds a lock on every relation that it asks about */
	Relation	rel = relation_open(relid, NoLock);
	bool		result = handler_is_rusts(rel);

	relation_close(rel, NoLock);
	return result;
}

static void
planner_relation_info(PlannerInfo *root, Oid relid, bool inhparent,
					  RelOptInfo *rel)
{
	List	   *kept = NIL;
	ListCell   *cell;

	if (previous_hook)
		previous_hook(root, relid, inhparent, rel);
	if (rel->indexlist == NIL || !planner_is_rusts(relid))
		return;
	foreach(cell, rel->indexlist)
	{
		IndexOptInfo *index = lfirst_node(IndexOptInfo, cell);

		if (index->relam == BRIN_AM_OID)
			continue;
		index->amhasgetbitmap = false;
		kept = lappend(kept, index);
	}
	rel->indexlist = kept;
}

void
planner_init(void)
{
	previous_hook = get_relation_info_hook;
	get_relation_info_hook = planner_relation_info;
}
