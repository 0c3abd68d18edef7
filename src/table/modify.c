/*
 * modify.c
 *	  Insert, update, delete and lock rows.
 *
 * Hot rows are heapam's: inserted, updated, deleted and locked as in a heap.
 * Segment rows are segment_row.c's.
 *
 * A flush leaves in each hot row that it moved its own transaction as deleter,
 * and the virtual TID as t_ctid.  heapam takes that for an update: a session
 * that waited for the flush learns that a newer version is at a virtual TID.
 * It is the same version at another place, so the row counts as unchanged: it
 * is not rechecked, and REPEATABLE READ does not fail over it.  heapam must
 * never follow such a link itself, because it would read a block that does not
 * exist.  Therefore it never gets FIND_LAST_VERSION from modify_tuple_lock,
 * which follows chains here.
 *
 * LOCK_UPDATE_IN_PROGRESS makes heapam lock the versions that an update has
 * made, which a FOR KEY SHARE lock that is granted in spite of a non-key update
 * needs.  heapam would follow a link of a flush there, or take the flush for a
 * deletion, so it never gets that flag either; write/hotlock.c walks.
 */
#include "postgres.h"

#include "access/transam.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "storage/procarray.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "table/fetch.h"
#include "table/modify.h"
#include "table/segment_row.h"
#include "table/slot.h"
#include "write/bulk.h"
#include "write/hotlock.h"
#include "write/hotstats.h"
#include "write/pageitem.h"

#define HEAP_AM() GetHeapamTableAmRoutine()

/*
 * Count a hot row for the flush triggers.  The size of a row is that of its
 * heap tuple when there is one, else a guess that errs on the small side.
 */
static void
modify_count_hot(Relation rel, TupleTableSlot *slot)
{
	BufferHeapTupleTableSlot *heap_slot = (BufferHeapTupleTableSlot *) slot;
	Size		size = MAXALIGN(SizeofHeapTupleHeader) +
	sizeof(Datum) * slot->tts_tupleDescriptor->natts;

	if (slot->tts_ops == &slot_ops_rusts && heap_slot->base.tuple != NULL)
		size = heap_slot->base.tuple->t_len;
	hotstats_count_insert(rel, 1, size);
}

/*
 * A command that brings a BulkInsertState (COPY, CREATE TABLE AS, a rewrite)
 * ends with finish_bulk_insert; for others bulk.c watches the executor.
 */
void
modify_tuple_insert(Relation rel, TupleTableSlot *slot, CommandId cid,
					int options, BulkInsertState bistate)
{
	if (bulk_offer(rel, &slot, 1, cid, options, bistate != NULL) == 0)
		return;
	HEAP_AM()->tuple_insert(rel, slot, cid, options, bistate);
	modify_count_hot(rel, slot);
}

void
modify_tuple_insert_speculative(Relation rel, TupleTableSlot *slot,
								CommandId cid, int options,
								BulkInsertState bistate, uint32 token)
{
	HEAP_AM()->tuple_insert_speculative(rel, slot, cid, options, bistate,
										token);
}

void
modify_tuple_complete_speculative(Relation rel, TupleTableSlot *slot,
								  uint32 token, bool succeeded)
{
	HEAP_AM()->tuple_complete_speculative(rel, slot, token, succeeded);
	if (succeeded)
		modify_count_hot(rel, slot);
}

void
modify_multi_insert(Relation rel, TupleTableSlot **slots, int nslots,
					CommandId cid, int options, BulkInsertState bistate)
{
	int			hot = bulk_offer(rel, slots, nslots, cid, options, true);
	int			i;

	if (hot == 0)
		return;
	HEAP_AM()->multi_insert(rel, slots, hot, cid, options, bistate);
	for (i = 0; i < hot; i++)
		modify_count_hot(rel, slots[i]);
}

void
modify_finish_bulk_insert(Relation rel, int options)
{
	bulk_finish(rel);
}

/* What heapam reports for a row that a flush has moved. */
static bool
modify_was_moved(TM_Result result, TM_FailureData *tmfd)
{
	return result == TM_Updated && rowid_is_virtual(&tmfd->ctid);
}

