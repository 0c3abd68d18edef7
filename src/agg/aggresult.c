/*
 * aggresult.c
 *	  Results of aggregates, and their states between processes.
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "agg/aggfunc.h"
#include "agg/agggeneric.h"
#include "agg/aggresult.h"
#include "agg/aggstate.h"

/* ---------- results ---------- */

static Datum
numeric_from_int128(VectorInt128 value)
{
	unsigned __int128 rest = value < 0 ? -(unsigned __int128) value : value;
	char		digits[48];
	char	   *at = digits + sizeof(digits);

	if (value >= PG_INT64_MIN && value <= PG_INT64_MAX)
		return NumericGetDatum(int64_to_numeric((int64) value));
	*--at = '\0';
	for (; rest > 0; rest /= 10)
		*--at = '0' + (int) (rest % 10);
	if (value < 0)
		*--at = '-';
	return DirectFunctionCall3(numeric_in, CStringGetDatum(at),
							   ObjectIdGetDatum(InvalidOid),
							   Int32GetDatum(-1));
}

static double
checked_sum(AggFunc *func, uint32 group, double sum)
{
	if (unlikely(!isfinite(sum)) && !INFINITE(func)[group])
		float_overflow_error();
	return sum;
}

static Datum
result_sum_float4(AggFunc *func, uint32 group)
{
	double		sum = checked_sum(func, group, FLOATS(func)[group]);
	float4		result = (float4) sum;

	if (isinf(result) && !isinf(sum))
		float_overflow_error();
	return Float4GetDatum(result);
}

static Datum
result_variance(AggFunc *func, uint32 group, bool *isnull)
{
	const Variance *v = &VARIANCES(func)[group];
	bool		sample = func->result == RESULT_VAR_SAMP ||
	func->result == RESULT_STDDEV_SAMP;
	double		sxx = v->sxx;

	*isnull = v->n < (sample ? 2 : 1);
	if (*isnull)
		return (Datum) 0;
	if (INFINITE(func)[group])
		sxx = get_float8_nan();
	else if (!isfinite(v->sx) || !isfinite(sxx))
		float_overflow_error();
	sxx /= sample ? (double) v->n - 1 : (double) v->n;
	if (func->result == RESULT_STDDEV_POP || func->result == RESULT_STDDEV_SAMP)
		sxx = sqrt(sxx);
	return Float8GetDatum(sxx);
}

static Datum
result_extreme(AggFunc *func, uint32 group)
{
	switch (func->kind)
	{
		case AGG_MIN_FLOAT:
		case AGG_MAX_FLOAT:
			if (func->arg_kind == VECTOR_FLOAT4)
				return Float4GetDatum((float4) FLOATS(func)[group]);
			return Float8GetDatum(FLOATS(func)[group]);
		default:
			return (Datum) INTS(func)[group];
	}
}

Datum
aggresult_value(AggFunc *func, uint32 group, bool *isnull)
{
	int64		n;

	*isnull = false;
	if (func->kind == AGG_GENERIC)
		return agggeneric_final(func, group, isnull);
	if (func->kind == AGG_VAR_FLOAT)
		return result_variance(func, group, isnull);
	n = COUNTS(func)[group];
	if (func->kind == AGG_COUNT || func->kind == AGG_DISTINCT)
		return Int64GetDatum(n);
	if (func->kind == AGG_FIRST || func->kind == AGG_LAST)
	{
		*isnull = n != 2;
		return *isnull ? (Datum) 0 : VALUES(func)[group];
	}
	if (func->kind == AGG_VAR_INT)
		return agggeneric_final_of(func,
								   agggeneric_poly_state(func, n,
														 SUMS(func)[group],
														 SQUARES(func)[group]),
								   false, isnull);
	*isnull = n == 0;
	if (n == 0)
		return (Datum) 0;
	switch (func->result)
	{
		case RESULT_SUM_FLOAT8:
			return Float8GetDatum(checked_sum(func, group,
											  FLOATS(func)[group]));
		case RESULT_SUM_FLOAT4:
			return result_sum_float4(func, group);
		case RESULT_AVG_FLOAT:
			return Float8GetDatum(checked_sum(func, group,
											  FLOATS(func)[group]) / n);
		case RESULT_SUM_INT8:
			return Int64GetDatum((int64) SUMS(func)[group]);
		case RESULT_SUM_NUMERIC:
			return numeric_from_int128(SUMS(func)[group]);
		case RESULT_AVG_NUMERIC:
			return DirectFunctionCall2(numeric_div,
									   numeric_from_int128(SUMS(func)[group]),
									   NumericGetDatum(int64_to_numeric(n)));
		case RESULT_VALUE:
			return result_extreme(func, group);
		default:
			elog(ERROR, "unexpected kind of result");
	}
}

