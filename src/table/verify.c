/*
 * verify.c
 *	  rusts.verify: read everything of a table, report what is wrong.
 *
 * Reading damaged bytes throws.  Each segment is read in a subtransaction of
 * its own, so that one that throws becomes a row and the others are read too.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "compat/compat.h"
#include "storage/segment_read.h"
#include "table/functions.h"

PG_FUNCTION_INFO_V1(rusts_verify);
PGDLLEXPORT Datum rusts_verify(PG_FUNCTION_ARGS);

typedef struct VerifyContext
{
	ReturnSetInfo *result;
	Relation	rel;
	int64		segment;		/* -1: none */
} VerifyContext;

static void
verify_put_row(VerifyContext *context, AttrNumber attnum, const char *message)
{
	Datum		values[4];
	bool		isnull[4] = {false};

	values[0] = CStringGetTextDatum("error");
	values[1] = Int64GetDatum(context->segment);
	isnull[1] = context->segment < 0;
	isnull[2] = attnum <= 0;
	if (!isnull[2])
		values[2] = NameGetDatum(&TupleDescAttr(RelationGetDescr(context->rel),
												attnum - 1)->attname);
	values[3] = CStringGetTextDatum(message);
	tuplestore_putvalues(context->result->setResult, context->result->setDesc,
						 values, isnull);
}

static void
verify_report(void *arg, AttrNumber attnum, const char *message)
{
	verify_put_row((VerifyContext *) arg, attnum, message);
}

static void
verify_read_segment(VerifyContext *context, const DirectoryEntry *entry)
{
	Store	   *store = store_open(context->rel, AccessShareLock);
	SegmentReader *reader;

	reader = segment_reader_open_fresh(store, entry,
									   RelationGetDescr(context->rel),
									   CurrentMemoryContext);
	segment_reader_verify(reader, verify_report, context);
	segment_reader_close(reader);
	store_close(store);
}

/* Verify one segment (NULL: the directory itself); an error is a finding. */
static DirectoryList *
verify_guarded(VerifyContext *context, const DirectoryEntry *entry)
{
	MemoryContext old = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	DirectoryList *volatile list = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(old);
	PG_TRY();
	{
		if (entry != NULL)
			verify_read_segment(context, entry);
		else
		{
			Store	   *store = store_open(context->rel, AccessShareLock);

			list = directory_load(store, GetActiveSnapshot());
			store_close(store);
		}
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(old);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(old);
		CurrentResourceOwner = owner;
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED ||
			error->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN)
			ReThrowError(error);
		verify_put_row(context, 0, error->message);
		FreeErrorData(error);
		list = NULL;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	CurrentResourceOwner = owner;
	return list;
}

/* Row ranges must be disjoint and have been reserved. */
static void
verify_ranges(VerifyContext *context, const DirectoryList *list)
{
	Store	   *store = store_open(context->rel, AccessShareLock);
	uint32		limit = counter_peek(store);
	uint64		end = 0;
	int			i;

	for (i = 0; i < list->n; i++)
	{
		const DirectoryEntryData *d = &list->entries[i].d;

		context->segment = d->first_block;
		if (d->first_block < end)
			verify_put_row(context, 0, "row numbers overlap another segment");
		end = (uint64) d->first_block + d->nblocks;
		if (end > limit)
			verify_put_row(context, 0, "row numbers were never reserved");
	}
	store_close(store);
}

static void
verify_table(VerifyContext *context)
{
	DirectoryList *list = verify_guarded(context, NULL);
	int			i;

	if (list == NULL)
		return;
	for (i = 0; i < list->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		context->segment = list->entries[i].d.first_block;
		verify_guarded(context, &list->entries[i]);
	}
	verify_ranges(context, list);
}

Datum
rusts_verify(PG_FUNCTION_ARGS)
{
	VerifyContext context;

	compat_init_materialized_srf(fcinfo);
	context.result = (ReturnSetInfo *) fcinfo->resultinfo;
	context.rel = functions_open_table(PG_GETARG_OID(0), AccessShareLock);
	context.segment = -1;
	if (store_exists(context.rel))
		verify_table(&context);
	table_close(context.rel, AccessShareLock);
	return (Datum) 0;
}
