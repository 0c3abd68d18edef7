/*
 * aggpath.c
 *	  Plan vectorised aggregation.
 *
 * A grouped relation directly over one rusts table gets a path of ours when
 * every aggregate can be computed on batches (aggfunc.c) and the targets are
 * made of group keys and aggregates only.  SELECT DISTINCT is the same without
 * aggregates.  Everything else stays with PostgreSQL's Agg, over the columnar
 * scan.
 *
 * The node's custom_scan_tlist is the list of keys, then of aggregates, in
 * terms of the table's columns; targets and HAVING refer to its entries.
 * Parameters in there would escape the planner's bookkeeping, so they are
 * listed in custom_exprs too.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/appendinfo.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/planner.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"

#include "agg/aggappend.h"
#include "agg/aggcost.h"
#include "agg/aggfunc.h"
#include "agg/aggnode.h"
#include "agg/aggpath.h"
#include "agg/aggresult.h"
#include "agg/aggsort.h"
#include "agg/aggstream.h"
#include "agg/aggtop.h"
#include "agg/teampath.h"
#include "compat/compat.h"
#include "option/settings.h"
#include "scan/group_estimate.h"
#include "scan/scanpath.h"
#include "table/planner.h"
#include "vexpr/vexpr.h"


/* Costs of a row and aggregate, in units of cpu_operator_cost. */
#define VECTOR_AGG_COST 0.05
/* The same for one computed by its transition function. */
#define GENERIC_AGG_COST 1.5
#define VECTOR_KEY_COST 0.1

/* ---------- what is asked ---------- */

static bool
aggplan_is_key(const AggPlan *plan, Node *node)
{
	ListCell   *cell;

	foreach(cell, plan->keys)
		if (equal(lfirst(cell), node))
			return true;
	return false;
}

/* Collect aggregates; true (stop) at a column that is not part of a key. */
static bool
aggplan_walk(Node *node, AggPlan *plan)
{
	if (node == NULL)
		return false;
	if (aggplan_is_key(plan, node))
		return false;
	if (IsA(node, Aggref))
	{
		bool		native;

		if (!aggfunc_supported((Aggref *) node, &native))
			return true;
		plan->native &= native;
		plan->aggrefs = list_append_unique(plan->aggrefs, node);
		return false;
	}
	if (IsA(node, Var) || IsA(node, PlaceHolderVar) ||
		IsA(node, GroupingFunc) || IsA(node, WindowFunc))
		return true;
	return expression_tree_walker(node, aggplan_walk, plan);
}

static Node *
target_expr(PathTarget *target, Index ref)
{
	ListCell   *cell;

	foreach(cell, target->exprs)
		if (get_pathtarget_sortgroupref(target, foreach_current_index(cell)) == ref)
			return lfirst(cell);
	return NULL;
}

/* The keys, as the input relation (maybe a child of an append) has them. */
static bool
aggplan_find_keys(PlannerInfo *root, RelOptInfo *input, List *clauses,
				  AggPlan *plan)
{
	ListCell   *cell;

	foreach(cell, clauses)
	{
		SortGroupClause *clause = lfirst_node(SortGroupClause, cell);
		Node	   *expr = target_expr(plan->target, clause->tleSortGroupRef);

		if (expr == NULL && IS_OTHER_REL(input))
			return false;
		if (expr == NULL)
			expr = get_sortgroupclause_expr(clause, root->processed_tlist);
		if (!clause->hashable || contain_volatile_functions(expr) ||
			contain_subplans(expr) || expression_returns_set(expr))
			return false;
		plan->keys = lappend(plan->keys, expr);
		plan->eqs = lappend_oid(plan->eqs, clause->eqop);
		plan->refs = lappend_int(plan->refs, clause->tleSortGroupRef);
	}
	return true;
}

/* target and having are set; clauses: what to group by. */
static bool
aggplan_make(PlannerInfo *root, RelOptInfo *input, List *clauses,
			 AggPlan *plan)
{
	ListCell   *cell;

	plan->native = true;
	if (!aggplan_find_keys(root, input, clauses, plan))
		return false;
	foreach(cell, plan->target->exprs)
		if (aggplan_walk(lfirst(cell), plan))
			return false;
	return !aggplan_walk((Node *) plan->having, plan);
}

