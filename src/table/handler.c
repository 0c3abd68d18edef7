/*
 * handler.c
 *	  The table access method's routine: which function serves which callback.
 *
 * The routine begins as a copy of heap's, and then every callback is set, to a
 * function of ours or, on purpose, to heap's again.  README.md says why for
 * each.  A callback that a newer server adds is heap's until we decide.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/relation.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "compat/scans.h"
#include "option/ours.h"
#include "option/utility.h"
#include "table/analyze.h"
#include "table/bitmap.h"
#include "table/cluster.h"
#include "table/fetch.h"
#include "table/handler.h"
#include "table/index_build.h"
#include "table/index_validate.h"
#include "table/modify.h"
#include "table/parallel.h"
#include "table/sample.h"
#include "table/scan.h"
#include "table/vacuum.h"
#include "write/size.h"

static TableAmRoutine routine;

PG_FUNCTION_INFO_V1(rusts_table_handler);
PGDLLEXPORT Datum rusts_table_handler(PG_FUNCTION_ARGS);

static const TupleTableSlotOps *
handler_slot_callbacks(Relation rel)
{
	return &slot_ops_rusts;
}

/*
 * A rewrite makes a table pg_temp_OID in the place of table OID, which must
 * be able to take its segments.
 */
static bool
handler_replaces_segments(Relation rel)
{
	SegmentTotals totals = {0};
	Relation	old;
	unsigned int oid;

	if (sscanf(RelationGetRelationName(rel), "pg_temp_%u", &oid) != 1)
		return false;
	old = try_relation_open((Oid) oid, NoLock);
	if (old == NULL)
		return false;
	if (ours_is_table(old))
		size_segment_totals(old, SnapshotAny, &totals);
	relation_close(old, NoLock);
	return totals.segments > 0;
}

static bool
handler_has_time_column(Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);
	int			i;

	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		Oid			type;

		if (attribute->attisdropped)
			continue;			/* has no type any more */
		type = getBaseType(attribute->atttypid);
		if (type == TIMESTAMPTZOID || type == TIMESTAMPOID || type == DATEOID)
			return true;
	}
	return false;
}

/*
 * Segments, directory and counter live in the TOAST relation.  A table that
 * merely came by its access method through default_table_access_method, has
 * no column of time and no long columns either, is no time series; it stays a
 * heap in all but name until somebody gives it a rusts.* parameter.
 */
static bool
handler_relation_needs_toast_table(Relation rel)
{
	return utility_storage_wanted || handler_has_time_column(rel) ||
		GetHeapamTableAmRoutine()->relation_needs_toast_table(rel) ||
		handler_replaces_segments(rel);
}

/* heap's answer would be the table's own access method. */
static Oid
handler_relation_toast_am(Relation rel)
{
	return HEAP_TABLE_AM_OID;
}

/* Reading. */
static void
handler_set_scans(TableAmRoutine *r)
{
	r->slot_callbacks = handler_slot_callbacks;

	r->scan_begin = scan_begin;
	r->scan_end = scan_end;
	r->scan_rescan = scan_rescan;
	r->scan_getnextslot = scan_getnextslot;
	r->scan_set_tidrange = scan_set_tidrange;
	r->scan_getnextslot_tidrange = scan_getnextslot_tidrange;

	r->parallelscan_estimate = parallel_scan_estimate;
	r->parallelscan_initialize = parallel_scan_initialize;
	r->parallelscan_reinitialize = parallel_scan_reinitialize;

	r->index_fetch_begin = fetch_index_begin;
	r->index_fetch_reset = fetch_index_reset;
	r->index_fetch_end = fetch_index_end;
	r->index_fetch_tuple = fetch_index_tuple;

	r->tuple_fetch_row_version = fetch_row_version;
	r->tuple_tid_valid = fetch_tid_valid;
	r->tuple_get_latest_tid = fetch_latest_tid;
	r->tuple_satisfies_snapshot = fetch_satisfies_snapshot;

	COMPAT_SET_BITMAP_NEXT_BLOCK(r, bitmap_next_block);
	r->scan_bitmap_next_tuple = bitmap_next_tuple;
	r->scan_sample_next_block = sample_next_block;
	r->scan_sample_next_tuple = sample_next_tuple;
}

/* Writing. */
static void
handler_set_changes(TableAmRoutine *r)
{
	r->tuple_insert = modify_tuple_insert;
	r->tuple_insert_speculative = modify_tuple_insert_speculative;
	r->tuple_complete_speculative = modify_tuple_complete_speculative;
	r->multi_insert = modify_multi_insert;
	r->finish_bulk_insert = modify_finish_bulk_insert;
	r->tuple_delete = modify_tuple_delete;
	r->tuple_update = modify_tuple_update;
	r->tuple_lock = modify_tuple_lock;
	r->index_delete_tuples = modify_index_delete_tuples;
}

/* Whole tables. */
static void
handler_set_relations(TableAmRoutine *r, const TableAmRoutine *heap)
{
	/* files are heap files; the TOAST relation's are core's to handle */
	r->relation_set_new_filelocator = heap->relation_set_new_filelocator;
	r->relation_nontransactional_truncate =
		heap->relation_nontransactional_truncate;
	r->relation_copy_data = heap->relation_copy_data;

	r->relation_copy_for_cluster = cluster_copy;
	r->relation_vacuum = vacuum_relation;
	r->scan_analyze_next_block = analyze_next_block;
	r->scan_analyze_next_tuple = analyze_next_tuple;
	r->index_build_range_scan = index_build_range_scan;
	r->index_validate_scan = index_validate_scan;

	r->relation_size = size_relation_size;
	r->relation_estimate_size = size_relation_estimate_size;
	r->relation_needs_toast_table = handler_relation_needs_toast_table;
	r->relation_toast_am = handler_relation_toast_am;

	/* called through the TOAST relation, whose access method is heap */
	r->relation_fetch_toast_slice = heap->relation_fetch_toast_slice;
}

void
handler_init(void)
{
	const TableAmRoutine *heap = GetHeapamTableAmRoutine();

	routine = *heap;
	handler_set_scans(&routine);
	handler_set_changes(&routine);
	handler_set_relations(&routine, heap);
	ours_set_routine(&routine);
}

Datum
rusts_table_handler(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(&routine);
}
