/*
 * segment_row.h
 *	  Delete, update and lock a row in a segment.
 */
#ifndef RUSTS_SEGMENT_ROW_H
#define RUSTS_SEGMENT_ROW_H

#include "access/tableam.h"

/*
 * What tuple_delete or tuple_update was asked for, for a virtual TID.  That is
 * replaced when the row is found to have been moved.
 */
typedef struct SegmentRowChange
{
	Relation	rel;
	ItemPointerData tid;
	CommandId	cid;
	Snapshot	crosscheck;
	TM_FailureData *tmfd;
} SegmentRowChange;

/* What tuple_lock was asked for. */
typedef struct LockRequest
{
	Relation	rel;
	Snapshot	snapshot;
	TupleTableSlot *slot;
	CommandId	cid;
	LockTupleMode mode;
	LockWaitPolicy wait_policy;
	uint8		flags;
} LockRequest;

extern TM_Result segment_row_delete(SegmentRowChange *change,
									bool changing_part);
extern TM_Result segment_row_update(SegmentRowChange *change,
									TupleTableSlot *slot, LockTupleMode *mode);
/*
 * Lock and fetch the row.  TM_Updated: tmfd says where the next version is,
 * whatever the caller wants done about it.
 */
extern TM_Result segment_row_lock(const LockRequest *request, ItemPointer tid,
								  TM_FailureData *tmfd);
/*
 * FOR KEY SHARE of a hot row that has been updated: lock the newer version, which
 * has come into a segment, without fetching it.
 */
extern TM_Result segment_row_lock_newer(const LockRequest *request,
										const ItemPointerData *tid,
										TM_FailureData *tmfd);

#endif							/* RUSTS_SEGMENT_ROW_H */
