/*
 * scanpath.c
 *	  Plan the columnar scan of a base relation.
 *
 * The scan is offered for every rusts table with segments.  All restriction
 * clauses go into the node (custom_exprs): what the vector kernels do not know
 * is evaluated row by row there.
 *
 * Clauses of a security barrier (row-level security, security_barrier views)
 * must be evaluated in the order of their security levels unless they are
 * leakproof.  The list keeps that order, and only clauses that may run before
 * all others are marked to be tried early, on tags (blockscan.c).  Zone tests
 * compare numbers, which leaks nothing.
 */
#include "postgres.h"

#include <math.h>
#include <unistd.h>

#include "access/sysattr.h"
#include "nodes/makefuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planner.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"

#include "compat/planning.h"
#include "option/settings.h"
#include "scan/first_rows.h"
#include "scan/orderpath.h"
#include "scan/parampath.h"
#include "scan/scannode.h"
#include "scan/scanpath.h"
#include "scan/step_filter.h"
#include "table/planner.h"
#include "vexpr/costs.h"
#include "vexpr/shape.h"
#include "vexpr/vexpr.h"
#include "vexpr/vexpr_ahead.h"
#include "vexpr/vexpr_plan.h"


/* Is a SCROLL cursor being planned? */
static bool scanpath_scrolls = false;

/* Rows of a full segment. */
#define SEGMENT_ROWS_TYPICAL 1048576.0

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

/* Also for WHERE CURRENT OF: only a TID scan knows where that is. */
static bool
scanpath_needs_heap_tuple(RelOptInfo *rel)
{
	Bitmapset  *attnos;
	int			attno = -1;
	ListCell   *cell;

	foreach(cell, rel->baserestrictinfo)
		if (IsA(lfirst_node(RestrictInfo, cell)->clause, CurrentOfExpr))
			return true;

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
scanpath_able(PlannerInfo *root, RelOptInfo *rel)
{
	RangeTblEntry *rte;

	if (!settings_enable_custom_scan || !IS_SIMPLE_REL(rel) || rel->relid == 0)
		return false;
	rte = planner_rt_fetch(rel->relid, root);
	return rte->rtekind == RTE_RELATION && !rte->inh &&
		rte->tablesample == NULL &&
		(rte->relkind == RELKIND_RELATION || rte->relkind == RELKIND_MATVIEW) &&
		!is_dummy_rel(rel) && !scanpath_needs_heap_tuple(rel) &&
		planner_is_rusts(rte->relid);
}

bool
scanpath_possible(PlannerInfo *root, RelOptInfo *rel)
{
	return scanpath_able(root, rel) &&
		planner_has_segments(planner_rt_fetch(rel->relid, root)->relid);
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

/* What filters cost and leave over. */
typedef struct ScanFilterCost
{
	double		visited;		/* rows that are not skipped by tags */
	Cost		cost;
} ScanFilterCost;

/* Does a clause look at nothing but tags? */
static bool
scanpath_is_on_tags(RelOptInfo *rel, RestrictInfo *rinfo, Bitmapset *tags)
{
	Bitmapset  *attnos = NULL;

	pull_varattnos((Node *) rinfo->clause, rel->relid, &attnos);
	return attnos != NULL && bms_is_subset(attnos, tags);
}

/* Tags are looked at once a series, and come first. */
static void
scanpath_filter_cost(PlannerInfo *root, RelOptInfo *rel, List *clauses,
					 ScanFilterCost *result)
{
	Bitmapset  *tags = clauses == NIL ? NULL :
	planner_tags(planner_rt_fetch(rel->relid, root)->relid);
	List	   *others = NIL;
	double		read;
	ListCell   *cell;

	foreach(cell, clauses)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, cell);

		if (rinfo->pseudoconstant)
			continue;
		if (scanpath_is_on_tags(rel, rinfo, tags))
			result->visited *= clause_selectivity(root, (Node *) rinfo,
												  rel->relid, JOIN_INNER,
												  NULL);
		else
			others = lappend(others, rinfo);
	}
	read = result->visited = Max(result->visited, 1);
	foreach(cell, others)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, cell);
		Cost		cost;

		if (!vexpr_plan_is_vectorized((Node *) rinfo->clause, &cost))
			cost = Max(cost, cpu_operator_cost);
		result->cost += read * cost;
		read *= clause_selectivity(root, (Node *) rinfo, rel->relid,
								   JOIN_INNER, NULL);
	}
	result->visited = Max(read, 1);
}

