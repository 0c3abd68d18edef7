/*
 * histogram.c
 *	  Aggregate histogram(value, min, max, nbuckets): counts per bucket.
 *
 * The result has nbuckets + 2 elements: values below min, nbuckets buckets of
 * equal width over [min, max), values at or above max.  Bucket borders are
 * those of width_bucket().  NULL values are ignored; NaN sorts above every
 * number in PostgreSQL and so counts as above max.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/memutils.h"

#include "timefn/aggregate.h"

/* State, also its serialized form: the counts of all nbuckets + 2 elements. */
typedef struct HistogramState
{
	float8		min;
	float8		max;
	int64		nbuckets;
	int64		counts[FLEXIBLE_ARRAY_MEMBER];
} HistogramState;

#define HISTOGRAM_STATE_SIZE(nbuckets) \
	(offsetof(HistogramState, counts) + sizeof(int64) * ((nbuckets) + 2))
#define HISTOGRAM_MAX_BUCKETS \
	((MaxAllocSize - 1024) / sizeof(int64))

/*
 * The product of a span and a number of buckets must not overflow.  What lies
 * beyond this bound is scaled down first: by a power of two, so that nothing
 * is rounded that matters next to such a span.
 */
#define HISTOGRAM_SAFE_BOUND 1e290
#define HISTOGRAM_SCALE ldexp(1.0, -64)

PG_FUNCTION_INFO_V1(rusts_histogram_trans);
PG_FUNCTION_INFO_V1(rusts_histogram_combine);
PG_FUNCTION_INFO_V1(rusts_histogram_serialize);
PG_FUNCTION_INFO_V1(rusts_histogram_deserialize);
PG_FUNCTION_INFO_V1(rusts_histogram_final);
PGDLLEXPORT Datum rusts_histogram_trans(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_histogram_combine(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_histogram_serialize(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_histogram_deserialize(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_histogram_final(PG_FUNCTION_ARGS);

static HistogramState *
histogram_create(MemoryContext context, float8 min, float8 max, int32 nbuckets)
{
	HistogramState *state;

	if (isnan(min) || isinf(min) || isnan(max) || isinf(max))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("histogram bounds must be finite"),
				 errdetail("The given bounds are %g and %g.", min, max)));
	if (min >= max)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("histogram lower bound must be less than its upper bound"),
				 errdetail("The given bounds are %g and %g.", min, max)));
	if (nbuckets <= 0 || nbuckets > HISTOGRAM_MAX_BUCKETS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of histogram buckets must be between 1 and %d",
						(int) HISTOGRAM_MAX_BUCKETS),
				 errdetail("The given number is %d.", nbuckets)));

	state = MemoryContextAllocZero(context, HISTOGRAM_STATE_SIZE(nbuckets));
	state->min = min;
	state->max = max;
	state->nbuckets = nbuckets;
	return state;
}

static void
histogram_check_same(HistogramState *state, float8 min, float8 max, int64 nbuckets)
{
	if (state->min != min || state->max != max || state->nbuckets != nbuckets)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("histogram bounds must be the same for all rows of a group"),
				 errdetail("One row has bounds %g and %g with %d buckets, another %g and %g with %d.",
						   state->min, state->max, (int) state->nbuckets,
						   min, max, (int) nbuckets)));
}

/*
 * The element that counts the value, for every value.  The server's
 * width_bucket has the same formula, but lets the span of the bounds and the
 * product overflow, and a value just below max round up to it.
 */
static int64
histogram_element(const HistogramState *state, float8 value)
{
	float8		min = state->min;
	float8		max = state->max;
	float8		bucket;

	if (isnan(value) || value >= max)
		return state->nbuckets + 1;
	if (value < min)
		return 0;
	if (min < -HISTOGRAM_SAFE_BOUND || max > HISTOGRAM_SAFE_BOUND)
	{
		min *= HISTOGRAM_SCALE;
		max *= HISTOGRAM_SCALE;
		value *= HISTOGRAM_SCALE;
	}
	bucket = state->nbuckets * (value - min) / (max - min);
	return Min((int64) bucket, state->nbuckets - 1) + 1;
}

Datum
rusts_histogram_trans(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	HistogramState *state = PG_ARGISNULL(0) ? NULL :
		(HistogramState *) PG_GETARG_POINTER(0);

	if (PG_ARGISNULL(2) || PG_ARGISNULL(3) || PG_ARGISNULL(4))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("histogram bounds and number of buckets must not be null")));
	if (state == NULL)
		state = histogram_create(context, PG_GETARG_FLOAT8(2),
								 PG_GETARG_FLOAT8(3), PG_GETARG_INT32(4));
	else
		histogram_check_same(state, PG_GETARG_FLOAT8(2),
							 PG_GETARG_FLOAT8(3), PG_GETARG_INT32(4));

	if (!PG_ARGISNULL(1))
		state->counts[histogram_element(state, PG_GETARG_FLOAT8(1))]++;
	PG_RETURN_POINTER(state);
}

Datum
rusts_histogram_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	HistogramState *state;
	HistogramState *other;
	int64		i;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	other = (HistogramState *) PG_GETARG_POINTER(1);
	if (PG_ARGISNULL(0))
		state = histogram_create(context, other->min, other->max, other->nbuckets);
	else
	{
		state = (HistogramState *) PG_GETARG_POINTER(0);
		histogram_check_same(state, other->min, other->max, other->nbuckets);
	}
	for (i = 0; i < state->nbuckets + 2; i++)
		state->counts[i] += other->counts[i];
	PG_RETURN_POINTER(state);
}

Datum
rusts_histogram_serialize(PG_FUNCTION_ARGS)
{
	HistogramState *state;
	Size		size;
	bytea	   *bytes;

	(void) aggregate_context(fcinfo);
	state = (HistogramState *) PG_GETARG_POINTER(0);
	size = HISTOGRAM_STATE_SIZE(state->nbuckets);
	bytes = palloc(VARHDRSZ + size);
	SET_VARSIZE(bytes, VARHDRSZ + size);
	memcpy(VARDATA(bytes), state, size);
	PG_RETURN_BYTEA_P(bytes);
}

/* Bytes from elsewhere are looked at before the length in them is believed. */
Datum
rusts_histogram_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *bytes;
	Size		size;
	HistogramState *state;

	(void) aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	size = VARSIZE_ANY_EXHDR(bytes);
	if (size < HISTOGRAM_STATE_SIZE(1))
		aggregate_refuse_state("histogram");
	state = palloc(size);
	memcpy(state, VARDATA_ANY(bytes), size);
	if (state->nbuckets < 1 || state->nbuckets > HISTOGRAM_MAX_BUCKETS ||
		size != HISTOGRAM_STATE_SIZE(state->nbuckets))
		aggregate_refuse_state("histogram");
	PG_RETURN_POINTER(state);
}

Datum
rusts_histogram_final(PG_FUNCTION_ARGS)
{
	HistogramState *state;
	Datum	   *elements;
	int			nelements;
	int			i;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (HistogramState *) PG_GETARG_POINTER(0);
	nelements = state->nbuckets + 2;
	elements = palloc(sizeof(Datum) * nelements);
	for (i = 0; i < nelements; i++)
	{
		if (state->counts[i] > PG_INT32_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("histogram count does not fit type integer"),
					 errdetail("Element %d holds " INT64_FORMAT " values.",
							   i + 1, state->counts[i])));
		elements[i] = Int32GetDatum((int32) state->counts[i]);
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, nelements, INT4OID,
										  sizeof(int32), true, TYPALIGN_INT));
}
