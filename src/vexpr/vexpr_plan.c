/*
 * vexpr_plan.c
 *	  What the planner and EXPLAIN want to know about expressions over batches.
 *
 * This follows the decisions of vexpr_build() without building anything, on
 * trees from before and after the planner's last step.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"

#include "vexpr/costs.h"
#include "vexpr/vexpr_once.h"
#include "vexpr/vexpr_plan.h"
#include "vexpr/vexpr_step.h"
#include "vexpr/vexpr_time.h"

static bool is_vectorized(Node *node, Cost *cost);

static bool
find_column_type(Node *node, void *arg)
{
	Oid        *type = arg;

	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		*type = ((Var *) node)->vartype;
		return true;
	}
	return expression_tree_walker(node, find_column_type, type);
}

static bool
is_dictionary(Node *node)
{
	Oid			type = InvalidOid;

	if (vexpr_scalar_only_column(node) != 0)
		(void) find_column_type(node, &type);
	return OidIsValid(type) && vexpr_type_kind(type) == VECTOR_DATUM;
}

/* Does a kernel do the topmost step of it? */
static bool
has_kernel(Node *node)
{
	CompareOp	op;
	bool		floats;
	Oid			function;
	List	   *args;

	switch (nodeTag(node))
	{
		case T_BoolExpr:
		case T_BooleanTest:
		case T_CaseExpr:
		case T_CaseWhen:
		case T_CaseTestExpr:
		case T_CoalesceExpr:
			return true;
		case T_MinMaxExpr:
			return vexpr_type_kind(exprType(node)) != VECTOR_DATUM;
		case T_NullTest:
			return !((NullTest *) node)->argisrow;
		case T_RelabelType:
			return vexpr_type_kind(exprType(node)) ==
				vexpr_type_kind(exprType((Node *) ((RelabelType *) node)->arg));
		case T_FuncExpr:
		case T_OpExpr:
			(void) vexpr_function_call(node, &function, &args);
			return vexpr_arith_is_in(function) ||
				vexpr_compare_find(function, &op, &floats);
		case T_DistinctExpr:
		case T_NullIfExpr:
			return vexpr_compare_find(get_opcode(((OpExpr *) node)->opno),
									  &op, &floats);
		case T_ScalarArrayOpExpr:
			{
				ScalarArrayOpExpr *saop = (ScalarArrayOpExpr *) node;

				return vexpr_once_fits(lsecond(saop->args)) &&
					vexpr_compare_find(get_opcode(saop->opno), &op, &floats) &&
					op == (saop->useOr ? OP_EQ : OP_NE);
			}
		default:
			return false;
	}
}

typedef struct PartsContext
{
	bool		vectorized;
	Cost		cost;
} PartsContext;

/* Called by expression_tree_walker for the direct parts of a node. */
static bool
check_part(Node *node, void *arg)
{
	PartsContext *context = arg;
	Cost		cost;

	if (node == NULL)
		return false;
	/* the walker hands argument lists on as such */
	if (IsA(node, List))
		return expression_tree_walker(node, check_part, context);
	context->vectorized &= is_vectorized(node, &cost);
	context->cost += cost;
	return false;
}

static bool
is_vectorized(Node *node, Cost *cost)
{
	PartsContext parts = {true, COST_OF_NS(COST_KERNEL_NS)};
	StepShape	step;
	QualCost	rows;

	*cost = 0;
	if (IsA(node, Var) || vexpr_once_fits(node))
		return !IsA(node, Var) || ((Var *) node)->varattno > 0;
	if (vexpr_time_find(node, &step))
	{
		*cost = COST_OF_NS(COST_STEP_NS);
		return true;
	}
	if (has_kernel(node))
	{
		(void) expression_tree_walker(node, check_part, &parts);
		*cost = parts.cost;
		return parts.vectorized;
	}
	if (is_dictionary(node))
	{
		*cost = COST_OF_NS(COST_DICTIONARY_NS);
		return true;
	}
	cost_qual_eval_node(&rows, node, NULL);
	*cost = COST_OF_NS(COST_SCALAR_ROW_NS) + rows.per_tuple;
	return false;
}

bool
vexpr_plan_is_vectorized(Node *expr, Cost *cost)
{
	return is_vectorized(expr, cost);
}
