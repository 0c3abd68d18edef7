/*
 * vexpr.c
 *	  Expressions over batches: compiling, dispatch, columns and constants.
 *
 * An expression becomes a tree of nodes (vexpr_node.h).  Which class a part of
 * it gets is decided from the top down, first match wins:
 *
 *	once		no column in it: evaluated when first needed, kept until rescan
 *	column		a column of the batch
 *	dictionary	a single column that may come as codes of a dictionary:
 *				evaluated once per entry
 *	time		a step function of a single column: once per step
 *	logic, compare, array, case, arith: kernels over the parts' vectors
 *	of step		a function of such steps: once per step
 *	scalar		everything else, row by row
 *
 * Evaluation is lazy where SQL's is: the rows that a node is evaluated for are
 * passed down, so an arm of CASE or COALESCE never sees a row that does not
 * reach it.
 */
#include "postgres.h"

#include "catalog/objectaccess.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "compat/privilege.h"
#include "vector/compare.h"
#include "vexpr/vexpr_once.h"

/* ---------- types ---------- */

VectorKind
vexpr_type_kind(Oid type)
{
	switch (type)
	{
		case BOOLOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case DATEOID:
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case CASHOID:
			return VECTOR_INT;
		case FLOAT8OID:
			return VECTOR_FLOAT8;
		case FLOAT4OID:
			return VECTOR_FLOAT4;
		default:
			{
				Oid			base = getBaseType(type);

				return base == type ? VECTOR_DATUM : vexpr_type_kind(base);
			}
	}
}

static Node *
replace_column(Node *node, void *context)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		CaseTestExpr *value = makeNode(CaseTestExpr);

		value->typeId = ((Var *) node)->vartype;
		value->typeMod = ((Var *) node)->vartypmod;
		value->collation = ((Var *) node)->varcollid;
		return (Node *) value;
	}
	return expression_tree_mutator(node, replace_column, context);
}

Node *
vexpr_with_placeholder(Node *expr)
{
	return replace_column(expr, NULL);
}

int
vexpr_strategy(Oid opno, Oid type)
{
	TypeCacheEntry *cache = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY);

	if (!OidIsValid(cache->btree_opf))
		return 0;
	return get_op_opfamily_strategy(opno, cache->btree_opf);
}

/* ---------- nodes ---------- */

void *
vexpr_node_create(VExprShared *shared, const VExprClass *ops, Size size,
				  Oid type)
{
	VExpr	   *expr = palloc0(size);

	expr->ops = ops;
	expr->shared = shared;
	expr->type = type;
	expr->kind = vexpr_type_kind(type);
	get_typlenbyval(type, &expr->typlen, &expr->typbyval);
	return expr;
}

void
vexpr_node_set_args(VExpr *expr, int nargs)
{
	expr->nargs = nargs;
	expr->args = palloc0(nargs * sizeof(VExpr *));
}

/* Zeroed, so that rows that were never evaluated are readable. */
static void *
node_room(VExpr *expr, Size element)
{
	return MemoryContextAllocZero(expr->shared->memory, BATCH_ROWS * element);
}

Datum *
vexpr_node_values(VExpr *expr)
{
	if (expr->values == NULL)
		expr->values = node_room(expr, sizeof(Datum));
	return expr->values;
}

bool *
vexpr_node_isnull(VExpr *expr)
{
	if (expr->isnull == NULL)
		expr->isnull = node_room(expr, sizeof(bool));
	return expr->isnull;
}

const Vector *
vexpr_node_result(VExpr *expr, bool nulls)
{
	expr->result.values = vexpr_node_values(expr);
	expr->result.isnull = nulls ? vexpr_node_isnull(expr) : NULL;
	expr->result.constant = false;
	expr->result.dictionary = NULL;
	return &expr->result;
}

/* ---------- reading vectors ---------- */

bool
vexpr_is_null(const Vector *vector, int row)
{
	return vector->isnull != NULL && vector->isnull[vector->constant ? 0 : row];
}

/* The value of a row that matters and is not NULL. */
Datum
vexpr_datum(const Vector *vector, int row)
{
	Datum		value = vector->values[vector->constant ? 0 : row];

	return vector->dictionary != NULL ? vector->dictionary[value] : value;
}

void
vexpr_split_nulls(const Vector *vector, int n, uint64 *rows, uint64 *null)
{
	uint64		nulls[SELECTION_WORDS];

	if (vector->isnull == NULL)
		return;
	if (!vector->constant)
	{
		selection_copy(nulls, rows);
		selection_and_not_bools(rows, vector->isnull, n);
		selection_and_not(nulls, rows);
	}
	else if (vector->isnull[0])
	{
		selection_copy(nulls, rows);
		selection_clear(rows);
	}
	else
		return;
	if (null != NULL)
		selection_or(null, nulls);
}

