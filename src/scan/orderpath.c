/*
 * orderpath.c
 *	  Which orders of a columnar scan are of use to the query?
 *
 * A scan can give its rows by the first few tags, or all, with time after them
 * or not; and by time alone.  Tags go up or down together, time on its own.
 * NULLs come where PostgreSQL puts them by default.  PostgreSQL says whether
 * an order is of use (truncate_useless_pathkeys); only orders that are of use
 * as a whole go to add_path, and there they have to win by cost.
 *
 * A tag that an equality in the query fixes is no part of the order that the
 * planner sees, but helps: with hostname = 'a', rows by (hostname, time) are
 * rows by time, and come from runs that need no sort.  Hence longer lists of
 * tags are tried first.  The order by time alone is offered nevertheless: it
 * opens one segment after the other.
 *
 * Beside reading, an order by tags costs a comparison or two a row; one by
 * time costs a few more, because slices of segments are sorted (ordertime.c).
 * Little of either delays the first row.
 */
#include "postgres.h"

#include <math.h>

#include "access/relation.h"
#include "access/stratnum.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "parser/parsetree.h"
#include "utils/typcache.h"

#include "option/options.h"
#include "scan/orderpath.h"
#include "scan/scanorder.h"
#include "scan/scanpath.h"
#include "vexpr/costs.h"
#include "vexpr/shape.h"
#include "vexpr/vexpr.h"
#include "write/size.h"

/* A column that rows can be ordered by. */
typedef struct OrderColumn
{
	AttrNumber	attno;
	Oid			opfamily;
	EquivalenceClass *eclass;	/* NULL: the query has no use for its order */
} OrderColumn;

typedef struct OrderSearch
{
	PlannerInfo *root;
	RelOptInfo *rel;
	int			ntags;
	OrderColumn *tags;
	OrderColumn time;
	double		segments;		/* that are to be read */
	double		hot_rows;
	List	   *found;			/* lists of pathkeys, of orders with tags */
} OrderSearch;

/* ---------- pathkeys ---------- */

static bool
eclass_has_column(EquivalenceClass *eclass, RelOptInfo *rel, AttrNumber attno)
{
	ListCell   *cell;

	foreach(cell, eclass->ec_members)
	{
		EquivalenceMember *member = lfirst(cell);
		Expr	   *expr = member->em_expr;

		expr = (Expr *) shape_strip((Node *) expr);
		if (bms_equal(member->em_relids, rel->relids) && IsA(expr, Var) &&
			((Var *) expr)->varattno == attno)
			return true;
	}
	return false;
}

/* The class that sorting by a column in its type's order belongs to. */
static void
ordercolumn_find(PlannerInfo *root, RelOptInfo *rel, TupleDesc desc,
				 OrderColumn *column)
{
	Form_pg_attribute attribute = TupleDescAttr(desc, column->attno - 1);
	TypeCacheEntry *cache = lookup_type_cache(attribute->atttypid,
											  TYPECACHE_BTREE_OPFAMILY |
											  TYPECACHE_LT_OPR |
											  TYPECACHE_GT_OPR);
	ListCell   *cell;

	column->opfamily = cache->btree_opf;
	if (!OidIsValid(cache->btree_opf) || !OidIsValid(cache->lt_opr) ||
		!OidIsValid(cache->gt_opr))
		return;
	foreach(cell, root->eq_classes)
	{
		EquivalenceClass *eclass = lfirst_node(EquivalenceClass, cell);

		if (!eclass->ec_has_volatile &&
			eclass->ec_collation == attribute->attcollation &&
			list_member_oid(eclass->ec_opfamilies, cache->btree_opf) &&
			eclass_has_column(eclass, rel, column->attno))
		{
			column->eclass = eclass;
			return;
		}
	}
}

/* Append the pathkey of a column unless it adds nothing; false: it has none. */
static bool
ordercolumn_append(PlannerInfo *root, const OrderColumn *column, bool desc,
				   List **pathkeys)
{
	ListCell   *cell;

	if (column->eclass == NULL)
		return false;
	if (EC_MUST_BE_REDUNDANT(column->eclass))
		return true;
	foreach(cell, *pathkeys)
		if (lfirst_node(PathKey, cell)->pk_eclass == column->eclass)
			return true;
	*pathkeys = lappend(*pathkeys,
						make_canonical_pathkey(root, column->eclass,
											   column->opfamily,
											   desc ? BTGreaterStrategyNumber :
											   BTLessStrategyNumber, desc));
	return true;
}

/* ---------- cost ---------- */