/* ---------- plans ---------- */

static bool
collect_params(Node *node, List **params)
{
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
	List	   *keys = linitial(path->custom_private);
	List	   *refs = lsecond(path->custom_private);
	List	   *aggrefs = lthird(path->custom_private);
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
	List	   *private = path->custom_private;

	scan->scan.plan.targetlist = tlist;
	scan->scan.plan.qual = list_nth(private, 3);
	scan->scan.scanrelid = 0;
	scan->flags = path->flags;
	scan->custom_plans = custom_plans;
	scan->custom_scan_tlist = aggpath_scan_tlist(path);
	(void) collect_params((Node *) scan->custom_scan_tlist, &params);
	scan->custom_exprs = params;
	scan->custom_private = list_make5(list_nth(private, 5),
									  list_nth(private, 4),
									  list_nth(private, 6),
									  list_nth(private, 7),
									  list_nth(private, 8));
	scan->custom_private = lappend(scan->custom_private, list_nth(private, 9));
	scan->methods = &aggnode_plan_methods;
	return &scan->scan.plan;
}

static const CustomPathMethods aggpath_methods = {
	.CustomName = "RustsAggregate",
	.PlanCustomPath = aggpath_plan,
};

/* ---------- paths ---------- */

/*
 * custom_private: keys, refs, aggrefs, having, eqs, mode, buckets, order,
 * workers, stream
 */
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
	path->custom_private = list_make5(plan->keys, plan->refs,
									  plan->aggrefs, plan->having,
									  plan->eqs);
	path->custom_private = lappend(path->custom_private, makeInteger(mode));
	path->custom_private = lappend(path->custom_private, NIL);
	path->custom_private = lappend(path->custom_private, NIL);
	path->custom_private = lappend(path->custom_private, makeInteger(0));
	path->custom_private = lappend(path->custom_private, NIL);
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
	list_nth_cell(path->custom_private, 7)->ptr_value = order;
	path->path.pathkeys = pathkeys;
	path->path.startup_cost += groups * cpu_operator_cost;
	path->path.total_cost += groups * cpu_operator_cost;
}

/* The aggregates' states, in place of their results. */
List *
aggpath_partial_aggrefs(const AggPlan *plan)
{
	List	   *partial = NIL;
	ListCell   *cell;

	foreach(cell, plan->aggrefs)
	{
		Aggref	   *aggref = copyObject(lfirst_node(Aggref, cell));

		aggref->aggsplit = AGGSPLIT_INITIAL_SERIAL;
		aggref->aggtype = BYTEAOID;
		aggref->aggcollid = InvalidOid;
		partial = lappend(partial, aggref);
	}
	return partial;
}

PathTarget *
aggpath_partial_target(PlannerInfo *root, const AggPlan *plan)
{
	PathTarget *target = create_empty_pathtarget();
	ListCell   *cell;
	ListCell   *ref;

	forboth(cell, plan->keys, ref, plan->refs)
		add_column_to_pathtarget(target, lfirst(cell), lfirst_int(ref));
	/* all states travel in the column of the first */
	if (plan->aggrefs != NIL)
		add_column_to_pathtarget(target, linitial(plan->aggrefs), 0);
	return set_pathtarget_cost_width(root, target);
}

/* Will metadata answer nearly everything? */
bool
aggpath_from_metadata(RelOptInfo *input, const AggPlan *plan)
{
	ListCell   *cell;

	if (!settings_enable_metadata_agg || plan->keys != NIL ||
		input->baserestrictinfo != NIL)
		return false;
	foreach(cell, plan->aggrefs)
		if (!aggfunc_may_take_summary(lfirst_node(Aggref, cell)))
			return false;
	return true;
}

