/*
 * aggfunc.c
 *	  Aggregates over batches: states per group, kept as arrays.
 *
 * An aggregate is recognised by its transition and final functions, whose OIDs
 * are fixed: whatever name it goes by, two aggregates with the same functions
 * are the same aggregate.  What is not recognised is computed through its
 * transition function (agggeneric.c).
 *
 * States are arrays with an element per group, one array per part of the
 * state, so that kernels can run over them.  A batch comes with its groups:
 * as ranges of rows when groups change seldom, which lets whole ranges be summed up
 * at once, or as a group per row.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_type_d.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/datum.h"
#include "utils/float.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "exec/aggdistinct.h"
#include "exec/aggfunc.h"
#include "exec/agggeneric.h"
#include "exec/aggstate.h"
#include "exec/cfunction.h"
#include "vector/scatter.h"
#include "vector/selection.h"
#include "vector/vextreme.h"
#include "vector/vsum.h"

/* ---------- recognising ---------- */

typedef struct AggKnown
{
	Oid			transition;
	Oid			final;
	AggKind		kind;
	AggResult	result;
} AggKnown;

static const AggKnown known_aggregates[] = {
	{F_INT8INC, 0, AGG_COUNT, RESULT_COUNT},
	{F_INT8INC_ANY, 0, AGG_COUNT, RESULT_COUNT},
	{F_FLOAT8PL, 0, AGG_SUM_FLOAT, RESULT_SUM_FLOAT8},
	{F_FLOAT4PL, 0, AGG_SUM_FLOAT, RESULT_SUM_FLOAT4},
	{F_FLOAT8_ACCUM, F_FLOAT8_AVG, AGG_SUM_FLOAT, RESULT_AVG_FLOAT},
	{F_FLOAT4_ACCUM, F_FLOAT8_AVG, AGG_SUM_FLOAT, RESULT_AVG_FLOAT},
	{F_FLOAT8_ACCUM, F_FLOAT8_VAR_POP, AGG_VAR_FLOAT, RESULT_VAR_POP},
	{F_FLOAT8_ACCUM, F_FLOAT8_VAR_SAMP, AGG_VAR_FLOAT, RESULT_VAR_SAMP},
	{F_FLOAT8_ACCUM, F_FLOAT8_STDDEV_POP, AGG_VAR_FLOAT, RESULT_STDDEV_POP},
	{F_FLOAT8_ACCUM, F_FLOAT8_STDDEV_SAMP, AGG_VAR_FLOAT, RESULT_STDDEV_SAMP},
	{F_FLOAT4_ACCUM, F_FLOAT8_VAR_POP, AGG_VAR_FLOAT, RESULT_VAR_POP},
	{F_FLOAT4_ACCUM, F_FLOAT8_VAR_SAMP, AGG_VAR_FLOAT, RESULT_VAR_SAMP},
	{F_FLOAT4_ACCUM, F_FLOAT8_STDDEV_POP, AGG_VAR_FLOAT, RESULT_STDDEV_POP},
	{F_FLOAT4_ACCUM, F_FLOAT8_STDDEV_SAMP, AGG_VAR_FLOAT, RESULT_STDDEV_SAMP},
	{F_INT2_SUM, 0, AGG_SUM_INT, RESULT_SUM_INT8},
	{F_INT4_SUM, 0, AGG_SUM_INT, RESULT_SUM_INT8},
	{F_INT8_AVG_ACCUM, F_NUMERIC_POLY_SUM, AGG_SUM_INT, RESULT_SUM_NUMERIC},
	{F_INT8_AVG_ACCUM, F_NUMERIC_POLY_AVG, AGG_SUM_INT, RESULT_AVG_NUMERIC},
	{F_INT2_AVG_ACCUM, F_INT8_AVG, AGG_SUM_INT, RESULT_AVG_NUMERIC},
	{F_INT4_AVG_ACCUM, F_INT8_AVG, AGG_SUM_INT, RESULT_AVG_NUMERIC},
	{F_INT2_ACCUM, F_NUMERIC_POLY_VAR_POP, AGG_VAR_INT, RESULT_FINALFN},
	{F_INT2_ACCUM, F_NUMERIC_POLY_VAR_SAMP, AGG_VAR_INT, RESULT_FINALFN},
	{F_INT2_ACCUM, F_NUMERIC_POLY_STDDEV_POP, AGG_VAR_INT, RESULT_FINALFN},
	{F_INT2_ACCUM, F_NUMERIC_POLY_STDDEV_SAMP, AGG_VAR_INT, RESULT_FINALFN},
	{F_INT4_ACCUM, F_NUMERIC_POLY_VAR_POP, AGG_VAR_INT, RESULT_FINALFN},
	{F_INT4_ACCUM, F_NUMERIC_POLY_VAR_SAMP, AGG_VAR_INT, RESULT_FINALFN},
	{F_INT4_ACCUM, F_NUMERIC_POLY_STDDEV_POP, AGG_VAR_INT, RESULT_FINALFN},
	{F_INT4_ACCUM, F_NUMERIC_POLY_STDDEV_SAMP, AGG_VAR_INT, RESULT_FINALFN},
	{F_INT2LARGER, 0, AGG_MAX_INT, RESULT_VALUE},
	{F_INT2SMALLER, 0, AGG_MIN_INT, RESULT_VALUE},
	{F_INT4LARGER, 0, AGG_MAX_INT, RESULT_VALUE},
	{F_INT4SMALLER, 0, AGG_MIN_INT, RESULT_VALUE},
	{F_INT8LARGER, 0, AGG_MAX_INT, RESULT_VALUE},
	{F_INT8SMALLER, 0, AGG_MIN_INT, RESULT_VALUE},
	{F_DATE_LARGER, 0, AGG_MAX_INT, RESULT_VALUE},
	{F_DATE_SMALLER, 0, AGG_MIN_INT, RESULT_VALUE},
	{F_TIME_LARGER, 0, AGG_MAX_INT, RESULT_VALUE},
	{F_TIME_SMALLER, 0, AGG_MIN_INT, RESULT_VALUE},
	{F_TIMESTAMP_LARGER, 0, AGG_MAX_INT, RESULT_VALUE},
	{F_TIMESTAMP_SMALLER, 0, AGG_MIN_INT, RESULT_VALUE},
	{F_TIMESTAMPTZ_LARGER, 0, AGG_MAX_INT, RESULT_VALUE},
	{F_TIMESTAMPTZ_SMALLER, 0, AGG_MIN_INT, RESULT_VALUE},
	{F_FLOAT4LARGER, 0, AGG_MAX_FLOAT, RESULT_VALUE},
	{F_FLOAT4SMALLER, 0, AGG_MIN_FLOAT, RESULT_VALUE},
	{F_FLOAT8LARGER, 0, AGG_MAX_FLOAT, RESULT_VALUE},
	{F_FLOAT8SMALLER, 0, AGG_MIN_FLOAT, RESULT_VALUE},
};

