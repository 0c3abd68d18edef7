/*
 * vexpr_ahead.c
 *	  What may be evaluated ahead of the rows that PostgreSQL evaluates it for.
 *
 * Pruning wants to know what a column is compared with before any row has been
 * read, and filters are put into another order than PostgreSQL's.  Both are
 * fine as long as nothing raises an error that PostgreSQL would not have come
 * to: in
 *
 *		WHERE $1 = '' OR time >= $1::timestamptz
 *		WHERE host = 'none' AND v > 10 / $1
 *
 * the part without columns is evaluated only for rows that reach it, if any do.
 *
 * Therefore only what cannot fail is evaluated ahead: leakproof functions, and
 * those whose results are known to stay within their types (vexpr_range.c).
 * Parameters and what is made of them have the values that they have now, and
 * are computed on the way.  Everything else has to wait until a row has needed
 * it; from then on its value is known.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"

#include "vexpr/vexpr_ahead.h"
#include "vexpr/vexpr_initplan.h"
#include "vexpr/vexpr_once.h"
#include "vexpr/vexpr_range.h"

typedef enum AheadColumns
{
	AHEAD_NONE,
	AHEAD_COLUMN,				/* one, in [low, high] */
	AHEAD_PLAN					/* any, and extremes of them */
} AheadColumns;

typedef struct AheadContext
{
	VExprShared *shared;		/* NULL: parameters are not known */
	AheadColumns columns;		/* that there may be */
	double		low;
	double		high;
} AheadContext;

static bool cannot_fail(Node *node, AheadContext *context, Range *range);

/* ---------- parameters ---------- */

/*
 * The value of an expression without columns that cannot fail, if parameters
 * are known.
 */
static void
compute(Node *node, AheadContext *context, Range *range)
{
	Datum		value;
	bool		isnull;

	if (context->shared == NULL || range->known || !vexpr_once_fits(node))
		return;
	value = vexpr_once_value(vexpr_once_build(context->shared, node), &isnull);
	*range = vexpr_range_of_value(range->type, value, isnull);
}

/* An expression in the plan of a sub-select: an InitPlanCheck. */
static bool
in_plan_cannot_fail(Node *expr, void *shared)
{
	AheadContext context = {shared, AHEAD_PLAN};
	Range		ignored;

	return cannot_fail(expr, &context, &ignored);
}

/* Is the value of the parameter there, or a plan for it that cannot fail? */
static bool
parameter_is_set(const Param *param, AheadContext *context)
{
	ExprContext *econtext;
	SubPlanState *plan;

	if (param->paramkind == PARAM_EXTERN)
		return true;
	if (param->paramkind != PARAM_EXEC || context->shared == NULL)
		return false;
	econtext = vexpr_once_econtext(context->shared);
	plan = econtext->ecxt_param_exec_vals[param->paramid].execPlan;
	return plan == NULL ||
		vexpr_initplan_cannot_fail(plan, in_plan_cannot_fail, context->shared);
}

/* ---------- expressions ---------- */

static bool
all_cannot_fail(List *nodes, AheadContext *context, Range *ranges)
{
	ListCell   *cell;

	foreach(cell, nodes)
		if (!cannot_fail(lfirst(cell), context,
						 &ranges[foreach_current_index(cell)]))
			return false;
	return true;
}

/* Comparing texts fails when it is not known in which collation. */
static bool
has_collation_conflict(Node *node, List *args)
{
	ListCell   *cell;

	if (OidIsValid(exprInputCollation(node)))
		return false;
	foreach(cell, args)
	{
		Oid			type = exprType(lfirst(cell));
		Oid			element = get_element_type(type);

		if (type_is_collatable(OidIsValid(element) ? element : type))
			return true;
	}
	return false;
}

static bool
call_cannot_fail(Node *node, Oid function, List *args, AheadContext *context,
				 Range *range)
{
	Range		ranges[FUNC_MAX_ARGS];

	if (list_length(args) > FUNC_MAX_ARGS ||
		!all_cannot_fail(args, context, ranges))
		return false;
	if (get_func_leakproof(function))
		return !has_collation_conflict(node, args);
	return vexpr_range_of_call(function, ranges, list_length(args), range);
}

