/*
 * rowchange.h
 *	  Lock, delete and replace single segment rows.
 */
#ifndef RUSTS_ROWCHANGE_H
#define RUSTS_ROWCHANGE_H

#include "access/tableam.h"
#include "nodes/lockoptions.h"
#include "segment/stub.h"

typedef struct RowChange
{
	Relation	rel;
	Store	   *store;			/* open with RowExclusiveLock */
	uint64		number;			/* of the segment row */
	CommandId	cid;
	bool		follow;			/* FOR KEY SHARE: lock what updates made, too */
	bool		followed;		/* out: an update has made one, which is locked */
	ItemPointerData stub;		/* out: of the stub's locked version */
} RowChange;

/* Has the transaction in progress locked or changed any segment row? */
extern bool rowchange_by_transaction(void);
/*
 * Lock a segment row.  The result is what heapam's lock of a row gives: TM_Ok,
 * TM_SelfModified, TM_Updated with the next version's TID in tmfd (that of a
 * row that moved to another partition, if it did), TM_Deleted, TM_WouldBlock
 * (LockWaitSkip), TM_Invisible.  A next version with a virtual TID is the same
 * row, which a compaction has moved.  LockWaitError: an error where LockWaitSkip
 * would give TM_WouldBlock.
 */
extern TM_Result rowchange_lock(RowChange *change, LockTupleMode mode,
								LockWaitPolicy wait_policy,
								TM_FailureData *tmfd);
/*
 * Lock FOR KEY SHARE a row that is a newer version of another one, which is the
 * one to lock: wherever compactions have led it; and what this transaction has
 * done to it itself does for a lock.  Else as rowchange_lock.
 */
extern TM_Result rowchange_lock_newer(RowChange *change,
									  LockWaitPolicy wait_policy,
									  TM_FailureData *tmfd);
/*
 * Delete the row if it has no stub.  TM_Ok: done; TM_BeingModified: it has one,
 * so lock it; others as rowchange_lock.
 */
extern TM_Result rowchange_delete_fresh(RowChange *change, StubState state,
										TM_FailureData *tmfd);
/* Delete or replace the row, which is locked by this command. */
extern void rowchange_end(RowChange *change, StubState state,
						  const ItemPointerData *successor);
/*
 * Give the hot row that has replaced it the locks that others hold on it.  For
 * a row that ends at several places, this is for the one where it is now.
 */
extern void rowchange_hand_on_locks(RowChange *change,
									const ItemPointerData *successor);

/* Others that make stubs (blockdelete.c): this transaction does so, */
extern void rowchange_note(void);
/* nobody else makes any for rows of a virtual block, */
extern void rowchange_lock_block(Store *store, uint32 block);
extern void rowchange_unlock_block(Store *store, uint32 block);
/*
 * and the rows are still in their segment.  Waits for whoever is removing it.
 */
extern bool rowchange_in_segment(Store *store, uint32 block);

#endif							/* RUSTS_ROWCHANGE_H */
