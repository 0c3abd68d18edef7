/*
 * parampath.c
 *	  Scans for the inner side of a nested loop.
 *
 * A few rows of another table can pick a few series or a stretch of time out of
 * many: dimensions joined by a tag, events joined by a range of time.  A join
 * clause helps when it sets a tag equal to something of the other side, or
 * compares the time with it: then tag runs and zone maps leave little to read.
 * All join clauses that can be evaluated along with it are (param_info); which
 * join wins is up to the planner.
 *
 * There is a path for the relations of each such clause, and one for those of
 * all of them, as far as they are few.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/stratnum.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "option/options.h"
#include "scan/parampath.h"
#include "scan/scanpath.h"
#include "vexpr/shape.h"

/* Each is one more path in the search for the best join order. */
#define MAX_OUTER_SETS 8

typedef struct ParamSearch
{
	PlannerInfo *root;
	RelOptInfo *rel;
	TableOptions *options;
	List	   *outers;			/* distinct Relids */
} ParamSearch;

/* ---------- clauses ---------- */

static AttrNumber
column_of(Node *node, RelOptInfo *rel)
{
	node = shape_strip(node);
	if (node == NULL || !IsA(node, Var) ||
		((Var *) node)->varno != rel->relid || ((Var *) node)->varlevelsup > 0)
		return InvalidAttrNumber;
	return ((Var *) node)->varattno;
}

static bool
is_tag(const TableOptions *options, AttrNumber attno)
{
	int			i;

	for (i = 0; i < options->ntags; i++)
		if (options->tags[i] == attno)
			return true;
	return false;
}

/* Does a comparison of a column with something else leave less to read? */
static bool
comparison_helps(ParamSearch *search, Node *column, Oid opno)
{
	AttrNumber	attno = column_of(column, search->rel);
	TypeCacheEntry *cache;
	int			strategy;

	if (attno <= 0)
		return false;
	cache = lookup_type_cache(exprType(column), TYPECACHE_BTREE_OPFAMILY);
	if (!OidIsValid(cache->btree_opf) || !OidIsValid(opno))
		return false;
	strategy = get_op_opfamily_strategy(opno, cache->btree_opf);
	if (is_tag(search->options, attno))
		return strategy == BTEqualStrategyNumber;
	return strategy != 0 && attno == search->options->time_attnum;
}

static bool
clause_helps(ParamSearch *search, RestrictInfo *rinfo)
{
	Expr	   *clause = rinfo->clause;
	Relids		own = search->rel->relids;

	if (IsA(clause, OpExpr) && list_length(((OpExpr *) clause)->args) == 2)
	{
		OpExpr	   *op = (OpExpr *) clause;

		if (!bms_overlap(rinfo->right_relids, own))
			return comparison_helps(search, linitial(op->args), op->opno);
		return !bms_overlap(rinfo->left_relids, own) &&
			comparison_helps(search, lsecond(op->args),
							 get_commutator(op->opno));
	}
	if (IsA(clause, ScalarArrayOpExpr))
	{
		ScalarArrayOpExpr *op = (ScalarArrayOpExpr *) clause;

		return op->useOr && column_of(lsecond(op->args), search->rel) == 0 &&
			comparison_helps(search, linitial(op->args), op->opno);
	}
	return false;
}

static void
add_outer(ParamSearch *search, RestrictInfo *rinfo)
{
	Relids		outer;
	ListCell   *cell;

	if (!join_clause_is_movable_to(rinfo, search->rel))
		return;
	outer = bms_difference(rinfo->clause_relids, search->rel->relids);
	foreach(cell, search->outers)
		if (bms_equal(lfirst(cell), outer))
			return;
	if (!bms_is_empty(outer) && list_length(search->outers) < MAX_OUTER_SETS)
		search->outers = lappend(search->outers, outer);
}

static bool
member_is_column(PlannerInfo *root, RelOptInfo *rel, EquivalenceClass *eclass,
				 EquivalenceMember *member, void *attno)
{
	return column_of((Node *) member->em_expr, rel) == *(AttrNumber *) attno;
}

static void
add_equalities(ParamSearch *search, AttrNumber attno)
{
	List	   *clauses;
	ListCell   *cell;

	clauses = generate_implied_equalities_for_column(search->root, search->rel,
													 member_is_column, &attno,
													 search->rel->lateral_referencers);
	foreach(cell, clauses)
		add_outer(search, lfirst_node(RestrictInfo, cell));
}

static void
find_outers(ParamSearch *search)
{
	TableOptions *options = search->options;
	ListCell   *cell;
	int			i;

	if (search->rel->has_eclass_joins)
	{
		for (i = 0; i < options->ntags; i++)
			add_equalities(search, options->tags[i]);
		if (options->time_attnum > 0)
			add_equalities(search, options->time_attnum);
	}
	foreach(cell, search->rel->joininfo)
		if (clause_helps(search, lfirst_node(RestrictInfo, cell)))
			add_outer(search, lfirst_node(RestrictInfo, cell));
}

/* ---------- paths ---------- */

static void
parampath_add_outer(ParamSearch *search, Relids outer)
{
	outer = bms_union(outer, search->rel->lateral_relids);
	add_path(search->rel,
			 &scanpath_create_inner(search->root, search->rel, outer)->path);
}

void
parampath_add(PlannerInfo *root, RelOptInfo *rel)
{
	ParamSearch search = {root, rel};
	Relation	table;
	Relids		all = NULL;
	ListCell   *cell;

	if (rel->joininfo == NIL && !rel->has_eclass_joins)
		return;
	table = relation_open(planner_rt_fetch(rel->relid, root)->relid, NoLock);
	search.options = options_get(table);
	relation_close(table, NoLock);
	find_outers(&search);
	foreach(cell, search.outers)
		all = bms_add_members(all, lfirst(cell));
	if (list_length(search.outers) > 1)
		search.outers = lappend(search.outers, all);
	foreach(cell, search.outers)
		parampath_add_outer(&search, lfirst(cell));
}
