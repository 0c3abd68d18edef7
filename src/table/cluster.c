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

#include "segment/moves.h"
#include "segment/segment_builder.h"
#include "segment/segment_reader.h"
#include "segment/segment_sort.h"
#include "segment/segment_write.h"
#include "segment/stub.h"
#include "table/cluster.h"
#include "table/heapview.h"
#include "write/size.h"
#include "write/spec.h"

typedef struct ClusterCopy
{
	Store	   *from;
	Store	   *to;
	MemoryContext context;		/* of the lists */
	RewriteState rewrite;
	TransactionId oldest_xmin;
	Relation	old_table;
	List	   *written;		/* new directory tuples, see below */
	List	   *renumbered;		/* ClusterOrder of segments written anew */
	double		rows;			/* live rows of copied segments */
	double		dead_rows;		/* of segments that old snapshots see */
} ClusterCopy;

/* Where the rows of a segment that was written anew have gone. */
typedef struct ClusterOrder
{
	uint64		first;			/* row number */
	uint32		rows;
	uint32	   *place;			/* of each row: its place in the new order */
} ClusterOrder;

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
 * indexes are built again, and stubs follow their rows.
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
	ClusterOrder *order;
	MemoryContext old;
	uint8	   *dead;
	uint32		ndead;
	uint32		i;

	spec_for_table(copy->old_table, &spec);
	spec.partition_interval = 0;	/* it lies in one window already */
	spec.max_rows = entry->d.rows;
	old = MemoryContextSwitchTo(copy->context);
	order = palloc(sizeof(ClusterOrder));
	order->first = rowid_number_of_block(entry->d.first_block);
	order->rows = entry->d.rows;
	order->place = palloc_extended(entry->d.rows * sizeof(uint32),
								   MCXT_ALLOC_HUGE);
	copy->renumbered = lappend(copy->renumbered, order);
	MemoryContextSwitchTo(old);
	builder = segment_builder_create(desc, &spec, CurrentMemoryContext);
	cluster_read_rows(reader, builder, desc->natts);
	plan = segment_sort(builder);
	plan->partition[0] = entry->d.partition;
	for (i = 0; i < plan->nrows; i++)
		order->place[plan->order[i]] = i;
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

/* The row's place in a segment that was written in another order, or NULL. */
static ClusterOrder *
cluster_order_of(ClusterCopy *copy, uint64 number)
{
	ListCell   *cell;

	foreach(cell, copy->renumbered)
	{
		ClusterOrder *order = lfirst(cell);

		if (number >= order->first && number - order->first < order->rows)
			return order;
	}
	return NULL;
}

/* Copy a stub to where its rows are; those of a block may not be in one now. */
static void
cluster_copy_stub(ClusterCopy *copy, HeapTuple tuple)
{
	StubBlockData data;
	uint64		number = stub_decode(copy->from, tuple, &data);
	ClusterOrder *order = cluster_order_of(copy, number);
	uint64		first = number - number % ROWID_ROWS;
	ItemPointerData successor;
	uint32		row;

	if (order == NULL)
	{
		cluster_copy_tuple(copy, tuple, heap_copytuple(tuple));
		return;
	}
	ItemPointerSet(&successor, data.stub.block, data.stub.offset);
	for (row = 0; row < ROWID_ROWS; row++)
	{
		bool		of_block = data.stub.state == STUB_BLOCK;

		if (of_block ? stub_block_has(&data, row) : first + row == number)
			cluster_copy_tuple(copy, tuple,
							   stub_form_tuple(copy->to,
											   order->first +
											   order->place[first + row - order->first],
											   of_block ? STUB_DELETED :
											   data.stub.state, &successor));
	}
}

/*
 * Copy the versions of a stub: what an update has made before what it was made
 * from, because a tuple gets its new TID only when that of the next version is
 * known.
 */
static void
cluster_copy_versions(ClusterCopy *copy, List *versions)
{
	ListCell   *cell;
	int			pass;

	for (pass = 0; pass < 2; pass++)
	{
		foreach(cell, versions)
		{
			HeapTuple	tuple = lfirst(cell);

			if ((pass == 1) == !ItemPointerEquals(&tuple->t_self,
												  &tuple->t_data->t_ctid))
				cluster_copy_stub(copy, tuple);
		}
	}
	list_free_deep(versions);
}

/*
 * Copy all stubs that are not dead.  Successors keep their TIDs, which name
 * nothing any more.  Nobody who could follow them is there, as the table is
 * locked, and whoever comes later finds no row at such a TID that has the right
 * inserter.
 */
static void
cluster_copy_stubs(ClusterCopy *copy)
{
	ScanKeyData key[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *versions = NIL;
	uint64		last = 0;

	ScanKeyInit(&key[0], 1, BTGreaterEqualStrategyNumber, F_OIDGE,
				ObjectIdGetDatum(STORE_ID_STUBS));
	ScanKeyInit(&key[1], 1, BTLessStrategyNumber, F_OIDLT,
				ObjectIdGetDatum(STORE_ID_STUBS_END));
	scan = systable_beginscan_ordered(copy->from->toast,
									  copy->from->indexes[copy->from->valid],
									  SnapshotAny, 2, key);
	while ((tuple = systable_getnext_ordered(scan, ForwardScanDirection)) != NULL)
	{
		StubBlockData data;
		uint64		number;

		CHECK_FOR_INTERRUPTS();
		if (cluster_tuple_state(copy, tuple) == HEAPTUPLE_DEAD)
			continue;
		number = stub_decode(copy->from, tuple, &data);
		if (number != last)
		{
			cluster_copy_versions(copy, versions);
			versions = NIL;
		}
		last = number;
		versions = lappend(versions, heap_copytuple(tuple));
	}
	systable_endscan_ordered(scan);
	cluster_copy_versions(copy, versions);
}

/*
 * Copy the records of rows that were moved.  They are about places, so they
 * would be wrong of segments that were written anew in another order; whoever
 * looks for such a row is told that it was deleted.
 */
static void
cluster_copy_moves(ClusterCopy *copy)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (copy->renumbered != NIL)
		return;
	scan = cluster_begin_scan(copy, STORE_ID_MOVES, &key);
	while ((tuple = systable_getnext_ordered(scan, ForwardScanDirection)) != NULL)
	{
		Oid			stream;

		CHECK_FOR_INTERRUPTS();
		if (cluster_tuple_state(copy, tuple) == HEAPTUPLE_DEAD)
			continue;
		stream = moves_stream(copy->from, tuple);
		if (OidIsValid(stream))
			cluster_copy_chunks(copy, stream);
		cluster_copy_tuple(copy, tuple, heap_copytuple(tuple));
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

	copy.context = CurrentMemoryContext;
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
	cluster_copy_stubs(&copy);
	cluster_copy_moves(&copy);
	end_heap_rewrite(copy.rewrite);
	store_close_keep_locks(copy.to);
	store_close_keep_locks(copy.from);
	*num_tuples += copy.rows;
	*tups_recently_dead += copy.dead_rows;
}
