/*
 * functions.c
 *	  SQL functions about a table's segments.
 *
 * Values of time and of bounds are returned as text: their type is that of
 * the table's columns, which a function's result type cannot follow.
 *
 * Bounds, times and counts say something about rows, so they are shown as
 * pg_stats shows statistics (functions.h).  Sizes, options and the number of
 * segments are shown to everybody who may read some column, as relation sizes
 * are.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_am_d.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "compat/compat.h"
#include "compat/privilege.h"
#include "option/options.h"
#include "option/ours.h"
#include "segment/segment_reader.h"
#include "segment/value.h"
#include "table/functions.h"
#include "write/flush.h"

#define RUSTS_VERSION "0.1.0"

PG_FUNCTION_INFO_V1(rusts_version);
PG_FUNCTION_INFO_V1(rusts_segments);
PG_FUNCTION_INFO_V1(rusts_segment_columns);
PG_FUNCTION_INFO_V1(rusts_table_facts);

PGDLLEXPORT Datum rusts_version(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_segments(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_segment_columns(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_table_facts(PG_FUNCTION_ARGS);

Datum
rusts_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(RUSTS_VERSION));
}

/* Columns of a relation, dropped ones too; zero when it does not exist. */
static int
functions_column_count(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	int			count;

	if (!HeapTupleIsValid(tuple))
		return 0;
	count = ((Form_pg_class) GETSTRUCT(tuple))->relnatts;
	ReleaseSysCache(tuple);
	return count;
}

/*
 * May the caller read any column?  Not what does not exist (any more), which
 * is no error: the table may not be locked yet.
 */
static bool
functions_may_read(Oid relid)
{
	int			count = functions_column_count(relid);
	bool		missing = false;
	AttrNumber	attnum;

	if (pg_class_aclcheck_ext(relid, GetUserId(), ACL_SELECT,
							  &missing) == ACLCHECK_OK)
		return true;
	for (attnum = 1; attnum <= count; attnum++)
		if (pg_attribute_aclcheck_ext(relid, attnum, GetUserId(), ACL_SELECT,
									  &missing) == ACLCHECK_OK)
			return true;
	return false;
}

void
functions_report_missing(Oid relid)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_TABLE),
			 errmsg("relation with OID %u does not exist", relid)));
}

static void
functions_refuse(Relation rel)
{
	aclcheck_error(ACLCHECK_NO_PRIV,
				   get_relkind_objtype(rel->rd_rel->relkind),
				   RelationGetRelationName(rel));
}

Relation
functions_open_table(Oid relid, LOCKMODE lockmode)
{
	Relation	rel = try_relation_open(relid, lockmode);

	if (rel == NULL)
		functions_report_missing(relid);
	if (!ours_is_table(rel))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a rusts table",
						RelationGetRelationName(rel)),
				 errhint("Create it with USING rusts, or use ALTER TABLE ... SET ACCESS METHOD rusts.")));
	if (RELATION_IS_OTHER_TEMP(rel))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot access temporary tables of other sessions")));
	if (!functions_may_read(relid))
		functions_refuse(rel);
	return rel;
}

bool
functions_hide_rows(Relation rel)
{
	return check_enable_rls(RelationGetRelid(rel), InvalidOid, true) ==
		RLS_ENABLED;
}

bool
functions_show_column(Relation rel, AttrNumber attnum)
{
	Oid			relid = RelationGetRelid(rel);

	return pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK ||
		pg_attribute_aclcheck(relid, attnum, GetUserId(),
							  ACL_SELECT) == ACLCHECK_OK;
}

void
functions_require_all(Relation rel)
{
	Oid			relid = RelationGetRelid(rel);

	if (pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) != ACLCHECK_OK &&
		pg_attribute_aclcheck_all(relid, GetUserId(), ACL_SELECT,
								  ACLMASK_ALL) != ACLCHECK_OK)
		functions_refuse(rel);
	if (functions_hide_rows(rel))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("query would be affected by row-level security policy for table \"%s\"",
						RelationGetRelationName(rel)),
				 errhint("Call it as a role that row-level security does not apply to.")));
}

/* ---------- values as text ---------- */

static Datum
text_of(Oid typid, Datum value)
{
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(typid, &output, &is_varlena);
	return CStringGetTextDatum(OidOutputFunctionCall(output, value));
}

/* May the caller see values of the time column, if there is one? */
static bool
shows_time(Relation rel, const TableOptions *options)
{
	return options->time_attnum > 0 && !functions_hide_rows(rel) &&
		functions_show_column(rel, options->time_attnum);
}

/* A time as the time column's type writes it; NULL when not to be shown. */
static void
put_time(Relation rel, const TableOptions *options, bool shown, int64 value,
		 Datum *datum, bool *isnull)
{
	Form_pg_attribute attribute;

	*isnull = !shown;
	if (*isnull)
		return;
	attribute = TupleDescAttr(RelationGetDescr(rel), options->time_attnum - 1);
	*datum = text_of(attribute->atttypid,
					 value_normalize((Datum) value, attribute->attlen));
}

