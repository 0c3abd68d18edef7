/*
 * first_rows.c
 *	  Which rows of a scan can matter to the query above it?
 *
 * Sorting, DISTINCT ON, LIMIT and aggregation stay where PostgreSQL puts them.
 * This only finds out that they will throw away most rows, when that can be
 * told from the query and the scan's own columns.  All of the query's filters
 * must be the scan's, so it has to be the only relation; and nothing in between
 * may want more rows than the limit says (row locks, window functions,
 * set-returning functions).
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_type_d.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "utils/selfuncs.h"
#include "utils/typcache.h"

#include "compat/planning.h"
#include "scan/first_rows.h"
#include "vexpr/shape.h"
#include "vexpr/vexpr.h"

/* A heap of more values than this costs more than it saves. */
#define TOP_COUNT_MAX 100000

bool
first_rows_query_is_simple(PlannerInfo *root)
{
	Query	   *parse = root->parse;

	return parse->commandType == CMD_SELECT && parse->rowMarks == NIL &&
		!parse->hasWindowFuncs && !parse->hasTargetSRFs &&
		parse->setOperations == NULL &&
		bms_num_members(root->all_baserels) == 1;
}

/* What a LIMIT or OFFSET comes to at any execution of the plan; -1: who knows. */
static int64
limit_constant(Node *node)
{
	Const	   *constant = (Const *) node;

	if (!IsA(node, Const) || constant->constisnull)
		return -1;
	return DatumGetInt64(constant->constvalue);
}

/*
 * The planner's own number (limit_tuples) is an estimate where these are no
 * constants.
 */
int
first_rows_limit(const Query *parse)
{
	int64		count;
	int64		offset = 0;

	if (parse->limitCount == NULL)
		return 0;
	count = limit_constant(parse->limitCount);
	if (parse->limitOffset != NULL)
		offset = limit_constant(parse->limitOffset);
	if (count < 1 || count > TOP_COUNT_MAX || offset < 0 ||
		offset > TOP_COUNT_MAX - count)
		return 0;
	return (int) (count + offset);
}

/* The column of rel that a pathkey is about, by its type's default order. */
static Var *
pathkey_column(RelOptInfo *rel, PathKey *pathkey)
{
	ListCell   *cell;

	foreach(cell, pathkey->pk_eclass->ec_members)
	{
		EquivalenceMember *member = lfirst(cell);
		Node	   *expr = shape_strip((Node *) member->em_expr);
		TypeCacheEntry *cache;

		if (!bms_equal(member->em_relids, rel->relids) || !IsA(expr, Var) ||
			((Var *) expr)->varattno <= 0)
			continue;
		cache = lookup_type_cache(((Var *) expr)->vartype,
								  TYPECACHE_BTREE_OPFAMILY | TYPECACHE_EQ_OPR |
								  TYPECACHE_HASH_PROC);
		if (cache->btree_opf == pathkey->pk_opfamily &&
			OidIsValid(cache->eq_opr) && OidIsValid(cache->hash_proc) &&
			pathkey->pk_eclass->ec_collation == ((Var *) expr)->varcollid)
			return (Var *) expr;
	}
	return NULL;
}

/* The column that orders, from a pathkey. */
static bool
first_rows_set_order(RelOptInfo *rel, PathKey *pathkey, ScanTopPlan *plan)
{
	Var		   *var = pathkey_column(rel, pathkey);

	if (var == NULL || vexpr_type_kind(var->vartype) != VECTOR_INT)
		return false;
	plan->attno = var->varattno;
	plan->desc = COMPAT_PATHKEY_DESC(pathkey);
	return true;
}

static bool
first_rows_for_distinct(PlannerInfo *root, RelOptInfo *rel, ScanTopPlan *plan,
						double *rows)
{
	int			n = list_length(root->distinct_pathkeys);
	List	   *vars = NIL;
	int			i;

	if (list_length(root->sort_pathkeys) <= n)
		return false;
	for (i = 0; i < n; i++)
	{
		PathKey    *pathkey = list_nth(root->sort_pathkeys, i);
		Var		   *var = pathkey_column(rel, pathkey);

		if (var == NULL || !list_member_ptr(root->distinct_pathkeys, pathkey))
			return false;
		vars = lappend(vars, var);
		plan->keys = lappend_int(plan->keys, var->varattno);
		plan->eqs = lappend_oid(plan->eqs,
								lookup_type_cache(var->vartype,
												  TYPECACHE_EQ_OPR)->eq_opr);
	}
	plan->count = 1;
	plan->ties = list_length(root->sort_pathkeys) > n + 1;
	*rows = vars == NIL ? 1 : estimate_num_groups(root, vars, rel->rows, NULL,
												  NULL);
	return first_rows_set_order(rel, list_nth(root->sort_pathkeys, n), plan);
}

bool
first_rows_for_order(PlannerInfo *root, RelOptInfo *rel, ScanTopPlan *plan,
					 double *rows)
{
	Query	   *parse = root->parse;

	memset(plan, 0, sizeof(*plan));
	if (!first_rows_query_is_simple(root) || parse->hasAggs ||
		parse->groupClause != NIL || parse->groupingSets != NIL ||
		parse->havingQual != NULL || root->sort_pathkeys == NIL)
		return false;
	if (parse->distinctClause != NIL)
		return parse->hasDistinctOn &&
			first_rows_for_distinct(root, rel, plan, rows);
	plan->count = first_rows_limit(parse);
	if (plan->count == 0)
		return false;
	plan->ties = list_length(root->sort_pathkeys) > 1 ||
		parse->limitOption == LIMIT_OPTION_WITH_TIES;
	*rows = plan->count * 2.0;
	return first_rows_set_order(rel, linitial(root->sort_pathkeys), plan);
}
