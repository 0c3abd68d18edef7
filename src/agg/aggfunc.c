/*
 * aggfunc.c
 *	  Aggregates over batches: which are known, and what they are compiled to.
 *
 * An aggregate is recognised by its transition and final functions, whose OIDs
 * are fixed, and its initial value: whatever name it goes by, two aggregates
 * that have these in common are the same aggregate.  What is not recognised is
 * computed through its transition function (agggeneric.c).
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_aggregate.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "agg/aggdistinct.h"
#include "agg/aggfunc.h"
#include "agg/agggeneric.h"
#include "compat/privilege.h"
#include "vexpr/cfunction.h"
#include "vexpr/shape.h"

/* ---------- recognising ---------- */

typedef struct AggKnown
{
	Oid			transition;
	Oid			final;
	const char *initial;
	AggKind		kind;
	AggResult	result;
} AggKnown;

static const AggKnown known_aggregates[] = {
	{F_INT8INC, 0, "0", AGG_COUNT, RESULT_COUNT},
	{F_INT8INC_ANY, 0, "0", AGG_COUNT, RESULT_COUNT},
	{F_FLOAT8PL, 0, NULL, AGG_SUM_FLOAT, RESULT_SUM_FLOAT8},
	{F_FLOAT4PL, 0, NULL, AGG_SUM_FLOAT, RESULT_SUM_FLOAT4},
	{F_FLOAT8_ACCUM, F_FLOAT8_AVG, "{0,0,0}", AGG_SUM_FLOAT, RESULT_AVG_FLOAT},
	{F_FLOAT4_ACCUM, F_FLOAT8_AVG, "{0,0,0}", AGG_SUM_FLOAT, RESULT_AVG_FLOAT},
	{F_FLOAT8_ACCUM, F_FLOAT8_VAR_POP, "{0,0,0}", AGG_VAR_FLOAT, RESULT_VAR_POP},
	{F_FLOAT8_ACCUM, F_FLOAT8_VAR_SAMP, "{0,0,0}", AGG_VAR_FLOAT, RESULT_VAR_SAMP},
	{F_FLOAT8_ACCUM, F_FLOAT8_STDDEV_POP, "{0,0,0}", AGG_VAR_FLOAT, RESULT_STDDEV_POP},
	{F_FLOAT8_ACCUM, F_FLOAT8_STDDEV_SAMP, "{0,0,0}", AGG_VAR_FLOAT, RESULT_STDDEV_SAMP},
	{F_FLOAT4_ACCUM, F_FLOAT8_VAR_POP, "{0,0,0}", AGG_VAR_FLOAT, RESULT_VAR_POP},
	{F_FLOAT4_ACCUM, F_FLOAT8_VAR_SAMP, "{0,0,0}", AGG_VAR_FLOAT, RESULT_VAR_SAMP},
	{F_FLOAT4_ACCUM, F_FLOAT8_STDDEV_POP, "{0,0,0}", AGG_VAR_FLOAT, RESULT_STDDEV_POP},
	{F_FLOAT4_ACCUM, F_FLOAT8_STDDEV_SAMP, "{0,0,0}", AGG_VAR_FLOAT, RESULT_STDDEV_SAMP},
	{F_INT2_SUM, 0, NULL, AGG_SUM_INT, RESULT_SUM_INT8},
	{F_INT4_SUM, 0, NULL, AGG_SUM_INT, RESULT_SUM_INT8},
	{F_INT8_AVG_ACCUM, F_NUMERIC_POLY_SUM, NULL, AGG_SUM_INT, RESULT_SUM_NUMERIC},
	{F_INT8_AVG_ACCUM, F_NUMERIC_POLY_AVG, NULL, AGG_SUM_INT, RESULT_AVG_NUMERIC},
	{F_INT2_AVG_ACCUM, F_INT8_AVG, "{0,0}", AGG_SUM_INT, RESULT_AVG_NUMERIC},
	{F_INT4_AVG_ACCUM, F_INT8_AVG, "{0,0}", AGG_SUM_INT, RESULT_AVG_NUMERIC},
	{F_INT2_ACCUM, F_NUMERIC_POLY_VAR_POP, NULL, AGG_VAR_INT, RESULT_FINALFN},
	{F_INT2_ACCUM, F_NUMERIC_POLY_VAR_SAMP, NULL, AGG_VAR_INT, RESULT_FINALFN},
	{F_INT2_ACCUM, F_NUMERIC_POLY_STDDEV_POP, NULL, AGG_VAR_INT, RESULT_FINALFN},
	{F_INT2_ACCUM, F_NUMERIC_POLY_STDDEV_SAMP, NULL, AGG_VAR_INT, RESULT_FINALFN},
	{F_INT4_ACCUM, F_NUMERIC_POLY_VAR_POP, NULL, AGG_VAR_INT, RESULT_FINALFN},
	{F_INT4_ACCUM, F_NUMERIC_POLY_VAR_SAMP, NULL, AGG_VAR_INT, RESULT_FINALFN},
	{F_INT4_ACCUM, F_NUMERIC_POLY_STDDEV_POP, NULL, AGG_VAR_INT, RESULT_FINALFN},
	{F_INT4_ACCUM, F_NUMERIC_POLY_STDDEV_SAMP, NULL, AGG_VAR_INT, RESULT_FINALFN},
	{F_INT2LARGER, 0, NULL, AGG_MAX_INT, RESULT_VALUE},
	{F_INT2SMALLER, 0, NULL, AGG_MIN_INT, RESULT_VALUE},
	{F_INT4LARGER, 0, NULL, AGG_MAX_INT, RESULT_VALUE},
	{F_INT4SMALLER, 0, NULL, AGG_MIN_INT, RESULT_VALUE},
	{F_INT8LARGER, 0, NULL, AGG_MAX_INT, RESULT_VALUE},
	{F_INT8SMALLER, 0, NULL, AGG_MIN_INT, RESULT_VALUE},
	{F_DATE_LARGER, 0, NULL, AGG_MAX_INT, RESULT_VALUE},
	{F_DATE_SMALLER, 0, NULL, AGG_MIN_INT, RESULT_VALUE},
	{F_TIME_LARGER, 0, NULL, AGG_MAX_INT, RESULT_VALUE},
	{F_TIME_SMALLER, 0, NULL, AGG_MIN_INT, RESULT_VALUE},
	{F_TIMESTAMP_LARGER, 0, NULL, AGG_MAX_INT, RESULT_VALUE},
	{F_TIMESTAMP_SMALLER, 0, NULL, AGG_MIN_INT, RESULT_VALUE},
	{F_TIMESTAMPTZ_LARGER, 0, NULL, AGG_MAX_INT, RESULT_VALUE},
	{F_TIMESTAMPTZ_SMALLER, 0, NULL, AGG_MIN_INT, RESULT_VALUE},
	{F_FLOAT4LARGER, 0, NULL, AGG_MAX_FLOAT, RESULT_VALUE},
	{F_FLOAT4SMALLER, 0, NULL, AGG_MIN_FLOAT, RESULT_VALUE},
	{F_FLOAT8LARGER, 0, NULL, AGG_MAX_FLOAT, RESULT_VALUE},
	{F_FLOAT8SMALLER, 0, NULL, AGG_MIN_FLOAT, RESULT_VALUE},
};