/* ---------- rusts.segments ---------- */

static void
segments_put_row(ReturnSetInfo *result, Relation rel,
				 const TableOptions *options, bool show_time,
				 const DirectoryEntry *entry)
{
	const DirectoryEntryData *d = &entry->d;
	bool		has_time = show_time && (d->flags & DIRECTORY_HAS_TIME) != 0;
	Datum		values[9];
	bool		isnull[9] = {false};

	values[0] = Int64GetDatum(d->first_block);
	put_time(rel, options, has_time && options->partition_interval > 0,
			 d->partition, &values[1], &isnull[1]);
	values[2] = CStringGetTextDatum(d->tier == TIER_COLD ? "cold" : "hot");
	values[3] = Int64GetDatum(d->rows);
	values[4] = Int64GetDatum(directory_entry_dead(entry));
	put_time(rel, options, has_time, d->min_time, &values[5], &isnull[5]);
	put_time(rel, options, has_time, d->max_time, &values[6], &isnull[6]);
	values[7] = Int64GetDatum(d->raw_bytes);
	values[8] = Int64GetDatum(d->stream_length);
	tuplestore_putvalues(result->setResult, result->setDesc, values, isnull);
}

Datum
rusts_segments(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Relation	rel;
	TableOptions *options;
	Store	   *store;
	DirectoryList *list;
	bool		show_time;
	int			i;

	compat_init_materialized_srf(fcinfo);
	rel = functions_open_table(PG_GETARG_OID(0), AccessShareLock);
	options = options_get(rel);
	show_time = shows_time(rel, options);
	store = functions_hide_rows(rel) ? NULL :
		store_open(rel, AccessShareLock);
	if (store != NULL)
	{
		list = directory_load(store, GetActiveSnapshot());
		for (i = 0; i < list->n; i++)
			segments_put_row(result, rel, options, show_time,
							 &list->entries[i]);
		store_close(store);
	}
	table_close(rel, AccessShareLock);
	return (Datum) 0;
}

/* ---------- rusts.segment_columns ---------- */

static void
segment_columns_put_row(ReturnSetInfo *result, Relation rel,
						const DirectoryEntryData *d,
						const SegmentColumnInfo *info)
{
	Form_pg_attribute attribute;
	Datum		values[9];
	bool		isnull[9] = {false};
	const char *compression = "none";

	attribute = TupleDescAttr(RelationGetDescr(rel), info->attnum - 1);
	if (info->compression == CODEC_COMPRESSION_LZ4)
		compression = "lz4";
	else if (info->compression == CODEC_COMPRESSION_ZSTD)
		compression = "zstd";
	values[0] = Int64GetDatum(d->first_block);
	values[1] = NameGetDatum(&attribute->attname);
	values[2] = CStringGetTextDatum(codec_encoding_name(info->encoding));
	values[3] = CStringGetTextDatum(compression);
	values[4] = Int64GetDatum(info->raw_bytes);
	values[5] = Int64GetDatum(info->stored_bytes);
	values[6] = Int64GetDatum(info->null_count);
	isnull[7] = isnull[8] = !info->has_minmax;
	if (info->has_minmax)
	{
		values[7] = text_of(attribute->atttypid, info->min);
		values[8] = text_of(attribute->atttypid, info->max);
	}
	tuplestore_putvalues(result->setResult, result->setDesc, values, isnull);
}

static void
segment_columns_put_segment(ReturnSetInfo *result, Relation rel, Store *store,
							const DirectoryEntry *entry)
{
	TupleDesc	desc = RelationGetDescr(rel);
	SegmentReader *reader;
	SegmentColumnInfo info;
	int			i;

	reader = segment_reader_open(store, entry, desc, false,
								 CurrentMemoryContext);
	for (i = 0; segment_reader_column_info(reader, i, &info); i++)
		if (info.attnum >= 1 && info.attnum <= desc->natts &&
			!TupleDescAttr(desc, info.attnum - 1)->attisdropped &&
			functions_show_column(rel, info.attnum))
			segment_columns_put_row(result, rel, &entry->d, &info);
	segment_reader_close(reader);
}

Datum
rusts_segment_columns(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Relation	rel;
	Store	   *store;
	DirectoryList *list;
	int			i;

	compat_init_materialized_srf(fcinfo);
	rel = functions_open_table(PG_GETARG_OID(0), AccessShareLock);
	store = functions_hide_rows(rel) ? NULL :
		store_open(rel, AccessShareLock);
	if (store != NULL)
	{
		list = directory_load(store, GetActiveSnapshot());
		for (i = 0; i < list->n; i++)
		{
			CHECK_FOR_INTERRUPTS();
			segment_columns_put_segment(result, rel, store, &list->entries[i]);
		}
		store_close(store);
	}
	table_close(rel, AccessShareLock);
	return (Datum) 0;
}

