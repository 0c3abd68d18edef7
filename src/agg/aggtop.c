/*
 * aggtop.c
 *	  Which rows of a scan can matter to an aggregation above it?
 *
 * These are the first or last row of each group, when nothing else is
 * aggregated, or the newest time buckets, when the query's ORDER BY and LIMIT
 * want no others.  first_rows.c says under what conditions that is true.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "optimizer/paths.h"

#include "agg/aggfunc.h"
#include "agg/aggtop.h"
#include "compat/planning.h"
#include "scan/first_rows.h"
#include "vexpr/bucket.h"

bool
aggtop_for_aggregates(PlannerInfo *root, RelOptInfo *rel, List *keys,
					  List *eqs, List *aggrefs, ScanTopPlan *plan)
{
	ListCell   *cell;

	memset(plan, 0, sizeof(*plan));
	if (aggrefs == NIL)
		return false;
	foreach(cell, keys)
	{
		Var		   *var = lfirst(cell);

		if (!IsA(var, Var) || var->varattno <= 0)
			return false;
		plan->keys = lappend_int(plan->keys, var->varattno);
	}
	plan->eqs = eqs;
	plan->count = 1;
	plan->ties = true;
	foreach(cell, aggrefs)
	{
		AttrNumber	attno;
		bool		desc;

		if (!aggfunc_is_extreme_row(lfirst_node(Aggref, cell), &attno, &desc) ||
			(plan->attno != 0 &&
			 (attno != plan->attno || desc != plan->desc)))
		{
			plan->attno = 0;
			return false;
		}
		plan->attno = attno;
		plan->desc = desc;
	}
	return true;
}

int
aggtop_for_buckets(PlannerInfo *root, RelOptInfo *rel, List *keys, int *key,
				   AttrNumber *attno, bool *zoned)
{
	Query	   *parse = root->parse;
	PathKey    *pathkey;
	ListCell   *cell;
	int			count = first_rows_limit(parse);

	if (count == 0 || !first_rows_query_is_simple(root) ||
		parse->distinctClause != NIL || parse->havingQual != NULL ||
		root->sort_pathkeys == NIL ||
		parse->limitOption == LIMIT_OPTION_WITH_TIES)
		return 0;
	pathkey = linitial(root->sort_pathkeys);
	if (!COMPAT_PATHKEY_DESC(pathkey))
		return 0;
	foreach(cell, keys)
	{
		ListCell   *member;

		foreach(member, pathkey->pk_eclass->ec_members)
			if (equal(((EquivalenceMember *) lfirst(member))->em_expr,
					  lfirst(cell)) &&
				bucket_column(lfirst(cell), attno, zoned))
			{
				*key = foreach_current_index(cell);
				return count;
			}
	}
	return 0;
}
