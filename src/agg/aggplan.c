/*
 * aggplan.c
 *	  What an aggregation is to compute, in terms of the planner.
 *
 * A query's targets and HAVING must be made of group keys and of aggregates
 * that can be computed on batches (aggfunc.c), and of nothing else; otherwise
 * the aggregation is not for us.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"

#include "agg/aggfunc.h"
#include "agg/aggplan.h"
#include "agg/aggresult.h"
#include "option/settings.h"

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
aggplan_walk(Node *node, void *arg)
{
	AggPlan    *plan = arg;

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

bool
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

/* ---------- in two halves ---------- */

bool
aggplan_can_combine(const AggPlan *plan)
{
	ListCell   *cell;

	foreach(cell, plan->aggrefs)
		if (!aggresult_can_combine(lfirst_node(Aggref, cell)))
			return false;
	return true;
}

List *
aggplan_partial_aggrefs(const AggPlan *plan)
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
aggplan_partial_target(PlannerInfo *root, const AggPlan *plan)
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

/* ---------- metadata ---------- */

bool
aggplan_from_metadata(RelOptInfo *input, const AggPlan *plan)
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
