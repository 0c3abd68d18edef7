/*
 * rowchange.c
 *	  Lock, delete and replace single segment rows.
 *
 * Everything happens to the row's stub (stub.h), which heapam locks, updates and
 * deletes like any row.  Its versions are at most these:
 *
 *   alive -> gone	(gone: deleted, updated, or moved to another partition)
 *
 * "Alive" is inserted and frozen by the first who wants it, so everybody sees it
 * from then on, and a rollback leaves it.  For an UPDATE of the row it is
 * updated to "gone"; for a deletion it is deleted, and "gone" inserted beside
 * it, so that nobody locks "gone", which heapam does to what an update has
 * made.  That change in progress is the lock that others wait for, with what
 * heapam does about it: lock modes,
 * multixacts, NOWAIT and SKIP LOCKED, deadlock detection, savepoints, two-phase
 * commit.  After a rollback "alive" can be locked and replaced again.
 *
 * A row that has no stub is deleted by inserting "gone" alone.  While that is in
 * progress, whoever wants the row waits for the transaction here; if it rolls
 * back, the row has no stub again.
 *
 * Only one "alive" comes into being, or one "gone" without it: whoever inserts
 * it holds a page lock on the TOAST relation that is named after the row's
 * virtual block, and looks under it.  The lock is held for that moment; row locks are
 * the stub's.
 *
 * A compaction or retention that removes the row's segment deletes its directory
 * row first, then looks for stubs that are in use, and gives up if there is one.
 * Here the stub is locked first, and the directory row looked at then.  So if
 * the one did not see the other, the other sees the one: either it gives up, or
 * the row is found to be elsewhere, or gone.  Nobody waits for a lock that the
 * other holds, except that we wait for a removal to commit, which happens next.
 *
 * A FOR KEY SHARE lock on a row that an update has replaced, its keys left
 * alone, is one on what the update has made, and the old row may be where it
 * likes: a removal that has seen the update finished has ended the row at its
 * new place, too, if it has taken it along, and one that comes later sees the
 * lock.  (No update begins between the deletion of the directory row and the
 * look for stubs: it would have to lock the row first.)  So then the directory
 * is not asked.
 *
 * "Alive" can be read until every transaction sees "gone", and is pinned from
 * the moment it was found until it is locked, so that it is not pruned under
 * heapam's hands.  (Its page is pinned, as heapam does while it waits; not the
 * index's, for which VACUUM would wait.)  When only "gone" is left, the row was
 * gone for everybody who asks now.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/parallel.h"
#include "access/transam.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "storage/procarray.h"
#include "utils/rel.h"

#include "compat/rowupdate.h"
#include "segment/directory.h"
#include "segment/moves.h"
#include "write/hotlock.h"
#include "write/rowchange.h"

/* Page locks are spread over so many names. */
#define ROWCHANGE_LOCK_PAGES 0x40000000U

void
rowchange_lock_block(Store *store, uint32 block)
{
	LockPage(store->toast, block % ROWCHANGE_LOCK_PAGES, ExclusiveLock);
}

void
rowchange_unlock_block(Store *store, uint32 block)
{
	UnlockPage(store->toast, block % ROWCHANGE_LOCK_PAGES, ExclusiveLock);
}

static inline uint32
rowchange_block(const RowChange *change)
{
	return (uint32) (change->number / ROWID_ROWS);
}

/* The last transaction that has locked or changed a segment row. */
static TransactionId rowchange_xid = InvalidTransactionId;

/* A parallel worker does not know what its leader did. */
void
rowchange_note(void)
{
	rowchange_xid = GetTopTransactionId();
}

bool
rowchange_by_transaction(void)
{
	return IsParallelWorker() ||
		(TransactionIdIsValid(rowchange_xid) &&
		 TransactionIdEquals(rowchange_xid, GetTopTransactionIdIfAny()));
}

/* ---------- what has become of a row ---------- */