/* ---------- view rusts.tables ---------- */

/* Hot rows that the active snapshot sees. */
static int64
count_hot_rows(Relation rel)
{
	const TableAmRoutine *heap = GetHeapamTableAmRoutine();
	TupleTableSlot *slot = MakeSingleTupleTableSlot(RelationGetDescr(rel),
													&TTSOpsBufferHeapTuple);
	TableScanDesc scan;
	int64		n = 0;

	scan = heap->scan_begin(rel, GetActiveSnapshot(), 0, NULL, NULL,
							SO_TYPE_SEQSCAN | SO_ALLOW_STRAT |
							SO_ALLOW_PAGEMODE);
	while (heap->scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		n++;
	}
	heap->scan_end(scan);
	ExecDropSingleTupleTableSlot(slot);
	return n;
}

static Datum
tags_as_text(Relation rel, const TableOptions *options)
{
	StringInfoData buffer;
	int			i;

	initStringInfo(&buffer);
	for (i = 0; i < options->ntags; i++)
		appendStringInfo(&buffer, "%s%s", i == 0 ? "" : ",",
						 NameStr(TupleDescAttr(RelationGetDescr(rel),
											   options->tags[i] - 1)->attname));
	return CStringGetTextDatum(buffer.data);
}

typedef struct TableTotals
{
	int64		raw_bytes;
	int64		last_flush;
	int64		min_time;
	int64		max_time;
	bool		has_time;
} TableTotals;

static void
sum_directory(const DirectoryList *list, TableTotals *totals)
{
	int			i;

	memset(totals, 0, sizeof(*totals));
	for (i = 0; i < list->n; i++)
	{
		const DirectoryEntryData *d = &list->entries[i].d;

		totals->raw_bytes += d->raw_bytes;
		totals->last_flush = i == 0 ? d->written_at :
			Max(totals->last_flush, d->written_at);
		if ((d->flags & DIRECTORY_HAS_TIME) == 0)
			continue;
		totals->min_time = totals->has_time ?
			Min(totals->min_time, d->min_time) : d->min_time;
		totals->max_time = totals->has_time ?
			Max(totals->max_time, d->max_time) : d->max_time;
		totals->has_time = true;
	}
}

static void
table_facts_put_row(ReturnSetInfo *result, Relation rel)
{
	TableOptions *options = options_get(rel);
	Store	   *store = store_open(rel, AccessShareLock);
	DirectoryList none = {0};
	DirectoryList *list = &none;
	TableTotals totals;
	bool		hidden = functions_hide_rows(rel);
	bool		show_time;
	Datum		values[13] = {0};
	bool		isnull[13] = {false};

	if (store != NULL)
		list = directory_load(store, GetActiveSnapshot());
	sum_directory(list, &totals);
	show_time = totals.has_time && shows_time(rel, options);
	isnull[0] = options->time_attnum == 0;
	if (!isnull[0])
		values[0] = NameGetDatum(&TupleDescAttr(RelationGetDescr(rel),
												options->time_attnum - 1)->attname);
	isnull[1] = options->ntags == 0;
	if (!isnull[1])
		values[1] = tags_as_text(rel, options);
	isnull[2] = isnull[5] = isnull[6] = hidden;
	if (!hidden)
		values[2] = Int64GetDatum(count_hot_rows(rel));
	values[3] = Int64GetDatum((int64) RelationGetNumberOfBlocks(rel) * BLCKSZ);
	values[4] = Int64GetDatum(list->n);
	values[5] = Int64GetDatum(list->rows - list->dead_rows);
	values[6] = Int64GetDatum(list->dead_rows);
	values[7] = Int64GetDatum(totals.raw_bytes);
	values[8] = Int64GetDatum(list->bytes);
	isnull[9] = list->bytes == 0;
	values[9] = Float8GetDatum(isnull[9] ? 0 :
							   (double) totals.raw_bytes / list->bytes);
	put_time(rel, options, show_time, totals.min_time, &values[10],
			 &isnull[10]);
	put_time(rel, options, show_time, totals.max_time, &values[11],
			 &isnull[11]);
	isnull[12] = list->n == 0;
	values[12] = TimestampTzGetDatum(totals.last_flush);
	tuplestore_putvalues(result->setResult, result->setDesc, values, isnull);
	if (store != NULL)
		store_close(store);
}

/* No row for a table that the caller may not read or that is gone. */
Datum
rusts_table_facts(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	Relation	rel;

	compat_init_materialized_srf(fcinfo);
	if (!functions_may_read(relid))
		return (Datum) 0;
	rel = try_relation_open(relid, AccessShareLock);
	if (rel == NULL)
		return (Datum) 0;
	if (ours_is_table(rel) && !RELATION_IS_OTHER_TEMP(rel))
		table_facts_put_row((ReturnSetInfo *) fcinfo->resultinfo, rel);
	relation_close(rel, AccessShareLock);
	return (Datum) 0;
}