TM_Result
modify_tuple_delete(Relation rel, ItemPointer tid, CommandId cid,
					Snapshot snapshot, Snapshot crosscheck, bool wait,
					TM_FailureData *tmfd, bool changing_part)
{
	SegmentRowChange change = {rel, *tid, cid, crosscheck, tmfd};
	TM_Result	result;

	if (!rowid_is_virtual(&change.tid))
	{
		result = HEAP_AM()->tuple_delete(rel, tid, cid, snapshot, crosscheck,
										 wait, tmfd, changing_part);
		if (!modify_was_moved(result, tmfd))
			return result;
		change.tid = tmfd->ctid;
	}
	return segment_row_delete(&change, changing_part);
}

TM_Result
modify_tuple_update(Relation rel, ItemPointer otid, TupleTableSlot *slot,
					CommandId cid, Snapshot snapshot, Snapshot crosscheck,
					bool wait, TM_FailureData *tmfd, LockTupleMode *lockmode,
					CompatUpdateIndexes *update_indexes)
{
	SegmentRowChange change = {rel, *otid, cid, crosscheck, tmfd};
	TM_Result	result;

	if (!rowid_is_virtual(&change.tid))
	{
		result = HEAP_AM()->tuple_update(rel, otid, slot, cid, snapshot,
										 crosscheck, wait, tmfd, lockmode,
										 update_indexes);
		if (!modify_was_moved(result, tmfd))
			return result;
		change.tid = tmfd->ctid;
	}
	result = segment_row_update(&change, slot, lockmode);
	if (result == TM_Ok)
	{
		*update_indexes = COMPAT_UPDATE_ALL_INDEXES;
		modify_count_hot(rel, slot);
	}
	return result;
}

/* Wait for a transaction as the lock request wants; false: do not wait. */
static bool
modify_wait(Relation rel, TransactionId xid, ItemPointer tid,
			LockWaitPolicy wait_policy)
{
	switch (wait_policy)
	{
		case LockWaitBlock:
			XactLockTableWait(xid, rel, tid, XLTW_FetchUpdated);
			return true;
		case LockWaitSkip:
			return compat_conditional_xact_wait(xid, false);
		case LockWaitError:
			if (!compat_conditional_xact_wait(xid, COMPAT_LOG_LOCK_FAILURES))
				ereport(ERROR,
						(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
						 errmsg("could not obtain lock on row in relation \"%s\"",
								RelationGetRelationName(rel))));
			return true;
	}
	return false;				/* keep the compiler quiet */
}

/* One version of a row on the way to its latest; see modify_follow. */
typedef struct ChainStep
{
	ItemPointerData tid;		/* in: version to look at; out: the next */
	TransactionId xmin;			/* that it must have, else it is another row */
	TransactionId wait_for;		/* out: transaction that is changing it */
	CommandId	cmin;			/* out: of a version that is ours */
} ChainStep;

typedef enum ChainResult
{
	CHAIN_FOUND,				/* a version that can be locked */
	CHAIN_NEXT,					/* replaced: step names the next version */
	CHAIN_BUSY,					/* being changed by wait_for */
	CHAIN_GONE					/* deleted */
} ChainResult;

static ChainResult
modify_look_at(Relation rel, ChainStep *step)
{
	HeapTupleData tuple;
	SnapshotData dirty;
	Buffer		buffer;
	bool		visible;
	ChainResult result = CHAIN_GONE;

	InitDirtySnapshot(dirty);
	tuple.t_self = step->tid;
	visible = heap_fetch(rel, &dirty, &tuple, &buffer, true);
	if (tuple.t_data == NULL)
		return CHAIN_GONE;		/* pruned; no buffer is held */

	if (!TransactionIdEquals(HeapTupleHeaderGetXmin(tuple.t_data), step->xmin))
		result = CHAIN_GONE;	/* pruned, its place reused */
	else if (!visible)
	{
		/* a pin suffices: the end of a committed version does not change */
		if (!ItemPointerEquals(&tuple.t_self, &tuple.t_data->t_ctid))
		{
			result = CHAIN_NEXT;
			step->tid = tuple.t_data->t_ctid;
			step->xmin = HeapTupleHeaderGetUpdateXid(tuple.t_data);
		}
	}
	else if (TransactionIdIsValid(dirty.xmin))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg_internal("row version (%u,%u) of table \"%s\" follows a committed one but its transaction %u is not committed",
								 ItemPointerGetBlockNumber(&tuple.t_self),
								 ItemPointerGetOffsetNumber(&tuple.t_self),
								 RelationGetRelationName(rel), dirty.xmin)));
	else if (TransactionIdIsValid(dirty.xmax))
	{
		result = CHAIN_BUSY;
		step->wait_for = dirty.xmax;
	}
	else
	{
		result = CHAIN_FOUND;
		step->cmin = FirstCommandId;
		if (TransactionIdIsCurrentTransactionId(step->xmin))
			step->cmin = HeapTupleHeaderGetCmin(tuple.t_data);
	}
	ReleaseBuffer(buffer);
	return result;
}

