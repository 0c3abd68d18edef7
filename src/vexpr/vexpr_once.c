/*
 * vexpr_once.c
 *	  What is evaluated once: parts of an expression without columns.
 *
 * Parameters, stable functions and what is made of them have one value for a
 * whole scan.  It is computed when first needed, so that errors come when a
 * row comes that PostgreSQL would raise them for, and kept until parameters
 * may have changed.
 *
 * The row-by-row parts use it too: before PostgreSQL compiles an expression,
 * each such part is replaced by a parameter of its own number space.  The
 * server lets the provider of parameters say how they are read (paramCompile,
 * made for this); ours are steps that ask for the value kept here, all others
 * are as they would have been.
 */
#include "postgres.h"

#include "executor/execExpr.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/params.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/memutils.h"

#include "vexpr/vexpr_once.h"

/* Parameter numbers from here on are ours; the server's are small. */
#define ONCE_PARAM (1 << 30)

typedef struct OnceExpr
{
	VExpr		base;
	Node	   *node;
	ExprState  *state;			/* NULL: a Const, the value is there */
	Datum		value;
	bool		value_isnull;
	uint32		generation;		/* in which the value was computed */
} OnceExpr;

/* The parts of an expression that is being compiled. */
typedef struct OnceParts
{
	VExprShared *shared;
	List	   *exprs;			/* OnceExpr; parameters ONCE_PARAM and on */
	ParamListInfo outer;		/* whom other parameters are left to */
} OnceParts;

/* ---------- PostgreSQL's expressions ---------- */

ExprContext *
vexpr_once_econtext(VExprShared *shared)
{
	MemoryContext old;

	if (shared->econtext == NULL)
	{
		old = MemoryContextSwitchTo(shared->memory);
		shared->econtext = CreateExprContext(shared->parent->state);
		MemoryContextSwitchTo(old);
	}
	shared->econtext->ecxt_scantuple = shared->slot;
	return shared->econtext;
}

/*
 * Expressions read shared->slot.  They are told that it is virtual, so that
 * they do not deform, and are not compiled by JIT: there may be dozens of
 * them, each evaluated a few times.
 */
static ExprState *
init_whole(VExprShared *shared, Node *node)
{
	PlanState  *parent = shared->parent;
	EState	   *estate = parent->state;
	PlanState	saved = *parent;
	int			jit_flags = estate->es_jit_flags;
	ExprState  *state;

	parent->scandesc = shared->desc;
	parent->scanops = &TTSOpsVirtual;
	parent->scanopsset = true;
	parent->scanopsfixed = true;
	estate->es_jit_flags = 0;
	state = ExecInitExpr((Expr *) node, parent);
	estate->es_jit_flags = jit_flags;
	parent->scandesc = saved.scandesc;
	parent->scanops = saved.scanops;
	parent->scanopsset = saved.scanopsset;
	parent->scanopsfixed = saved.scanopsfixed;
	return state;
}

/* ---------- values ---------- */

bool
vexpr_once_fits(Node *node)
{
	return !contain_var_clause(node) && !contain_subplans(node) &&
		!contain_volatile_functions(node);
}

/* May happen amid the evaluation of another expression in this context. */
static void
once_compute(OnceExpr *once)
{
	VExprShared *shared = once->base.shared;
	bool		isnull;
	Datum		value;

	if (shared->once == NULL)
		shared->once = AllocSetContextCreate(shared->memory,
											 "rusts values evaluated once",
											 ALLOCSET_SMALL_SIZES);
	value = ExecEvalExprSwitchContext(once->state, vexpr_once_econtext(shared),
									  &isnull);
	once->value = isnull ? 0 :
		vexpr_scalar_copy(&once->base, value, shared->once);
	once->value_isnull = isnull;
	once->generation = shared->generation;
}

bool
vexpr_once_is_known(const VExpr *expr)
{
	const OnceExpr *once = (const OnceExpr *) expr;

	return once->state == NULL ||
		once->generation == expr->shared->generation;
}

Node *
vexpr_once_node(const VExpr *expr)
{
	return ((const OnceExpr *) expr)->node;
}

Datum
vexpr_once_value(VExpr *expr, bool *isnull)
{
	OnceExpr   *once = (OnceExpr *) expr;

	if (!vexpr_once_is_known(expr))
		once_compute(once);
	*isnull = once->value_isnull;
	return once->value;
}

static const Vector *
once_eval(VExpr *expr, Batch *batch, const uint64 *rows)
{
	OnceExpr   *once = (OnceExpr *) expr;
	bool		isnull;

	(void) vexpr_once_value(expr, &isnull);
	expr->result.values = &once->value;
	expr->result.isnull = isnull ? &once->value_isnull : NULL;
	expr->result.constant = true;
	expr->result.dictionary = NULL;
	return &expr->result;
}

