/*
 * hotlock.c
 *	  Row locks on a hot version, for those who locked the version before it.
 *
 * In a heap, a FOR KEY SHARE lock does not wait for an update that leaves the
 * keys alone, and such an update does not wait for the lock.  So heapam gives
 * the version that an update makes the locks which others hold on the old one,
 * and a locker that comes later locks all versions that an update in progress
 * has made.  Here the old version is a segment row, whose locks are its stub's
 * (rowchange.c), and heapam does not know that the new one follows it.
 *
 * Nobody is missed.  Locker L adds itself to the stub's new version before it
 * locks the hot one; updater U reads the stub's locks under the buffer lock
 * that it writes the hot version's under.  If U reads before L has added
 * itself, L finds what U wrote, and adds to it.  If U reads after, what it
 * writes has L in it, and L adds itself a second time, which changes nothing.
 * (L locks the hot version before the stub as well, if it is there by then, only
 * so that it does not hold the stub while it waits: rowchange.c.)
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "access/multixact.h"
#include "access/transam.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/procarray.h"

#include "segment/counter.h"
#include "write/hotlock.h"
#include "write/pageitem.h"

/* Who holds the version, and how; false: nobody any more. */
static bool
hotlock_holder(HeapTupleHeader header, TransactionId *xid,
			   MultiXactStatus *status)
{
	uint16		infomask = header->t_infomask;
	bool		keys = (header->t_infomask2 & HEAP_KEYS_UPDATED) != 0;

	*xid = HeapTupleHeaderGetRawXmax(header);
	if (!HEAP_XMAX_IS_LOCKED_ONLY(infomask))
	{
		*status = keys ? MultiXactStatusUpdate : MultiXactStatusNoKeyUpdate;
		return !TransactionIdDidAbort(*xid);
	}
	if (HEAP_XMAX_IS_KEYSHR_LOCKED(infomask))
		*status = MultiXactStatusForKeyShare;
	else if (HEAP_XMAX_IS_SHR_LOCKED(infomask))
		*status = MultiXactStatusForShare;
	else
		*status = keys ? MultiXactStatusForUpdate :
			MultiXactStatusForNoKeyUpdate;
	return TransactionIdIsInProgress(*xid);
}

/* Write a version's xmax; the buffer is locked exclusively. */
static void
hotlock_write(HotVersion *version, TransactionId xmax, uint16 bits)
{
	GenericXLogState *xlog = GenericXLogStart(version->rel);
	Page		image = GenericXLogRegisterBuffer(xlog, version->buffer, 0);
	ItemId		item;
	HeapTupleHeader header;

	item = PageGetItemId(image, ItemPointerGetOffsetNumber(&version->tid));
	header = (HeapTupleHeader) PageGetItem(image, item);
	header->t_infomask &= ~HEAP_XMAX_BITS;
	header->t_infomask |= bits;
	/* of an updater or locker that is not there any more, if of anybody */
	if ((bits & HEAP_XMAX_IS_MULTI) == 0)
		header->t_infomask2 &= ~HEAP_KEYS_UPDATED;
	HeapTupleHeaderSetXmax(header, xmax);
	GenericXLogFinish(xlog);
}

/*
 * Does somebody's hold on a version conflict with a FOR KEY SHARE lock?  Only
 * FOR UPDATE, a deletion and an update of keys do.  What is our own does not.
 */
static HotLockResult
hotlock_conflict_with(HotVersion *version, HeapTuple tuple, TransactionId xid,
					  MultiXactStatus status)
{
	HeapTupleHeader header = tuple->t_data;

	if ((status != MultiXactStatusForUpdate &&
		 status != MultiXactStatusUpdate) ||
		TransactionIdIsCurrentTransactionId(xid))
		return HOTLOCK_DONE;
	if (TransactionIdIsInProgress(xid))
	{
		version->xid = xid;
		return HOTLOCK_WAIT;
	}
	if (status == MultiXactStatusForUpdate || !TransactionIdDidCommit(xid))
		return HOTLOCK_DONE;
	if (!rowid_is_virtual(&header->t_ctid))
		return ItemPointerEquals(&tuple->t_self, &header->t_ctid) ?
			HOTLOCK_DELETED : HOTLOCK_UPDATED;
	version->tid = header->t_ctid;
	return HOTLOCK_MOVED;
}

static HotLockResult
hotlock_conflict(HotVersion *version, HeapTuple tuple)
{
	HeapTupleHeader header = tuple->t_data;
	uint16		infomask = header->t_infomask;
	TransactionId xmax = HeapTupleHeaderGetRawXmax(header);
	HotLockResult result = HOTLOCK_DONE;
	MultiXactMember *members;
	int			n;
	int			i;

	if (infomask & HEAP_XMAX_INVALID)
		return HOTLOCK_DONE;
	if ((infomask & HEAP_XMAX_IS_MULTI) == 0)
	{
		if ((header->t_infomask2 & HEAP_KEYS_UPDATED) == 0)
			return HOTLOCK_DONE;
		return hotlock_conflict_with(version, tuple, xmax,
									 HEAP_XMAX_IS_LOCKED_ONLY(infomask) ?
									 MultiXactStatusForUpdate :
									 MultiXactStatusUpdate);
	}
	n = GetMultiXactIdMembers(xmax, &members, false,
							  HEAP_XMAX_IS_LOCKED_ONLY(infomask));
	for (i = 0; i < n && result == HOTLOCK_DONE; i++)
		result = hotlock_conflict_with(version, tuple, members[i].xid,
									   members[i].status);
	if (n > 0)
		pfree(members);
	return result;
}

