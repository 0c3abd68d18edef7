/*
 * aggappend.c
 *	  Plan vectorised aggregation of partitions, combined above their Append.
 *
 *		RustsAggregate (final)
 *		  Append, or Gather over Parallel Append
 *			RustsAggregate (partial)	of each partition
 *			  RustsScan
 *
 * The server asks for paths of a partition only where the grouping keeps to
 * partitions, and with enable_partitionwise_aggregate.  So this is built where
 * the parent is grouped, when all partitions that are read are rusts tables,
 * one of them has segments, and states of all aggregates can be combined.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "optimizer/appendinfo.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "parser/parsetree.h"

#include "agg/aggappend.h"
#include "agg/aggpath.h"
#include "agg/aggtop.h"
#include "compat/planning.h"
#include "option/settings.h"
#include "scan/group_estimate.h"
#include "scan/scanpath.h"
#include "vexpr/vexpr.h"

/* What is known of the partitions while paths are made. */
typedef struct AppendPlan
{
	PlannerInfo *root;
	RelOptInfo *input;
	RelOptInfo *output;
	const AggPlan *whole;		/* the parent's */
	AggPlan		plan;			/* the same with states for results */
	List	   *children;		/* RelOptInfo */
	bool		any_segments;
	RelOptInfo *largest;
	double		groups;			/* in the largest */
	bool		by_time;		/* do groups of one differ from another's? */
} AppendPlan;

/* ---------- partitions ---------- */

/* Collect those that are read; false: one of them is not for us. */
static bool
collect_children(AppendPlan *append, RelOptInfo *parent)
{
	PlannerInfo *root = append->root;
	ListCell   *cell;

	foreach(cell, root->append_rel_list)
	{
		AppendRelInfo *info = lfirst_node(AppendRelInfo, cell);
		RelOptInfo *child;

		if (info->parent_relid != parent->relid)
			continue;
		child = root->simple_rel_array[info->child_relid];
		if (child == NULL || IS_DUMMY_REL(child))
			continue;
		if (planner_rt_fetch(child->relid, root)->inh)
		{
			if (!collect_children(append, child))
				return false;
			continue;
		}
		if (!scanpath_able(root, child))
			return false;
		append->any_segments |= scanpath_possible(root, child);
		append->children = lappend(append->children, child);
		if (append->largest == NULL || child->rows > append->largest->rows)
			append->largest = child;
	}
	return true;
}

/* The parent's plan in terms of a child's columns. */
static AggPlan
child_plan(AppendPlan *append, RelOptInfo *child)
{
	AggPlan		plan = append->plan;
	List	   *lists = list_make2(plan.keys, plan.aggrefs);

	lists = (List *) compat_adjust_appendrel_attrs(append->root, (Node *) lists,
												   child);
	plan.keys = linitial(lists);
	plan.aggrefs = lsecond(lists);
	plan.target = aggplan_partial_target(append->root, &plan);
	return plan;
}

/* ---------- groups ---------- */

/* Partitions hold ranges of time as a rule: is that what is grouped by? */
static bool
is_by_time(List *keys)
{
	List	   *vars = pull_var_clause((Node *) keys, PVC_RECURSE_PLACEHOLDERS);
	ListCell   *cell;

	foreach(cell, vars)
		switch (lfirst_node(Var, cell)->vartype)
		{
			case DATEOID:
			case TIMESTAMPOID:
			case TIMESTAMPTZOID:
				return true;
		}
	return false;
}

/* One partition is looked at closely, others are like it. */
static void
estimate_largest(AppendPlan *append)
{
	AggPlan		plan;

	append->by_time = is_by_time(append->plan.keys);
	append->groups = 1;
	if (append->plan.keys == NIL)
		return;
	plan = child_plan(append, append->largest);
	append->groups = group_estimate_rows(append->root, append->largest, plan.keys);
}

static double
child_groups(const AppendPlan *append, const RelOptInfo *child)
{
	double		share = child->rows / Max(append->largest->rows, 1);

	return append->by_time ? clamp_row_est(append->groups * share) :
		Min(append->groups, clamp_row_est(child->rows));
}

