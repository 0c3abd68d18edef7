/*
 * vexpr_initplan.c
 *	  Can a sub-select without outer references fail?
 *
 * "The last hour there is" is time >= (SELECT max(time) - interval '1 hour'
 * FROM t): an InitPlan, which PostgreSQL runs when a row needs its value.
 * Where it cannot fail it may as well be run before, so that pruning has the
 * value.  Only plans that aggregate a table's rows to one, or take the first
 * of an order (what the planner makes of min and max), are found to be such.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_aggregate.h"
#include "nodes/nodeFuncs.h"
#include "utils/fmgroids.h"
#include "utils/syscache.h"

#include "vexpr/vexpr_initplan.h"

typedef struct PlanContext
{
	InitPlanCheck check;
	void	   *context;
} PlanContext;

bool
vexpr_initplan_is_extreme(Aggref *aggref)
{
	HeapTuple	tuple;
	bool		result;

	if (aggref->aggfnoid >= FirstNormalObjectId || aggref->aggfilter != NULL)
		return false;
	if (aggref->aggfnoid == F_COUNT_ || aggref->aggfnoid == F_COUNT_ANY)
		return true;
	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggref->aggfnoid));
	if (!HeapTupleIsValid(tuple))
		return false;
	result = OidIsValid(((Form_pg_aggregate) GETSTRUCT(tuple))->aggsortop);
	ReleaseSysCache(tuple);
	return result;
}

static bool
exprs_pass(List *exprs, PlanContext *context)
{
	ListCell   *cell;

	foreach(cell, exprs)
	{
		Node	   *node = lfirst(cell);

		if (IsA(node, TargetEntry))
			node = (Node *) ((TargetEntry *) node)->expr;
		if (!context->check(node, context->context))
			return false;
	}
	return true;
}

static bool plan_passes(Plan *plan, PlanContext *context);

static bool
plans_pass(List *plans, PlanContext *context)
{
	ListCell   *cell;

	foreach(cell, plans)
		if (!plan_passes(lfirst(cell), context))
			return false;
	return true;
}

static bool
plan_passes(Plan *plan, PlanContext *context)
{
	if (plan == NULL)
		return true;
	if (!exprs_pass(plan->targetlist, context) ||
		!exprs_pass(plan->qual, context) || plan->righttree != NULL ||
		!plan_passes(plan->lefttree, context))
		return false;
	switch (nodeTag(plan))
	{
		case T_SeqScan:
		case T_Limit:
			return true;
		case T_Agg:
			return ((Agg *) plan)->aggstrategy == AGG_PLAIN &&
				((Agg *) plan)->aggsplit == AGGSPLIT_SIMPLE;
		case T_Result:
			return ((Result *) plan)->resconstantqual == NULL;
		case T_Append:
			return plans_pass(((Append *) plan)->appendplans, context);
		case T_MergeAppend:
			return plans_pass(((MergeAppend *) plan)->mergeplans, context);
		case T_IndexScan:
			return exprs_pass(((IndexScan *) plan)->indexqualorig, context);
		case T_IndexOnlyScan:
			return exprs_pass(((IndexOnlyScan *) plan)->recheckqual, context);
		case T_CustomScan:
			return exprs_pass(((CustomScan *) plan)->custom_exprs, context) &&
				exprs_pass(((CustomScan *) plan)->custom_scan_tlist, context) &&
				plans_pass(((CustomScan *) plan)->custom_plans, context);
		default:
			return false;
	}
}

/* Does the plan give one row at most? */
static bool
is_single(Plan *plan)
{
	ListCell   *cell;
	Node	   *count;

	switch (nodeTag(plan))
	{
		case T_Agg:
			return ((Agg *) plan)->aggstrategy == AGG_PLAIN;
		case T_Result:
			return plan->lefttree == NULL || is_single(plan->lefttree);
		case T_Limit:
			count = ((Limit *) plan)->limitCount;
			return count != NULL && IsA(count, Const) &&
				!((Const *) count)->constisnull &&
				DatumGetInt64(((Const *) count)->constvalue) == 1 &&
				((Limit *) plan)->limitOffset == NULL &&
				((Limit *) plan)->limitOption == LIMIT_OPTION_COUNT;
		case T_CustomScan:
			/* our aggregation without keys */
			foreach(cell, ((CustomScan *) plan)->custom_scan_tlist)
				if (!IsA(lfirst_node(TargetEntry, cell)->expr, Aggref))
					return false;
			return ((CustomScan *) plan)->custom_scan_tlist != NIL;
		default:
			return false;
	}
}

bool
vexpr_initplan_cannot_fail(SubPlanState *state, InitPlanCheck check,
						   void *context)
{
	PlanContext plan = {check, context};
	SubPlan    *subplan = state->subplan;

	return subplan->subLinkType == EXPR_SUBLINK && subplan->parParam == NIL &&
		state->planstate != NULL && is_single(state->planstate->plan) &&
		plan_passes(state->planstate->plan, &plan);
}