/* The result for a row that a committed transaction has ended. */
static TM_Result
rowchange_ended(RowChange *change, HeapTuple tuple, const StubData *data,
				TM_FailureData *tmfd)
{
	tmfd->xmax = HeapTupleHeaderGetXmin(tuple->t_data);
	tmfd->cmax = InvalidCommandId;
	switch ((StubState) data->state)
	{
		case STUB_UPDATED:
			ItemPointerSet(&tmfd->ctid, data->block, data->offset);
			return TM_Updated;
		case STUB_MOVED_PARTITION:
			ItemPointerSetMovedPartitions(&tmfd->ctid);
			return TM_Updated;
		default:
			break;
	}
	rowid_set_number(&tmfd->ctid, change->number);
	return TM_Deleted;
}

/* The version at a TID of the TOAST relation that must have an inserter. */
static bool
rowchange_read(RowChange *change, const ItemPointerData *tid,
			   TransactionId xmin, HeapTuple tuple, Buffer *buffer)
{
	tuple->t_self = *tid;
	if (!heap_fetch(change->store->toast, SnapshotAny, tuple, buffer, false))
		return false;
	if (TransactionIdEquals(HeapTupleHeaderGetXmin(tuple->t_data), xmin))
		return true;
	ReleaseBuffer(*buffer);
	return false;
}

/* ---------- locking ---------- */

/*
 * The updater of the stub's version in the buffer, if there is one who leaves
 * the keys alone and is not this transaction, and what it made.
 */
static bool
rowchange_updater(Buffer buffer, HeapTuple tuple, TransactionId *xid,
				  ItemPointer next)
{
	HeapTupleHeader header = tuple->t_data;
	bool		found = false;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	if ((header->t_infomask & HEAP_XMAX_INVALID) == 0 &&
		!HEAP_XMAX_IS_LOCKED_ONLY(header->t_infomask) &&
		(header->t_infomask2 & HEAP_KEYS_UPDATED) == 0 &&
		!ItemPointerEquals(&tuple->t_self, &header->t_ctid))
	{
		found = true;
		*xid = HeapTupleHeaderGetUpdateXid(header);
		*next = header->t_ctid;
	}
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	return found && TransactionIdIsValid(*xid) &&
		!TransactionIdIsCurrentTransactionId(*xid) &&
		!TransactionIdDidAbort(*xid);
}

/*
 * The row is locked FOR KEY SHARE although somebody updates it, or has done so
 * and left its keys alone: lock the versions that were made, too.  The result
 * is heapam's for such a case.  TM_BeingModified: what was in the way has been
 * waited for.
 */
static TM_Result
rowchange_lock_successor(RowChange *change, Buffer buffer, HeapTuple tuple,
						 LockWaitPolicy wait_policy, TM_FailureData *tmfd)
{
	HotVersion	version = {change->rel};
	RowChange	moved = *change;
	TransactionId updater;
	ItemPointerData next;
	HeapTupleData ended;
	Buffer		ended_buffer;
	StubBlockData data;

	if (!rowchange_updater(buffer, tuple, &updater, &next) ||
		!rowchange_read(change, &next, updater, &ended, &ended_buffer))
		return TM_Ok;
	stub_decode(change->store, &ended, &data);
	ReleaseBuffer(ended_buffer);
	if (data.stub.state != STUB_UPDATED)
		return TM_Ok;
	ItemPointerSet(&version.tid, data.stub.block, data.stub.offset);
	version.xmin = updater;
	next = version.tid;
	change->followed = true;
	switch (hotlock_add_key_share(&version))
	{
		case HOTLOCK_DONE:
			return TM_Ok;
		case HOTLOCK_WAIT:
			XactLockTableWait(version.xid, change->rel, &version.tid,
							  XLTW_LockUpdated);
			return TM_BeingModified;
		case HOTLOCK_MOVED:
			moved.number = rowid_number(&version.tid);
			return rowchange_lock_newer(&moved, wait_policy, tmfd);
		case HOTLOCK_UPDATED:
		case HOTLOCK_DELETED:
			break;
	}
	tmfd->ctid = next;
	tmfd->xmax = updater;
	tmfd->cmax = InvalidCommandId;
	return TM_Updated;
}

/* The row is not to be waited for: an error, if that is asked for. */
static void
rowchange_would_block(RowChange *change, LockWaitPolicy wait_policy)
{
	if (wait_policy == LockWaitError)
		ereport(ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("could not obtain lock on row in relation \"%s\"",
						RelationGetRelationName(change->rel))));
}