/*
 * From a version that was updated (tmfd says by whom and to where) to the
 * latest one, which is left in *tid.  TM_Ok: try to lock that.
 */
static TM_Result
modify_follow(Relation rel, ItemPointer tid, CommandId cid,
			  LockWaitPolicy wait_policy, TM_FailureData *tmfd)
{
	ChainStep	step;

	step.tid = tmfd->ctid;
	step.xmin = tmfd->xmax;
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		if (ItemPointerIndicatesMovedPartitions(&step.tid))
			ereport(ERROR,
					(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					 errmsg("tuple to be locked was already moved to another partition due to concurrent update")));
		*tid = step.tid;
		if (rowid_is_virtual(tid))
			return TM_Ok;

		switch (modify_look_at(rel, &step))
		{
			case CHAIN_FOUND:
				if (!TransactionIdIsCurrentTransactionId(step.xmin) ||
					step.cmin < cid)
					return TM_Ok;
				/* made by this command, which therefore does not see it */
				tmfd->xmax = step.xmin;
				tmfd->cmax = step.cmin;
				return TM_SelfModified;
			case CHAIN_NEXT:
				break;
			case CHAIN_BUSY:
				if (!modify_wait(rel, step.wait_for, tid, wait_policy))
					return TM_WouldBlock;
				break;
			case CHAIN_GONE:
				return TM_Deleted;
		}
	}
}

/*
 * Does the row show an update that leaves its keys alone, is not our own, and did
 * not abort?  Then *version is what it has made.
 */
static bool
modify_shows_update(Relation rel, ItemPointer tid, HotVersion *version)
{
	BlockNumber block = ItemPointerGetBlockNumber(tid);
	Buffer		buffer = ReadBuffer(rel, block);
	HeapTupleData tuple;
	bool		result = false;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	if (pageitem_tuple(rel, BufferGetPage(buffer), block,
					   ItemPointerGetOffsetNumber(tid), &tuple))
	{
		HeapTupleHeader header = tuple.t_data;

		result = (header->t_infomask & HEAP_XMAX_INVALID) == 0 &&
			!HEAP_XMAX_IS_LOCKED_ONLY(header->t_infomask) &&
			(header->t_infomask2 & HEAP_KEYS_UPDATED) == 0 &&
			!ItemPointerEquals(tid, &header->t_ctid) &&
			!HeapTupleHeaderIndicatesMovedPartitions(header) &&
			!rowid_is_virtual(&header->t_ctid);
		if (result)
		{
			version->rel = rel;
			version->tid = header->t_ctid;
			version->xmin = HeapTupleHeaderGetUpdateXid(header);
		}
	}
	UnlockReleaseBuffer(buffer);
	return result && TransactionIdIsValid(version->xmin) &&
		!TransactionIdIsCurrentTransactionId(version->xmin) &&
		!TransactionIdDidAbort(version->xmin);
}

/*
 * The row at tid is to be locked FOR KEY SHARE: lock what an update has made of
 * it, too.  TM_BeingModified: what was in the way has been waited for.
 */
static TM_Result
modify_lock_newer(const LockRequest *request, ItemPointer tid,
				  TM_FailureData *tmfd)
{
	HotVersion	version;
	ItemPointerData next;
	TransactionId updater;

	if (!modify_shows_update(request->rel, tid, &version))
		return TM_Ok;
	next = version.tid;
	updater = version.xmin;
	switch (hotlock_add_key_share(&version))
	{
		case HOTLOCK_DONE:
			return TM_Ok;
		case HOTLOCK_WAIT:
			XactLockTableWait(version.xid, request->rel, &version.tid,
							  XLTW_LockUpdated);
			return TM_BeingModified;
		case HOTLOCK_MOVED:
			return segment_row_lock_newer(request, &version.tid, tmfd);
		case HOTLOCK_UPDATED:
		case HOTLOCK_DELETED:
			break;
	}
	tmfd->ctid = next;
	tmfd->xmax = updater;
	tmfd->cmax = InvalidCommandId;
	return TM_Updated;
}

