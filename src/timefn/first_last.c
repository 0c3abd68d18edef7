/*
 * first_last.c
 *	  Aggregates first(value, time) and last(value, time).
 *
 * They return the value of the row with the smallest, respectively largest,
 * time, NULL values included.  Rows whose time is NULL are ignored.  Times
 * compare by the default btree order of their type, so any sortable type will
 * do.  Of rows with equal times, first keeps the one seen first and last the
 * one seen last, so that both agree with an ascending scan.
 *
 * The state is one pair (value, time), copied into the aggregate's context.
 * Values travel between workers as datums, not through the types' send
 * functions: both ends are the same server, and every type has a datum.  A
 * pointer to a value stored out of line stays a pointer: the query's snapshot
 * keeps the value alive, as for any row that a sort or a hash table holds.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "compat/compat.h"
#include "timefn/aggregate.h"

/* A value that owns its memory: how to copy, free and serialize its type. */
typedef struct OwnedDatum
{
	Oid			type;
	int16		len;
	bool		byval;
	bool		isnull;
	Datum		value;
} OwnedDatum;

typedef struct FirstLastState
{
	OwnedDatum	value;
	OwnedDatum	time;
	Oid			collation;
	bool		empty;
	FmgrInfo   *compare;		/* NULL after deserialization, until needed */
} FirstLastState;

