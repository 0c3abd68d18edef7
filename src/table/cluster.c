/*
 * cluster.c
 *	  VACUUM FULL and CLUSTER.
 *
 * Hot rows are rewritten by heapam's own code, which wants a relation whose
 * access method is heap, and gets a view of the table that says so
 * (heapview.c).  If the table ever had segments, heapam may not use the index
 * to read it, for it would follow virtual TIDs; it sorts instead, and for index
 * types that it cannot sort by, it keeps the order.
 *
 * Segments are not reordered: they are sorted already and nothing in them is
 * dead weight.  Their chunks are copied as they are into the new TOAST
 * relation: counter, directory and the streams of all segments that are not
 * surely dead (those that lack columns added since are written anew).  Each
 * tuple keeps xmin and xmax, hence rewrite_heap_tuple; if a
 * copy were visible to all, an old snapshot would see a segment together with
 * the hot rows that it was made of.  PostgreSQL swaps the new relation's
 * contents in and rebuilds the table's indexes, but not the TOAST index, which
 * is filled here.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/rewriteheap.h"
#include "catalog/pg_am_d.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "segment/segment_builder.h"
#include "segment/segment_reader.h"
#include "segment/segment_sort.h"
#include "segment/segment_write.h"
#include "table/cluster.h"
#include "table/heapview.h"
#include "write/size.h"
#include "write/spec.h"

typedef struct ClusterCopy
{
	Store	   *from;
	Store	   *to;
	RewriteState rewrite;
	TransactionId oldest_xmin;
	Relation	old_table;
	List	   *written;		/* new directory tuples, see below */
	double		rows;			/* live rows of copied segments */
	double		dead_rows;		/* of segments that old snapshots see */
} ClusterCopy;

static HTSV_Result
cluster_tuple_state(ClusterCopy *copy, HeapTuple tuple)
{
	Buffer		buffer;
	HTSV_Result result;

	buffer = ReadBuffer(copy->from->toast,
						ItemPointerGetBlockNumber(&tuple->t_self));
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	result = HeapTupleSatisfiesVacuum(tuple, copy->oldest_xmin, buffer);
	UnlockReleaseBuffer(buffer);
	return result;
}

/* Put new_tuple, freed here, in the place of tuple: same xmin and xmax. */
static void
cluster_copy_tuple(ClusterCopy *copy, HeapTuple tuple, HeapTuple new_tuple)
{
	TupleDesc	desc = RelationGetDescr(copy->to->toast);
	Datum		values[3];
	bool		isnull[3];
	int			i;

	rewrite_heap_tuple(copy->rewrite, tuple, new_tuple);
	heap_deform_tuple(new_tuple, desc, values, isnull);
	for (i = 0; i < copy->to->nindexes; i++)
		index_insert(copy->to->indexes[i], values, isnull, &new_tuple->t_self,
					 copy->to->toast, UNIQUE_CHECK_NO, false, NULL);
	heap_freetuple(new_tuple);
}

static SysScanDesc
cluster_begin_scan(ClusterCopy *copy, Oid chunk_id, ScanKey key)
{
	ScanKeyInit(key, 1, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(chunk_id));
	return systable_beginscan_ordered(copy->from->toast,
									  copy->from->indexes[copy->from->valid],
									  SnapshotAny, 1, key);
}

/* ---------- segments that must be written anew ---------- */

/* Dead rows in the order of a plan: bitmap, and their number. */
static uint8 *
cluster_dead_rows(SegmentReader *reader, const SegmentPlan *plan,
				  uint32 *ndead)
{
	uint8	   *dead = palloc0((plan->nrows + 7) / 8);
	uint32		i;

	*ndead = 0;
	for (i = 0; i < plan->nrows; i++)
		if (segment_reader_row_dead(reader, plan->order[i]))
		{
			dead[i >> 3] |= 1 << (i & 7);
			(*ndead)++;
		}
	return dead;
}

static void
cluster_read_rows(SegmentReader *reader, SegmentBuilder *builder, int natts)
{
	Datum	   *values = palloc(natts * sizeof(Datum));
	bool	   *isnull = palloc(natts * sizeof(bool));
	uint32		row;
	int			i;

	for (row = 0; row < segment_reader_rows(reader); row++)
	{
		CHECK_FOR_INTERRUPTS();
		for (i = 0; i < natts; i++)
			values[i] = segment_reader_value(reader, i + 1, row, &isnull[i]);
		segment_builder_append(builder, values, isnull);
	}
}

/*
 * Write a segment's rows into the new relation with all of today's columns.
 * Row numbers stay; the order within them may not, which is as good, since all
 * indexes are built again.
 */
static DirectoryEntry *
cluster_write_anew(ClusterCopy *copy, SegmentReader *reader,
				   const DirectoryEntry *entry)
{
	TupleDesc	desc = RelationGetDescr(copy->old_table);
	SegmentBuilder *builder;
	SegmentPlan *plan;
	SegmentSpec spec;
	DirectoryEntry *result;
	uint8	   *dead;
	uint32		ndead;

	spec_for_table(copy->old_table, &spec);
	spec.partition_interval = 0;	/* it lies in one window already */
	spec.max_rows = entry->d.rows;
	builder = segment_builder_create(desc, &spec, CurrentMemoryContext);
	cluster_read_rows(reader, builder, desc->natts);
	plan = segment_sort(builder);
	plan->partition[0] = entry->d.partition;
	dead = cluster_dead_rows(reader, plan, &ndead);
	result = segment_write_close(segment_write_piece(builder, plan, 0, copy->to,
													 entry->d.first_block,
													 GetCurrentCommandId(true)),
								 dead, ndead);
	segment_builder_destroy(builder);
	return result;
}