/* Our own first and last. */
static bool
known_first_last(Oid transition, AggKind *kind)
{
	*kind = AGG_FIRST;
	if (cfunction_has_prefix(transition, "rusts_first_trans"))
		return true;
	*kind = AGG_LAST;
	return cfunction_has_prefix(transition, "rusts_last_trans");
}

static Oid
argument_type(Aggref *aggref, int i)
{
	return exprType((Node *) ((TargetEntry *) list_nth(aggref->args, i))->expr);
}

static void
aggfunc_recognise(Aggref *aggref, AggKind *kind, AggResult *result)
{
	HeapTuple	tuple = SearchSysCache1(AGGFNOID,
										ObjectIdGetDatum(aggref->aggfnoid));
	Form_pg_aggregate form;
	Oid			transition;
	Oid			final;
	int			i;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for aggregate %u", aggref->aggfnoid);
	form = (Form_pg_aggregate) GETSTRUCT(tuple);
	transition = form->aggtransfn;
	final = form->aggfinalfn;
	ReleaseSysCache(tuple);
	*kind = AGG_GENERIC;
	*result = RESULT_FINALFN;
	for (i = 0; i < lengthof(known_aggregates); i++)
		if (known_aggregates[i].transition == transition &&
			known_aggregates[i].final == final)
		{
			*kind = known_aggregates[i].kind;
			*result = known_aggregates[i].result;
			if (*kind == AGG_COUNT && aggref->aggdistinct != NIL)
				*kind = AGG_DISTINCT;
			return;
		}
	if (list_length(aggref->args) == 2 &&
		vexpr_type_kind(argument_type(aggref, 1)) == VECTOR_INT &&
		known_first_last(transition, kind))
		*result = RESULT_VALUE;
	else
		*kind = AGG_GENERIC;
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
	while (IsA(expr, RelabelType))
		expr = ((RelabelType *) expr)->arg;
	return IsA(expr, Var) && ((Var *) expr)->varattno > 0 ?
		((Var *) expr)->varattno : 0;
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

void
aggfunc_compile(AggFunc *func, Aggref *aggref, PlanState *parent,
				TupleDesc desc, TupleTableSlot *slot, AggState *fake)
{
	ListCell   *cell;

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

/* ---------- states ---------- */

static void
aggfunc_init_state(AggFunc *func, uint32 group)
{
	switch (func->kind)
	{
		case AGG_COUNT:
			break;
		case AGG_SUM_FLOAT:
			FLOATS(func)[group] = VSUM_FLOAT_START;
			INFINITE(func)[group] = false;
			break;
		case AGG_VAR_FLOAT:
			memset(&VARIANCES(func)[group], 0, sizeof(Variance));
			INFINITE(func)[group] = false;
			return;
		case AGG_VAR_INT:
			SQUARES(func)[group] = 0;
			/* FALLTHROUGH */
		case AGG_SUM_INT:
			SUMS(func)[group] = 0;
			break;
		case AGG_MIN_INT:
			INTS(func)[group] = VMIN_INT_START;
			break;
		case AGG_MAX_INT:
			INTS(func)[group] = VMAX_INT_START;
			break;
		case AGG_MIN_FLOAT:
			FLOATS(func)[group] = VMIN_FLOAT_START;
			break;
		case AGG_MAX_FLOAT:
			FLOATS(func)[group] = VMAX_FLOAT_START;
			break;
		case AGG_FIRST:
		case AGG_LAST:
		case AGG_DISTINCT:
			break;
		case AGG_GENERIC:
			agggeneric_init(func, group);
			return;
	}
	COUNTS(func)[group] = 0;
}

void
aggfunc_resize(AggFunc *func, uint32 old_capacity, uint32 capacity)
{
	uint32		group;
	int			i;

	for (i = 0; i < AGG_ARRAYS; i++)
	{
		AggArray   *array = &func->arrays[i];
		void	   *raw;
		void	   *at;

		if (array->width == 0)
			continue;
		/* 128-bit numbers want more than palloc's alignment */
		raw = MemoryContextAllocHuge(func->context,
									 (Size) capacity * array->width + 16);
		at = (void *) TYPEALIGN(16, raw);
		if (array->raw != NULL)
		{
			memcpy(at, array->at, (Size) old_capacity * array->width);
			pfree(array->raw);
		}
		array->raw = raw;
		array->at = at;
	}
	for (group = old_capacity; group < capacity; group++)
		aggfunc_init_state(func, group);
}

void
aggfunc_forget(AggFunc *func)
{
	int			i;

	for (i = 0; i < AGG_ARRAYS; i++)
		func->arrays[i].raw = func->arrays[i].at = NULL;
	if (func->distinct != NULL)
		aggdistinct_forget(func);
}

/* ---------- arguments ---------- */

/* The argument of a batch, for the kernels. */
typedef struct AggInput
{
	const Vector *vector;
	const int64 *ints;
	const double *floats;
	int			n;
	bool		all;			/* every row is selected */
	uint64		selected[SELECTION_WORDS];
} AggInput;

static inline Datum
vector_datum(const Vector *vector, int row, bool *isnull)
{
	int			at = vector->constant ? 0 : row;

	*isnull = vector->isnull != NULL && vector->isnull[at];
	if (*isnull)
		return (Datum) 0;
	if (vector->dictionary != NULL)
		return vector->dictionary[vector->values[at]];
	return vector->values[at];
}

/* A plain array of the values, expanded or converted into batch memory. */
static const int64 *
vector_expand(const Vector *vector, Batch *batch, VectorKind kind)
{
	int64	   *out;
	bool		isnull;
	int			i;

	if (!vector->constant && vector->dictionary == NULL &&
		kind != VECTOR_FLOAT4)
		return (const int64 *) vector->values;
	out = MemoryContextAlloc(batch->memory, BATCH_ROWS * sizeof(int64));
	memset(out, 0, BATCH_ROWS * sizeof(int64));
	for (SELECTION_EACH(i, batch->selected))
	{
		Datum		value = vector_datum(vector, i, &isnull);

		if (isnull)
			continue;
		if (kind == VECTOR_FLOAT4)
		{
			double		number = DatumGetFloat4(value);

			memcpy(&out[i], &number, sizeof(number));
		}
		else
			out[i] = (int64) value;
	}
	return out;
}

/* Evaluate filter and first argument; false: no row is left. */
static bool
aggfunc_input(AggFunc *func, Batch *batch, AggInput *input)
{
	const Vector *vector = NULL;
	int			i;

	selection_copy(input->selected, batch->selected);
	input->n = batch->n;
	input->all = batch->nselected == batch->n;
	if (func->filter != NULL)
	{
		uint64		before[SELECTION_WORDS];
		int			nbefore = batch->nselected;

		selection_copy(before, batch->selected);
		vexpr_filter(func->filter, batch);
		selection_copy(input->selected, batch->selected);
		input->all = batch->nselected == batch->n;
		if (func->nargs > 0 && batch->nselected > 0)
			vector = vexpr_eval(func->args[0], batch);
		selection_copy(batch->selected, before);
		batch->nselected = nbefore;
		if (selection_is_empty(input->selected))
			return false;
	}
	else if (func->nargs > 0)
		vector = vexpr_eval(func->args[0], batch);
	input->vector = vector;
	if (vector == NULL)
		return true;
	if (vector->isnull != NULL)
	{
		if (vector->constant && vector->isnull[0])
			return false;
		for (i = 0; !vector->constant && i < batch->n; i++)
			if (vector->isnull[i])
				selection_remove(input->selected, i);
		input->all = false;
	}
	if (func->kind == AGG_COUNT)
		return true;
	input->ints = vector_expand(vector, batch, func->arg_kind);
	input->floats = (const double *) input->ints;
	return true;
}

/* ---------- updates by range ---------- */

/*
 * A sum that is infinite although no input is, is an overflow, as it is for
 * float8pl and float8_accum.  So infinite inputs are remembered.
 */
static void
add_float_sum(AggFunc *func, uint32 group, double sum, bool infinite)
{
	FLOATS(func)[group] += sum;
	INFINITE(func)[group] |= infinite;
}

static void
add_variance(AggFunc *func, uint32 group, const Variance *more, bool infinite)
{
	vsum_variance_combine(&VARIANCES(func)[group], more);
	INFINITE(func)[group] |= infinite;
}

/* All rows of the range count. */
static void
update_range(AggFunc *func, const AggInput *input, const AggRange *range)
{
	uint32		group = range->group;
	int			from = range->from;
	int			to = range->to;
	Variance	variance;
	double		sum;

	switch (func->kind)
	{
		case AGG_SUM_FLOAT:
			sum = vsum_float_range(input->floats, from, to);
			add_float_sum(func, group, sum, !isfinite(sum) &&
						  vsum_infinite_range(input->floats, from, to));
			break;
		case AGG_VAR_FLOAT:
			variance = vsum_variance_range(input->floats, from, to);
			add_variance(func, group, &variance, !isfinite(variance.sx) &&
						 vsum_infinite_range(input->floats, from, to));
			return;
		case AGG_VAR_INT:
			SQUARES(func)[group] += vsum_int32_squares_range(input->ints, from,
															 to);
			/* FALLTHROUGH */
		case AGG_SUM_INT:
			SUMS(func)[group] += vsum_int_range(input->ints, from, to);
			break;
		case AGG_MIN_INT:
			INTS(func)[group] = Min(INTS(func)[group],
									vmin_int_range(input->ints, from, to));
			break;
		case AGG_MAX_INT:
			INTS(func)[group] = Max(INTS(func)[group],
									vmax_int_range(input->ints, from, to));
			break;
		case AGG_MIN_FLOAT:
			FLOATS(func)[group] = vextreme_float_min(FLOATS(func)[group],
													 vmin_float_range(input->floats, from, to));
			break;
		case AGG_MAX_FLOAT:
			FLOATS(func)[group] = vextreme_float_max(FLOATS(func)[group],
													 vmax_float_range(input->floats, from, to));
			break;
		case AGG_COUNT:
		case AGG_FIRST:
		case AGG_LAST:
		case AGG_DISTINCT:
		case AGG_GENERIC:
			break;
	}
	COUNTS(func)[group] += to - from;
}

/* The rows of a selection count, n of them, all of one group. */
static void
update_selected(AggFunc *func, const AggInput *input, const uint64 *selected,
				uint32 group, int n)
{
	Variance	variance;
	double		sum;

	switch (func->kind)
	{
		case AGG_SUM_FLOAT:
			sum = vsum_float_selected(input->floats, selected);
			add_float_sum(func, group, sum, !isfinite(sum) &&
						  vsum_infinite_selected(input->floats, selected));
			break;
		case AGG_VAR_FLOAT:
			variance = vsum_variance_selected(input->floats, selected);
			add_variance(func, group, &variance, !isfinite(variance.sx) &&
						 vsum_infinite_selected(input->floats, selected));
			return;
		case AGG_VAR_INT:
			SQUARES(func)[group] += vsum_int32_squares_selected(input->ints,
																selected);
			/* FALLTHROUGH */
		case AGG_SUM_INT:
			SUMS(func)[group] += vsum_int_selected(input->ints, selected);
			break;
		case AGG_MIN_INT:
			INTS(func)[group] = Min(INTS(func)[group],
									vmin_int_selected(input->ints, selected));
			break;
		case AGG_MAX_INT:
			INTS(func)[group] = Max(INTS(func)[group],
									vmax_int_selected(input->ints, selected));
			break;
		case AGG_MIN_FLOAT:
			FLOATS(func)[group] = vextreme_float_min(FLOATS(func)[group],
													 vmin_float_selected(input->floats, selected));
			break;
		case AGG_MAX_FLOAT:
			FLOATS(func)[group] = vextreme_float_max(FLOATS(func)[group],
													 vmax_float_selected(input->floats, selected));
			break;
		case AGG_COUNT:
		case AGG_FIRST:
		case AGG_LAST:
		case AGG_DISTINCT:
		case AGG_GENERIC:
			break;
	}
	COUNTS(func)[group] += n;
}

static void
update_ranges(AggFunc *func, const AggInput *input, const AggGroups *groups)
{
	uint64		selected[SELECTION_WORDS];
	int			i;

	for (i = 0; i < groups->nranges; i++)
	{
		const AggRange *range = &groups->ranges[i];
		int			n;

		if (input->all)
		{
			update_range(func, input, range);
			continue;
		}
		n = selection_count_range(input->selected, range->from, range->to);
		if (n == range->to - range->from)
			update_range(func, input, range);
		else if (n > 0)
		{
			selection_copy(selected, input->selected);
			selection_and_range(selected, range->from, range->to);
			update_selected(func, input, selected, range->group, n);
		}
	}
}

/* ---------- updates by row ---------- */

/* Remember who got an infinite input. */
static void
scatter_infinite(AggFunc *func, const AggInput *input,
				 const AggGroups *groups)
{
	int			i;

	if (likely(!(input->all ?
				 vsum_infinite_range(input->floats, 0, input->n) :
				 vsum_infinite_selected(input->floats, input->selected))))
		return;
	for (SELECTION_EACH(i, input->selected))
		if (isinf(input->floats[i]))
			INFINITE(func)[groups->groups[i]] = true;
}

static void
update_rows(AggFunc *func, const AggInput *input, const AggGroups *groups)
{
	const uint32 *group = groups->groups;
	const uint64 *selected = input->selected;
	int			i;

	switch (func->kind)
	{
		case AGG_SUM_FLOAT:
			scatter_sum_float(input->floats, group, selected, FLOATS(func),
							  COUNTS(func));
			scatter_infinite(func, input, groups);
			return;
		case AGG_VAR_FLOAT:
			scatter_variance(input->floats, group, selected, VARIANCES(func));
			scatter_infinite(func, input, groups);
			return;
		case AGG_VAR_INT:
			for (SELECTION_EACH(i, selected))
				SQUARES(func)[group[i]] += (VectorInt128) input->ints[i] *
					input->ints[i];
			/* FALLTHROUGH */
		case AGG_SUM_INT:
			scatter_sum_int(input->ints, group, selected, SUMS(func),
							COUNTS(func));
			return;
		case AGG_MIN_INT:
			scatter_min_int(input->ints, group, selected, INTS(func));
			break;
		case AGG_MAX_INT:
			scatter_max_int(input->ints, group, selected, INTS(func));
			break;
		case AGG_MIN_FLOAT:
			scatter_min_float(input->floats, group, selected, FLOATS(func));
			break;
		case AGG_MAX_FLOAT:
			scatter_max_float(input->floats, group, selected, FLOATS(func));
			break;
		case AGG_COUNT:
		case AGG_FIRST:
		case AGG_LAST:
		case AGG_DISTINCT:
		case AGG_GENERIC:
			break;
	}
	scatter_count(group, selected, COUNTS(func));
}

/* ---------- first, last, and transition functions ---------- */

void
aggfunc_keep_value(AggFunc *func, uint32 group, Datum value, bool isnull)
{
	Datum	   *kept = &VALUES(func)[group];
	MemoryContext old;

	if (!func->typbyval && COUNTS(func)[group] == 2)
		pfree(DatumGetPointer(*kept));
	COUNTS(func)[group] = isnull ? 1 : 2;
	*kept = (Datum) 0;
	if (isnull)
		return;
	old = MemoryContextSwitchTo(func->context);
	*kept = datumCopy(value, func->typbyval, func->typlen);
	MemoryContextSwitchTo(old);
}

/* Equal times: first keeps what it has, last takes what comes. */
bool
aggfunc_is_better(const AggFunc *func, uint32 group, int64 time)
{
	if (COUNTS(func)[group] == 0)
		return true;
	return func->kind == AGG_FIRST ? time < TIMES(func)[group] :
		time >= TIMES(func)[group];
}

/* A row at a time, but values are copied only for each group's best row. */
static void
update_first_last(AggFunc *func, Batch *batch, const AggInput *input,
				  const AggGroups *groups)
{
	const Vector *times = vexpr_eval(func->args[1], batch);
	int			range = 0;
	int			i;

	for (SELECTION_EACH(i, input->selected))
	{
		bool		isnull;
		int64		time = (int64) vector_datum(times, i, &isnull);
		uint32		group;
		Datum		value;

		if (isnull)
			continue;
		group = agggroups_of(groups, &range, i);
		if (!aggfunc_is_better(func, group, time))
			continue;
		value = vector_datum(input->vector, i, &isnull);
		TIMES(func)[group] = time;
		aggfunc_keep_value(func, group, value, isnull);
	}
}

static void
update_generic(AggFunc *func, Batch *batch, const AggInput *input,
			   const AggGroups *groups)
{
	const Vector **vectors = palloc(func->nargs * sizeof(Vector *) + 1);
	NullableDatum *args = palloc((func->nargs + 1) * sizeof(NullableDatum));
	int			range = 0;
	int			a;
	int			i;

	for (a = 0; a < func->nargs; a++)
		vectors[a] = vexpr_eval(func->args[a], batch);
	for (SELECTION_EACH(i, input->selected))
	{
		uint32		group;

		group = agggroups_of(groups, &range, i);
		for (a = 0; a < func->nargs; a++)
			args[a].value = vector_datum(vectors[a], i, &args[a].isnull);
		agggeneric_advance(func, group, args);
	}
}

/* These evaluate all arguments, for the rows that the filter leaves. */
static void
update_by_row(AggFunc *func, Batch *batch, const AggGroups *groups)
{
	AggInput	input;
	uint64		before[SELECTION_WORDS];
	int			nbefore = batch->nselected;
	MemoryContext old = MemoryContextSwitchTo(batch->memory);

	selection_copy(before, batch->selected);
	if (func->filter != NULL)
		vexpr_filter(func->filter, batch);
	if (batch->nselected > 0)
	{
		selection_copy(input.selected, batch->selected);
		input.vector = func->nargs > 0 ? vexpr_eval(func->args[0], batch) : NULL;
		if (func->kind == AGG_DISTINCT)
			aggdistinct_update(func, input.vector, input.selected, groups);
		else if (func->kind == AGG_GENERIC)
			update_generic(func, batch, &input, groups);
		else
			update_first_last(func, batch, &input, groups);
	}
	selection_copy(batch->selected, before);
	batch->nselected = nbefore;
	MemoryContextSwitchTo(old);
}

void
aggfunc_update(AggFunc *func, Batch *batch, const AggGroups *groups)
{
	AggInput	input;

	if (func->kind == AGG_GENERIC || func->kind == AGG_FIRST ||
		func->kind == AGG_LAST || func->kind == AGG_DISTINCT)
		update_by_row(func, batch, groups);
	else if (aggfunc_input(func, batch, &input))
	{
		if (groups->nranges >= 0)
			update_ranges(func, &input, groups);
		else
			update_rows(func, &input, groups);
	}
}

/* ---------- metadata ---------- */

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

bool
aggfunc_summary_suffices(const AggFunc *func,
						 const DirectorySummaryData *summary, uint32 rows)
{
	bool		is_float = func->kind == AGG_SUM_FLOAT ||
	func->kind == AGG_MIN_FLOAT || func->kind == AGG_MAX_FLOAT;

	if (func->kind == AGG_COUNT || summary->null_count >= rows)
		return true;
	if ((summary->flags & SUMMARY_HAS_MINMAX) == 0 ||
		is_float != ((summary->flags & SUMMARY_IS_FLOAT) != 0))
		return false;
	return (func->kind != AGG_SUM_FLOAT && func->kind != AGG_SUM_INT) ||
		(summary->flags & SUMMARY_HAS_SUM) != 0;
}

static double
summary_float(int64 bits)
{
	double		value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

void
aggfunc_add_summary(AggFunc *func, uint32 group,
					const DirectorySummaryData *summary, uint32 rows)
{
	if (func->kind == AGG_COUNT)
	{
		COUNTS(func)[group] += func->nargs == 0 ? rows :
			rows - summary->null_count;
		return;
	}
	if (summary->null_count >= rows)
		return;
	COUNTS(func)[group] += rows - summary->null_count;
	switch (func->kind)
	{
		case AGG_SUM_FLOAT:
			add_float_sum(func, group, summary_float(summary->sum),
						  isinf(summary_float(summary->min)) ||
						  isinf(summary_float(summary->max)) ||
						  isnan(summary_float(summary->max)));
			break;
		case AGG_SUM_INT:
			SUMS(func)[group] += summary->sum;
			break;
		case AGG_MIN_INT:
			INTS(func)[group] = Min(INTS(func)[group], summary->min);
			break;
		case AGG_MAX_INT:
			INTS(func)[group] = Max(INTS(func)[group], summary->max);
			break;
		case AGG_MIN_FLOAT:
			FLOATS(func)[group] = vextreme_float_min(FLOATS(func)[group],
													 summary_float(summary->min));
			break;
		case AGG_MAX_FLOAT:
			FLOATS(func)[group] = vextreme_float_max(FLOATS(func)[group],
													 summary_float(summary->max));
			break;
		default:
			elog(ERROR, "aggregate does not take summaries");
	}
}