/*
 * Add a FOR KEY SHARE lock to a version.  It is the weakest of all, so the
 * strength that the tuple shows stays what it is.
 */
static void
hotlock_add(HotVersion *version, HeapTupleHeader header)
{
	TransactionId self = GetCurrentTransactionId();
	uint16		infomask = header->t_infomask;
	uint16		bits = infomask & HEAP_XMAX_BITS;
	MultiXactStatus status;
	TransactionId xid;

	if ((infomask & HEAP_XMAX_INVALID) == 0 &&
		(infomask & HEAP_XMAX_IS_MULTI) != 0)
	{
		xid = MultiXactIdExpand(HeapTupleHeaderGetRawXmax(header), self,
								MultiXactStatusForKeyShare);
		hotlock_write(version, xid, bits);
	}
	else if ((infomask & HEAP_XMAX_INVALID) == 0 &&
			 hotlock_holder(header, &xid, &status))
	{
		/* as strong at least */
		if (TransactionIdIsCurrentTransactionId(xid))
			return;
		xid = MultiXactIdCreate(xid, status, self,
								MultiXactStatusForKeyShare);
		bits &= ~HEAP_XMAX_COMMITTED;
		bits |= HEAP_XMAX_IS_MULTI;
		if (status == MultiXactStatusNoKeyUpdate)
			bits |= HEAP_XMAX_EXCL_LOCK;
		hotlock_write(version, xid, bits);
	}
	else
		hotlock_write(version, self,
					  HEAP_XMAX_KEYSHR_LOCK | HEAP_XMAX_LOCK_ONLY);
}

/* Lock a version; *more: *version is the next one. */
static HotLockResult
hotlock_add_to_version(HotVersion *version, bool *more)
{
	BlockNumber block = ItemPointerGetBlockNumber(&version->tid);
	HotLockResult result = HOTLOCK_DONE;
	HeapTupleData tuple;
	HeapTupleHeader header;

	*more = false;
	version->buffer = ReadBuffer(version->rel, block);
	LockBuffer(version->buffer, BUFFER_LOCK_EXCLUSIVE);
	if (pageitem_tuple(version->rel, BufferGetPage(version->buffer), block,
					   ItemPointerGetOffsetNumber(&version->tid), &tuple) &&
		TransactionIdEquals(HeapTupleHeaderGetXmin(tuple.t_data),
							version->xmin) &&
		!TransactionIdDidAbort(version->xmin))
	{
		header = tuple.t_data;
		result = hotlock_conflict(version, &tuple);
		if (result == HOTLOCK_DONE)
		{
			hotlock_add(version, header);
			*more = (header->t_infomask & HEAP_XMAX_INVALID) == 0 &&
				!HEAP_XMAX_IS_LOCKED_ONLY(header->t_infomask) &&
				!HeapTupleHeaderIndicatesMovedPartitions(header) &&
				!ItemPointerEquals(&tuple.t_self, &header->t_ctid);
		}
		if (*more)
		{
			version->tid = header->t_ctid;
			version->xmin = HeapTupleHeaderGetUpdateXid(header);
		}
	}
	UnlockReleaseBuffer(version->buffer);
	return result;
}

HotLockResult
hotlock_add_key_share(HotVersion *version)
{
	HotLockResult result;
	bool		more;

	/* before the first MultiXactId is made, as heapam does */
	MultiXactIdSetOldestMember();
	do
	{
		CHECK_FOR_INTERRUPTS();
		result = hotlock_add_to_version(version, &more);
	} while (more);
	return result;
}

/* The xmax of a tuple and what it means; false: none. */
static bool
hotlock_read(Relation rel, const ItemPointerData *tid, TransactionId *xmax,
			 uint16 *bits)
{
	BlockNumber block = ItemPointerGetBlockNumber(tid);
	Buffer		buffer = ReadBuffer(rel, block);
	HeapTupleData tuple;
	bool		found = false;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	if (pageitem_tuple(rel, BufferGetPage(buffer), block,
					   ItemPointerGetOffsetNumber(tid), &tuple) &&
		(tuple.t_data->t_infomask & HEAP_XMAX_INVALID) == 0)
	{
		found = true;
		*xmax = HeapTupleHeaderGetRawXmax(tuple.t_data);
		*bits = tuple.t_data->t_infomask & HEAP_XMAX_BITS;
	}
	UnlockReleaseBuffer(buffer);
	return found;
}

void
hotlock_copy(Relation rel, const ItemPointerData *tid, Relation other,
			 const ItemPointerData *other_tid)
{
	HotVersion	version = {rel, *tid};
	TransactionId xmax;
	uint16		bits;

	if (!hotlock_read(other, other_tid, &xmax, &bits))
		return;
	/* our own lock alone: ours is the hot version, too */
	if ((bits & HEAP_XMAX_IS_MULTI) == 0 &&
		TransactionIdIsCurrentTransactionId(xmax))
		return;
	version.buffer = ReadBuffer(rel, ItemPointerGetBlockNumber(tid));
	LockBuffer(version.buffer, BUFFER_LOCK_EXCLUSIVE);
	if (hotlock_read(other, other_tid, &xmax, &bits))
		hotlock_write(&version, xmax, bits);
	UnlockReleaseBuffer(version.buffer);
}