/* The same before the row is locked; its stub is pinned by the caller. */
static TM_Result
rowchange_lock_successor_first(RowChange *change, LockWaitPolicy wait_policy,
							   TM_FailureData *tmfd)
{
	HeapTupleData tuple;
	Buffer		buffer;
	TM_Result	result;

	tuple.t_self = change->stub;
	if (!heap_fetch(change->store->toast, SnapshotAny, &tuple, &buffer, false))
		return TM_Ok;
	result = rowchange_lock_successor(change, buffer, &tuple, wait_policy,
									  tmfd);
	ReleaseBuffer(buffer);
	return result;
}

/*
 * Lock the "alive" version at change->stub, which is pinned by the caller.
 *
 * The versions that updates made are locked first, as heapam does, so that who
 * has to wait for one of them, or finds it gone, does not hold the row
 * meanwhile, or for nothing.  They are looked at again when the row is locked,
 * for updates that came in between (hotlock.c).
 */
static TM_Result
rowchange_lock_alive(RowChange *change, LockTupleMode mode,
					 LockWaitPolicy wait_policy, TM_FailureData *tmfd)
{
	HeapTupleData tuple;
	HeapTupleData ended;
	StubBlockData data;
	Buffer		buffer;
	TM_Result	result;
	bool		by_successor;
	bool		follow = change->follow && mode == LockTupleKeyShare;

	do
	{
		CHECK_FOR_INTERRUPTS();
		change->followed = false;
		by_successor = follow;
		result = follow ?
			rowchange_lock_successor_first(change, wait_policy, tmfd) : TM_Ok;
		if (result != TM_Ok)
			continue;
		change->followed = false;
		tuple.t_self = change->stub;
		/* heapam's error would name the TOAST relation */
		result = heap_lock_tuple(change->store->toast, &tuple, change->cid,
								 mode, wait_policy == LockWaitError ?
								 LockWaitSkip : wait_policy, follow, &buffer,
								 tmfd);
		by_successor = result == TM_Ok && follow;
		if (by_successor)
			result = rowchange_lock_successor(change, buffer, &tuple,
											  wait_policy, tmfd);
		ReleaseBuffer(buffer);
	} while (result == TM_BeingModified);

	if (result == TM_WouldBlock)
		rowchange_would_block(change, wait_policy);
	if (by_successor)
		return result;
	if (result == TM_Updated &&
		!ItemPointerIndicatesMovedPartitions(&tmfd->ctid) &&
		rowchange_read(change, &tmfd->ctid, tmfd->xmax, &ended, &buffer))
	{
		stub_decode(change->store, &ended, &data);
		result = rowchange_ended(change, &ended, &data.stub, tmfd);
		ReleaseBuffer(buffer);
	}
	else if (result != TM_Ok && result != TM_Updated)
		rowid_set_number(&tmfd->ctid, change->number);
	return result;
}

/* What there is of a stub. */
typedef enum RowChangeFound
{
	ROWCHANGE_NOTHING,
	ROWCHANGE_ALIVE,			/* at change->stub, in *buffer, pinned */
	ROWCHANGE_ENDING,			/* fresh, by the transaction tmfd->xmax */
	ROWCHANGE_ENDED				/* result and tmfd say how */
} RowChangeFound;

/* Look at a version that says "gone"; it counts if there is no "alive". */
static RowChangeFound
rowchange_find_gone(RowChange *change, HeapTuple tuple, const StubData *data,
					TM_FailureData *tmfd, TM_Result *result)
{
	TransactionId xmin = HeapTupleHeaderGetRawXmin(tuple->t_data);

	if (!HeapTupleHeaderXminFrozen(tuple->t_data))
	{
		if (HeapTupleHeaderXminInvalid(tuple->t_data))
			return ROWCHANGE_NOTHING;
		if (TransactionIdIsCurrentTransactionId(xmin))
		{
			rowid_set_number(&tmfd->ctid, change->number);
			tmfd->xmax = xmin;
			tmfd->cmax = HeapTupleHeaderGetCmin(tuple->t_data);
			*result = tmfd->cmax >= change->cid ? TM_SelfModified : TM_Invisible;
			return ROWCHANGE_ENDED;
		}
		if (TransactionIdIsInProgress(xmin))
		{
			tmfd->xmax = xmin;
			return ROWCHANGE_ENDING;
		}
		if (!TransactionIdDidCommit(xmin))
			return ROWCHANGE_NOTHING;
	}
	*result = rowchange_ended(change, tuple, data, tmfd);
	return ROWCHANGE_ENDED;
}