static Oid
argument_type(Aggref *aggref, int i)
{
	return exprType((Node *) ((TargetEntry *) list_nth(aggref->args, i))->expr);
}

/* Does the catalog row of an aggregate have this initial value? */
static bool
has_initial(HeapTuple tuple, const char *initial)
{
	bool		isnull;
	Datum		value = SysCacheGetAttr(AGGFNOID, tuple,
										Anum_pg_aggregate_agginitval, &isnull);

	if (isnull || initial == NULL)
		return isnull && initial == NULL;
	return strcmp(TextDatumGetCString(value), initial) == 0;
}

/* Our own first and last. */
static bool
known_first_last(HeapTuple tuple, AggKind *kind)
{
	Form_pg_aggregate form = (Form_pg_aggregate) GETSTRUCT(tuple);

	*kind = cfunction_has_prefix(form->aggtransfn, "rusts_first_trans") ?
		AGG_FIRST : AGG_LAST;
	return (*kind == AGG_FIRST ||
			cfunction_has_prefix(form->aggtransfn, "rusts_last_trans")) &&
		cfunction_has_prefix(form->aggfinalfn, "rusts_first_last_final") &&
		has_initial(tuple, NULL);
}

static bool
recognise_known(HeapTuple tuple, AggKind *kind, AggResult *result)
{
	Form_pg_aggregate form = (Form_pg_aggregate) GETSTRUCT(tuple);
	int			i;

	for (i = 0; i < lengthof(known_aggregates); i++)
		if (known_aggregates[i].transition == form->aggtransfn &&
			known_aggregates[i].final == form->aggfinalfn)
		{
			*kind = known_aggregates[i].kind;
			*result = known_aggregates[i].result;
			return has_initial(tuple, known_aggregates[i].initial);
		}
	return false;
}

