/*
 * aggstate.c
 *	  States of aggregates: an element per group, one array per part.
 *
 * States are arrays, so that kernels can run over them.  What rows of a group
 * amount to is a partial, whether a kernel over a batch, the summary of a
 * segment or block, or another process computed it.  Adding a partial to a
 * state is all that any of these needs to know about states.
 */
#include "postgres.h"

#include "utils/datum.h"
#include "utils/memutils.h"

#include "agg/aggdistinct.h"
#include "agg/agggeneric.h"
#include "agg/aggstate.h"
#include "vector/vextreme.h"

static void
state_init(AggFunc *func, uint32 group)
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
aggstate_resize(AggFunc *func, uint32 old_capacity, uint32 capacity)
{
	uint32		group;
	int			i;

	Assert(capacity > old_capacity);
	for (i = 0; i < AGG_ARRAYS; i++)
	{
		AggArray   *array = &func->arrays[i];
		void	   *raw;
		void	   *at;

		if (array->width == 0)
			continue;
		Assert((array->raw != NULL) == (old_capacity > 0));
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
		state_init(func, group);
}

void
aggstate_forget(AggFunc *func)
{
	int			i;

	for (i = 0; i < AGG_ARRAYS; i++)
		func->arrays[i].raw = func->arrays[i].at = NULL;
	if (func->distinct != NULL)
		aggdistinct_forget(func);
}

/* ---------- adding ---------- */

void
aggstate_add(AggFunc *func, uint32 group, const AggPartial *partial)
{
	switch (func->kind)
	{
		case AGG_SUM_FLOAT:
			FLOATS(func)[group] += partial->number;
			INFINITE(func)[group] |= partial->infinite;
			break;
		case AGG_VAR_FLOAT:
			vsum_variance_combine(&VARIANCES(func)[group], &partial->variance);
			INFINITE(func)[group] |= partial->infinite;
			return;
		case AGG_VAR_INT:
			SQUARES(func)[group] += partial->squares;
			/* FALLTHROUGH */
		case AGG_SUM_INT:
			SUMS(func)[group] += partial->sum;
			break;
		case AGG_MIN_INT:
			INTS(func)[group] = Min(INTS(func)[group], partial->integer);
			break;
		case AGG_MAX_INT:
			INTS(func)[group] = Max(INTS(func)[group], partial->integer);
			break;
		case AGG_MIN_FLOAT:
			FLOATS(func)[group] = vextreme_float_min(FLOATS(func)[group],
													 partial->number);
			break;
		case AGG_MAX_FLOAT:
			FLOATS(func)[group] = vextreme_float_max(FLOATS(func)[group],
													 partial->number);
			break;
		case AGG_COUNT:
			break;
		case AGG_FIRST:
		case AGG_LAST:
		case AGG_DISTINCT:
		case AGG_GENERIC:
			elog(ERROR, "aggregate does not take partial results");
	}
	COUNTS(func)[group] += partial->count;
}

/* ---------- first and last ---------- */

void
aggstate_keep_value(AggFunc *func, uint32 group, Datum value, bool isnull)
{
	Datum	   *kept = &VALUES(func)[group];
	MemoryContext old;

	Assert(func->kind == AGG_FIRST || func->kind == AGG_LAST);
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
aggstate_is_better(const AggFunc *func, uint32 group, int64 time)
{
	if (COUNTS(func)[group] == 0)
		return true;
	return func->kind == AGG_FIRST ? time < TIMES(func)[group] :
		time >= TIMES(func)[group];
}

/* ---------- metadata ---------- */

bool
aggstate_summary_suffices(const AggFunc *func,
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
aggstate_add_summary(AggFunc *func, uint32 group,
					 const DirectorySummaryData *summary, uint32 rows)
{
	AggPartial	partial;

	partial.count = func->nargs == 0 ? rows : rows - summary->null_count;
	if (partial.count == 0)
		return;
	switch (func->kind)
	{
		case AGG_COUNT:
			break;
		case AGG_SUM_FLOAT:
			partial.number = summary_float(summary->sum);
			partial.infinite = isinf(summary_float(summary->min)) ||
				isinf(summary_float(summary->max)) ||
				isnan(summary_float(summary->max));
			break;
		case AGG_SUM_INT:
			partial.sum = summary->sum;
			break;
		case AGG_MIN_INT:
			partial.integer = summary->min;
			break;
		case AGG_MAX_INT:
			partial.integer = summary->max;
			break;
		case AGG_MIN_FLOAT:
			partial.number = summary_float(summary->min);
			break;
		case AGG_MAX_FLOAT:
			partial.number = summary_float(summary->max);
			break;
		default:
			elog(ERROR, "aggregate does not take summaries");
	}
	aggstate_add(func, group, &partial);
}