double
scanpath_segments(PlannerInfo *root, RelOptInfo *rel, List *clauses,
				  AttrNumber time, double segments)
{
	List	   *on_time = NIL;
	ListCell   *cell;

	foreach(cell, clauses)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, cell);
		Bitmapset  *attnos = NULL;
		int			attno;

		pull_varattnos((Node *) rinfo->clause, rel->relid, &attnos);
		if (bms_get_singleton_member(attnos, &attno) &&
			attno + FirstLowInvalidHeapAttributeNumber == time)
			on_time = lappend(on_time, rinfo);
	}
	segments *= clauselist_selectivity(root, on_time, rel->relid, JOIN_INNER,
									   NULL);
	return Max(1, ceil(segments));
}

/* Of opening the segments that clauses on time leave. */
static Cost
scanpath_open_cost(PlannerInfo *root, RelOptInfo *rel, List *clauses)
{
	Oid			relid = planner_rt_fetch(rel->relid, root)->relid;
	double		segments = planner_segments(relid);

	if (clauses != NIL)
		segments = scanpath_segments(root, rel, clauses, planner_time(relid),
									 segments);
	return segments * COST_OF_NS(COST_SEGMENT_OPEN_NS);
}

/*
 * The access method's own scan opens all segments, too, which PostgreSQL does
 * not know of.
 */
static void
scanpath_raise_seqscan(PlannerInfo *root, RelOptInfo *rel, List *paths)
{
	Cost		open = scanpath_open_cost(root, rel, NIL);
	ListCell   *cell;

	foreach(cell, paths)
	{
		Path	   *path = lfirst(cell);

		if (path->pathtype != T_SeqScan)
			continue;
		path->startup_cost += COST_OF_NS(COST_SCAN_BEGIN_NS);
		path->total_cost += COST_OF_NS(COST_SCAN_BEGIN_NS) + open;
	}
}

static void
scanpath_cost(PlannerInfo *root, RelOptInfo *rel, CustomPath *path,
			  int workers)
{
	ParamPathInfo *param = path->path.param_info;
	double		rows = Max(rel->tuples, 1);
	double		output = param != NULL ? param->ppi_rows : rel->rows;
	double		share = scanpath_column_share(rel);
	ScanFilterCost filter = {rows, 0};
	List	   *clauses = rel->baserestrictinfo;
	Cost		cpu;
	Cost		disk;

	if (param != NULL)
		clauses = list_concat_copy(clauses, param->ppi_clauses);
	scanpath_filter_cost(root, rel, clauses, &filter);

	/* sorted segments let most of what does not match be skipped */
	disk = rel->pages * share * Min(1, 2 * filter.visited / rows) *
		seq_page_cost * COST_PAGE_SHARE;
	cpu = filter.cost + scanpath_open_cost(root, rel, clauses) +
		(rows * COST_SKIPPED_ROW_SHARE + filter.visited) * COST_OF_NS(COST_ROW_NS) +
		output * COST_OF_NS(COST_ROW_OUT_NS);
	path->path.rows = output;
	if (workers > 0)
	{
		double		divisor = workers;

		if (parallel_leader_participation && workers < 4)
			divisor += 1.0 - 0.3 * workers;
		path->path.rows = clamp_row_est(output / divisor);
		cpu /= divisor;
	}
	path->path.startup_cost = rel->reltarget->cost.startup +
		COST_OF_NS(COST_SCAN_BEGIN_NS);
	/* who wants indexes to be used wants it here too */
	if (!enable_seqscan)
		compat_disable_path(&path->path);
	path->path.total_cost = path->path.startup_cost + disk + cpu +
		rel->reltarget->cost.per_tuple * path->path.rows;
}

Cost
scanpath_batch_cost(const Path *path)
{
	return path->total_cost - path->rows * (COST_OF_NS(COST_ROW_OUT_NS) +
											path->pathtarget->cost.per_tuple);
}

/* ---------- plan ---------- */

/* A clause and where it may go. */
typedef struct ScanClause
{
	RestrictInfo *rinfo;
	bool		safe;			/* cannot fail, whatever the row */
	bool		is_volatile;
	double		rank;			/* smaller first, among its like */
	int			position;		/* as given */
} ScanClause;