/* ---------- between processes ---------- */

bool
aggresult_can_combine(const Aggref *aggref)
{
	bool		native;

	return aggfunc_supported((Aggref *) aggref, &native) && native &&
		aggref->aggdistinct == NIL;
}

/* A state in the form of its group's elements of the arrays, or with a value. */
static bool
has_value(const AggFunc *func)
{
	return func->kind == AGG_FIRST || func->kind == AGG_LAST;
}

static void
serialize_value(AggFunc *func, uint32 group, StringInfo buffer)
{
	Datum		value = VALUES(func)[group];
	Size		size;
	char	   *at;

	appendBinaryStringInfo(buffer, (char *) &COUNTS(func)[group],
						   sizeof(int64));
	appendBinaryStringInfo(buffer, (char *) &TIMES(func)[group],
						   sizeof(int64));
	if (COUNTS(func)[group] != 2)
		return;
	size = datumEstimateSpace(value, false, func->typbyval, func->typlen);
	enlargeStringInfo(buffer, size);
	at = buffer->data + buffer->len;
	datumSerialize(value, false, func->typbyval, func->typlen, &at);
	buffer->len += size;
}

/* Both ends are one server: states travel as they lie in memory. */
void
aggresult_serialize(AggFunc *func, uint32 first, uint32 n, StringInfo buffer)
{
	uint32		group;
	int			i;

	if (has_value(func))
	{
		for (group = first; group < first + n; group++)
			serialize_value(func, group, buffer);
		return;
	}
	for (i = 0; i < AGG_ARRAYS; i++)
		appendBinaryStringInfo(buffer, (char *) func->arrays[i].at +
							   (Size) first * func->arrays[i].width,
							   n * func->arrays[i].width);
}

static void
combine_value(AggFunc *func, uint32 group, StringInfo buffer)
{
	int64		count;
	int64		time;
	Datum		value = (Datum) 0;
	bool		isnull = true;

	pq_copymsgbytes(buffer, (char *) &count, sizeof(count));
	pq_copymsgbytes(buffer, (char *) &time, sizeof(time));
	if (count == 2)
	{
		char	   *start = buffer->data + buffer->cursor;
		char	   *at = start;

		value = datumRestore(&at, &isnull);
		buffer->cursor += at - start;
	}
	if (count == 0 || !aggstate_is_better(func, group, time))
		return;
	TIMES(func)[group] = time;
	aggstate_keep_value(func, group, value, isnull);
}

/* The elements of the arrays are the parts of a partial. */
static inline void
read_partial(const AggFunc *func, const char *const *arrays, uint32 i,
			 AggPartial *partial)
{
	const char *parts[AGG_ARRAYS];
	int			a;

	for (a = 0; a < AGG_ARRAYS; a++)
		parts[a] = arrays[a] + (Size) i * func->arrays[a].width;
	if (func->kind != AGG_VAR_FLOAT)
		memcpy(&partial->count, parts[0], sizeof(partial->count));
	switch (func->kind)
	{
		case AGG_COUNT:
			break;
		case AGG_VAR_FLOAT:
			memcpy(&partial->variance, parts[0], sizeof(partial->variance));
			partial->infinite = *parts[2] != 0;
			break;
		case AGG_SUM_FLOAT:
			partial->infinite = *parts[2] != 0;
			/* FALLTHROUGH */
		case AGG_MIN_FLOAT:
		case AGG_MAX_FLOAT:
			memcpy(&partial->number, parts[1], sizeof(partial->number));
			break;
		case AGG_VAR_INT:
			memcpy(&partial->squares, parts[2], sizeof(partial->squares));
			/* FALLTHROUGH */
		case AGG_SUM_INT:
			memcpy(&partial->sum, parts[1], sizeof(partial->sum));
			break;
		case AGG_MIN_INT:
		case AGG_MAX_INT:
			memcpy(&partial->integer, parts[1], sizeof(partial->integer));
			break;
		default:
			elog(ERROR, "aggregate cannot be combined");
	}
}

void
aggresult_combine(AggFunc *func, const uint32 *groups, uint32 n,
				  StringInfo buffer)
{
	const char *arrays[AGG_ARRAYS];
	AggPartial	partial;
	uint32		i;

	if (has_value(func))
	{
		for (i = 0; i < n; i++)
			combine_value(func, groups[i], buffer);
		return;
	}
	for (i = 0; i < AGG_ARRAYS; i++)
		arrays[i] = pq_getmsgbytes(buffer, n * func->arrays[i].width);
	for (i = 0; i < n; i++)
	{
		read_partial(func, arrays, i, &partial);
		aggstate_add(func, groups[i], &partial);
	}
}