static Datum *
node_flat(VExpr *expr)
{
	if (expr->flat == NULL)
		expr->flat = node_room(expr, sizeof(Datum));
	return expr->flat;
}

const Datum *
vexpr_datums(VExpr *expr, const Vector *vector, int n)
{
	Datum	   *flat;
	int			i;

	if (vector->dictionary == NULL && !vector->constant)
		return vector->values;
	flat = node_flat(expr);
	if (vector->constant)
	{
		Datum		value = vexpr_is_null(vector, 0) ? 0 : vexpr_datum(vector, 0);

		for (i = 0; i < n; i++)
			flat[i] = value;
		return flat;
	}
	for (i = 0; i < n; i++)
	{
		/* codes of rows that do not matter may be anything */
		Datum		code = vector->values[i];

		flat[i] = vector->dictionary[code < vector->entries ? code : 0];
	}
	return flat;
}

double
vexpr_double(const VExpr *expr, Datum value)
{
	return expr->kind == VECTOR_FLOAT4 ? (double) DatumGetFloat4(value) :
		DatumGetFloat8(value);
}

const double *
vexpr_doubles(VExpr *expr, const Vector *vector, int n)
{
	const Datum *values = vexpr_datums(expr, vector, n);
	int			i;

	if (expr->kind == VECTOR_FLOAT8)
		return (const double *) values;
	if (expr->doubles == NULL)
		expr->doubles = node_room(expr, sizeof(double));
	for (i = 0; i < n; i++)
		expr->doubles[i] = (double) DatumGetFloat4(values[i]);
	return expr->doubles;
}

/* ---------- dispatch ---------- */

/* Values of a boolean of which a class knows the truth only. */
static const Vector *
eval_by_test(VExpr *expr, Batch *batch, const uint64 *rows)
{
	Datum	   *values = vexpr_node_values(expr);
	Truth		truth;
	bool		nulls;
	int			i;

	expr->ops->test(expr, batch, rows, &truth);
	nulls = !selection_is_empty(truth.null);
	for (i = 0; i < batch->n; i++)
		values[i] = BoolGetDatum(selection_has(truth.yes, i));
	if (nulls)
		selection_to_bools(truth.null, vexpr_node_isnull(expr), batch->n);
	return vexpr_node_result(expr, nulls);
}

const Vector *
vexpr_node_eval(VExpr *expr, Batch *batch, const uint64 *rows)
{
	if (selection_is_empty(rows))
		return vexpr_node_result(expr, false);
	if (expr->ops->eval != NULL)
		return expr->ops->eval(expr, batch, rows);
	return eval_by_test(expr, batch, rows);
}

static void
test_by_eval(VExpr *expr, Batch *batch, const uint64 *rows, Truth *truth)
{
	const Vector *vector = expr->ops->eval(expr, batch, rows);
	uint64		known[SELECTION_WORDS];

	selection_clear(truth->null);
	selection_copy(known, rows);
	vexpr_split_nulls(vector, batch->n, known, truth->null);
	if (vector->constant)
	{
		selection_clear(truth->yes);
		if (!selection_is_empty(known) && DatumGetBool(vexpr_datum(vector, 0)))
			selection_copy(truth->yes, known);
		return;
	}
	compare_int_constant(OP_NE,
						 (const int64 *) vexpr_datums(expr, vector, batch->n),
						 batch->n, 0, truth->yes);
	selection_and(truth->yes, known);
}

void
vexpr_node_test(VExpr *expr, Batch *batch, const uint64 *rows, Truth *truth)
{
	if (selection_is_empty(rows))
	{
		selection_clear(truth->yes);
		selection_clear(truth->null);
	}
	else if (expr->ops->test != NULL)
		expr->ops->test(expr, batch, rows, truth);
	else
		test_by_eval(expr, batch, rows, truth);
}

void
vexpr_node_filter(VExpr *expr, Batch *batch, uint64 *rows)
{
	Truth		truth;

	if (selection_is_empty(rows))
		return;
	if (expr->ops->filter != NULL)
	{
		expr->ops->filter(expr, batch, rows);
		return;
	}
	vexpr_node_test(expr, batch, rows, &truth);
	selection_copy(rows, truth.yes);
}

/* ---------- columns ---------- */

typedef struct ColumnExpr
{
	VExpr		base;
	AttrNumber	attno;
} ColumnExpr;

