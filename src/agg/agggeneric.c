/*
 * agggeneric.c
 *	  Aggregates through their transition functions, row by row.
 *
 * This does what nodeAgg.c does for an aggregate without DISTINCT and ORDER
 * BY: strict transition functions skip NULLs and take the first value as the
 * state when there is no initial one; states passed by reference live in the
 * context of the group table.
 *
 * Transition functions insist on being called by an aggregate.  They look at
 * their context node, which must be an AggState, and ask it for nothing but
 * the memory of the current aggregation (AggCheckCallContext).  So they get an
 * AggState that has only that.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_type_d.h"
#include "executor/executor.h"
#include "libpq/pqformat.h"
#include "nodes/makefuncs.h"
#include "parser/parse_agg.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/expandeddatum.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "agg/agggeneric.h"

struct AggGeneric
{
	FmgrInfo	transition;
	FmgrInfo	final;
	bool		has_final;
	int			final_args;
	int16		typlen;			/* of the state */
	bool		typbyval;
	bool		init_isnull;
	Datum		init;
	Oid			collation;
	FunctionCallInfo call;
};

/* The state arrays of AGG_GENERIC. */
#define STATE_VALUES(func) ((Datum *) (func)->arrays[0].at)
#define STATE_NULLS(func) ((bool *) (func)->arrays[1].at)
#define STATE_EMPTY(func) ((bool *) (func)->arrays[2].at)

AggState *
agggeneric_fake_state(EState *estate)
{
	AggState   *state = makeNode(AggState);

	state->ss.ps.state = estate;
	state->curaggcontext = CreateExprContext(estate);
	state->tmpcontext = state->curaggcontext;
	return state;
}

static void
generic_lookup_functions(AggFunc *func, Form_pg_aggregate form, Oid transtype)
{
	AggGeneric *generic = func->generic;
	Aggref	   *aggref = func->aggref;
	Oid			types[FUNC_MAX_ARGS];
	int			ntypes = get_aggregate_argtypes(aggref, types);
	Expr	   *expr;

	build_aggregate_transfn_expr(types, ntypes, 0, aggref->aggvariadic,
								 transtype, aggref->inputcollid,
								 form->aggtransfn, InvalidOid, &expr, NULL);
	fmgr_info(form->aggtransfn, &generic->transition);
	fmgr_info_set_expr((Node *) expr, &generic->transition);
	generic->has_final = OidIsValid(form->aggfinalfn);
	if (!generic->has_final)
		return;
	generic->final_args = form->aggfinalextra ? ntypes + 1 : 1;
	build_aggregate_finalfn_expr(types, generic->final_args, transtype,
								 aggref->aggtype, aggref->inputcollid,
								 form->aggfinalfn, &expr);
	fmgr_info(form->aggfinalfn, &generic->final);
	fmgr_info_set_expr((Node *) expr, &generic->final);
}

static void
generic_read_initial(AggGeneric *generic, HeapTuple tuple, Oid transtype)
{
	Oid			input;
	Oid			param;
	Datum		initial = SysCacheGetAttr(AGGFNOID, tuple,
										  Anum_pg_aggregate_agginitval,
										  &generic->init_isnull);

	if (generic->init_isnull)
		return;
	getTypeInputInfo(transtype, &input, &param);
	generic->init = OidInputFunctionCall(input, TextDatumGetCString(initial),
										 param, -1);
}

void
agggeneric_compile(AggFunc *func)
{
	Aggref	   *aggref = func->aggref;
	AggGeneric *generic = palloc0(sizeof(AggGeneric));
	Oid			types[FUNC_MAX_ARGS];
	Form_pg_aggregate form;
	HeapTuple	tuple;
	Oid			transtype;

	func->generic = generic;
	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(aggref->aggfnoid));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for aggregate %u", aggref->aggfnoid);
	form = (Form_pg_aggregate) GETSTRUCT(tuple);
	transtype = resolve_aggregate_transtype(aggref->aggfnoid,
											form->aggtranstype, types,
											get_aggregate_argtypes(aggref,
																   types));
	get_typlenbyval(transtype, &generic->typlen, &generic->typbyval);
	generic->collation = aggref->inputcollid;
	generic_lookup_functions(func, form, transtype);
	generic_read_initial(generic, tuple, transtype);
	ReleaseSysCache(tuple);
	generic->call = palloc0(SizeForFunctionCallInfo(func->nargs + 1));
	InitFunctionCallInfoData(*generic->call, &generic->transition,
							 func->nargs + 1, generic->collation,
							 (fmNodePtr) func->fake, NULL);
}

void
agggeneric_init(AggFunc *func, uint32 group)
{
	AggGeneric *generic = func->generic;
	MemoryContext old = MemoryContextSwitchTo(func->context);

	STATE_NULLS(func)[group] = generic->init_isnull;
	STATE_EMPTY(func)[group] = generic->init_isnull;
	STATE_VALUES(func)[group] = generic->init_isnull ? (Datum) 0 :
		datumCopy(generic->init, generic->typbyval, generic->typlen);
	MemoryContextSwitchTo(old);
}

