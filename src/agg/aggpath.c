/*
 * aggpath.c
 *	  The path of a vectorised aggregation: its cost, and the plan it becomes.
 *
 * The node's custom_scan_tlist is the list of keys, then of aggregates, in
 * terms of the table's columns; targets and HAVING refer to its entries.
 * Parameters in there would escape the planner's bookkeeping, so they are
 * listed in custom_exprs too.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"

#include "agg/aggcost.h"
#include "agg/aggfunc.h"
#include "agg/aggnode.h"
#include "agg/aggpath.h"
#include "agg/aggsort.h"
#include "scan/scanpath.h"

/* Costs of a row and aggregate, in units of cpu_operator_cost. */
#define VECTOR_AGG_COST 0.05
/* The same for one computed by its transition function. */
#define GENERIC_AGG_COST 1.5
#define VECTOR_KEY_COST 0.1

/* CustomPath.custom_private, in this order. */
typedef enum AggPathPrivate
{
	AGGPATH_KEYS,				/* of the AggPlan */
	AGGPATH_REFS,
	AGGPATH_AGGREFS,
	AGGPATH_HAVING,
	AGGPATH_EQS,
	AGGPATH_MODE,				/* as in AggPrivate, from here on */
	AGGPATH_BUCKETS,
	AGGPATH_ORDER,
	AGGPATH_WORKERS,
	AGGPATH_STREAM,
	AGGPATH_FIELDS				/* so many */
} AggPathPrivate;

static void *
aggpath_get(const CustomPath *path, AggPathPrivate field)
{
	Assert(list_length(path->custom_private) == AGGPATH_FIELDS);
	return list_nth(path->custom_private, field);
}

static void
aggpath_set(CustomPath *path, AggPathPrivate field, void *value)
{
	Assert(list_length(path->custom_private) == AGGPATH_FIELDS);
	list_nth_cell(path->custom_private, field)->ptr_value = value;
}

/* ---------- plans ---------- */

static bool
collect_params(Node *node, void *arg)
{
	List	  **params = arg;

	if (node == NULL)
		return false;
	if (IsA(node, Param))
	{
		*params = list_append_unique(*params, node);
		return false;
	}
	return expression_tree_walker(node, collect_params, params);
}

static List *
aggpath_scan_tlist(CustomPath *path)
{
	List	   *keys = aggpath_get(path, AGGPATH_KEYS);
	List	   *refs = aggpath_get(path, AGGPATH_REFS);
	List	   *aggrefs = aggpath_get(path, AGGPATH_AGGREFS);
	List	   *tlist = NIL;
	ListCell   *cell;
	ListCell   *ref;

	forboth(cell, keys, ref, refs)
	{
		TargetEntry *entry = makeTargetEntry(lfirst(cell),
											 list_length(tlist) + 1, NULL,
											 false);

		entry->ressortgroupref = lfirst_int(ref);
		tlist = lappend(tlist, entry);
	}
	foreach(cell, aggrefs)
		tlist = lappend(tlist, makeTargetEntry(lfirst(cell),
											   list_length(tlist) + 1, NULL,
											   false));
	return tlist;
}

static Plan *
aggpath_plan(PlannerInfo *root, RelOptInfo *rel, CustomPath *path,
			 List *tlist, List *clauses, List *custom_plans)
{
	CustomScan *scan = makeNode(CustomScan);
	List	   *params = NIL;

	scan->scan.plan.targetlist = tlist;
	scan->scan.plan.qual = aggpath_get(path, AGGPATH_HAVING);
	scan->scan.scanrelid = 0;
	scan->flags = path->flags;
	scan->custom_plans = custom_plans;
	scan->custom_scan_tlist = aggpath_scan_tlist(path);
	(void) collect_params((Node *) scan->custom_scan_tlist, &params);
	scan->custom_exprs = params;
	scan->custom_private = list_make5(aggpath_get(path, AGGPATH_MODE),
									  aggpath_get(path, AGGPATH_EQS),
									  aggpath_get(path, AGGPATH_BUCKETS),
									  aggpath_get(path, AGGPATH_ORDER),
									  aggpath_get(path, AGGPATH_WORKERS));
	scan->custom_private = lappend(scan->custom_private,
								   aggpath_get(path, AGGPATH_STREAM));
	scan->methods = &aggnode_plan_methods;
	return &scan->scan.plan;
}

static const CustomPathMethods aggpath_methods = {
	.CustomName = "RustsAggregate",
	.PlanCustomPath = aggpath_plan,
};

/* ---------- paths ---------- */