static const Vector *
column_eval(VExpr *expr, Batch *batch, const uint64 *rows)
{
	return batch_column(batch, ((ColumnExpr *) expr)->attno);
}

static const VExprClass column_class = {.eval = column_eval};

static VExpr *
build_column(VExprShared *shared, Var *var)
{
	ColumnExpr *column;

	if (var->varattno <= 0)
		return NULL;
	column = vexpr_node_create(shared, &column_class, sizeof(ColumnExpr),
							   var->vartype);
	column->attno = var->varattno;
	return &column->base;
}

/* ---------- compiling ---------- */

bool
vexpr_function_call(Node *node, Oid *function, List **args)
{
	if (IsA(node, FuncExpr))
	{
		*function = ((FuncExpr *) node)->funcid;
		*args = ((FuncExpr *) node)->args;
		return true;
	}
	if (IsA(node, OpExpr))
	{
		set_opfuncid((OpExpr *) node);
		*function = ((OpExpr *) node)->opfuncid;
		*args = ((OpExpr *) node)->args;
		return true;
	}
	return false;
}

/* A cast that changes nothing: the argument's node under another type. */
static VExpr *
build_relabel(VExprShared *shared, RelabelType *relabel)
{
	VExpr	   *expr;

	if (vexpr_type_kind(relabel->resulttype) !=
		vexpr_type_kind(exprType((Node *) relabel->arg)))
		return NULL;
	expr = vexpr_build(shared, (Node *) relabel->arg);
	expr->type = relabel->resulttype;
	return expr;
}

VExpr *
vexpr_build(VExprShared *shared, Node *node)
{
	static VExpr *(*const builders[]) (VExprShared *, Node *) = {
		vexpr_dictionary_build, vexpr_time_build, vexpr_logic_build,
		vexpr_compare_build, vexpr_compare_build_array, vexpr_case_build,
		vexpr_arith_build, vexpr_time_build_of_step
	};
	VExpr	   *expr = NULL;
	int			i;

	check_stack_depth();
	if (vexpr_once_fits(node))
		return vexpr_once_build(shared, node);
	if (IsA(node, Var))
		expr = build_column(shared, (Var *) node);
	else if (IsA(node, RelabelType))
		expr = build_relabel(shared, (RelabelType *) node);
	for (i = 0; expr == NULL && i < lengthof(builders); i++)
		expr = builders[i] (shared, node);
	return expr != NULL ? expr : vexpr_scalar_build(shared, node);
}

/*
 * Whatever varno the planner gave them, all Vars mean the scanned table, which
 * the row-by-row parts have as their scan tuple.
 */
static Node *
unify_varnos(Node *node, void *context)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		Var		   *var = copyObject((Var *) node);

		var->varno = 1;
		return (Node *) var;
	}
	return expression_tree_mutator(node, unify_varnos, context);
}

void
vexpr_check_function(Oid function)
{
	AclResult	result = compat_proc_aclcheck(function, GetUserId());

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FUNCTION, get_func_name(function));
	InvokeFunctionExecuteHook(function);
}

static bool
check_function(Oid function, void *context)
{
	vexpr_check_function(function);
	return false;
}

/* What ExecInitExpr checks, of which the kernels see nothing. */
static bool
check_permissions(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_FuncExpr:
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
		case T_ScalarArrayOpExpr:
			(void) check_functions_in_node(node, check_function, NULL);
			break;
		default:
			break;
	}
	return expression_tree_walker(node, check_permissions, context);
}

VExpr *
vexpr_compile(Expr *expr, PlanState *parent, TupleDesc desc,
			  TupleTableSlot *slot)
{
	VExprShared *shared = palloc0(sizeof(VExprShared));

	(void) check_permissions((Node *) expr, NULL);
	shared->parent = parent;
	shared->desc = desc;
	shared->slot = slot;
	shared->memory = CurrentMemoryContext;
	shared->generation = 1;
	return vexpr_build(shared, unify_varnos((Node *) expr, NULL));
}

const Vector *
vexpr_eval(VExpr *expr, Batch *batch)
{
	return vexpr_node_eval(expr, batch, batch->selected);
}

void
vexpr_filter(VExpr *expr, Batch *batch)
{
	CHECK_FOR_INTERRUPTS();
	vexpr_node_filter(expr, batch, batch->selected);
	batch->nselected = selection_count(batch->selected);
}

void
vexpr_rescan(VExpr *expr)
{
	VExprShared *shared = expr->shared;

	/* 0 is for "never" */
	if (++shared->generation == 0)
		shared->generation = 1;
	if (shared->once != NULL)
		MemoryContextReset(shared->once);
	if (shared->econtext != NULL)
		ResetExprContext(shared->econtext);
}
