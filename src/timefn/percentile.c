/*
 * percentile.c
 *	  Aggregate percentile(value, fraction): exact, linearly interpolated.
 *
 * The result is percentile_cont(fraction) WITHIN GROUP (ORDER BY value), as an
 * ordinary aggregate: it can be grouped by hashing and used as a window
 * function.  NULL values are ignored.
 *
 * State.  Values gather in an array that doubles.  While the array fits
 * work_mem the final function selects the one or two values it needs in linear
 * time.  Past work_mem the values move to a tuplesort, which spills to disk:
 *
 *	ARRAY --(array would exceed work_mem)--> SORT
 *
 * A window function stays in ARRAY, up to the allocation limit: it asks for
 * results between inputs, which a finished sort does not take, and a window
 * aggregate has no shutdown callback that could close the sort's files.
 *
 * There is no combine function: workers would have to hand over all of their
 * values, which no bound on memory survives.  The aggregate is parallel safe,
 * and runs above the Gather.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_operator_d.h"
#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "utils/tuplesort.h"

#include "compat/compat.h"
#include "timefn/aggregate.h"

#define INITIAL_CAPACITY 64

typedef struct PercentileState
{
	float8		fraction;
	bool		fraction_isnull;
	bool		spillable;		/* plain aggregate: may become a sort */
	bool		sorted;			/* the sort was performed */
	int64		count;
	int64		capacity;
	float8	   *values;			/* ARRAY, else NULL */
	Tuplesortstate *sort;		/* SORT, else NULL */
} PercentileState;

PG_FUNCTION_INFO_V1(rusts_percentile_trans);
PG_FUNCTION_INFO_V1(rusts_percentile_final);
PGDLLEXPORT Datum rusts_percentile_trans(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_percentile_final(PG_FUNCTION_ARGS);

/* Close the sort's files when the aggregate's context goes away in peace. */
static void
percentile_shutdown(Datum arg)
{
	PercentileState *state = (PercentileState *) DatumGetPointer(arg);

	if (state->sort != NULL)
		tuplesort_end(state->sort);
	state->sort = NULL;
}

static void
check_fraction(float8 fraction)
{
	if (isnan(fraction) || fraction < 0 || fraction > 1)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("percentile fraction must be between 0 and 1"),
				 errdetail("The given fraction is %g.", fraction),
				 errhint("Write the 95th percentile as 0.95.")));
}

static PercentileState *
percentile_create(FunctionCallInfo fcinfo, MemoryContext context)
{
	PercentileState *state = MemoryContextAllocZero(context, sizeof(*state));

	state->fraction_isnull = PG_ARGISNULL(2);
	if (!state->fraction_isnull)
	{
		state->fraction = PG_GETARG_FLOAT8(2);
		check_fraction(state->fraction);
	}
	state->spillable = AggCheckCallContext(fcinfo, NULL) == AGG_CONTEXT_AGGREGATE;
	state->capacity = INITIAL_CAPACITY;
	state->values = MemoryContextAlloc(context, sizeof(float8) * state->capacity);
	return state;
}

static void
check_same_fraction(PercentileState *state, FunctionCallInfo fcinfo)
{
	bool		isnull = PG_ARGISNULL(2);

	if (isnull == state->fraction_isnull &&
		(isnull || PG_GETARG_FLOAT8(2) == state->fraction))
		return;
	if (!isnull)
		check_fraction(PG_GETARG_FLOAT8(2));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("percentile fraction must be the same for all rows of a group")));
}

/* ARRAY to SORT.  Caller is in the aggregate's context. */
static void
percentile_spill(PercentileState *state, FunctionCallInfo fcinfo)
{
	int64		i;

	state->sort = tuplesort_begin_datum(FLOAT8OID, Float8LessOperator, InvalidOid,
										false, work_mem, NULL,
										TUPLESORT_RANDOMACCESS);
	AggRegisterCallback(fcinfo, percentile_shutdown, PointerGetDatum(state));
	for (i = 0; i < state->count; i++)
		tuplesort_putdatum(state->sort, Float8GetDatum(state->values[i]), false);
	pfree(state->values);
	state->values = NULL;
}

/* Make room for one more value.  Caller is in the aggregate's context. */
static void
percentile_grow(PercentileState *state, FunctionCallInfo fcinfo)
{
	Size		size = sizeof(float8) * state->capacity * 2;

	if (state->spillable && size > work_mem * (Size) 1024)
	{
		percentile_spill(state, fcinfo);
		return;
	}
	if (!AllocHugeSizeIsValid(size))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many values for percentile"),
				 errhint("Use a window frame with fewer rows.")));
	state->values = repalloc_huge(state->values, size);
	state->capacity *= 2;
}