/* Newer versions come first and last (rowchange_lock_alive says why). */
static TM_Result
modify_lock_hot_row(const LockRequest *request, ItemPointer tid,
					TM_FailureData *tmfd)
{
	const TupleTableSlotOps *ops;
	TM_Result	result;
	bool		follow = request->mode == LockTupleKeyShare &&
	(request->flags & TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS) != 0;

	do
	{
		CHECK_FOR_INTERRUPTS();
		result = follow ? modify_lock_newer(request, tid, tmfd) : TM_Ok;
		if (result != TM_Ok)
			continue;
		ops = slot_lend_to_heap(request->slot);
		result = HEAP_AM()->tuple_lock(request->rel, tid, request->snapshot,
									   request->slot, request->cid,
									   request->mode, request->wait_policy, 0,
									   tmfd);
		slot_take_back(request->slot, ops);
		if (result == TM_Ok && follow)
			result = modify_lock_newer(request, tid, tmfd);
	} while (result == TM_BeingModified);
	return result;
}

/* modify_tuple_lock; *tid is the caller's own, not the slot's. */
static TM_Result
modify_lock_chain(const LockRequest *request, ItemPointer tid,
				  TM_FailureData *tmfd)
{
	bool		traversed = false;
	TM_Result	result;

	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		if (rowid_is_virtual(tid))
			result = segment_row_lock(request, tid, tmfd);
		else
			result = modify_lock_hot_row(request, tid, tmfd);
		tmfd->traversed = traversed;
		if (result != TM_Updated)
			return result;
		if (modify_was_moved(result, tmfd))
		{
			/* the same version, so this is no news to anybody */
			*tid = tmfd->ctid;
			ExecClearTuple(request->slot);
			continue;
		}
		if (!(request->flags & TUPLE_LOCK_FLAG_FIND_LAST_VERSION))
			return result;

		ExecClearTuple(request->slot);
		if (ItemPointerEquals(&tmfd->ctid, tid))
			return TM_Deleted;
		tmfd->traversed = traversed = true;
		result = modify_follow(request->rel, tid, request->cid,
							   request->wait_policy, tmfd);
		if (result != TM_Ok)
			return result;
	}
}

TM_Result
modify_tuple_lock(Relation rel, ItemPointer tid, Snapshot snapshot,
				  TupleTableSlot *slot, CommandId cid, LockTupleMode mode,
				  LockWaitPolicy wait_policy, uint8 flags,
				  TM_FailureData *tmfd)
{
	ItemPointerData self = *tid;	/* tid may be the slot's */
	LockRequest request;
	TM_Result	result;

	request.rel = rel;
	request.snapshot = snapshot;
	request.slot = slot;
	request.cid = cid;
	request.mode = mode;
	request.wait_policy = wait_policy;
	request.flags = flags;
	result = modify_lock_chain(&request, &self, tmfd);
	*tid = self;
	return result;
}

/*
 * heapam decides which index entries point to dead rows by reading the rows'
 * blocks.  Virtual ones have none, and their rows are alive (or else it is for
 * VACUUM to find out), so they are withdrawn before it looks.
 */
TransactionId
modify_index_delete_tuples(Relation rel, TM_IndexDeleteOp *delstate)
{
	int			i;
	int			n = 0;

	for (i = 0; i < delstate->ndeltids; i++)
	{
		if (!rowid_is_virtual(&delstate->deltids[i].tid))
			delstate->deltids[n++] = delstate->deltids[i];
		else if (delstate->status[delstate->deltids[i].id].knowndeletable)
			elog(ERROR, "index entry of a segment row of table \"%s\" is marked dead",
				 RelationGetRelationName(rel));
	}
	delstate->ndeltids = n;
	if (n == 0)
		return InvalidTransactionId;
	return HEAP_AM()->index_delete_tuples(rel, delstate);
}
