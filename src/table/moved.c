/*
 * moved.c
 *	  Hot rows that a flush has moved, seen by snapshots from before it.
 *
 * A snapshot from before a flush's commit goes on seeing the hot row, and not
 * the segment.  When its transaction wants to change that row, it is led to
 * the row's new place and does so there (table invariant 7).  In a transaction
 * that keeps its snapshot, later statements then still see the hot row, which
 * only says that the flush has moved it, so they must ask the stub: what it
 * says under the old snapshot can only be what the transaction has done itself,
 * because everybody else's change is younger than the flush.
 *
 * In READ COMMITTED the next statement's snapshot sees the flush, and what else
 * the same statement reads is to be as it was when the statement began.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"

#include "segment/stub.h"
#include "table/moved.h"

bool
moved_row_gone(Relation rel, const ItemPointerData *tid, Snapshot snapshot)
{
	Store	   *store;
	bool		gone;

	if (!IsMVCCSnapshot(snapshot) || !store_exists(rel))
		return false;
	store = store_open(rel, AccessShareLock);
	gone = stub_row_gone(store, snapshot, rowid_number(tid));
	store_close(store);
	return gone;
}

/*
 * Nothing leads from a segment row to where it came from, so all hot rows are
 * looked at: rarely, and there are not many of them.  VACUUM cannot have
 * removed one that the snapshot sees.
 */
bool
moved_from_visible(Relation rel, const ItemPointerData *tid, Snapshot snapshot)
{
	TableScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;
	const TableAmRoutine *heap = GetHeapamTableAmRoutine();
	TupleTableSlot *slot;

	slot = MakeSingleTupleTableSlot(RelationGetDescr(rel),
									&TTSOpsBufferHeapTuple);
	scan = heap->scan_begin(rel, snapshot, 0, NULL, NULL,
							SO_TYPE_SEQSCAN | SO_ALLOW_STRAT |
							SO_ALLOW_PAGEMODE);
	while (!found && heap->scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		tuple = ((BufferHeapTupleTableSlot *) slot)->base.tuple;
		found = ItemPointerEquals(&tuple->t_data->t_ctid,
								  unconstify(ItemPointerData *, tid));
	}
	heap->scan_end(scan);
	ExecDropSingleTupleTableSlot(slot);
	return found && !moved_row_gone(rel, tid, snapshot);
}
