/*
 * aggteam_path.c
 *	  May resident workers take part in an aggregation, and does it pay?
 *
 * They may where a parallel plan may, unless a function that a user wrote is
 * evaluated: it may raise notices, which a resident worker does not pass on.
 * Parameters that the executor sets do not leave the session either.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"

#include "agg/aggfunc.h"
#include "agg/aggresult.h"
#include "agg/aggteam_path.h"
#include "option/settings.h"
#include "option/utility.h"
#include "scan/scanpath.h"
#include "vexpr/cfunction.h"

/* What posting a job costs, of what starting workers costs. */
#define TEAM_SETUP_SHARE 0.05

static bool
is_a_users_function(Oid function, void *context)
{
	return function >= FirstNormalObjectId &&
		!cfunction_has_prefix(function, "rusts_");
}

/* Is there something in it that is bound to the session? */
static bool
is_bound(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param))
		return ((Param *) node)->paramkind != PARAM_EXTERN;
	if (IsA(node, SubPlan) || IsA(node, AlternativeSubPlan) ||
		IsA(node, CoerceToDomain))
		return true;
	/* aggregates of any other function cannot be combined */
	if (!IsA(node, Aggref) &&
		check_functions_in_node(node, is_a_users_function, NULL))
		return true;
	return expression_tree_walker(node, is_bound, context);
}

/* The type of a row that the catalog does not have is a number of the process. */
static bool
is_anonymous(Oid type)
{
	return type == RECORDOID || type == RECORDARRAYOID;
}

static bool
keys_are_bound(List *keys, List *eqs)
{
	ListCell   *cell;

	foreach(cell, keys)
		if (is_anonymous(exprType(lfirst(cell))))
			return true;
	foreach(cell, eqs)
		if (is_a_users_function(get_opcode(lfirst_oid(cell)), NULL))
			return true;
	return is_bound((Node *) keys, NULL);
}

static bool
aggregates_are_bound(List *aggrefs)
{
	ListCell   *cell;

	foreach(cell, aggrefs)
	{
		Aggref	   *aggref = lfirst_node(Aggref, cell);

		if (!aggresult_can_combine(aggref) || is_anonymous(aggref->aggtype))
			return true;
	}
	return is_bound((Node *) aggrefs, NULL);
}

/* Resident workers would not see what the transaction has written. */
static bool
transaction_is_fit(void)
{
	return !utility_makes_table &&
		!TransactionIdIsValid(GetTopTransactionIdIfAny()) &&
		!IsolationIsSerializable();
}

int
aggteam_path_workers(PlannerInfo *root, RelOptInfo *input, List *keys, List *eqs,
					 List *aggrefs)
{
	List	   *filters = extract_actual_clauses(input->baserestrictinfo, false);

	if (!settings_enable_resident_workers || !transaction_is_fit() ||
		!input->consider_parallel || input->lateral_relids != NULL ||
		!is_parallel_safe(root, (Node *) keys) ||
		!is_parallel_safe(root, (Node *) aggrefs) ||
		keys_are_bound(keys, eqs) || aggregates_are_bound(aggrefs) ||
		is_bound((Node *) filters, NULL))
		return 0;
	return scanpath_workers(input);
}

Cost
aggteam_path_cost(Cost cost, int workers, double groups)
{
	return cost / (workers + 1) + parallel_setup_cost * TEAM_SETUP_SHARE +
		groups * parallel_tuple_cost;
}