/* LIKE and regular expressions with a constant pattern do not fail by row. */
static bool
clause_is_match(Node *clause)
{
	static const Oid matches[] = {F_TEXTLIKE, F_TEXTNLIKE, F_TEXTICLIKE,
	F_TEXTICNLIKE, F_TEXTREGEXEQ, F_TEXTREGEXNE, F_TEXTICREGEXEQ, F_TEXTICREGEXNE};
	OpExpr	   *op = (OpExpr *) clause;
	Node	   *left;
	int			i;

	if (!IsA(clause, OpExpr) || list_length(op->args) != 2 ||
		!IsA(lsecond(op->args), Const))
		return false;
	left = linitial(op->args);
	left = shape_strip(left);
	for (i = 0; i < lengthof(matches); i++)
		if (get_opcode(op->opno) == matches[i])
			return IsA(left, Var);
	return false;
}

/*
 * Clauses that cannot fail go first, in the order of cost per row taken out.
 * The others follow in PostgreSQL's own order: what keeps them from failing
 * there (x <> 0 AND 1 / x > 3) has been evaluated by then.
 */
static void
clause_examine(PlannerInfo *root, ScanClause *clause)
{
	Node	   *expr = (Node *) clause->rinfo->clause;
	QualCost	cost;
	Cost		each;

	clause->is_volatile = contain_volatile_functions(expr);
	clause->safe = (!contain_leaked_vars(expr) &&
					vexpr_ahead_is_harmless(expr)) || clause_is_match(expr);
	if (!clause->safe)
	{
		cost_qual_eval_node(&cost, expr, root);
		clause->rank = cost.per_tuple;
		return;
	}
	if (!vexpr_plan_is_vectorized(expr, &each))
		each += 100 * cpu_operator_cost;
	clause->rank = each / Max(1 - Max(clause->rinfo->norm_selec, 0), 0.01);
}

static int
clause_compare(const void *a, const void *b)
{
	const ScanClause *x = a;
	const ScanClause *y = b;

	if (x->rinfo->security_level != y->rinfo->security_level)
		return x->rinfo->security_level < y->rinfo->security_level ? -1 : 1;
	if (x->safe != y->safe)
		return x->safe ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->position - y->position;
}

/*
 * The clauses in the order of evaluation, and which of them may be evaluated
 * on tags before all others: those that neither fail nor leak, or that have only
 * such before them.  A volatile one wants to be asked for each row.
 */
static List *
scanpath_order_clauses(PlannerInfo *root, List *rinfos, List **early)
{
	ScanClause *clauses = palloc(Max(1, list_length(rinfos)) *
								 sizeof(ScanClause));
	List	   *filters = NIL;
	bool		all_early = true;
	int			n = 0;
	int			i;
	ListCell   *cell;

	foreach(cell, rinfos)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, cell);

		if (rinfo->pseudoconstant)
			continue;			/* a gating node sees to these */
		clauses[n].rinfo = rinfo;
		clauses[n].position = n;
		clause_examine(root, &clauses[n++]);
	}
	qsort(clauses, n, sizeof(ScanClause), clause_compare);
	*early = NIL;
	for (i = 0; i < n; i++)
	{
		RestrictInfo *rinfo = clauses[i].rinfo;

		all_early &= clauses[i].safe &&
			(rinfo->security_level == clauses[0].rinfo->security_level ||
			 !contain_leaked_vars((Node *) rinfo->clause));
		filters = lappend(filters, rinfo->clause);
		*early = lappend_int(*early, (all_early || i == 0) &&
							 !clauses[i].is_volatile);
	}
	return filters;
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
	List	   *early;
	List	   *filters = scanpath_order_clauses(root, clauses, &early);

	scan->scan.plan.targetlist = tlist;
	scan->scan.scanrelid = rel->relid;
	scan->flags = path->flags;
	scan->custom_exprs = filters;
	scan->custom_private = list_make4(scanpath_needed_list(rel, filters),
									  early, linitial(path->custom_private),
									  lsecond(path->custom_private));
	scan->methods = &scannode_plan_methods;
	return &scan->scan.plan;
}

static const CustomPathMethods scanpath_methods = {
	.CustomName = "RustsScan",
	.PlanCustomPath = scanpath_plan,
};

void
scanpath_set_top(CustomPath *path, const ScanTopPlan *plan, double rows)
{
	RelOptInfo *rel = path->path.parent;
	double		share = Min(1, SEGMENT_ROWS_TYPICAL / Max(rel->tuples, 1));

	/* about one segment is opened, and most of it is dropped */
	linitial(path->custom_private) = scantop_describe(plan);
	path->path.rows = clamp_row_est(Min(rows, path->path.rows));
	path->path.total_cost = path->path.startup_cost +
		COST_OF_NS(COST_SEGMENT_OPEN_NS) +
		(path->path.total_cost - path->path.startup_cost) * share * COST_TOP_SHARE +
		path->path.rows * cpu_tuple_cost;
}

