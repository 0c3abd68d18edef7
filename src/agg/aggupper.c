/*
 * aggupper.c
 *	  Which paths of vectorised aggregation a grouped relation gets.
 *
 * An aggregation of a single rusts table gets a path of ours when every
 * aggregate can be computed on batches and the targets are made of group keys
 * and aggregates only (aggplan.c); one of partitions, when all of them are
 * rusts tables (aggappend.c).  SELECT DISTINCT is an aggregation without
 * aggregates.  Everything else stays with PostgreSQL's Agg, over the columnar
 * scan.
 */
#include "postgres.h"

#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/planner.h"
#include "parser/parsetree.h"

#include "agg/aggappend.h"
#include "agg/aggnode.h"
#include "agg/aggpath.h"
#include "agg/aggplan.h"
#include "agg/aggstream.h"
#include "agg/aggteam_path.h"
#include "agg/aggtop.h"
#include "agg/aggupper.h"
#include "compat/planning.h"
#include "option/settings.h"
#include "scan/group_estimate.h"
#include "scan/scanpath.h"
#include "table/planner.h"

/* Rows of a table between the first groups that are handed out and the next. */
#define STREAM_ROWS 1000000.0

static void
aggupper_add_parallel(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output,
					  const AggPlan *plan, double groups)
{
	AggPlan		states = *plan;
	int			workers;
	CustomPath *scan;
	CustomPath *partial;
	CustomPath *final;
	Path	   *gather;
	double		rows;

	if (!aggplan_can_combine(plan))
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
	states.aggrefs = aggplan_partial_aggrefs(plan);
	states.having = NIL;
	partial = aggpath_make(output, aggplan_partial_target(root, &states),
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

/*
 * Hand groups out before all is read, where the order allows it.  Added for
 * itself, for who wants only the first groups; then the path goes on as if
 * nothing were gained, for with others it is not known when they begin.
 */
static void
aggupper_stream(PlannerInfo *root, RelOptInfo *input, CustomPath *path,
				const AggPlan *plan, double groups, double rows)
{
	List	   *order = aggpath_get_order(path);
	List	   *stream = aggstream_plan(plan->keys, plan->aggrefs, order, groups);
	CustomPath *alone;

	if (stream == NIL)
		return;
	aggpath_set_stream(path, stream);

	/*
	 * Segments keep to windows of the table's time.  In the order of another
	 * column they may all reach over the same values, and then nothing is
	 * complete early.
	 */
	if (rows <= STREAM_ROWS || lsecond_int(stream) !=
		planner_time(planner_rt_fetch(input->relid, root)->relid))
		return;
	alone = aggpath_copy(path);
	alone->path.startup_cost *= STREAM_ROWS / rows;
	add_path(path->path.parent, &alone->path);
}

/* Let resident workers take part if that pays; false: it does not. */
static bool
aggupper_add_team(PlannerInfo *root, RelOptInfo *input, CustomPath *path,
				  const AggPlan *plan, double groups)
{
	int			workers = aggteam_path_workers(root, input, plan->keys,
											   plan->eqs, plan->aggrefs);
	Cost		alone = path->path.startup_cost;
	Cost		cost;

	if (workers <= 0)
		return false;
	cost = aggteam_path_cost(alone, workers, groups);
	if (cost >= alone)
		return false;
	aggpath_set_workers(path, workers);
	path->path.startup_cost = cost;
	path->path.total_cost -= alone - cost;
	return true;
}

/* A clause without columns becomes a Result above the scan. */
static bool
aggupper_has_gate(PlannerInfo *root, RelOptInfo *input)
{
	ListCell   *cell;

	if (!root->hasPseudoConstantQuals)
		return false;
	foreach(cell, input->baserestrictinfo)
		if (lfirst_node(RestrictInfo, cell)->pseudoconstant)
			return true;
	return false;
}

/* The newest buckets, if the query wants no others: how many; 0: all. */
static int
aggupper_find_buckets(PlannerInfo *root, RelOptInfo *input, CustomPath *path,
					  const AggPlan *plan)
{
	int			buckets;
	int			key;
	AttrNumber	attno;
	bool		zoned;

	if (!settings_enable_ordered_scan)
		return 0;
	buckets = aggtop_for_buckets(root, input, plan->keys, &key, &attno,
								 &zoned);
	if (buckets > 0)
		aggpath_set_buckets(path,
							list_make4_int(buckets, key, attno, zoned));
	return buckets;
}

static void
aggupper_add_table(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output,
				   const AggPlan *plan)
{
	CustomPath *scan = scanpath_create(root, input, 0);
	CustomPath *path;
	ScanTopPlan top = {0};
	double		groups = 1;
	int			buckets;
	bool		alone;

	if (plan->keys != NIL)
		groups = group_estimate_rows(root, input, plan->keys);
	if (settings_enable_ordered_scan &&
		aggtop_for_aggregates(root, input, plan->keys, plan->eqs,
							  plan->aggrefs, &top))
		scanpath_set_top(scan, &top, groups);
	path = aggpath_make(output, plan->target, &scan->path, plan,
						AGGNODE_SIMPLE);
	aggpath_cost(path, plan, &scan->path, groups, scan->path.rows);
	aggpath_order(root, path, plan, groups);
	if (aggplan_from_metadata(input, plan))
	{
		aggpath_discount_metadata(path);
		add_path(output, &path->path);
		return;
	}
	buckets = aggupper_find_buckets(root, input, path, plan);
	if (top.attno == 0 && buckets == 0)
		aggupper_stream(root, input, path, plan, groups, scan->path.rows);
	/* reading less beats reading it in parallel */
	alone = top.attno != 0 || buckets > 0 ||
		aggupper_add_team(root, input, path, plan, groups);
	add_path(output, &path->path);
	if (!alone)
		aggupper_add_parallel(root, input, output, plan, groups);
}

static void
aggupper_add(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output,
			 List *clauses, AggPlan *plan)
{
	bool		inh;

	if (!settings_enable_vectorized_agg || !IS_SIMPLE_REL(input) ||
		aggupper_has_gate(root, input))
		return;
	inh = planner_rt_fetch(input->relid, root)->inh;
	if ((!inh && !scanpath_possible(root, input)) ||
		!aggplan_make(root, input, clauses, plan))
		return;
	if (inh)
		aggappend_add(root, input, output, plan);
	else
		aggupper_add_table(root, input, output, plan);
}

static void
aggupper_add_grouping(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output,
					  GroupPathExtraData *extra)
{
	AggPlan		plan = {0};

	if (root->parse->groupingSets != NIL ||
		(!root->parse->hasAggs && root->parse->groupClause == NIL) ||
		extra->patype == PARTITIONWISE_AGGREGATE_PARTIAL)
		return;
	plan.target = output->reltarget;
	plan.having = (List *) extra->havingQual;
	aggupper_add(root, input, output, compat_group_clause(root), &plan);
}

/* Only DISTINCT on all that is selected, straight from the table. */
static void
aggupper_add_distinct(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output)
{
	Query	   *parse = root->parse;
	AggPlan		plan = {0};

	if (parse->hasDistinctOn || parse->hasAggs || parse->groupClause != NIL ||
		parse->groupingSets != NIL || parse->havingQual != NULL ||
		parse->hasWindowFuncs || parse->hasTargetSRFs)
		return;
	plan.target = input->reltarget;
	aggupper_add(root, input, output, compat_distinct_clause(root), &plan);
}

void
aggupper_paths(PlannerInfo *root, UpperRelationKind stage,
			   RelOptInfo *input, RelOptInfo *output, void *extra)
{
	if (stage == UPPERREL_GROUP_AGG && extra != NULL)
		aggupper_add_grouping(root, input, output,
							  (GroupPathExtraData *) extra);
	else if (stage == UPPERREL_DISTINCT)
		aggupper_add_distinct(root, input, output);
}

void
aggupper_init(void)
{
	RegisterCustomScanMethods(&aggnode_plan_methods);
}
