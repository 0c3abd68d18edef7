/*
 * aggupdate.c
 *	  Rows of a batch, put into the states of their groups.
 *
 * A batch comes with its groups: as ranges of rows when groups change seldom,
 * which lets whole ranges be summed up at once, or as a group per row.
 */
#include "postgres.h"

#include "agg/aggdistinct.h"
#include "agg/agggeneric.h"
#include "agg/aggstate.h"
#include "agg/aggupdate.h"
#include "vector/scatter.h"
#include "vector/selection.h"
#include "vector/vextreme.h"

/* ---------- arguments ---------- */

/* The argument of a batch, for the kernels. */
typedef struct AggInput
{
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

/* Evaluate the first argument; false: no row is left. */
static bool
input_prepare(AggFunc *func, Batch *batch, AggInput *input)
{
	const Vector *vector;

	selection_copy(input->selected, batch->selected);
	input->n = batch->n;
	input->all = batch->nselected == batch->n;
	if (func->nargs == 0)
		return true;
	vector = vexpr_eval(func->args[0], batch);
	if (vector->isnull != NULL && vector->constant)
	{
		if (vector->isnull[0])
			return false;
	}
	else if (vector->isnull != NULL)
	{
		selection_and_not_bools(input->selected, vector->isnull, batch->n);
		input->all = false;
	}
	if (func->kind == AGG_COUNT)
		return true;
	input->ints = vector_expand(vector, batch, func->arg_kind);
	input->floats = (const double *) input->ints;
	return true;
}

/* ---------- updates by range ---------- */

/* Rows of one group: those of a selection, or where it is NULL a range. */
typedef struct AggRows
{
	const uint64 *selected;
	int			from;
	int			to;
	int			n;
} AggRows;

#define OVER_ROWS(kernel, values, rows) \
	((rows)->selected != NULL ? \
	 kernel##_selected(values, (rows)->selected) : \
	 kernel##_range(values, (rows)->from, (rows)->to))

/* What the rows come to, for aggstate_add. */
static void
sum_up_rows(const AggFunc *func, const AggInput *input, const AggRows *rows,
			AggPartial *partial)
{
	const int64 *ints = input->ints;
	const double *floats = input->floats;

	partial->count = rows->n;
	switch (func->kind)
	{
		case AGG_SUM_FLOAT:
			partial->number = OVER_ROWS(vsum_float, floats, rows);
			partial->infinite = !isfinite(partial->number) &&
				OVER_ROWS(vsum_nonfinite, floats, rows);
			break;
		case AGG_VAR_FLOAT:
			partial->variance = OVER_ROWS(vsum_variance, floats, rows);
			partial->infinite = !isfinite(partial->variance.sx) &&
				OVER_ROWS(vsum_nonfinite, floats, rows);
			break;
		case AGG_VAR_INT:
			partial->squares = OVER_ROWS(vsum_int32_squares, ints, rows);
			/* FALLTHROUGH */
		case AGG_SUM_INT:
			partial->sum = OVER_ROWS(vsum_int, ints, rows);
			break;
		case AGG_MIN_INT:
			partial->integer = OVER_ROWS(vextreme_int_min, ints, rows);
			break;
		case AGG_MAX_INT:
			partial->integer = OVER_ROWS(vextreme_int_max, ints, rows);
			break;
		case AGG_MIN_FLOAT:
			partial->number = OVER_ROWS(vextreme_float_min, floats, rows);
			break;
		case AGG_MAX_FLOAT:
			partial->number = OVER_ROWS(vextreme_float_max, floats, rows);
			break;
		case AGG_COUNT:
		case AGG_FIRST:
		case AGG_LAST:
		case AGG_DISTINCT:
		case AGG_GENERIC:
			break;
	}
}

static void
update_ranges(AggFunc *func, const AggInput *input, const AggGroups *groups)
{
	uint64		selected[SELECTION_WORDS];
	int			i;

	for (i = 0; i < groups->nranges; i++)
	{
		const AggRange *range = &groups->ranges[i];
		AggRows		rows = {NULL, range->from, range->to, range->to - range->from};
		AggPartial	partial;

		if (!input->all)
		{
			rows.n = selection_count_range(input->selected, rows.from, rows.to);
			if (rows.n == 0)
				continue;
			if (rows.n < rows.to - rows.from)
			{
				selection_copy(selected, input->selected);
				selection_and_range(selected, rows.from, rows.to);
				rows.selected = selected;
			}
		}
		sum_up_rows(func, input, &rows, &partial);
		aggstate_add(func, range->group, &partial);
	}
}

/* ---------- updates by row ---------- */

/* Remember who got an input that is infinite or NaN. */
static void
scatter_infinite(AggFunc *func, const AggInput *input,
				 const AggGroups *groups)
{
	int			i;

	if (likely(!(input->all ?
				 vsum_nonfinite_range(input->floats, 0, input->n) :
				 vsum_nonfinite_selected(input->floats, input->selected))))
		return;
	for (SELECTION_EACH(i, input->selected))
		if (!isfinite(input->floats[i]))
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

/* ---------- a row at a time ---------- */

/* Values are copied only for each group's best row. */
static void
update_first_last(AggFunc *func, Batch *batch, const AggGroups *groups)
{
	const Vector *values = vexpr_eval(func->args[0], batch);
	const Vector *times = vexpr_eval(func->args[1], batch);
	int			range = 0;
	int			i;

	for (SELECTION_EACH(i, batch->selected))
	{
		bool		isnull;
		int64		time = (int64) vector_datum(times, i, &isnull);
		uint32		group;
		Datum		value;

		if (isnull)
			continue;
		group = aggkeys_group_of(groups, &range, i);
		if (!aggstate_is_better(func, group, time))
			continue;
		value = vector_datum(values, i, &isnull);
		TIMES(func)[group] = time;
		aggstate_keep_value(func, group, value, isnull);
	}
}

static void
update_generic(AggFunc *func, Batch *batch, const AggGroups *groups)
{
	const Vector **vectors = palloc(func->nargs * sizeof(Vector *) + 1);
	NullableDatum *args = palloc((func->nargs + 1) * sizeof(NullableDatum));
	int			range = 0;
	int			a;
	int			i;

	for (a = 0; a < func->nargs; a++)
		vectors[a] = vexpr_eval(func->args[a], batch);
	for (SELECTION_EACH(i, batch->selected))
	{
		uint32		group = aggkeys_group_of(groups, &range, i);

		for (a = 0; a < func->nargs; a++)
			args[a].value = vector_datum(vectors[a], i, &args[a].isnull);
		agggeneric_advance(func, group, args);
	}
}

/* ---------- all of them ---------- */

static void
update_selected(AggFunc *func, Batch *batch, const AggGroups *groups)
{
	AggInput	input;

	switch (func->kind)
	{
		case AGG_GENERIC:
			update_generic(func, batch, groups);
			break;
		case AGG_FIRST:
		case AGG_LAST:
			update_first_last(func, batch, groups);
			break;
		case AGG_DISTINCT:
			aggdistinct_update(func, vexpr_eval(func->args[0], batch),
							   batch->selected, groups);
			break;
		default:
			if (!input_prepare(func, batch, &input))
				break;
			if (groups->nranges >= 0)
				update_ranges(func, &input, groups);
			else
				update_rows(func, &input, groups);
	}
}

/* Arguments are evaluated only for the rows that FILTER leaves. */
void
aggupdate_function(AggFunc *func, Batch *batch, const AggGroups *groups)
{
	MemoryContext old = MemoryContextSwitchTo(batch->memory);
	uint64		before[SELECTION_WORDS];
	int			nbefore = batch->nselected;

	if (func->filter == NULL)
		update_selected(func, batch, groups);
	else
	{
		selection_copy(before, batch->selected);
		vexpr_filter(func->filter, batch);
		if (batch->nselected > 0)
			update_selected(func, batch, groups);
		selection_copy(batch->selected, before);
		batch->nselected = nbefore;
	}
	MemoryContextSwitchTo(old);
}
