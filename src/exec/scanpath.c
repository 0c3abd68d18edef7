/*
 * scanpath.c
 *	  Plan the columnar scan of a base relation.
 *
 * Offered for every rusts table with segments.  All restriction clauses go
 * into the node (custom_exprs): what the vector kernels do not know is
 * evaluated row by row there.
 *
 * Clauses of a security barrier (row-level security, security_barrier views)
 * must be evaluated in the order of their security levels unless they are
 * leakproof.  The list keeps that order, and only clauses that may run before
 * all others are marked to be tried early, on tags (blockscan.c).  Zone tests
 * compare numbers, which leaks nothing.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "nodes/makefuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"

#include "exec/scannode.h"
#include "exec/scanpath.h"
#include "exec/toppath.h"
#include "exec/vexpr.h"
#include "table/planner.h"
#include "table/settings.h"

static set_rel_pathlist_hook_type previous_pathlist = NULL;

/* Cost of handling one row on vectors, in units of cpu_tuple_cost. */
#define VECTOR_ROW_COST 0.005
/* Of making a row for PostgreSQL's executor out of it. */
#define VECTOR_OUTPUT_COST 0.5

/* ---------- possible? ---------- */

/* Other system columns than these need a heap tuple. */
static bool
scanpath_system_column_is_fine(int attno)
{
	return attno == TableOidAttributeNumber ||
		attno == SelfItemPointerAttributeNumber;
}

/*
 * Attributes that leave the scan or are filtered on, offset as in
 * pull_varattnos.  attr_needed would not do: children of an append have none.
 */
static Bitmapset *
scanpath_attnos(RelOptInfo *rel, List *clauses)
{
	Bitmapset  *attnos = NULL;

	pull_varattnos((Node *) rel->reltarget->exprs, rel->relid, &attnos);
	pull_varattnos((Node *) clauses, rel->relid, &attnos);
	return attnos;
}

static bool
scanpath_needs_heap_tuple(RelOptInfo *rel)
{
	Bitmapset  *attnos;
	int			attno = -1;

	attnos = scanpath_attnos(rel, extract_actual_clauses(rel->baserestrictinfo,
														 false));
	while ((attno = bms_next_member(attnos, attno)) >= 0)
	{
		int			real = attno + FirstLowInvalidHeapAttributeNumber;

		if (real >= 0)
			break;
		if (!scanpath_system_column_is_fine(real))
			return true;
	}
	return false;
}

bool
scanpath_possible(PlannerInfo *root, RelOptInfo *rel)
{
	RangeTblEntry *rte;

	if (!settings_enable_custom_scan || !IS_SIMPLE_REL(rel) || rel->relid == 0)
		return false;
	rte = planner_rt_fetch(rel->relid, root);
	return rte->rtekind == RTE_RELATION && !rte->inh &&
		rte->tablesample == NULL &&
		(rte->relkind == RELKIND_RELATION || rte->relkind == RELKIND_MATVIEW) &&
		!is_dummy_rel(rel) && !scanpath_needs_heap_tuple(rel) &&
		planner_has_segments(rte->relid);
}

/* ---------- cost ---------- */

static bool
scanpath_attno_needed(Bitmapset *attnos, int attno)
{
	return bms_is_member(attno - FirstLowInvalidHeapAttributeNumber, attnos) ||
		bms_is_member(-FirstLowInvalidHeapAttributeNumber, attnos);
}

/* Share of the table's bytes that the needed columns make up. */
static double
scanpath_column_share(RelOptInfo *rel)
{
	Bitmapset  *attnos;
	double		all = 0;
	double		needed = 0;
	int			attno;

	attnos = scanpath_attnos(rel, extract_actual_clauses(rel->baserestrictinfo,
														 false));
	for (attno = 1; attno <= rel->max_attr; attno++)
	{
		int32		width = Max(rel->attr_widths[attno - rel->min_attr], 8);

		all += width;
		if (scanpath_attno_needed(attnos, attno))
			needed += width;
	}
	return all > 0 ? Max(needed / all, 0.02) : 1;
}

static void
scanpath_cost(PlannerInfo *root, RelOptInfo *rel, CustomPath *path,
			  int workers)
{
	double		rows = Max(rel->tuples, 1);
	double		output = path->path.param_info ?
	path->path.param_info->ppi_rows : rel->rows;
	double		share = scanpath_column_share(rel);
	double		visited = rows;
	Cost		filter = 0;
	Cost		cpu;
	Cost		disk;
	ListCell   *cell;

	foreach(cell, rel->baserestrictinfo)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, cell);
		Selectivity selectivity;
		double		cost;

		if (rinfo->pseudoconstant)
			continue;
		selectivity = clause_selectivity(root, (Node *) rinfo, 0, JOIN_INNER,
										 NULL);
		if (!vexpr_is_vectorized((Node *) rinfo->clause, &cost))
			cost = Max(cost, 1);
		filter += visited * cost * cpu_operator_cost;
		visited = Max(visited * selectivity, 1);
	}

	/* sorted segments let most of what does not match be skipped */
	disk = rel->pages * share * Min(1, 2 * visited / rows) * seq_page_cost * 0.2;
	cpu = filter + (rows * 0.1 + visited) * VECTOR_ROW_COST * cpu_tuple_cost +
		output * VECTOR_OUTPUT_COST * cpu_tuple_cost;
	path->path.rows = output;
	if (workers > 0)
	{
		double		divisor = workers;

		if (parallel_leader_participation && workers < 4)
			divisor += 1.0 - 0.3 * workers;
		path->path.rows = clamp_row_est(output / divisor);
		cpu /= divisor;
	}
	path->path.startup_cost = rel->reltarget->cost.startup;
	path->path.total_cost = path->path.startup_cost + disk + cpu +
		rel->reltarget->cost.per_tuple * path->path.rows;
}