/*
 * After the rewrite PostgreSQL forgets missing values (RelationClearMissing),
 * so segments that rely on them are written anew.  This goes through shared
 * buffers and must be done before begin_heap_rewrite, which appends pages to
 * the same relation behind the buffer manager's back.
 */
static void
cluster_write_incomplete(ClusterCopy *copy)
{
	DirectoryList *list = directory_load(copy->from, SnapshotAny);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "rusts rewritten segment",
												  ALLOCSET_DEFAULT_SIZES);
	int			i;

	for (i = 0; i < list->n; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(context);
		SegmentReader *reader;
		DirectoryEntry *written = NULL;

		reader = segment_reader_open(copy->from, &list->entries[i],
									 RelationGetDescr(copy->old_table), true,
									 context);
		if (segment_reader_lacks_values(reader))
			written = cluster_write_anew(copy, reader, &list->entries[i]);
		MemoryContextSwitchTo(old);
		if (written != NULL)
			copy->written = lappend(copy->written,
									directory_form_tuple(copy->to, written));
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
}

/* The new directory tuple of a segment that was written anew, or NULL. */
static HeapTuple
cluster_written_tuple(ClusterCopy *copy, int32 first_block)
{
	ListCell   *cell;

	foreach(cell, copy->written)
	{
		HeapTuple	tuple = lfirst(cell);
		bool		isnull;

		if (DatumGetInt32(fastgetattr(tuple, 2,
									  RelationGetDescr(copy->to->toast),
									  &isnull)) == first_block)
			return tuple;
	}
	return NULL;
}

/* ---------- copying ---------- */

/* Copy all rows of a chunk id that are not dead. */
static void
cluster_copy_chunks(ClusterCopy *copy, Oid chunk_id)
{
	ScanKeyData key;
	SysScanDesc scan = cluster_begin_scan(copy, chunk_id, &key);
	HeapTuple	tuple;

	while ((tuple = systable_getnext_ordered(scan, ForwardScanDirection)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (cluster_tuple_state(copy, tuple) != HEAPTUPLE_DEAD)
			cluster_copy_tuple(copy, tuple, heap_copytuple(tuple));
	}
	systable_endscan_ordered(scan);
}

/* Copy the directory, and with each of its rows the segment's stream. */
static void
cluster_copy_segments(ClusterCopy *copy)
{
	ScanKeyData key;
	SysScanDesc scan = cluster_begin_scan(copy, STORE_ID_DIRECTORY, &key);
	HeapTuple	tuple;
	HeapTuple	written;
	DirectoryEntry entry;

	while ((tuple = systable_getnext_ordered(scan, ForwardScanDirection)) != NULL)
	{
		HTSV_Result state = cluster_tuple_state(copy, tuple);

		if (state == HEAPTUPLE_DEAD)
			continue;
		directory_entry_decode(copy->from, tuple, &entry);
		if (state == HEAPTUPLE_LIVE || state == HEAPTUPLE_INSERT_IN_PROGRESS)
			copy->rows += entry.d.rows - entry.d.dead_rows;
		else
			copy->dead_rows += entry.d.rows - entry.d.dead_rows;
		written = cluster_written_tuple(copy, (int32) entry.d.first_block);
		if (written == NULL)
		{
			cluster_copy_chunks(copy, entry.d.chunk_id);
			written = heap_copytuple(tuple);
		}
		else
			copy->written = list_delete_ptr(copy->written, written);
		cluster_copy_tuple(copy, tuple, written);
		pfree(entry.summaries);
	}
	systable_endscan_ordered(scan);
}

void
cluster_copy(Relation old_table, Relation new_table, Relation index,
			 bool use_sort, TransactionId oldest_xmin,
			 TransactionId *xid_cutoff, MultiXactId *multi_cutoff,
			 double *num_tuples, double *tups_vacuumed,
			 double *tups_recently_dead)
{
	bool		own_order = index != NULL && size_had_segments(old_table);
	bool		btree = index != NULL && index->rd_rel->relam == BTREE_AM_OID;
	Relation	view = heapview_open(old_table);
	ClusterCopy copy = {0};
	SegmentTotals totals;

	view->rd_tableam->relation_copy_for_cluster(view, new_table,
												own_order && !btree ? NULL : index,
												own_order ? btree : use_sort,
												oldest_xmin, xid_cutoff,
												multi_cutoff, num_tuples,
												tups_vacuumed,
												tups_recently_dead);
	heapview_close(view);
	if (!store_exists(old_table))
		return;
	if (!store_exists(new_table))
	{
		/* nothing asked for it: there is no segment (handler.c) */
		size_segment_totals(old_table, SnapshotAny, &totals);
		if (totals.segments > 0)
			elog(ERROR, "new files of table \"%s\" cannot hold its segments",
				 RelationGetRelationName(old_table));
		return;
	}

	copy.from = store_open(old_table, AccessShareLock);
	copy.to = store_open(new_table, RowExclusiveLock);
	copy.oldest_xmin = oldest_xmin;
	copy.old_table = old_table;
	cluster_write_incomplete(&copy);
	copy.rewrite = begin_heap_rewrite(copy.from->toast, copy.to->toast,
									  oldest_xmin, *xid_cutoff,
									  *multi_cutoff);
	cluster_copy_chunks(&copy, STORE_ID_COUNTER);
	cluster_copy_segments(&copy);
	cluster_copy_chunks(&copy, STORE_ID_TOMBSTONES);
	end_heap_rewrite(copy.rewrite);
	store_close_keep_locks(copy.to);
	store_close_keep_locks(copy.from);
	*num_tuples += copy.rows;
	*tups_recently_dead += copy.dead_rows;
}
