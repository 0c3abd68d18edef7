/*
 * planner.h
 *	  What the planner must know about rusts tables and their indexes.
 */
#ifndef RUSTS_PLANNER_H
#define RUSTS_PLANNER_H

#include "executor/execdesc.h"
#include "nodes/bitmapset.h"
#include "nodes/pathnodes.h"
#include "write/outline.h"

/* Is it a rusts table; does it have segments?  The caller has it locked. */
extern bool planner_is_rusts(Oid relid);
extern bool planner_has_segments(Oid relid);
/* About how many segments does it have? */
extern int	planner_segments(Oid relid);
/* Its tag columns, as pull_varattnos has them. */
extern Bitmapset *planner_tags(Oid relid);
/* Its time column, 0: none. */
extern AttrNumber planner_time(Oid relid);
/* What the planner may know of its segments, a copy; NULL: there are none. */
extern Outline *planner_outline(Oid relid);
/* Its number of series, about, 0: there are no tags. */
extern uint32 planner_series(Oid relid);
extern bool planner_outline_column(Oid relid, AttrNumber attnum,
								   Outline *head, OutlineColumn *column);

/*
 * Called when the planner has collected what it knows of a relation: take away
 * what does not hold for segments.
 */
extern void planner_relation_info(PlannerInfo *root, Oid relid,
								  RelOptInfo *rel);
/*
 * Called when a plan has been started, also in each parallel worker for its
 * copy of the plan: make it one for segments.
 */
extern void planner_executor_start(QueryDesc *query, int eflags);

#endif							/* RUSTS_PLANNER_H */