/* GREATEST, LEAST, COALESCE, arms of CASE: one of several values. */
static bool
one_cannot_fail(List *nodes, AheadContext *context, Range *range)
{
	ListCell   *cell;

	foreach(cell, nodes)
	{
		Range		one;

		if (!cannot_fail(lfirst(cell), context, &one))
			return false;
		one.type = range->type;
		*range = foreach_current_index(cell) == 0 ? one :
			vexpr_range_union(*range, one);
	}
	range->known = false;
	return true;
}

static bool
case_cannot_fail(CaseExpr *node, AheadContext *context, Range *range)
{
	List	   *results = NIL;
	ListCell   *cell;
	Range		ignored;

	if (node->arg != NULL || node->defresult == NULL)
		return false;
	foreach(cell, node->args)
	{
		CaseWhen   *when = lfirst_node(CaseWhen, cell);

		if (!cannot_fail((Node *) when->expr, context, &ignored))
			return false;
		results = lappend(results, when->result);
	}
	return one_cannot_fail(lappend(results, node->defresult), context, range);
}

/* Types whose comparison functions do no more than compare numbers. */
static bool
compares_numbers(Oid type)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
		case DATEOID:
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case INTERVALOID:
			return true;
		default:
			return false;
	}
}

/* A node of a kind that only looks at its parts. */
static bool
parts_cannot_fail(List *parts, AheadContext *context)
{
	ListCell   *cell;
	Range		ignored;

	foreach(cell, parts)
		if (!cannot_fail(lfirst(cell), context, &ignored))
			return false;
	return true;
}

/* The rest of cannot_fail: what is made of other expressions. */
static bool
composed_cannot_fail(Node *node, AheadContext *context, Range *range)
{
	Oid			function;
	List	   *args;
	Range		text;

	switch (nodeTag(node))
	{
		case T_FuncExpr:
		case T_OpExpr:
			(void) vexpr_function_call(node, &function, &args);
			return call_cannot_fail(node, function, args, context, range);
		case T_DistinctExpr:
		case T_NullIfExpr:
			args = ((OpExpr *) node)->args;
			function = get_opcode(((OpExpr *) node)->opno);
			return get_func_leakproof(function) &&
				!has_collation_conflict(node, args) &&
				parts_cannot_fail(args, context);
		case T_ScalarArrayOpExpr:
			args = ((ScalarArrayOpExpr *) node)->args;
			function = get_opcode(((ScalarArrayOpExpr *) node)->opno);
			return get_func_leakproof(function) &&
				!has_collation_conflict(node, args) &&
				parts_cannot_fail(args, context);
		case T_CoerceViaIO:
			return (range->type == TIMESTAMPOID ||
					range->type == TIMESTAMPTZOID || range->type == DATEOID) &&
				cannot_fail((Node *) ((CoerceViaIO *) node)->arg, context,
							&text) &&
				vexpr_range_is_iso_time(&text);
		case T_MinMaxExpr:
			return compares_numbers(range->type) &&
				one_cannot_fail(((MinMaxExpr *) node)->args, context, range);
		case T_CoalesceExpr:
			return one_cannot_fail(((CoalesceExpr *) node)->args, context,
								   range);
		case T_CaseExpr:
			return case_cannot_fail((CaseExpr *) node, context, range);
		case T_BoolExpr:
			return parts_cannot_fail(((BoolExpr *) node)->args, context);
		case T_NullTest:
			return parts_cannot_fail(list_make1(((NullTest *) node)->arg),
									 context);
		case T_BooleanTest:
			return parts_cannot_fail(list_make1(((BooleanTest *) node)->arg),
									 context);
		case T_ArrayExpr:
			return !((ArrayExpr *) node)->multidims &&
				parts_cannot_fail(((ArrayExpr *) node)->elements, context);
		default:
			return false;
	}
}

/*
 * A column, or in a plan what is made of one: of times it is believed that they
 * do not lie at the very ends of their types, of other values nothing.
 */
static bool
column_cannot_fail(AheadContext *context, Range *range)
{
	switch (context->columns)
	{
		case AHEAD_NONE:
			return false;
		case AHEAD_COLUMN:
			range->bounded = true;
			range->low = context->low;
			range->high = context->high;
			return true;
		case AHEAD_PLAN:
			range->bounded = range->type == TIMESTAMPOID ||
				range->type == TIMESTAMPTZOID || range->type == DATEOID;
			range->high = range->type == DATEOID ? RANGE_DAYS : RANGE_USECS;
			range->low = -range->high;
			return true;
	}
	return false;
}