Datum
rusts_percentile_trans(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	PercentileState *state;
	MemoryContext old;

	if (PG_ARGISNULL(0))
		state = percentile_create(fcinfo, context);
	else
	{
		state = (PercentileState *) PG_GETARG_POINTER(0);
		check_same_fraction(state, fcinfo);
	}
	if (PG_ARGISNULL(1) || state->fraction_isnull)
		PG_RETURN_POINTER(state);

	if (state->sort == NULL && state->count == state->capacity)
	{
		old = MemoryContextSwitchTo(context);
		percentile_grow(state, fcinfo);
		MemoryContextSwitchTo(old);
	}
	if (state->sort == NULL)
		state->values[state->count] = PG_GETARG_FLOAT8(1);
	else
		tuplesort_putdatum(state->sort, PG_GETARG_DATUM(1), false);
	state->count++;
	PG_RETURN_POINTER(state);
}

static inline void
swap_values(float8 *a, float8 *b)
{
	float8		t = *a;

	*a = *b;
	*b = t;
}

/* Move NaN values, which sort last, to the end; the number of others. */
static int64
partition_nan(float8 *values, int64 n)
{
	int64		i = 0;

	while (i < n)
	{
		if (isnan(values[i]))
			swap_values(&values[i], &values[--n]);
		else
			i++;
	}
	return n;
}

static int
compare_values(const void *a, const void *b)
{
	float8		x = *(const float8 *) a;
	float8		y = *(const float8 *) b;

	return (x > y) - (x < y);
}

/* Put the median of the first, middle and last value in the middle; return it. */
static float8
median_of_three(float8 *values, int64 low, int64 high)
{
	int64		middle = low + (high - low) / 2;

	if (values[middle] < values[low])
		swap_values(&values[middle], &values[low]);
	if (values[high] < values[middle])
	{
		swap_values(&values[high], &values[middle]);
		if (values[middle] < values[low])
			swap_values(&values[middle], &values[low]);
	}
	return values[middle];
}

/*
 * Reorder n values, none NaN, so that values[k] is the one that sorting would
 * put there, smaller ones are before it and larger ones after it.
 *
 * Hoare's quickselect; a range that refuses to shrink is sorted instead, so
 * that no input takes quadratic time.
 */
static void
select_value(float8 *values, int64 n, int64 k)
{
	int64		low = 0;
	int64		high = n - 1;
	int			patience = 2 * pg_leftmost_one_pos64(n) + 8;

	while (low < high)
	{
		int64		i = low;
		int64		j = high;
		float8		pivot;

		CHECK_FOR_INTERRUPTS();
		if (patience-- == 0)
		{
			qsort(values + low, high - low + 1, sizeof(float8), compare_values);
			return;
		}
		pivot = median_of_three(values, low, high);
		while (i <= j)
		{
			while (values[i] < pivot)
				i++;
			while (pivot < values[j])
				j--;
			if (i <= j)
				swap_values(&values[i++], &values[j--]);
		}
		/* now [low, j] <= pivot, [i, high] >= pivot, and equal in between */
		if (k <= j)
			high = j;
		else if (k >= i)
			low = i;
		else
			return;
	}
}

/* The values at sorted positions first and first + 1 (when wanted). */
static void
values_from_array(PercentileState *state, int64 first, bool want_second,
				  float8 *a, float8 *b)
{
	int64		n = partition_nan(state->values, state->count);
	int64		i;

	*a = *b = get_float8_nan();
	if (first >= n)
		return;
	select_value(state->values, n, first);
	*a = state->values[first];
	if (!want_second || first + 1 >= n)
		return;
	*b = state->values[first + 1];
	for (i = first + 2; i < n; i++)
		if (state->values[i] < *b)
			*b = state->values[i];
}

static float8
next_sorted(Tuplesortstate *sort)
{
	Datum		value;
	bool		isnull;

	if (!compat_tuplesort_getdatum(sort, &value, &isnull) || isnull)
		elog(ERROR, "percentile sort ended early");
	return DatumGetFloat8(value);
}

static void
values_from_sort(PercentileState *state, int64 first, bool want_second,
				 float8 *a, float8 *b)
{
	if (state->sorted)
		tuplesort_rescan(state->sort);
	else
		tuplesort_performsort(state->sort);
	state->sorted = true;

	if (first > 0 && !tuplesort_skiptuples(state->sort, first, true))
		elog(ERROR, "percentile sort ended early");
	*a = next_sorted(state->sort);
	if (want_second)
		*b = next_sorted(state->sort);
}

/*
 * Interpolate at position fraction * (count - 1) of the sorted values, with
 * the same operations in the same order as percentile_cont.
 */
Datum
rusts_percentile_final(PG_FUNCTION_ARGS)
{
	PercentileState *state;
	float8		position;
	int64		first;
	bool		want_second;
	float8		a;
	float8		b;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (PercentileState *) PG_GETARG_POINTER(0);
	if (state->fraction_isnull || state->count == 0)
		PG_RETURN_NULL();

	position = state->fraction * (state->count - 1);
	first = (int64) floor(position);
	want_second = (int64) ceil(position) != first;
	if (state->sort != NULL)
		values_from_sort(state, first, want_second, &a, &b);
	else
		values_from_array(state, first, want_second, &a, &b);
	if (want_second)
		a += (position - first) * (b - a);
	PG_RETURN_FLOAT8(a);
}