static const VExprClass once_class = {.eval = once_eval};

VExpr *
vexpr_once_build(VExprShared *shared, Node *node)
{
	OnceExpr   *once;
	ListCell   *cell;
	MemoryContext old;

	/* the same may stand in several places, or be compiled in several ways */
	foreach(cell, shared->onces)
		if (equal(((OnceExpr *) lfirst(cell))->node, node))
			return lfirst(cell);
	old = MemoryContextSwitchTo(shared->memory);
	once = vexpr_node_create(shared, &once_class, sizeof(OnceExpr),
							 exprType(node));
	once->node = node;
	shared->onces = lappend(shared->onces, once);
	if (IsA(node, Const))
	{
		once->value_isnull = ((Const *) node)->constisnull;
		once->value = once->value_isnull ? 0 :
			vexpr_scalar_copy(&once->base, ((Const *) node)->constvalue,
							  shared->memory);
	}
	else
		once->state = init_whole(shared, node);
	MemoryContextSwitchTo(old);
	return &once->base;
}

/* ---------- parts of other expressions ---------- */

/* Placeholders of CASE and domain checks mean nothing on their own. */
static bool
has_placeholder(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, CaseTestExpr) || IsA(node, CoerceToDomainValue))
		return true;
	return expression_tree_walker(node, has_placeholder, context);
}

/* Is it without columns, and does it take time? */
static bool
is_part(Node *node)
{
	switch (nodeTag(node))
	{
		case T_FuncExpr:
		case T_OpExpr:
		case T_ScalarArrayOpExpr:
		case T_CoerceViaIO:
		case T_ArrayExpr:
		case T_CaseExpr:
		case T_CoalesceExpr:
		case T_MinMaxExpr:
		case T_SQLValueFunction:
			return vexpr_once_fits(node) && !has_placeholder(node, NULL);
		default:
			return false;
	}
}

static Node *
replace_parts(Node *node, void *arg)
{
	OnceParts  *parts = arg;
	Param	   *param;

	if (node == NULL)
		return NULL;
	/* of subplans, the executor knows the parts by their place */
	if (IsA(node, SubPlan) || IsA(node, AlternativeSubPlan))
		return node;
	if (!is_part(node))
		return expression_tree_mutator(node, replace_parts, parts);
	param = makeNode(Param);
	param->paramkind = PARAM_EXTERN;
	param->paramid = ONCE_PARAM + list_length(parts->exprs);
	param->paramtype = exprType(node);
	param->paramtypmod = exprTypmod(node);
	param->paramcollid = exprCollation(node);
	param->location = -1;
	parts->exprs = lappend(parts->exprs,
						   vexpr_once_build(parts->shared, node));
	return (Node *) param;
}

static void
part_fetch(ExprState *state, ExprEvalStep *op, ExprContext *econtext)
{
	*op->resvalue = vexpr_once_value(op->d.cparam.paramarg, op->resnull);
}

/* A ParamCompileHook. */
static void
part_compile(ParamListInfo params, Param *param, ExprState *state,
			 Datum *result, bool *result_isnull)
{
	OnceParts  *parts = params->paramCompileArg;
	ExprEvalStep step = {0};

	step.resvalue = result;
	step.resnull = result_isnull;
	if (param->paramid >= ONCE_PARAM)
	{
		step.opcode = EEOP_PARAM_CALLBACK;
		step.d.cparam.paramfunc = part_fetch;
		step.d.cparam.paramarg = list_nth(parts->exprs,
										  param->paramid - ONCE_PARAM);
		step.d.cparam.paramid = param->paramid;
		step.d.cparam.paramtype = param->paramtype;
	}
	else if (parts->outer != NULL && parts->outer->paramCompile != NULL)
	{
		parts->outer->paramCompile(parts->outer, param, state, result,
								   result_isnull);
		return;
	}
	else
	{
		step.opcode = EEOP_PARAM_EXTERN;
		step.d.param.paramid = param->paramid;
		step.d.param.paramtype = param->paramtype;
	}
	ExprEvalPushStep(state, &step);
}

ExprState *
vexpr_once_init_expr(VExprShared *shared, Node *node)
{
	EState	   *estate = shared->parent->state;
	ParamListInfo params = makeParamList(0);
	OnceParts	parts = {shared, NIL, estate->es_param_list_info};
	ExprState  *state;

	node = replace_parts(node, &parts);
	if (parts.exprs == NIL)
		return init_whole(shared, node);
	params->paramCompile = part_compile;
	params->paramCompileArg = &parts;
	estate->es_param_list_info = params;
	state = init_whole(shared, node);
	estate->es_param_list_info = parts.outer;
	return state;
}
