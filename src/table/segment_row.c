/*
 * segment_row.c
 *	  Delete, update and lock a row in a segment.
 *
 * The row's stub is what is locked and ended (write/rowchange.c).  An update
 * locks the row, inserts the new version as a hot row, and ends the old one
 * with the new one's TID, all by one (sub)transaction, so that both are seen or
 * neither is.
 *
 * For SERIALIZABLE, a reader locks the TID before it looks at the stub
 * (fetch.c), and a writer looks for such locks after it has changed the stub.
 * So if the reader did not see the change, the writer sees the lock, and if the
 * reader came later, it finds out whose change it does not see.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/sysattr.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/predicate.h"
#include "utils/datum.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"

#include "compat/tablestats.h"
#include "segment/directory.h"
#include "segment/moves.h"
#include "table/fetch.h"
#include "table/segment_row.h"
#include "table/slot.h"
#include "write/reheat.h"
#include "write/rowchange.h"

static void
segment_row_begin(Relation rel, const ItemPointerData *tid, CommandId cid,
				  RowChange *change)
{
	change->rel = rel;
	change->store = store_open(rel, RowExclusiveLock);
	if (change->store == NULL)
		elog(ERROR, "row (%u,%u) of table \"%s\" is not in a segment",
			 ItemPointerGetBlockNumberNoCheck(tid),
			 ItemPointerGetOffsetNumberNoCheck(tid),
			 RelationGetRelationName(rel));
	change->number = rowid_number(tid);
	change->cid = cid;
	change->follow = false;
}

/* There is nothing more to say about a result. */
static void
segment_row_tell_nothing(const ItemPointerData *tid, TM_FailureData *tmfd)
{
	tmfd->ctid = *tid;
	tmfd->xmax = InvalidTransactionId;
	tmfd->cmax = InvalidCommandId;
}

/*
 * Lock the row for a change, where it is now, and see that the crosscheck
 * snapshot sees it.
 */
static TM_Result
segment_row_lock_for_change(SegmentRowChange *change, RowChange *stub,
							LockTupleMode mode)
{
	TM_Result	result;

	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		result = rowchange_lock(stub, mode, LockWaitBlock, change->tmfd);
		if (result != TM_Updated || !rowid_is_virtual(&change->tmfd->ctid))
			break;
		change->tid = change->tmfd->ctid;
		stub->number = rowid_number(&change->tid);
	}
	if (result == TM_Ok && change->crosscheck != InvalidSnapshot &&
		!fetch_segment_row_visible(change->rel, &change->tid,
								   change->crosscheck))
	{
		segment_row_tell_nothing(&change->tid, change->tmfd);
		result = TM_Updated;
	}
	return result;
}

/*
 * A transaction that keeps its snapshot goes on seeing the row where it was
 * when that was taken, so there it is ended too.
 */
static void
segment_row_end_before(const SegmentRowChange *change, const RowChange *stub,
					   LockTupleMode mode, StubState state,
					   const ItemPointerData *successor)
{
	Snapshot	snapshot = GetActiveSnapshot();
	RowChange	before = *stub;
	TM_FailureData tmfd;
	DirectoryEntry entry;

	while (!directory_find(stub->store, (uint32) (before.number / ROWID_ROWS),
						   snapshot, &entry) &&
		   moves_find_source(stub->store, before.number, &before.number))
	{
		TM_Result	result = rowchange_lock(&before, mode, LockWaitBlock,
											&tmfd);

		if (result != TM_Updated || !rowid_is_virtual(&tmfd.ctid))
			elog(ERROR, "row " UINT64_FORMAT " of table \"%s\" was not moved: %d",
				 before.number, RelationGetRelationName(change->rel), result);
		rowchange_end(&before, state, successor);
	}
}

/* What is to be done when the row has ended. */
static void
segment_row_ended(const SegmentRowChange *change, RowChange *stub,
				  LockTupleMode mode, StubState state,
				  const ItemPointerData *successor)
{
	ItemPointerData tid = change->tid;

	if (IsolationUsesXactSnapshot())
		segment_row_end_before(change, stub, mode, state, successor);
	CheckForSerializableConflictIn(change->rel, &tid,
								   ItemPointerGetBlockNumber(&tid));
}

/*
 * The old row of a change: columns are decoded when they are asked for.  As a
 * rule the executor has just fetched it, in order to make the new one.
 */
typedef struct OldRow
{
	SegmentFetch *fetch;		/* NULL: the slot is the executor's */
	TupleTableSlot *slot;
} OldRow;

static void
segment_row_begin_old(Relation rel, const ItemPointerData *tid, OldRow *old)
{
	ItemPointerData self = *tid;

	old->fetch = NULL;
	old->slot = fetch_last(rel, tid);
	if (old->slot != NULL)
		return;
	old->slot = MakeSingleTupleTableSlot(RelationGetDescr(rel),
										 &slot_ops_rusts);
	old->fetch = fetch_begin(rel, true);
	if (!fetch_row(old->fetch, &self, SnapshotAny, old->slot))
		elog(ERROR, "row (%u,%u) of table \"%s\" is not in a segment",
			 ItemPointerGetBlockNumberNoCheck(tid),
			 ItemPointerGetOffsetNumberNoCheck(tid),
			 RelationGetRelationName(rel));
}

static void
segment_row_end_old(OldRow *old)
{
	if (old->fetch == NULL)
		return;
	ExecDropSingleTupleTableSlot(old->slot);
	fetch_end(old->fetch);
}

/* ---------- delete ---------- */

