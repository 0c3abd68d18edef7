/*
 * modify.h
 *	  Insert, update, delete and lock rows.
 */
#ifndef RUSTS_MODIFY_H
#define RUSTS_MODIFY_H

#include "access/heapam.h"
#include "access/tableam.h"
#include "compat/rowupdate.h"

/* callbacks */
extern void modify_tuple_insert(Relation rel, TupleTableSlot *slot,
								CommandId cid, int options,
								BulkInsertState bistate);
extern void modify_tuple_insert_speculative(Relation rel,
											TupleTableSlot *slot,
											CommandId cid, int options,
											BulkInsertState bistate,
											uint32 token);
extern void modify_tuple_complete_speculative(Relation rel,
											  TupleTableSlot *slot,
											  uint32 token, bool succeeded);
extern void modify_multi_insert(Relation rel, TupleTableSlot **slots,
								int nslots, CommandId cid, int options,
								BulkInsertState bistate);
extern void modify_finish_bulk_insert(Relation rel, int options);
extern TM_Result modify_tuple_delete(Relation rel, ItemPointer tid,
									 CommandId cid, Snapshot snapshot,
									 Snapshot crosscheck, bool wait,
									 TM_FailureData *tmfd, bool changing_part);
extern TM_Result modify_tuple_update(Relation rel, ItemPointer otid,
									 TupleTableSlot *slot, CommandId cid,
									 Snapshot snapshot, Snapshot crosscheck,
									 bool wait, TM_FailureData *tmfd,
									 LockTupleMode *lockmode,
									 CompatUpdateIndexes *update_indexes);
extern TM_Result modify_tuple_lock(Relation rel, ItemPointer tid,
								   Snapshot snapshot, TupleTableSlot *slot,
								   CommandId cid, LockTupleMode mode,
								   LockWaitPolicy wait_policy, uint8 flags,
								   TM_FailureData *tmfd);
extern TransactionId modify_index_delete_tuples(Relation rel,
												TM_IndexDeleteOp *delstate);

#endif							/* RUSTS_MODIFY_H */