static void
aggfunc_recognise(Aggref *aggref, AggKind *kind, AggResult *result)
{
	HeapTuple	tuple = SearchSysCache1(AGGFNOID,
										ObjectIdGetDatum(aggref->aggfnoid));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for aggregate %u", aggref->aggfnoid);
	if (recognise_known(tuple, kind, result))
	{
		if (*kind == AGG_COUNT && aggref->aggdistinct != NIL)
			*kind = AGG_DISTINCT;
	}
	else if (list_length(aggref->args) == 2 &&
			 vexpr_type_kind(argument_type(aggref, 1)) == VECTOR_INT &&
			 known_first_last(tuple, kind))
		*result = RESULT_VALUE;
	else
	{
		*kind = AGG_GENERIC;
		*result = RESULT_FINALFN;
	}
	ReleaseSysCache(tuple);
}

bool
aggfunc_supported(Aggref *aggref, bool *native)
{
	AggKind		kind;
	AggResult	result;
	ListCell   *cell;

	if (aggref->aggorder != NIL || aggref->aggkind != AGGKIND_NORMAL || aggref->agglevelsup != 0 ||
		aggref->aggsplit != AGGSPLIT_SIMPLE ||
		list_length(aggref->args) > FUNC_MAX_ARGS - 1)
		return false;
	foreach(cell, aggref->args)
		if (((TargetEntry *) lfirst(cell))->resjunk)
			return false;
	if (contain_volatile_functions((Node *) aggref->args) ||
		contain_volatile_functions((Node *) aggref->aggfilter) ||
		contain_subplans((Node *) aggref->args) ||
		contain_subplans((Node *) aggref->aggfilter))
		return false;
	aggfunc_recognise(aggref, &kind, &result);
	*native = kind != AGG_GENERIC;
	return aggref->aggdistinct == NIL ||
		(kind == AGG_DISTINCT && list_length(aggref->args) == 1 &&
		 linitial_node(SortGroupClause, aggref->aggdistinct)->hashable);
}

static AttrNumber
plain_column(Expr *expr)
{
	Node	   *node = shape_strip((Node *) expr);

	return IsA(node, Var) && ((Var *) node)->varattno > 0 ?
		((Var *) node)->varattno : 0;
}

bool
aggfunc_is_extreme_row(Aggref *aggref, AttrNumber *attno, bool *desc)
{
	AggKind		kind;
	AggResult	result;
	Expr	   *order;

	aggfunc_recognise(aggref, &kind, &result);
	if (aggref->aggfilter != NULL ||
		(kind != AGG_FIRST && kind != AGG_LAST && kind != AGG_MIN_INT &&
		 kind != AGG_MAX_INT))
		return false;
	order = ((TargetEntry *) llast(aggref->args))->expr;
	*attno = plain_column(order);
	*desc = kind == AGG_LAST || kind == AGG_MAX_INT;
	return *attno > 0;
}

/* ---------- compiling ---------- */

static void
aggfunc_set_widths(AggFunc *func)
{
	static const int8 widths[][AGG_ARRAYS] = {
		[AGG_COUNT] = {8, 0, 0},
		[AGG_SUM_FLOAT] = {8, 8, 1},
		[AGG_VAR_FLOAT] = {sizeof(Variance), 0, 1},
		[AGG_SUM_INT] = {8, 16, 0},
		[AGG_VAR_INT] = {8, 16, 16},
		[AGG_MIN_INT] = {8, 8, 0},
		[AGG_MAX_INT] = {8, 8, 0},
		[AGG_MIN_FLOAT] = {8, 8, 0},
		[AGG_MAX_FLOAT] = {8, 8, 0},
		[AGG_FIRST] = {8, 8, 8},
		[AGG_LAST] = {8, 8, 8},
		[AGG_DISTINCT] = {8, 0, 0},
		[AGG_GENERIC] = {8, 1, 1},
	};
	int			i;

	for (i = 0; i < AGG_ARRAYS; i++)
		func->arrays[i].width = widths[func->kind][i];
}

