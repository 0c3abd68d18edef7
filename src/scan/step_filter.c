/*
 * step_filter.c
 *	  How many rows do conditions on time buckets leave?
 *
 * PostgreSQL has statistics of columns and knows nothing of functions of them:
 * time_bucket('1 hour', time) BETWEEN a AND b counts as one row in 200, though
 * it may be half of the table, and a join planned for that many rows can be
 * very wrong.  A function that never decreases and stays close to its argument
 * is estimated as the argument would be; equality with a bucket is estimated
 * as one of as many buckets as the column's range holds.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"

#include "scan/group_estimate.h"
#include "scan/step_filter.h"
#include "vexpr/vexpr_step.h"
#include "vexpr/vexpr_time.h"

/* The column of a bucket that has the column's type, or NULL. */
static Var *
bucket_column(RelOptInfo *rel, Node *node)
{
	StepShape	shape;

	if (IsA(node, Var) || !vexpr_time_find(node, &shape) ||
		shape.width == STEP_WIDTH_CELL || shape.var->varno != rel->relid ||
		shape.var->vartype != exprType(node))
		return NULL;
	return shape.var;
}

/*
 * The clause on the column that a clause on a bucket is about as selective as,
 * NULL: none.  For an equality *share is set instead.
 */
static Node *
clause_on_column(PlannerInfo *root, RelOptInfo *rel, Node *clause,
				 double *share)
{
	OpExpr	   *op = (OpExpr *) clause;
	OpExpr	   *result;
	ListCell   *cell;

	if (!IsA(clause, OpExpr) || list_length(op->args) != 2)
		return NULL;
	foreach(cell, op->args)
	{
		Var		   *var = bucket_column(rel, lfirst(cell));
		double		buckets;
		int			strategy;

		if (var == NULL)
			continue;
		strategy = vexpr_strategy(op->opno, var->vartype);
		if (strategy == BTEqualStrategyNumber)
		{
			buckets = group_estimate_values(root, rel, lfirst(cell));
			*share = buckets > 0 ? 1 / buckets : 0;
		}
		if (strategy == BTEqualStrategyNumber || strategy == 0)
			return NULL;
		result = copyObject(op);
		list_nth_cell(result->args, foreach_current_index(cell))->ptr_value =
			copyObject(var);
		return (Node *) result;
	}
	return NULL;
}

void
step_filter_estimate(PlannerInfo *root, RelOptInfo *rel)
{
	List	   *clauses = NIL;
	double		factor = 1;
	bool		any = false;
	ListCell   *cell;

	foreach(cell, rel->baserestrictinfo)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, cell);
		double		share = 0;
		Node	   *clause;

		clause = clause_on_column(root, rel, (Node *) rinfo->clause, &share);
		any |= clause != NULL || share > 0;
		if (share > 0)
			factor *= share;
		else
			clauses = lappend(clauses, clause != NULL ? clause :
							  (Node *) rinfo);
	}
	if (!any)
		return;
	rel->rows = clamp_row_est(rel->tuples * factor *
							  clauselist_selectivity(root, clauses, 0,
													 JOIN_INNER, NULL));
}