Cost
scanpath_batch_cost(const Path *path)
{
	return path->total_cost - path->rows * (VECTOR_OUTPUT_COST *
											cpu_tuple_cost +
											path->pathtarget->cost.per_tuple);
}

/* ---------- plan ---------- */

/* Does a clause come before another?  See the top of the file. */
static int
scanpath_compare_clauses(const ListCell *a, const ListCell *b)
{
	const RestrictInfo *x = lfirst_node(RestrictInfo, a);
	const RestrictInfo *y = lfirst_node(RestrictInfo, b);
	double		cost_x;
	double		cost_y;

	if (x->security_level != y->security_level)
		return x->security_level < y->security_level ? -1 : 1;
	if (!vexpr_is_vectorized((Node *) x->clause, &cost_x))
		cost_x += 100;
	if (!vexpr_is_vectorized((Node *) y->clause, &cost_y))
		cost_y += 100;

	/* cost per row taken out */
	cost_x /= Max(1 - Max(x->norm_selec, 0), 0.01);
	cost_y /= Max(1 - Max(y->norm_selec, 0), 0.01);
	return cost_x < cost_y ? -1 : cost_x > cost_y;
}

static List *
scanpath_needed_list(RelOptInfo *rel, List *clauses)
{
	Bitmapset  *attnos = scanpath_attnos(rel, clauses);
	List	   *needed = NIL;
	int			attno;

	for (attno = 1; attno <= rel->max_attr; attno++)
		if (scanpath_attno_needed(attnos, attno))
			needed = lappend_int(needed, attno);
	return needed;
}

static Plan *
scanpath_plan(PlannerInfo *root, RelOptInfo *rel, CustomPath *path,
			  List *tlist, List *clauses, List *custom_plans)
{
	CustomScan *scan = makeNode(CustomScan);
	List	   *early = NIL;
	List	   *filters = NIL;
	Index		lowest = PG_UINT32_MAX;
	ListCell   *cell;

	clauses = list_copy(clauses);
	list_sort(clauses, scanpath_compare_clauses);
	foreach(cell, clauses)
		lowest = Min(lowest, lfirst_node(RestrictInfo, cell)->security_level);
	foreach(cell, clauses)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, cell);

		if (rinfo->pseudoconstant)
			continue;			/* a gating node sees to these */
		filters = lappend(filters, rinfo->clause);
		early = lappend_int(early, rinfo->leakproof ||
							rinfo->security_level == lowest);
	}
	scan->scan.plan.targetlist = tlist;
	scan->scan.scanrelid = rel->relid;
	scan->flags = path->flags;
	scan->custom_exprs = filters;
	scan->custom_private = list_make3(scanpath_needed_list(rel, filters),
									  early, path->custom_private);
	scan->methods = &scannode_plan_methods;
	return &scan->scan.plan;
}

static const CustomPathMethods scanpath_methods = {
	.CustomName = "RustsScan",
	.PlanCustomPath = scanpath_plan,
};

bool
scanpath_is_ours(const Path *path)
{
	return IsA(path, CustomPath) &&
		((const CustomPath *) path)->methods == &scanpath_methods;
}

void
scanpath_set_top(CustomPath *path, const ScanTopPlan *plan, double rows)
{
	/* most of the table is skipped, and most of what is read is dropped */
	path->custom_private = scantop_describe(plan);
	path->path.rows = clamp_row_est(Min(rows, path->path.rows));
	path->path.total_cost = path->path.startup_cost +
		(path->path.total_cost - path->path.startup_cost) * 0.05 +
		path->path.rows * cpu_tuple_cost;
}

CustomPath *
scanpath_create(PlannerInfo *root, RelOptInfo *rel, int workers)
{
	CustomPath *path = makeNode(CustomPath);

	path->path.pathtype = T_CustomScan;
	path->path.parent = rel;
	path->path.pathtarget = rel->reltarget;
	path->path.param_info = get_baserel_parampathinfo(root, rel,
													  rel->lateral_relids);
	path->path.parallel_safe = rel->consider_parallel;
	path->path.parallel_aware = workers > 0;
	path->path.parallel_workers = workers;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->methods = &scanpath_methods;
	scanpath_cost(root, rel, path, workers);
	return path;
}

static void
scanpath_add(PlannerInfo *root, RelOptInfo *rel, Index rti,
			 RangeTblEntry *rte)
{
	CustomPath *path;
	ScanTopPlan top;
	double		top_rows;
	int			workers = 0;

	if (previous_pathlist)
		previous_pathlist(root, rel, rti, rte);
	if (!scanpath_possible(root, rel))
		return;
	path = scanpath_create(root, rel, 0);
	if (settings_enable_ordered_scan &&
		toppath_for_order(root, rel, &top, &top_rows))
		scanpath_set_top(path, &top, top_rows);
	add_path(rel, &path->path);
	if (rel->consider_parallel && rel->lateral_relids == NULL)
		workers = compute_parallel_worker(rel, rel->pages, -1,
										  max_parallel_workers_per_gather);
	if (workers > 0)
		add_partial_path(rel, &scanpath_create(root, rel, workers)->path);
}

void
scanpath_init(void)
{
	previous_pathlist = set_rel_pathlist_hook;
	set_rel_pathlist_hook = scanpath_add;
	RegisterCustomScanMethods(&scannode_plan_methods);
}