static void
check_function(Oid function, Oid role, ObjectType kind)
{
	AclResult	result;

	if (!OidIsValid(function))
		return;
	result = compat_proc_aclcheck(function, role);
	if (result != ACLCHECK_OK)
		aclcheck_error(result, kind, get_func_name(function));
	InvokeFunctionExecuteHook(function);
}

/* As nodeAgg.c: the aggregate is the caller's, its functions its owner's. */
static void
check_permissions(Oid aggregate)
{
	HeapTuple	proc = SearchSysCache1(PROCOID, ObjectIdGetDatum(aggregate));
	HeapTuple	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggregate));
	Form_pg_aggregate form;
	Oid			owner;

	if (!HeapTupleIsValid(proc) || !HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for aggregate %u", aggregate);
	form = (Form_pg_aggregate) GETSTRUCT(tuple);
	owner = ((Form_pg_proc) GETSTRUCT(proc))->proowner;
	check_function(aggregate, GetUserId(), OBJECT_AGGREGATE);
	check_function(form->aggtransfn, owner, OBJECT_FUNCTION);
	check_function(form->aggfinalfn, owner, OBJECT_FUNCTION);
	ReleaseSysCache(proc);
	ReleaseSysCache(tuple);
}

void
aggfunc_compile(AggFunc *func, Aggref *aggref, PlanState *parent,
				TupleDesc desc, TupleTableSlot *slot, AggState *fake)
{
	ListCell   *cell;

	check_permissions(aggref->aggfnoid);
	memset(func, 0, sizeof(*func));
	func->aggref = aggref;
	func->fake = fake;
	func->context = fake->curaggcontext->ecxt_per_tuple_memory;
	aggfunc_recognise(aggref, &func->kind, &func->result);
	aggfunc_set_widths(func);
	func->args = palloc0(Max(1, list_length(aggref->args)) * sizeof(VExpr *));
	foreach(cell, aggref->args)
	{
		Expr	   *expr = ((TargetEntry *) lfirst(cell))->expr;

		if (func->nargs == 0)
		{
			get_typlenbyval(exprType((Node *) expr), &func->typlen,
							&func->typbyval);
			func->column = plain_column(expr);
			func->arg_kind = vexpr_type_kind(exprType((Node *) expr));
		}
		/* who combines states has no rows */
		if (slot != NULL)
			func->args[func->nargs] = vexpr_compile(expr, parent, desc, slot);
		func->nargs++;
	}
	if (aggref->aggfilter != NULL && slot != NULL)
		func->filter = vexpr_compile(aggref->aggfilter, parent, desc, slot);
	if (func->result == RESULT_FINALFN)
		agggeneric_compile(func);
	if (func->kind == AGG_DISTINCT)
		aggdistinct_compile(func);
}

void
aggfunc_rescan(AggFunc *func)
{
	int			i;

	for (i = 0; i < func->nargs; i++)
		if (func->args[i] != NULL)
			vexpr_rescan(func->args[i]);
	if (func->filter != NULL)
		vexpr_rescan(func->filter);
}

/* ---------- can metadata answer? ---------- */

static bool
kind_takes_summary(AggKind kind, bool has_argument, AttrNumber column)
{
	switch (kind)
	{
		case AGG_COUNT:
			return !has_argument || column > 0;
		case AGG_SUM_FLOAT:
		case AGG_SUM_INT:
		case AGG_MIN_INT:
		case AGG_MAX_INT:
		case AGG_MIN_FLOAT:
		case AGG_MAX_FLOAT:
			return column > 0;
		case AGG_VAR_FLOAT:
		case AGG_VAR_INT:
		case AGG_FIRST:
		case AGG_LAST:
		case AGG_DISTINCT:
		case AGG_GENERIC:
			break;
	}
	return false;
}

bool
aggfunc_takes_summary(const AggFunc *func)
{
	return func->filter == NULL &&
		kind_takes_summary(func->kind, func->nargs > 0, func->column);
}

bool
aggfunc_may_take_summary(Aggref *aggref)
{
	AttrNumber	column = 0;
	AggKind		kind;
	AggResult	result;

	aggfunc_recognise(aggref, &kind, &result);
	if (aggref->args != NIL)
		column = plain_column(linitial_node(TargetEntry, aggref->args)->expr);
	return aggref->aggfilter == NULL &&
		kind_takes_summary(kind, aggref->args != NIL, column);
}
