/*
 * verify.c
 *	  rusts.verify: read everything of a table, report what is wrong.
 *
 * Reading damaged bytes throws.  Each segment is read in a subtransaction of
 * its own, so that one that throws becomes a row and the others are read too.
 * Damaged rows of the directory become rows, too: nothing is known of the
 * streams that they name.
 *
 * Findings may quote values (an error of a type's own function does), and an
 * empty result vouches for all rows: so it is for users who may read all of
 * them.
 */
#include "postgres.h"

#include "access/table.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "compat/compat.h"
#include "segment/guarded.h"
#include "segment/record_verify.h"
#include "segment/segment_reader.h"
#include "segment/segment_verify.h"
#include "table/functions.h"

PG_FUNCTION_INFO_V1(rusts_verify);
PGDLLEXPORT Datum rusts_verify(PG_FUNCTION_ARGS);

typedef struct VerifyContext
{
	ReturnSetInfo *result;
	Relation	rel;
	int64		segment;		/* -1: none */
	DirectoryList *list;
	const DirectoryEntry *entry;	/* the one that is looked at */
	bool		damaged;		/* a row of the directory is */
} VerifyContext;

/* column: NULL for none */
static void
verify_put_row(VerifyContext *context, const char *column, const char *message)
{
	Datum		values[4];
	bool		isnull[4] = {false};
	NameData	name;

	values[0] = CStringGetTextDatum("error");
	values[1] = Int64GetDatum(context->segment);
	isnull[1] = context->segment < 0;
	isnull[2] = column == NULL;
	if (column != NULL)
		namestrcpy(&name, column);
	values[2] = NameGetDatum(&name);
	values[3] = CStringGetTextDatum(message);
	tuplestore_putvalues(context->result->setResult, context->result->setDesc,
						 values, isnull);
}

static void
verify_report(void *arg, AttrNumber attnum, const char *message)
{
	VerifyContext *context = (VerifyContext *) arg;
	TupleDesc	desc = RelationGetDescr(context->rel);

	verify_put_row(context, attnum <= 0 ? NULL :
				   NameStr(TupleDescAttr(desc, attnum - 1)->attname),
				   message);
}

static void
verify_report_entry(void *arg, int64 segment, const char *what)
{
	VerifyContext *context = (VerifyContext *) arg;

	context->damaged = true;
	context->segment = segment;
	verify_put_row(context, NULL, psprintf("directory row: %s", what));
	context->segment = -1;
}

static void
verify_read_directory(void *arg)
{
	VerifyContext *context = arg;
	Store	   *store = store_open(context->rel, AccessShareLock);

	context->list = directory_load_sound(store, GetActiveSnapshot(),
										 verify_report_entry, context);
	store_close(store);
}

static void
verify_read_segment(void *arg)
{
	VerifyContext *context = arg;
	Store	   *store = store_open(context->rel, AccessShareLock);
	SegmentReader *reader;

	reader = segment_reader_open_fresh(store, context->entry,
									   RelationGetDescr(context->rel),
									   CurrentMemoryContext);
	segment_verify(reader, verify_report, context);
	segment_reader_close(reader);
	store_close(store);
}

static void
verify_report_record(void *arg, int64 segment, const char *what)
{
	VerifyContext *context = (VerifyContext *) arg;

	context->segment = segment;
	verify_put_row(context, NULL, what);
	context->segment = -1;
}

/* Run one of record_verify's. */
static void
verify_read_records(VerifyContext *context,
					void (*read) (const RecordVerify *verify))
{
	RecordVerify verify = {store_open(context->rel, AccessShareLock),
		GetActiveSnapshot(), context->list, verify_report_record, context};

	read(&verify);
	store_close(verify.store);
}

static void
verify_moves(void *arg)
{
	verify_read_records(arg, record_verify_moves);
}

static void
verify_stubs(void *arg)
{
	verify_read_records(arg, record_verify_stubs);
}

/* Do one thing of those above and below; an error is a finding. */
static void
verify_guarded(VerifyContext *context, void (*step) (void *context))
{
	ErrorData  *error = guarded_run(step, context);

	if (error == NULL)
		return;
	if (error->sqlerrcode == ERRCODE_QUERY_CANCELED ||
		error->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN)
		ReThrowError(error);
	verify_put_row(context, error->column_name, error->message);
	FreeErrorData(error);
}

/* Row ranges must be disjoint and have been reserved. */
static void
verify_ranges(void *arg)
{
	VerifyContext *context = arg;
	const DirectoryList *list = context->list;
	Store	   *store = store_open(context->rel, AccessShareLock);
	uint32		limit = counter_peek(store);
	uint64		end = 0;
	int			i;

	for (i = 0; i < list->n; i++)
	{
		const DirectoryEntryData *d = &list->entries[i].d;

		context->segment = d->first_block;
		if (d->first_block < end)
			verify_put_row(context, NULL, "row numbers overlap another segment");
		end = (uint64) d->first_block + d->nblocks;
		if (end > limit)
			verify_put_row(context, NULL, "row numbers were never reserved");
	}
	store_close(store);
}

static void
verify_table(VerifyContext *context)
{
	int			i;

	verify_guarded(context, verify_read_directory);
	if (context->list == NULL)
		return;
	for (i = 0; i < context->list->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		context->entry = &context->list->entries[i];
		context->segment = context->entry->d.first_block;
		verify_guarded(context, verify_read_segment);
	}
	context->segment = -1;
	verify_guarded(context, verify_ranges);
	context->segment = -1;
	/* a lost row of the directory would make more findings than there are */
	if (!context->damaged)
		verify_guarded(context, verify_moves);
	verify_guarded(context, verify_stubs);
}

Datum
rusts_verify(PG_FUNCTION_ARGS)
{
	VerifyContext context = {0};

	compat_init_materialized_srf(fcinfo);
	context.result = (ReturnSetInfo *) fcinfo->resultinfo;
	context.rel = functions_open_table(PG_GETARG_OID(0), AccessShareLock);
	functions_require_all(context.rel);
	context.segment = -1;
	if (store_exists(context.rel))
		verify_table(&context);
	table_close(context.rel, AccessShareLock);
	return (Datum) 0;
}