static bool
all_args_cannot_fail(List *entries, AheadContext *context)
{
	ListCell   *cell;
	Range		ignored;

	foreach(cell, entries)
		if (!cannot_fail((Node *) lfirst_node(TargetEntry, cell)->expr, context,
						 &ignored))
			return false;
	return true;
}

/* Sets range to what is known of the value. */
static bool
cannot_fail(Node *node, AheadContext *context, Range *range)
{
	memset(range, 0, sizeof(*range));
	range->type = getBaseType(exprType(node));
	switch (nodeTag(node))
	{
		case T_Var:
			return column_cannot_fail(context, range);
		case T_Aggref:
			return context->columns == AHEAD_PLAN &&
				vexpr_initplan_is_extreme((Aggref *) node) &&
				all_args_cannot_fail(((Aggref *) node)->args, context) &&
				column_cannot_fail(context, range);
		case T_Const:
			*range = vexpr_range_of_value(range->type, ((Const *) node)->constvalue,
									((Const *) node)->constisnull);
			return true;
		case T_SQLValueFunction:
			break;
		case T_Param:
			if (!parameter_is_set((Param *) node, context))
				return false;
			break;
		case T_RelabelType:
			if (!cannot_fail((Node *) ((RelabelType *) node)->arg, context,
							 range))
				return false;
			range->type = getBaseType(exprType(node));
			return true;
		default:
			if (!composed_cannot_fail(node, context, range))
				return false;
			break;
	}
	compute(node, context, range);
	return true;
}

/* ---------- the questions ---------- */

/* Look for the largest parts without columns. */
static bool
has_failing_part(Node *node, void *arg)
{
	AheadContext *context = arg;
	Range		ignored;

	if (node == NULL)
		return false;
	if (!IsA(node, List) && !contain_var_clause(node))
		return !cannot_fail(node, context, &ignored);
	return expression_tree_walker(node, has_failing_part, context);
}

bool
vexpr_ahead_is_harmless(Node *clause)
{
	AheadContext context = {NULL, AHEAD_NONE};

	return !contain_volatile_functions(clause) && !contain_subplans(clause) &&
		!has_failing_part(clause, &context);
}

static bool
has_parameter(Node *node, void *context)
{
	if (node == NULL)
		return false;
	return IsA(node, Param) ||
		expression_tree_walker(node, has_parameter, context);
}

bool
vexpr_ahead_of_column(Node *expr, int64 low, int64 high)
{
	AheadContext context = {NULL, AHEAD_COLUMN, (double) low, (double) high};
	Range		ignored;

	return !contain_volatile_functions(expr) && !contain_subplans(expr) &&
		!has_parameter(expr, NULL) && cannot_fail(expr, &context, &ignored);
}

static bool
prepare_parts(Node *node, void *arg)
{
	VExprShared *shared = arg;

	if (node == NULL || IsA(node, Const))
		return false;
	if (!IsA(node, List) && vexpr_once_fits(node))
		(void) vexpr_once_build(shared, node);
	return expression_tree_walker(node, prepare_parts, shared);
}

void
vexpr_ahead_prepare(VExprShared *shared, Node *expr)
{
	(void) prepare_parts(expr, shared);
}

bool
vexpr_ahead_compute(VExpr *once)
{
	AheadContext context = {once->shared, AHEAD_NONE};
	MemoryContext old;
	Range		ignored;
	bool		isnull;
	bool		result;

	/* what it takes to look at values goes with the next row */
	old = MemoryContextSwitchTo(vexpr_once_econtext(once->shared)->ecxt_per_tuple_memory);
	result = cannot_fail(vexpr_once_node(once), &context, &ignored);
	if (result)
		(void) vexpr_once_value(once, &isnull);
	MemoryContextSwitchTo(old);
	return result;
}

bool
vexpr_ahead_step(VExprShared *shared, Node *step)
{
	List	   *vars = pull_var_clause(step, 0);
	AheadContext context = {shared, AHEAD_COLUMN};
	Range		ignored;

	switch (getBaseType(linitial_node(Var, vars)->vartype))
	{
		case DATEOID:
			context.high = RANGE_DAYS;
			break;
		case INT2OID:
			context.high = 1 << 14;
			break;
		case INT4OID:
			context.high = 1 << 30;
			break;
		case INT8OID:
			context.high = (double) (INT64CONST(1) << 62);
			break;
		default:
			context.high = (double) RANGE_USECS;
	}
	context.low = -context.high;
	return cannot_fail(step, &context, &ignored);
}