/* The first rows come when a part of the first segment has been sorted. */
static void
orderpath_cost_by_time(OrderSearch *search, CustomPath *path)
{
	Cost		read = path->path.total_cost - path->path.startup_cost;
	double		hot = Max(search->hot_rows, 2);
	double		share = path->path.rows / Max(search->rel->tuples, 1);
	Cost		sort_hot;

	sort_hot = hot * cpu_tuple_cost +
		hot * share * log2(hot) * 2 * cpu_operator_cost;
	path->path.total_cost += sort_hot +
		path->path.rows * COST_OF_NS(COST_SLICE_ROW_NS);

	/*
	 * An Append in the order of its partitions starts one after the other,
	 * but is taken to start them all before its first row (cost_append).
	 */
	if (IS_OTHER_REL(search->rel))
		path->path.startup_cost = 0;
	else
		path->path.startup_cost += sort_hot + read / search->segments;
}

static void
orderpath_cost_by_tags(OrderSearch *search, CustomPath *path)
{
	double		hot = Max(search->hot_rows, 2);
	double		share = path->path.rows / Max(search->rel->tuples, 1);
	Cost		sort_hot;

	/* all segments are opened before the first row comes */
	sort_hot = hot * cpu_tuple_cost +
		hot * share * log2(hot) * 2 * cpu_operator_cost;
	path->path.startup_cost += sort_hot +
		search->segments * COST_OF_NS(COST_SEGMENT_OPEN_NS);
	path->path.total_cost += sort_hot + path->path.rows * cpu_operator_cost *
		(1 + log2(search->segments));
}

/* ---------- orders ---------- */

static void
orderpath_try(OrderSearch *search, int ntags, bool time, bool tags_desc,
			  bool time_desc)
{
	PlannerInfo *root = search->root;
	List	   *pathkeys = NIL;
	ScanOrderPlan plan = {NIL, 0, tags_desc, time_desc};
	CustomPath *path;
	ListCell   *cell;
	int			i;

	for (i = 0; i < ntags; i++)
	{
		if (!ordercolumn_append(root, &search->tags[i], tags_desc, &pathkeys))
			return;
		plan.tags = lappend_int(plan.tags, search->tags[i].attno);
	}
	if (time)
	{
		plan.time = search->time.attno;
		if (!ordercolumn_append(root, &search->time, time_desc, &pathkeys))
			return;
	}
	if (pathkeys == NIL ||
		list_length(truncate_useless_pathkeys(root, search->rel, pathkeys)) <
		list_length(pathkeys))
		return;
	foreach(cell, ntags > 0 ? search->found : NIL)
		if (compare_pathkeys(lfirst(cell), pathkeys) == PATHKEYS_EQUAL)
			return;
	search->found = lappend(search->found, pathkeys);
	path = scanpath_create(root, search->rel, 0);
	path->path.pathkeys = pathkeys;
	scanpath_set_order(path, &plan);
	if (ntags == 0)
		orderpath_cost_by_time(search, path);
	else
		orderpath_cost_by_tags(search, path);
	add_path(search->rel, &path->path);
}

static void
orderpath_try_all(OrderSearch *search)
{
	bool		merge = search->segments <= SCANORDER_MAX_SEGMENTS;
	int			ntags;
	int			desc;

	for (ntags = search->ntags; merge && ntags > 0; ntags--)
		for (desc = 0; desc < 4; desc++)
			orderpath_try(search, ntags, true, desc & 1, desc >> 1);
	for (ntags = 1; merge && ntags <= search->ntags; ntags++)
		for (desc = 0; desc < 2; desc++)
			orderpath_try(search, ntags, false, desc, false);
	for (desc = 0; desc < 2; desc++)
		orderpath_try(search, 0, true, false, desc);
}

/* ---------- the table ---------- */

static void
orderpath_look_up(OrderSearch *search, Relation table)
{
	TupleDesc	desc = RelationGetDescr(table);
	TableOptions *options = options_get(table);
	SegmentTotals totals;
	int			i;

	search->tags = palloc0(Max(1, options->ntags) * sizeof(OrderColumn));
	for (i = 0; i < options->ntags; i++)
	{
		search->tags[i].attno = options->tags[i];
		ordercolumn_find(search->root, search->rel, desc, &search->tags[i]);
		if (search->tags[i].eclass == NULL)
			break;
	}
	search->ntags = i;
	search->time.attno = options->time_attnum;
	if (options->time_attnum > 0 &&
		vexpr_type_kind(options->time_type) == VECTOR_INT)
		ordercolumn_find(search->root, search->rel, desc, &search->time);
	size_planner_totals(table, &totals);
	search->segments = scanpath_segments(search->root, search->rel,
										 search->rel->baserestrictinfo,
										 options->time_attnum,
										 totals.segments);
	search->hot_rows = Max(0, search->rel->tuples - totals.rows);
}

void
orderpath_add(PlannerInfo *root, RelOptInfo *rel)
{
	OrderSearch search = {root, rel};
	Relation	table;

	if (!has_useful_pathkeys(root, rel))
		return;
	/* the planner holds a lock on every relation that it asks about */
	table = relation_open(planner_rt_fetch(rel->relid, root)->relid, NoLock);
	orderpath_look_up(&search, table);
	relation_close(table, NoLock);
	orderpath_try_all(&search);
}