PG_FUNCTION_INFO_V1(rusts_first_trans);
PG_FUNCTION_INFO_V1(rusts_last_trans);
PG_FUNCTION_INFO_V1(rusts_first_combine);
PG_FUNCTION_INFO_V1(rusts_last_combine);
PG_FUNCTION_INFO_V1(rusts_first_last_serialize);
PG_FUNCTION_INFO_V1(rusts_first_last_deserialize);
PG_FUNCTION_INFO_V1(rusts_first_last_final);
PGDLLEXPORT Datum rusts_first_trans(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_last_trans(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_first_combine(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_last_combine(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_first_last_serialize(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_first_last_deserialize(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_first_last_final(PG_FUNCTION_ARGS);

static void
owned_init(OwnedDatum *owned, Oid type)
{
	owned->type = type;
	get_typlenbyval(type, &owned->len, &owned->byval);
	owned->isnull = true;
	owned->value = (Datum) 0;
}

/* Replace the value by a copy in the current memory context. */
static void
owned_set(OwnedDatum *owned, Datum value, bool isnull)
{
	if (!owned->byval && !owned->isnull)
		pfree(DatumGetPointer(owned->value));
	owned->isnull = isnull;
	owned->value = isnull ? (Datum) 0 : datumCopy(value, owned->byval, owned->len);
}

static FirstLastState *
state_create(MemoryContext context, Oid collation)
{
	FirstLastState *state = MemoryContextAllocZero(context, sizeof(*state));

	state->collation = collation;
	state->empty = true;
	return state;
}

/* Look up the order of the time type; errors out when it has none. */
static void
state_find_order(FirstLastState *state)
{
	TypeCacheEntry *entry;

	entry = lookup_type_cache(state->time.type, TYPECACHE_CMP_PROC_FINFO);
	if (!OidIsValid(entry->cmp_proc_finfo.fn_oid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("could not identify a comparison function for type %s",
						format_type_be(state->time.type)),
				 errhint("The second argument of first and last needs a type that can be sorted.")));
	state->compare = &entry->cmp_proc_finfo;
}

/*
 * Order of a against the state's time: below, at or above zero.  Integers and
 * timestamps, which are nearly all uses, skip the call.
 */
static int
state_compare(FirstLastState *state, Datum a)
{
	Datum		b = state->time.value;

	switch (state->time.type)
	{
		case TIMESTAMPTZOID:
		case TIMESTAMPOID:
		case INT8OID:
			return (DatumGetInt64(a) > DatumGetInt64(b)) -
				(DatumGetInt64(a) < DatumGetInt64(b));
		case DATEOID:
		case INT4OID:
			return (DatumGetInt32(a) > DatumGetInt32(b)) -
				(DatumGetInt32(a) < DatumGetInt32(b));
		default:
			break;
	}
	if (state->compare == NULL)
		state_find_order(state);
	return DatumGetInt32(FunctionCall2Coll(state->compare, state->collation, a, b));
}

/* Whether a row at this time takes the state's place. */
static bool
state_is_beaten_by(FirstLastState *state, Datum time, bool want_last)
{
	int			order;

	if (state->empty)
		return true;
	order = state_compare(state, time);
	return want_last ? order >= 0 : order < 0;
}

static Datum
first_last_trans(FunctionCallInfo fcinfo, bool want_last)
{
	MemoryContext context = aggregate_context(fcinfo);
	FirstLastState *state;
	MemoryContext old;

	if (PG_ARGISNULL(0))
	{
		state = state_create(context, PG_GET_COLLATION());
		owned_init(&state->value, get_fn_expr_argtype(fcinfo->flinfo, 1));
		owned_init(&state->time, get_fn_expr_argtype(fcinfo->flinfo, 2));
		state_find_order(state);
	}
	else
		state = (FirstLastState *) PG_GETARG_POINTER(0);

	if (!PG_ARGISNULL(2) &&
		state_is_beaten_by(state, PG_GETARG_DATUM(2), want_last))
	{
		old = MemoryContextSwitchTo(context);
		owned_set(&state->value, PG_GETARG_DATUM(1), PG_ARGISNULL(1));
		owned_set(&state->time, PG_GETARG_DATUM(2), false);
		state->empty = false;
		MemoryContextSwitchTo(old);
	}
	PG_RETURN_POINTER(state);
}

Datum
rusts_first_trans(PG_FUNCTION_ARGS)
{
	return first_last_trans(fcinfo, false);
}

Datum
rusts_last_trans(PG_FUNCTION_ARGS)
{
	return first_last_trans(fcinfo, true);
}

/* The second state lives in a shorter-lived context: its values are copied. */
static Datum
first_last_combine(FunctionCallInfo fcinfo, bool want_last)
{
	MemoryContext context = aggregate_context(fcinfo);
	FirstLastState *state;
	FirstLastState *other;
	MemoryContext old;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	other = (FirstLastState *) PG_GETARG_POINTER(1);

	if (PG_ARGISNULL(0))
	{
		state = state_create(context, other->collation);
		owned_init(&state->value, other->value.type);
		owned_init(&state->time, other->time.type);
	}
	else
		state = (FirstLastState *) PG_GETARG_POINTER(0);
	if (state->value.type != other->value.type ||
		state->time.type != other->time.type)
		aggregate_refuse_state("first or last");

	if (!other->empty && state_is_beaten_by(state, other->time.value, want_last))
	{
		old = MemoryContextSwitchTo(context);
		owned_set(&state->value, other->value.value, other->value.isnull);
		owned_set(&state->time, other->time.value, false);
		state->empty = false;
		MemoryContextSwitchTo(old);
	}
	PG_RETURN_POINTER(state);
}

Datum
rusts_first_combine(PG_FUNCTION_ARGS)
{
	return first_last_combine(fcinfo, false);
}

Datum
rusts_last_combine(PG_FUNCTION_ARGS)
{
	return first_last_combine(fcinfo, true);
}

static void
owned_serialize(StringInfo buf, OwnedDatum *owned)
{
	Size		size = datumEstimateSpace(owned->value, owned->isnull,
										  owned->byval, owned->len);
	char	   *end;

	pq_sendint32(buf, owned->type);
	enlargeStringInfo(buf, (int) size);
	end = buf->data + buf->len;
	datumSerialize(owned->value, owned->isnull, owned->byval, owned->len, &end);
	buf->len = end - buf->data;
}

/* Are the next length bytes one value of that type, as datumSerialize wrote it? */
static bool
owned_bytes_are_value(const OwnedDatum *owned, const char *bytes, int length)
{
	if (owned->byval)
		return length == -1;
	if (owned->len > 0)
		return length == owned->len;
	if (length <= 0)
		return false;
	if (owned->len == -2)
		return strnlen(bytes, length) == length - 1;
	if (VARATT_IS_EXTERNAL(bytes))
		return length == VARHDRSZ_EXTERNAL + sizeof(varatt_external) &&
			VARTAG_EXTERNAL(bytes) == VARTAG_ONDISK;
	return (VARATT_IS_1B(bytes) || length >= VARHDRSZ) &&
		VARSIZE_ANY(bytes) == length;
}

/* Lengths are checked, the insides of a value cannot be. */
static void
owned_deserialize(StringInfo buf, OwnedDatum *owned)
{
	Oid			type = (Oid) pq_getmsgint(buf, sizeof(Oid));
	char	   *start = &buf->data[buf->cursor];
	int			length;

	if (!SearchSysCacheExists1(TYPEOID, ObjectIdGetDatum(type)))
		aggregate_refuse_state("first or last");
	owned_init(owned, type);
	pq_copymsgbytes(buf, (char *) &length, sizeof(length));
	if (length != -2)
	{
		const char *bytes = pq_getmsgbytes(buf, length == -1 ?
										   sizeof(Datum) : length);

		if (!owned_bytes_are_value(owned, bytes, length))
			aggregate_refuse_state("first or last");
	}
	owned->value = datumRestore(&start, &owned->isnull);
}

/* State as bytes: collation, empty flag, then type and datum of each value. */
Datum
rusts_first_last_serialize(PG_FUNCTION_ARGS)
{
	FirstLastState *state;
	StringInfoData buf;

	(void) aggregate_context(fcinfo);
	state = (FirstLastState *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buf);
	pq_sendint32(&buf, state->collation);
	pq_sendbyte(&buf, state->empty);
	owned_serialize(&buf, &state->value);
	owned_serialize(&buf, &state->time);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

Datum
rusts_first_last_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *bytes;
	FirstLastState *state;
	StringInfoData buf;

	(void) aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	buf.data = VARDATA_ANY(bytes);
	buf.len = buf.maxlen = VARSIZE_ANY_EXHDR(bytes);
	buf.cursor = 0;

	state = state_create(CurrentMemoryContext,
						 (Oid) pq_getmsgint(&buf, sizeof(Oid)));
	state->empty = pq_getmsgbyte(&buf) != 0;
	owned_deserialize(&buf, &state->value);
	owned_deserialize(&buf, &state->time);
	pq_getmsgend(&buf);
	PG_RETURN_POINTER(state);
}

/* The extra arguments only tell the planner the result type. */
Datum
rusts_first_last_final(PG_FUNCTION_ARGS)
{
	FirstLastState *state;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (FirstLastState *) PG_GETARG_POINTER(0);
	if (state->empty || state->value.isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(state->value.value);
}