void
scanpath_set_order(CustomPath *path, const ScanOrderPlan *plan)
{
	lsecond(path->custom_private) = scanorder_describe(plan);
}

static CustomPath *
scanpath_make(PlannerInfo *root, RelOptInfo *rel, int workers, Relids outer)
{
	CustomPath *path = makeNode(CustomPath);

	path->path.pathtype = T_CustomScan;
	path->path.parent = rel;
	path->path.pathtarget = rel->reltarget;
	path->path.param_info = get_baserel_parampathinfo(root, rel, outer);
	path->path.parallel_safe = rel->consider_parallel;
	path->path.parallel_aware = workers > 0;
	path->path.parallel_workers = workers;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->custom_private = list_make2(NIL, NIL);	/* top, order */
	path->methods = &scanpath_methods;
	scanpath_cost(root, rel, path, workers);
	return path;
}

CustomPath *
scanpath_create(PlannerInfo *root, RelOptInfo *rel, int workers)
{
	return scanpath_make(root, rel, workers, rel->lateral_relids);
}

CustomPath *
scanpath_create_inner(PlannerInfo *root, RelOptInfo *rel, Relids outer)
{
	return scanpath_make(root, rel, 0, outer);
}

/* Asking the system opens and reads a file; once is enough. */
static long
count_processors(void)
{
	static long processors = 0;

	if (processors == 0)
		processors = sysconf(_SC_NPROCESSORS_ONLN);
	return processors;
}

/*
 * PostgreSQL's number goes by the size of the table.  A process more than there
 * are processors only costs its start: a scan of segments waits for nothing.
 * Who makes workers free, or names their number, gets them all the same.
 */
int
scanpath_workers(RelOptInfo *rel)
{
	int			workers = compute_parallel_worker(rel, rel->pages, -1,
												  max_parallel_workers_per_gather);
	long		processors = count_processors();

	if (rel->rel_parallel_workers != -1 || parallel_setup_cost <= 0 ||
		processors <= 0)
		return workers;
	if (parallel_leader_participation)
		processors--;
	return Min(workers, Max(processors, 1));
}

PlannedStmt *
scanpath_planner(Query *parse, const char *query_string, int options,
				 ParamListInfo params, planner_hook_type next)
{
	bool		saved = scanpath_scrolls;
	PlannedStmt *result;

	/* planning may plan other queries, and survive their errors */
	PG_TRY();
	{
		scanpath_scrolls = (options & CURSOR_OPT_SCROLL) != 0;
		result = next(parse, query_string, options, params);
	}
	PG_FINALLY();
	{
		scanpath_scrolls = saved;
	}
	PG_END_TRY();
	return result;
}

/*
 * The rows of a table, as a SCROLL cursor gives them out.  UPDATE and DELETE
 * WHERE CURRENT OF want to see that in the plan, so no Material node may stand
 * above the scan to let it go back.
 */
static bool
scanpath_is_scrolled(PlannerInfo *root)
{
	Query	   *parse = root->parse;

	return scanpath_scrolls && root->parent_root == NULL &&
		bms_num_members(root->all_baserels) == 1 && !parse->hasAggs &&
		!parse->hasWindowFuncs && parse->groupClause == NIL &&
		parse->distinctClause == NIL && parse->sortClause == NIL;
}

void
scanpath_add(PlannerInfo *root, RelOptInfo *rel)
{
	CustomPath *path;
	ScanTopPlan top;
	double		top_rows;
	int			workers = 0;

	if (!scanpath_possible(root, rel) || scanpath_is_scrolled(root))
		return;
	step_filter_estimate(root, rel);
	scanpath_raise_seqscan(root, rel, rel->pathlist);
	scanpath_raise_seqscan(root, rel, rel->partial_pathlist);
	path = scanpath_create(root, rel, 0);
	if (settings_enable_ordered_scan &&
		first_rows_for_order(root, rel, &top, &top_rows))
		scanpath_set_top(path, &top, top_rows);
	add_path(rel, &path->path);
	if (settings_enable_ordered_scan && rel->lateral_relids == NULL)
		orderpath_add(root, rel);
	parampath_add(root, rel);
	if (rel->consider_parallel && rel->lateral_relids == NULL)
		workers = scanpath_workers(rel);
	if (workers > 0)
		add_partial_path(rel, &scanpath_create(root, rel, workers)->path);
}

void
scanpath_init(void)
{
	RegisterCustomScanMethods(&scannode_plan_methods);
}