/* Look for the row's stub; the page lock is held. */
static RowChangeFound
rowchange_find(RowChange *change, Buffer *buffer, TM_FailureData *tmfd,
			   TM_Result *result)
{
	RowChangeFound found = ROWCHANGE_NOTHING;
	StubScan	scan;
	HeapTuple	tuple;
	StubData	data;

	stub_begin(&scan, change->store, SnapshotAny, change->number);
	while (found != ROWCHANGE_ALIVE &&
		   (tuple = stub_next(&scan, &data)) != NULL)
	{
		if (data.state == STUB_ALIVE)
		{
			found = ROWCHANGE_ALIVE;
			change->stub = tuple->t_self;
			*buffer = chunkscan_buffer(&scan.scan);
			IncrBufferRefCount(*buffer);
		}
		else if (found == ROWCHANGE_NOTHING)
			found = rowchange_find_gone(change, tuple, &data, tmfd, result);
	}
	stub_end(&scan);
	return found;
}

bool
rowchange_in_segment(Store *store, uint32 block)
{
	TransactionId xid = InvalidTransactionId;
	DirectoryState state;

	while ((state = directory_state(store, block, &xid)) == DIRECTORY_BUSY)
		XactLockTableWait(xid, NULL, NULL, XLTW_None);
	return state == DIRECTORY_ALIVE;
}

/* The row is locked: is it still in its segment? */
static TM_Result
rowchange_check_segment(RowChange *change, TM_FailureData *tmfd)
{
	Store	   *store = change->store;
	uint64		moved_to;

	if (rowchange_in_segment(store, rowchange_block(change)))
		return TM_Ok;
	tmfd->xmax = InvalidTransactionId;
	tmfd->cmax = InvalidCommandId;
	if (moves_find(store, change->number, &moved_to))
	{
		rowid_set_number(&tmfd->ctid, moved_to);
		return TM_Updated;
	}
	rowid_set_number(&tmfd->ctid, change->number);
	return TM_Deleted;
}

/*
 * Wait for whoever is deleting the row and has made its stub by that.  Those who
 * wait queue for a lock on the row, as heapam's do, and keep it until they have
 * the row's own.  False: it is not to be waited for.
 */
static bool
rowchange_wait(RowChange *change, TransactionId xid,
			   LockWaitPolicy wait_policy, bool *queued)
{
	ItemPointerData tid;

	rowid_set_number(&tid, change->number);
	if (wait_policy != LockWaitBlock)
		return compat_conditional_xact_wait(xid, false);
	if (!*queued)
		LockTuple(change->rel, &tid, AccessExclusiveLock);
	*queued = true;
	XactLockTableWait(xid, change->rel, &tid, XLTW_Lock);
	return true;
}

/* Find the row's stub, or make one. */
static RowChangeFound
rowchange_find_or_make(RowChange *change, Buffer *buffer,
					   TM_FailureData *tmfd, TM_Result *result)
{
	Relation	toast = change->store->toast;
	RowChangeFound found;

	rowchange_lock_block(change->store, rowchange_block(change));
	found = rowchange_find(change, buffer, tmfd, result);
	if (found == ROWCHANGE_NOTHING)
	{
		change->stub = stub_insert(change->store, change->number, change->cid);
		*buffer = ReadBuffer(toast, ItemPointerGetBlockNumber(&change->stub));
		found = ROWCHANGE_ALIVE;
	}
	rowchange_unlock_block(change->store, rowchange_block(change));
	return found;
}

