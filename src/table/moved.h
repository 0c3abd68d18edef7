/*
 * moved.h
 *	  Hot rows that a flush has moved, seen by snapshots from before it.
 */
#ifndef RUSTS_MOVED_H
#define RUSTS_MOVED_H

#include "access/xact.h"
#include "executor/tuptable.h"
#include "segment/counter.h"
#include "utils/rel.h"
#include "utils/snapshot.h"
#include "write/rowchange.h"

/* Is a segment row gone, as its stub has it for a snapshot? */
extern bool moved_row_gone(Relation rel, const ItemPointerData *tid,
						   Snapshot snapshot);
/*
 * Does an MVCC snapshot see the hot row that a flush has made the segment row
 * at tid from?
 */
extern bool moved_from_visible(Relation rel, const ItemPointerData *tid,
							   Snapshot snapshot);

/*
 * The snapshot sees the hot row that heapam has put into the slot: has this
 * transaction deleted or replaced it at the place that it was moved to?
 */
static inline bool
moved_and_gone(Relation rel, TupleTableSlot *slot, Snapshot snapshot)
{
	HeapTuple	tuple = ((HeapTupleTableSlot *) slot)->tuple;

	return rowid_is_virtual(&tuple->t_data->t_ctid) &&
		IsolationUsesXactSnapshot() && rowchange_by_transaction() &&
		moved_row_gone(rel, &tuple->t_data->t_ctid, snapshot);
}

#endif							/* RUSTS_MOVED_H */
