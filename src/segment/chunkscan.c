/*
 * chunkscan.c
 *	  Rows under reserved ids, in the order of their keys.
 *
 * In a SERIALIZABLE transaction the index is scanned for all versions and each
 * is tested here, so that nothing is locked: a page of this index has keys of
 * rows that have nothing to do with each other, and a statement that looks for
 * the segments it may read would conflict with one that deletes a row of
 * another.  What a transaction has read is locked where rows are read (table/).
 * That a version it does not see has replaced what it has read is noted here,
 * as heapam would.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/tuptable.h"
#include "storage/bufmgr.h"

#include "compat/compat.h"
#include "segment/chunkscan.h"

void
chunkscan_begin(ChunkScan *scan, Store *store, Snapshot snapshot,
				ScanKey keys, int nkeys)
{
	scan->store = store;
	scan->snapshot = snapshot;
	scan->tests = IsolationIsSerializable() && IsMVCCSnapshot(snapshot);
	scan->slot = table_slot_create(store->toast, NULL);
	scan->scan = compat_index_beginscan(store->toast,
										store->indexes[store->valid],
										scan->tests ? SnapshotAny : snapshot,
										nkeys, 0);
	index_rescan(scan->scan, keys, nkeys, NULL, 0);
}

void
chunkscan_again(ChunkScan *scan, ScanKey keys, int nkeys)
{
	index_rescan(scan->scan, keys, nkeys, NULL, 0);
}

static bool
chunkscan_visible(ChunkScan *scan, HeapTuple tuple, Buffer buffer)
{
	bool		visible;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	visible = HeapTupleSatisfiesVisibility(tuple, scan->snapshot, buffer);
	HeapCheckForSerializableConflictOut(visible, scan->store->toast, tuple,
										buffer, scan->snapshot);
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	return visible;
}

HeapTuple
chunkscan_next(ChunkScan *scan, ScanDirection direction)
{
	while (index_getnext_slot(scan->scan, direction, scan->slot))
	{
		BufferHeapTupleTableSlot *slot = (BufferHeapTupleTableSlot *) scan->slot;

		if (!scan->tests ||
			chunkscan_visible(scan, slot->base.tuple, slot->buffer))
			return slot->base.tuple;
	}
	return NULL;
}

Buffer
chunkscan_buffer(ChunkScan *scan)
{
	return ((BufferHeapTupleTableSlot *) scan->slot)->buffer;
}

void
chunkscan_end(ChunkScan *scan)
{
	index_endscan(scan->scan);
	ExecDropSingleTupleTableSlot(scan->slot);
}