CustomPath *
aggpath_make(RelOptInfo *output, PathTarget *target, Path *child,
			 const AggPlan *plan, AggNodeMode mode)
{
	CustomPath *path = makeNode(CustomPath);

	path->path.pathtype = T_CustomScan;
	path->path.parent = output;
	path->path.pathtarget = target;
	/* the target and HAVING may be what is not safe */
	path->path.parallel_safe = output->consider_parallel &&
		child->parallel_safe;
	path->path.parallel_workers = child->parallel_workers;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->custom_paths = list_make1(child);
	path->custom_private =
		list_concat(list_make5(plan->keys, plan->refs, plan->aggrefs,
							   plan->having, plan->eqs),
					list_make5(makeInteger(mode), NIL, NIL, makeInteger(0),
							   NIL));
	path->methods = &aggpath_methods;
	return path;
}

static AggCost
aggpath_size(const CustomPath *path, const AggPlan *plan, double groups)
{
	const Path *child = linitial(path->custom_paths);

	return (AggCost)
	{
		plan->aggrefs, plan->target->width, groups, child->rows,
			child->pathtarget->width
	};
}

/* Cost of aggregating what the scan below reads. */
void
aggpath_cost(CustomPath *path, const AggPlan *plan, Path *child, double groups,
			 double rows)
{
	double		per_row = list_length(plan->keys) * VECTOR_KEY_COST;
	AggCost		size = aggpath_size(path, plan, groups);
	Cost		disk = aggcost_disk(&size);
	ListCell   *cell;

	foreach(cell, plan->aggrefs)
	{
		bool		native;

		(void) aggfunc_supported(lfirst_node(Aggref, cell), &native);
		per_row += native ? VECTOR_AGG_COST : GENERIC_AGG_COST;
	}
	path->path.rows = groups;
	path->path.startup_cost = scanpath_batch_cost(child) +
		rows * per_row * cpu_operator_cost + disk / 2;
	path->path.total_cost = path->path.startup_cost + disk / 2 +
		groups * (cpu_tuple_cost + path->path.pathtarget->cost.per_tuple +
				  list_length(plan->aggrefs) * cpu_operator_cost);
}

/*
 * Emit the groups in the order that the query wants.  Comparing numbers is
 * cheap, unless groups do not fit into memory and rows must be sorted.
 */
void
aggpath_order(PlannerInfo *root, CustomPath *path, const AggPlan *plan,
			  double groups)
{
	AggCost		size = aggpath_size(path, plan, groups);
	List	   *order;
	List	   *pathkeys;

	if (IS_OTHER_REL(path->path.parent) || !aggcost_fits(&size))
		return;
	order = aggsort_plan(root, plan->keys, &pathkeys);
	if (order == NIL)
		return;
	aggpath_set(path, AGGPATH_ORDER, order);
	path->path.pathkeys = pathkeys;
	path->path.startup_cost += groups * cpu_operator_cost;
	path->path.total_cost += groups * cpu_operator_cost;
}

void
aggpath_discount_metadata(CustomPath *path)
{
	/* no more than the directory is read, and the hot rows */
	path->path.total_cost -= path->path.startup_cost * 0.99;
	path->path.startup_cost *= 0.01;
}

/* A path that combines the states that rows rows of child hold. */
CustomPath *
aggpath_final(PlannerInfo *root, RelOptInfo *output, const AggPlan *plan,
			  Path *child, double groups)
{
	CustomPath *final = aggpath_make(output, plan->target, child, plan,
									 AGGNODE_FINAL);

	final->path.parallel_workers = 0;
	final->path.rows = groups;
	final->path.startup_cost = child->total_cost +
		child->rows * list_length(plan->aggrefs) * cpu_operator_cost;
	final->path.total_cost = final->path.startup_cost +
		groups * cpu_tuple_cost;
	aggpath_order(root, final, plan, groups);
	return final;
}

List *
aggpath_get_order(const CustomPath *path)
{
	return aggpath_get(path, AGGPATH_ORDER);
}

void
aggpath_set_buckets(CustomPath *path, List *buckets)
{
	aggpath_set(path, AGGPATH_BUCKETS, buckets);
}

void
aggpath_set_workers(CustomPath *path, int workers)
{
	aggpath_set(path, AGGPATH_WORKERS, makeInteger(workers));
}

void
aggpath_set_stream(CustomPath *path, List *stream)
{
	aggpath_set(path, AGGPATH_STREAM, stream);
}

/* A copy of which fields can be set without changing the other's. */
CustomPath *
aggpath_copy(const CustomPath *path)
{
	CustomPath *copy = makeNode(CustomPath);

	*copy = *path;
	copy->custom_private = list_copy(path->custom_private);
	return copy;
}