/* Keep a new state passed by reference, and let go of the old one. */
static Datum
generic_keep(AggFunc *func, Datum value, bool isnull, Datum old,
			 bool old_isnull)
{
	AggGeneric *generic = func->generic;
	MemoryContext caller;

	if (DatumGetPointer(value) == DatumGetPointer(old) && !old_isnull)
		return value;
	caller = MemoryContextSwitchTo(func->context);
	if (!isnull && !(DatumIsReadWriteExpandedObject(value, false,
													generic->typlen) &&
					 MemoryContextGetParent(DatumGetEOHP(value)->eoh_context) ==
					 CurrentMemoryContext))
		value = datumCopy(value, false, generic->typlen);
	MemoryContextSwitchTo(caller);
	if (!old_isnull)
	{
		if (DatumIsReadWriteExpandedObject(old, false, generic->typlen))
			DeleteExpandedObject(old);
		else
			pfree(DatumGetPointer(old));
	}
	return isnull ? (Datum) 0 : value;
}

void
agggeneric_advance(AggFunc *func, uint32 group, const NullableDatum *args)
{
	AggGeneric *generic = func->generic;
	FunctionCallInfo call = generic->call;
	Datum	   *state = &STATE_VALUES(func)[group];
	bool	   *isnull = &STATE_NULLS(func)[group];
	Datum		value;
	int			i;

	/* what functions leave behind goes with the batch, the state stays */
	Assert(CurrentMemoryContext != func->context);
	if (generic->transition.fn_strict)
	{
		for (i = 0; i < func->nargs; i++)
			if (args[i].isnull)
				return;
		if (STATE_EMPTY(func)[group])
		{
			/* the types are binary compatible, as for nodeAgg */
			MemoryContext old = MemoryContextSwitchTo(func->context);

			*state = datumCopy(args[0].value, generic->typbyval,
							   generic->typlen);
			MemoryContextSwitchTo(old);
			*isnull = false;
			STATE_EMPTY(func)[group] = false;
			return;
		}
		if (*isnull)
			return;
	}
	call->args[0].value = *state;
	call->args[0].isnull = *isnull;
	for (i = 0; i < func->nargs; i++)
		call->args[i + 1] = args[i];
	call->isnull = false;
	value = FunctionCallInvoke(call);
	if (!generic->typbyval)
		value = generic_keep(func, value, call->isnull, *state, *isnull);
	*state = value;
	*isnull = call->isnull;
	STATE_EMPTY(func)[group] = false;
}

Datum
agggeneric_final_of(AggFunc *func, Datum state, bool isnull,
					bool *result_isnull)
{
	AggGeneric *generic = func->generic;
	LOCAL_FCINFO(call, FUNC_MAX_ARGS);
	Datum		result;
	int			i;

	if (!generic->has_final)
	{
		*result_isnull = isnull;
		return state;
	}
	InitFunctionCallInfoData(*call, &generic->final, generic->final_args,
							 generic->collation, (fmNodePtr) func->fake, NULL);
	call->args[0].value = MakeExpandedObjectReadOnly(state, isnull,
													 generic->typlen);
	call->args[0].isnull = isnull;
	for (i = 1; i < generic->final_args; i++)
	{
		call->args[i].value = (Datum) 0;
		call->args[i].isnull = true;
	}
	if (generic->final.fn_strict && (isnull || generic->final_args > 1))
	{
		*result_isnull = true;
		return (Datum) 0;
	}
	result = FunctionCallInvoke(call);
	*result_isnull = call->isnull;
	return result;
}

Datum
agggeneric_final(AggFunc *func, uint32 group, bool *isnull)
{
	return agggeneric_final_of(func, STATE_VALUES(func)[group],
							   STATE_NULLS(func)[group], isnull);
}

/* ---------- states of integer variances ---------- */

/* As numeric.c writes a NumericVar between processes: digits of 10,000. */
static void
poly_append_numeric(StringInfo buffer, __int128 value)
{
	unsigned __int128 rest = value < 0 ? -(unsigned __int128) value : value;
	int16		digits[12];
	int			n = 0;

	while (rest > 0)
	{
		digits[n++] = (int16) (rest % 10000);
		rest /= 10000;
	}
	pq_sendint32(buffer, n);
	pq_sendint32(buffer, Max(n - 1, 0));
	pq_sendint32(buffer, value < 0 ? 0x4000 : 0);
	pq_sendint32(buffer, 0);
	while (--n >= 0)
		pq_sendint16(buffer, digits[n]);
}

Datum
agggeneric_poly_state(AggFunc *func, int64 n, __int128 sum, __int128 squares)
{
	FmgrInfo	deserialize;
	StringInfoData buffer;
	LOCAL_FCINFO(call, 2);

	pq_begintypsend(&buffer);
	pq_sendint64(&buffer, n);
	poly_append_numeric(&buffer, sum);
	poly_append_numeric(&buffer, squares);
	fmgr_info(F_NUMERIC_POLY_DESERIALIZE, &deserialize);
	InitFunctionCallInfoData(*call, &deserialize, 2, InvalidOid,
							 (fmNodePtr) func->fake, NULL);
	call->args[0].value = PointerGetDatum(pq_endtypsend(&buffer));
	call->args[0].isnull = false;
	call->args[1].value = (Datum) 0;
	call->args[1].isnull = true;
	return FunctionCallInvoke(call);
}