static double
all_groups(const AppendPlan *append)
{
	double		groups = 0;
	ListCell   *cell;

	if (!append->by_time)
		return append->groups;
	foreach(cell, append->children)
		groups += child_groups(append, lfirst(cell));
	return groups;
}

/* ---------- paths ---------- */

/* Partial aggregation of a partition; workers: that share its scan. */
static Path *
child_path(AppendPlan *append, RelOptInfo *child, int workers)
{
	AggPlan		plan = child_plan(append, child);
	CustomPath *scan = scanpath_create(append->root, child, workers);
	double		groups = child_groups(append, child);
	ScanTopPlan top;
	CustomPath *path;

	if (workers == 0 && settings_enable_ordered_scan &&
		aggtop_for_aggregates(append->root, child, plan.keys, plan.eqs,
							  plan.aggrefs, &top))
		scanpath_set_top(scan, &top, groups);
	/* its parent is what the Append prunes by when it is executed */
	path = aggpath_make(child, plan.target, &scan->path, &plan,
						AGGNODE_PARTIAL);
	aggpath_cost(path, append->whole, &scan->path, groups, scan->path.rows);
	if (aggplan_from_metadata(child, &plan))
		aggpath_discount_metadata(path);
	return &path->path;
}

static void
add_serial(AppendPlan *append)
{
	List	   *paths = NIL;
	AppendPath *path;
	ListCell   *cell;

	foreach(cell, append->children)
		paths = lappend(paths, child_path(append, lfirst(cell), 0));
	path = create_append_path(append->root, append->input, paths, NIL, NIL,
							  NULL, 0, false, -1);
	path->path.pathtarget = append->plan.target;
	add_path(append->output,
			 &aggpath_final(append->root, append->output, append->whole,
							&path->path, all_groups(append))->path);
}

/* Large partitions are shared, small ones taken whole. */
static void
add_parallel(AppendPlan *append)
{
	PlannerInfo *root = append->root;
	List	   *whole = NIL;
	List	   *shared = NIL;
	int			most = 0;
	AppendPath *path;
	Path	   *gather;
	CustomPath *final;
	double		rows;
	ListCell   *cell;

	foreach(cell, append->children)
	{
		RelOptInfo *child = lfirst(cell);
		int			workers = scanpath_workers(child);

		most = Max(most, workers);
		if (!child->consider_parallel)
			return;
		if (workers > 0)
			shared = lappend(shared, child_path(append, child, workers));
		else
			whole = lappend(whole, child_path(append, child, 0));
	}
	if (most == 0)
		return;
	path = create_append_path(root, append->input, whole, shared, NIL, NULL,
							  most, true, -1);
	path->path.pathtarget = append->plan.target;
	rows = all_groups(append) * (append->by_time ? 1.5 : most + 1);
	gather = (Path *) create_gather_path(root, append->output, &path->path,
										 path->path.pathtarget, NULL, &rows);
	final = aggpath_final(root, append->output, append->whole, gather,
						  all_groups(append));
	final->path.parallel_safe = false;
	add_path(append->output, &final->path);
}

void
aggappend_add(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output,
			  const AggPlan *plan)
{
	AppendPlan	append = {root, input, output, plan, *plan};

	if (planner_rt_fetch(input->relid, root)->rtekind != RTE_RELATION ||
		input->lateral_relids != NULL || !aggplan_can_combine(plan) ||
		!collect_children(&append, input) || !append.any_segments)
		return;
	append.plan.aggrefs = aggplan_partial_aggrefs(plan);
	append.plan.having = NIL;
	append.plan.target = aggplan_partial_target(root, &append.plan);
	estimate_largest(&append);
	add_serial(&append);
	if (output->consider_parallel && enable_parallel_append &&
		is_parallel_safe(root, (Node *) plan->keys) &&
		is_parallel_safe(root, (Node *) plan->aggrefs))
		add_parallel(&append);
}
