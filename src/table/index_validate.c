/*
 * index_validate.c
 *	  Second pass of CREATE INDEX CONCURRENTLY: add what is missing.
 *
 * The caller has sorted the TIDs of all index entries and wants every row that
 * the snapshot sees and that has no entry to get one.  Virtual TIDs sort after
 * all others.  heapam merges the TIDs with the hot rows, and reads one TID too
 * many to notice the end, so it gets a sort of its own that holds just the
 * TIDs of hot rows; the rest stays for the same merge with the segments.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "catalog/index.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_operator_d.h"
#include "catalog/pg_type_d.h"
#include "compat/compat.h"
#include "table/index_validate.h"
#include "miscadmin.h"
#include "utils/tuplesort.h"

#include "table/cursor.h"
#include "table/index_build.h"
#include "table/index_rows.h"

/* The sorted TIDs of the index. */
typedef struct TidStream
{
	Tuplesortstate *sort;
	ItemPointerData tid;		/* the next one */
	bool		done;
} TidStream;

static void
index_validate_advance(TidStream *stream)
{
	Datum		value;
	bool		isnull;

	stream->done = !compat_tuplesort_getdatum(stream->sort, &value,
											  &isnull);
	if (stream->done)
		return;
	itemptr_decode(&stream->tid, DatumGetInt64(value));
#ifndef USE_FLOAT8_BYVAL
	pfree(DatumGetPointer(value));
#endif
}

/* Move the TIDs of hot rows into a sort of their own. */
static Tuplesortstate *
index_validate_split(TidStream *stream)
{
	Tuplesortstate *hot = tuplesort_begin_datum(INT8OID, Int8LessOperator,
												InvalidOid, false,
												maintenance_work_mem, NULL,
												TUPLESORT_NONE);

	for (index_validate_advance(stream);
		 !stream->done && !rowid_is_virtual(&stream->tid);
		 index_validate_advance(stream))
	{
		CHECK_FOR_INTERRUPTS();
		tuplesort_putdatum(hot, Int64GetDatum(itemptr_encode(&stream->tid)),
						   false);
	}
	tuplesort_performsort(hot);
	return hot;
}

static void
index_validate_hot(Relation table, Relation index, IndexInfo *info,
			 Snapshot snapshot, ValidateIndexState *state,
			 Tuplesortstate *tids)
{
	const TableAmRoutine *ours = table->rd_tableam;
	ValidateIndexState hot = *state;

	hot.tuplesort = tids;
	/* as in index_build.c */
	table->rd_tableam = GetHeapamTableAmRoutine();
	PG_TRY();
	{
		GetHeapamTableAmRoutine()->index_validate_scan(table, index, info,
													   snapshot, &hot);
	}
	PG_FINALLY();
	{
		table->rd_tableam = ours;
	}
	PG_END_TRY();
	state->htups = hot.htups;
	state->tups_inserted = hot.tups_inserted;
}

static void
index_validate_segments(Relation table, Relation index, IndexInfo *info,
				  Snapshot snapshot, ValidateIndexState *state,
				  TidStream *stream)
{
	SegmentCursor cursor;
	IndexRows	rows;

	cursor_init(&cursor, table, snapshot);
	index_rows_begin(&rows, table, info);
	while (cursor_next(&cursor, rows.slot))
	{
		ItemPointer tid = &rows.slot->tts_tid;

		CHECK_FOR_INTERRUPTS();
		state->htups += 1;
		while (!stream->done && ItemPointerCompare(&stream->tid, tid) < 0)
			index_validate_advance(stream);
		if (!stream->done && ItemPointerEquals(&stream->tid, tid))
			continue;
		if (!index_rows_form(&rows))
			continue;
		index_insert(index, rows.values, rows.isnull, tid, table,
					 info->ii_Unique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO,
					 false, info);
		state->tups_inserted += 1;
	}
	index_rows_end(&rows);
	cursor_close(&cursor);
}

void
index_validate_scan(Relation table, Relation index, IndexInfo *info,
					Snapshot snapshot, ValidateIndexState *state)
{
	TidStream	stream = {state->tuplesort};
	Tuplesortstate *hot = index_validate_split(&stream);

	index_validate_hot(table, index, info, snapshot, state, hot);
	tuplesort_end(hot);
	if (index->rd_rel->relam != BRIN_AM_OID)
		index_validate_segments(table, index, info, snapshot, state, &stream);
}