/* Delete the row where it is now. */
static TM_Result
segment_row_delete_stub(SegmentRowChange *change, RowChange *stub,
						StubState state)
{
	TM_Result	result = TM_BeingModified;

	while (change->crosscheck == InvalidSnapshot)
	{
		CHECK_FOR_INTERRUPTS();
		result = rowchange_delete_fresh(stub, state, change->tmfd);
		if (result != TM_Updated)
			break;
		change->tid = change->tmfd->ctid;
		stub->number = rowid_number(&change->tid);
	}
	if (result != TM_BeingModified)
		return result;
	result = segment_row_lock_for_change(change, stub, LockTupleExclusive);
	if (result == TM_Ok)
		rowchange_end(stub, state, NULL);
	return result;
}

TM_Result
segment_row_delete(SegmentRowChange *change, bool changing_part)
{
	Relation	rel = change->rel;
	StubState	state = changing_part ? STUB_MOVED_PARTITION : STUB_DELETED;
	RowChange	stub;
	OldRow		old;
	TM_Result	result;

	segment_row_begin(rel, &change->tid, change->cid, &stub);
	result = segment_row_delete_stub(change, &stub, state);
	if (result == TM_Ok)
	{
		if (RelationIsLogicallyLogged(rel))
		{
			segment_row_begin_old(rel, &change->tid, &old);
			reheat_delete(rel, old.slot, change->cid);
			segment_row_end_old(&old);
		}
		else
			pgstat_count_heap_delete(rel);
		segment_row_ended(change, &stub, LockTupleExclusive, state, NULL);
	}
	store_close_keep_locks(stub.store);
	return result;
}

/* ---------- update ---------- */

/* Is a column's value another one in the new version? */
static bool
segment_row_column_changed(Relation rel, TupleTableSlot *old_slot,
						   TupleTableSlot *new_slot, AttrNumber attnum)
{
	Form_pg_attribute attribute;
	Datum		old_value;
	Datum		new_value;
	bool		old_null;
	bool		new_null;

	attribute = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
	old_value = slot_getattr(old_slot, attnum, &old_null);
	new_value = slot_getattr(new_slot, attnum, &new_null);
	if (old_null || new_null)
		return old_null != new_null;
	return !datum_image_eq(old_value, new_value, attribute->attbyval,
						   attribute->attlen);
}

/*
 * What an update locks: the keys that foreign keys may refer to change, or
 * they do not, as in heap_update.
 */
static LockTupleMode
segment_row_update_mode(Relation rel, TupleTableSlot *old_slot,
						TupleTableSlot *new_slot)
{
	Bitmapset  *keys = RelationGetIndexAttrBitmap(rel, INDEX_ATTR_BITMAP_KEY);
	bool		changed = false;
	int			i = -1;

	while (!changed && (i = bms_next_member(keys, i)) >= 0)
		changed = segment_row_column_changed(rel, old_slot, new_slot,
											 i + FirstLowInvalidHeapAttributeNumber);
	bms_free(keys);
	return changed ? LockTupleExclusive : LockTupleNoKeyExclusive;
}

/* Insert the new version; the slot gets its TID. */
static void
segment_row_insert(Relation rel, TupleTableSlot *old_slot,
				   TupleTableSlot *slot, CommandId cid)
{
	if (RelationIsLogicallyLogged(rel))
		reheat_update(rel, old_slot, slot, cid);
	else
	{
		GetHeapamTableAmRoutine()->tuple_insert(rel, slot, cid, 0, NULL);
		compat_pgstat_forget_insert(rel);
		compat_pgstat_count_update(rel);
	}
}

TM_Result
segment_row_update(SegmentRowChange *change, TupleTableSlot *slot,
				   LockTupleMode *mode)
{
	Relation	rel = change->rel;
	RowChange	stub;
	OldRow		old;
	TM_Result	result;

	segment_row_begin(rel, &change->tid, change->cid, &stub);
	segment_row_begin_old(rel, &change->tid, &old);
	*mode = segment_row_update_mode(rel, old.slot, slot);
	result = segment_row_lock_for_change(change, &stub, *mode);
	if (result == TM_Ok)
	{
		segment_row_insert(rel, old.slot, slot, change->cid);
		rowchange_end(&stub, STUB_UPDATED, &slot->tts_tid);
		rowchange_hand_on_locks(&stub, &slot->tts_tid);
		segment_row_ended(change, &stub, *mode, STUB_UPDATED, &slot->tts_tid);
	}
	segment_row_end_old(&old);
	store_close_keep_locks(stub.store);
	return result;
}

/* ---------- lock ---------- */

static void
segment_row_begin_lock(const LockRequest *request, const ItemPointerData *tid,
					   RowChange *stub)
{
	segment_row_begin(request->rel, tid, request->cid, stub);
	stub->follow = (request->flags & TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS) != 0;
}

TM_Result
segment_row_lock_newer(const LockRequest *request, const ItemPointerData *tid,
					   TM_FailureData *tmfd)
{
	RowChange	stub;
	TM_Result	result;

	segment_row_begin_lock(request, tid, &stub);
	result = rowchange_lock_newer(&stub, request->wait_policy, tmfd);
	store_close_keep_locks(stub.store);
	return result;
}

/*
 * The row is fetched whatever the caller's snapshot: it may have been moved
 * after that was taken, and for ON CONFLICT after its conflicting entry was
 * found; and FOR KEY SHARE is granted on one that has been updated.
 */
TM_Result
segment_row_lock(const LockRequest *request, ItemPointer tid,
				 TM_FailureData *tmfd)
{
	RowChange	stub;
	TM_Result	result;

	segment_row_begin_lock(request, tid, &stub);
	result = rowchange_lock(&stub, request->mode, request->wait_policy, tmfd);
	store_close_keep_locks(stub.store);
	if (result != TM_Ok ||
		fetch_one(request->rel, tid, SnapshotAny, request->slot))
		return result;
	segment_row_tell_nothing(tid, tmfd);
	return TM_Deleted;
}
