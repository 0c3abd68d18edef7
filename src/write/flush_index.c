/*
 * flush_index.c
 *	  Index entries for the rows of a new segment.
 *
 * The rows are not new to the table, only their TIDs are: uniqueness was
 * checked when they were inserted, so entries go in unchecked.  A session that
 * inserts the same key meanwhile finds the old entry, whose hot row is being
 * "deleted" by us, and waits.  The directory row is there already, so that a
 * session that finds the new entry meets a transaction in progress.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/pg_am_d.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"

#include "segment/directory.h"
#include "segment/segment_reader.h"
#include "write/flush_index.h"

typedef struct IndexTarget
{
	Relation	index;
	IndexInfo  *info;
	ExprState  *predicate;
} IndexTarget;

static int
index_targets_open(Relation rel, EState *estate, IndexTarget **targets)
{
	List	   *list = RelationGetIndexList(rel);
	ListCell   *cell;
	int			n = 0;

	*targets = palloc(Max(1, list_length(list)) * sizeof(IndexTarget));
	foreach(cell, list)
	{
		IndexTarget *target = &(*targets)[n];

		target->index = index_open(lfirst_oid(cell), RowExclusiveLock);
		/* BRIN indexes summarise heap blocks only, see planner.c */
		if (!target->index->rd_index->indisready ||
			target->index->rd_rel->relam == BRIN_AM_OID)
		{
			index_close(target->index, RowExclusiveLock);
			continue;
		}
		target->info = BuildIndexInfo(target->index);
		target->predicate = target->info->ii_Predicate == NIL ? NULL :
			ExecPrepareQual(target->info->ii_Predicate, estate);
		n++;
	}
	list_free(list);
	return n;
}

static void
index_target_insert(IndexTarget *target, Relation rel, TupleTableSlot *slot,
					EState *estate)
{
	Datum		values[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];

	if (target->predicate != NULL &&
		!ExecQual(target->predicate, GetPerTupleExprContext(estate)))
		return;
	FormIndexDatum(target->info, slot, estate, values, isnull);
	index_insert(target->index, values, isnull, &slot->tts_tid, rel,
				 UNIQUE_CHECK_NO, false, target->info);
}

static void
index_insert_rows(Relation rel, SegmentReader *reader, IndexTarget *targets,
				  int ntargets, EState *estate)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(RelationGetDescr(rel),
													&TTSOpsVirtual);
	uint32		first = segment_reader_entry(reader)->d.first_block;
	int64		rows = segment_reader_rows(reader);
	int64		row;
	int			natts = RelationGetDescr(rel)->natts;
	int			i;

	GetPerTupleExprContext(estate)->ecxt_scantuple = slot;
	for (row = segment_reader_next_live(reader, 0); row < rows;
		 row = segment_reader_next_live(reader, row + 1))
	{
		CHECK_FOR_INTERRUPTS();
		ResetPerTupleExprContext(estate);
		ExecClearTuple(slot);
		for (i = 0; i < natts; i++)
			slot->tts_values[i] = segment_reader_value(reader, i + 1, row,
													   &slot->tts_isnull[i]);
		ExecStoreVirtualTuple(slot);
		rowid_set(&slot->tts_tid, first, row);
		slot->tts_tableOid = RelationGetRelid(rel);
		for (i = 0; i < ntargets; i++)
			index_target_insert(&targets[i], rel, slot, estate);
	}
	ExecDropSingleTupleTableSlot(slot);
}

void
flush_index_insert(Relation rel, Store *store, uint32 first_block)
{
	EState	   *estate;
	IndexTarget *targets;
	DirectoryEntry entry;
	SegmentReader *reader;
	int			n;
	int			i;

	if (!rel->rd_rel->relhasindex)
		return;
	estate = CreateExecutorState();
	n = index_targets_open(rel, estate, &targets);
	if (n > 0)
	{
		if (!directory_find(store, first_block, SnapshotSelf, &entry))
			elog(ERROR, "directory row of a new segment not found");
		reader = segment_reader_open(store, &entry, RelationGetDescr(rel),
									 true, CurrentMemoryContext);
		index_insert_rows(rel, reader, targets, n, estate);
		segment_reader_close(reader);
	}
	for (i = 0; i < n; i++)
		index_close(targets[i].index, NoLock);
	FreeExecutorState(estate);
}