TM_Result
rowchange_lock(RowChange *change, LockTupleMode mode,
			   LockWaitPolicy wait_policy, TM_FailureData *tmfd)
{
	RowChangeFound found;
	Buffer		buffer;
	TM_Result	result = TM_WouldBlock;
	bool		queued = false;
	ItemPointerData tid;

	rowchange_note();
	change->followed = false;
	do
	{
		CHECK_FOR_INTERRUPTS();
		found = rowchange_find_or_make(change, &buffer, tmfd, &result);
	} while (found == ROWCHANGE_ENDING &&
			 rowchange_wait(change, tmfd->xmax, wait_policy, &queued));
	if (found == ROWCHANGE_ALIVE)
	{
		result = rowchange_lock_alive(change, mode, wait_policy, tmfd);
		ReleaseBuffer(buffer);
	}
	else if (found == ROWCHANGE_ENDING)
		rowchange_would_block(change, wait_policy);
	if (queued)
	{
		rowid_set_number(&tid, change->number);
		UnlockTuple(change->rel, &tid, AccessExclusiveLock);
	}
	if (result == TM_Ok && !change->followed)
		result = rowchange_check_segment(change, tmfd);
	return result;
}

TM_Result
rowchange_lock_newer(RowChange *change, LockWaitPolicy wait_policy,
					 TM_FailureData *tmfd)
{
	TM_Result	result;

	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		result = rowchange_lock(change, LockTupleKeyShare, wait_policy, tmfd);
		if (result != TM_Updated || !rowid_is_virtual(&tmfd->ctid))
			break;
		change->number = rowid_number(&tmfd->ctid);
	}
	if (result == TM_SelfModified || result == TM_Invisible)
		result = TM_Ok;
	return result;
}

/* ---------- deleting and replacing ---------- */

TM_Result
rowchange_delete_fresh(RowChange *change, StubState state,
					   TM_FailureData *tmfd)
{
	Relation	toast = change->store->toast;
	StubData	data = {STUB_VERSION, state};
	RowChangeFound found;
	ItemPointerData gone;
	Buffer		buffer;
	TM_Result	result;

	rowchange_note();
	rowchange_lock_block(change->store, rowchange_block(change));
	found = rowchange_find(change, &buffer, tmfd, &result);
	if (found == ROWCHANGE_NOTHING)
		gone = stub_insert_gone(change->store, change->number, &data,
								change->cid);
	rowchange_unlock_block(change->store, rowchange_block(change));
	if (found == ROWCHANGE_ALIVE)
		ReleaseBuffer(buffer);
	if (found != ROWCHANGE_NOTHING)
		return TM_BeingModified;
	result = rowchange_check_segment(change, tmfd);
	/* what happens to the row happens elsewhere: as if never inserted */
	if (result != TM_Ok)
		heap_abort_speculative(toast, &gone);
	return result;
}

static void
rowchange_replace(RowChange *change, const ItemPointerData *successor)
{
	Store	   *store = change->store;
	HeapTuple	tuple = stub_form_tuple(store, change->number, STUB_UPDATED,
										successor);
	LockTupleMode mode;
	TM_FailureData tmfd;
	TM_Result	result;

	result = compat_heap_update(store->toast, &change->stub, tuple,
								change->cid, &tmfd, &mode);
	if (result != TM_Ok)
		elog(ERROR, "stub of row " UINT64_FORMAT " of table \"%s\" cannot be updated: %d",
			 change->number, RelationGetRelationName(change->rel), result);
	if (!HeapTupleIsHeapOnly(tuple))
		store_index_tuple(store, tuple);
	change->stub = tuple->t_self;
	heap_freetuple(tuple);
}

static void
rowchange_delete(RowChange *change, StubState state)
{
	StubData	data = {STUB_VERSION, state};
	TM_FailureData tmfd;
	TM_Result	result;

	result = heap_delete(change->store->toast, &change->stub, change->cid,
						 InvalidSnapshot, true, &tmfd,
						 state == STUB_MOVED_PARTITION);
	if (result != TM_Ok)
		elog(ERROR, "stub of row " UINT64_FORMAT " of table \"%s\" cannot be deleted: %d",
			 change->number, RelationGetRelationName(change->rel), result);
	stub_insert_gone(change->store, change->number, &data, change->cid);
}

void
rowchange_end(RowChange *change, StubState state,
			  const ItemPointerData *successor)
{
	if (state == STUB_UPDATED)
		rowchange_replace(change, successor);
	else
		rowchange_delete(change, state);
}

void
rowchange_hand_on_locks(RowChange *change, const ItemPointerData *successor)
{
	hotlock_copy(change->rel, successor, change->store->toast, &change->stub);
}