void
aggpath_discount_metadata(CustomPath *path)
{
	/* no more than the directory is read, and the hot rows */
	path->path.total_cost -= path->path.startup_cost * 0.99;
	path->path.startup_cost *= 0.01;
}

bool
aggpath_can_combine(const AggPlan *plan)
{
	ListCell   *cell;

	foreach(cell, plan->aggrefs)
		if (!aggresult_can_combine(lfirst_node(Aggref, cell)))
			return false;
	return true;
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

static void
aggpath_add_parallel(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output,
					 const AggPlan *plan, double groups)
{
	AggPlan		states = *plan;
	int			workers;
	CustomPath *scan;
	CustomPath *partial;
	CustomPath *final;
	Path	   *gather;
	double		rows;

	if (!aggpath_can_combine(plan))
		return;
	if (!input->consider_parallel || !output->consider_parallel ||
		input->lateral_relids != NULL ||
		!is_parallel_safe(root, (Node *) plan->keys) ||
		!is_parallel_safe(root, (Node *) plan->aggrefs))
		return;
	workers = scanpath_workers(input);
	if (workers <= 0)
		return;
	scan = scanpath_create(root, input, workers);
	states.aggrefs = aggpath_partial_aggrefs(plan);
	states.having = NIL;
	partial = aggpath_make(output, aggpath_partial_target(root, &states),
						   &scan->path, &states, AGGNODE_PARTIAL);
	partial->path.parallel_safe = true;
	aggpath_cost(partial, plan, &scan->path, groups, scan->path.rows);
	/* units are runs of series, so that few groups are in several of them */
	rows = plan->keys == NIL ? workers + 1 : groups * 1.5;
	gather = (Path *) create_gather_path(root, output, &partial->path,
										 partial->path.pathtarget, NULL,
										 &rows);
	final = aggpath_final(root, output, plan, gather, groups);
	final->path.parallel_safe = false;
	add_path(output, &final->path);
}

/* Rows of a table between the first groups that are handed out and the next. */
#define STREAM_ROWS 1000000.0

/*
 * Hand groups out before all is read, where the order allows it.  Added for
 * itself, for who wants only the first groups; then the path goes on as if
 * nothing were gained, for with others it is not known when they begin.
 */
static void
aggpath_stream(PlannerInfo *root, RelOptInfo *input, CustomPath *path,
			   const AggPlan *plan, double groups, double rows)
{
	List	   *order = list_nth(path->custom_private, 7);
	List	   *stream = aggstream_plan(plan->keys, plan->aggrefs, order, groups);
	CustomPath *alone;

	if (stream == NIL)
		return;
	list_nth_cell(path->custom_private, 9)->ptr_value = stream;

	/*
	 * Segments keep to windows of the table's time.  In the order of another
	 * column they may all reach over the same values, and then nothing is
	 * complete early.
	 */
	if (rows <= STREAM_ROWS || lsecond_int(stream) !=
		planner_time(planner_rt_fetch(input->relid, root)->relid))
		return;
	alone = makeNode(CustomPath);
	*alone = *path;
	alone->custom_private = list_copy(path->custom_private);
	alone->path.startup_cost *= STREAM_ROWS / rows;
	add_path(path->path.parent, &alone->path);
}

/* Let resident workers take part if that pays; false: it does not. */
static bool
aggpath_add_team(PlannerInfo *root, RelOptInfo *input, CustomPath *path,
				 const AggPlan *plan, double groups)
{
	int			workers = teampath_workers(root, input, plan->keys,
										   plan->eqs, plan->aggrefs);
	Cost		alone = path->path.startup_cost;
	Cost		cost;

	if (workers <= 0)
		return false;
	cost = teampath_cost(alone, workers, groups);
	if (cost >= alone)
		return false;
	list_nth_cell(path->custom_private, 8)->ptr_value = makeInteger(workers);
	path->path.startup_cost = cost;
	path->path.total_cost -= alone - cost;
	return true;
}

/* A clause without columns becomes a Result above the scan. */
static bool
aggpath_has_gate(PlannerInfo *root, RelOptInfo *input)
{
	ListCell   *cell;

	if (!root->hasPseudoConstantQuals)
		return false;
	foreach(cell, input->baserestrictinfo)
		if (lfirst_node(RestrictInfo, cell)->pseudoconstant)
			return true;
	return false;
}

static void
aggpath_add(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output,
			List *clauses, AggPlan *plan)
{
	CustomPath *scan;
	CustomPath *path;
	ScanTopPlan top = {0};
	double		groups = 1;
	int			buckets = 0;
	int			key;
	AttrNumber	attno;
	bool		zoned;

	if (!settings_enable_vectorized_agg || !IS_SIMPLE_REL(input) ||
		aggpath_has_gate(root, input))
		return;
	if (planner_rt_fetch(input->relid, root)->inh)
	{
		if (aggplan_make(root, input, clauses, plan))
			aggappend_add(root, input, output, plan);
		return;
	}
	if (!scanpath_possible(root, input) ||
		!aggplan_make(root, input, clauses, plan))
		return;
	if (plan->keys != NIL)
		groups = group_estimate_rows(root, input, plan->keys);
	scan = scanpath_create(root, input, 0);
	if (settings_enable_ordered_scan &&
		aggtop_for_aggregates(root, input, plan->keys, plan->eqs,
							   plan->aggrefs, &top))
		scanpath_set_top(scan, &top, groups);
	path = aggpath_make(output, plan->target, &scan->path, plan,
						AGGNODE_SIMPLE);
	aggpath_cost(path, plan, &scan->path, groups, scan->path.rows);
	aggpath_order(root, path, plan, groups);
	if (aggpath_from_metadata(input, plan))
	{
		aggpath_discount_metadata(path);
		add_path(output, &path->path);
		return;
	}
	if (settings_enable_ordered_scan)
		buckets = aggtop_for_buckets(root, input, plan->keys, &key, &attno,
									  &zoned);
	if (buckets > 0)
		list_nth_cell(path->custom_private, 6)->ptr_value =
			list_make4_int(buckets, key, attno, zoned);
	if (top.attno == 0 && buckets == 0)
		aggpath_stream(root, input, path, plan, groups, scan->path.rows);
	/* reading less beats reading it in parallel */
	if (top.attno != 0 || buckets > 0 ||
		aggpath_add_team(root, input, path, plan, groups))
		add_path(output, &path->path);
	else
	{
		add_path(output, &path->path);
		aggpath_add_parallel(root, input, output, plan, groups);
	}
}

static void
aggpath_add_grouping(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output,
					 GroupPathExtraData *extra)
{
	AggPlan		plan = {0};

	if (root->parse->groupingSets != NIL ||
		(!root->parse->hasAggs && root->parse->groupClause == NIL) ||
		extra->patype == PARTITIONWISE_AGGREGATE_PARTIAL)
		return;
	plan.target = output->reltarget;
	plan.having = (List *) extra->havingQual;
	aggpath_add(root, input, output, compat_group_clause(root), &plan);
}

/* Only DISTINCT on all that is selected, straight from the table. */
static void
aggpath_add_distinct(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output)
{
	Query	   *parse = root->parse;
	AggPlan		plan = {0};

	if (parse->hasDistinctOn || parse->hasAggs || parse->groupClause != NIL ||
		parse->groupingSets != NIL || parse->havingQual != NULL ||
		parse->hasWindowFuncs || parse->hasTargetSRFs)
		return;
	plan.target = input->reltarget;
	aggpath_add(root, input, output, compat_distinct_clause(root), &plan);
}

void
aggpath_upper_paths(PlannerInfo *root, UpperRelationKind stage,
					RelOptInfo *input, RelOptInfo *output, void *extra)
{
	if (stage == UPPERREL_GROUP_AGG && extra != NULL)
		aggpath_add_grouping(root, input, output,
							 (GroupPathExtraData *) extra);
	else if (stage == UPPERREL_DISTINCT)
		aggpath_add_distinct(root, input, output);
}

void
aggpath_init(void)
{
	RegisterCustomScanMethods(&aggnode_plan_methods);
}
