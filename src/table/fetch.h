/*
 * fetch.h
 *	  Rows by TID: index scans, TID scans, row versions.
 */
#ifndef RUSTS_FETCH_H
#define RUSTS_FETCH_H

#include "access/tableam.h"
#include "table/slot.h"

/* Fetches segment rows by virtual TID; keeps what it opened for the next. */
typedef struct SegmentFetch SegmentFetch;

/*
 * Begin a fetch, which lives below the current memory context; opens nothing
 * yet.  keep_blocks: for many rows; slots then refer to the fetch until its
 * next row or its end.
 */
extern SegmentFetch *fetch_begin(Relation rel, bool keep_blocks);
extern void fetch_end(SegmentFetch *fetch);
/*
 * Is the row that a virtual TID names visible to the snapshot?  If so, store
 * it in slot, unless that is NULL.  The slot is cleared if not.
 */
extern bool fetch_row(SegmentFetch *fetch, ItemPointer tid, Snapshot snapshot,
					  TupleTableSlot *slot);
/* fetch_row for a single row, with the slot's fetch or one of its own. */
extern bool fetch_one(Relation rel, ItemPointer tid, Snapshot snapshot,
					  TupleTableSlot *slot);
/* The slot that the row was fetched into by the last fetch_one, or NULL. */
extern TupleTableSlot *fetch_last(Relation rel, const ItemPointerData *tid);

/* Is a segment row visible to the snapshot, here or before it was moved? */
extern bool fetch_segment_row_visible(Relation rel,
									  const ItemPointerData *tid,
									  Snapshot snapshot);

/* callbacks */
extern struct IndexFetchTableData *fetch_index_begin(Relation rel);
extern void fetch_index_reset(struct IndexFetchTableData *data);
extern void fetch_index_end(struct IndexFetchTableData *data);
extern bool fetch_index_tuple(struct IndexFetchTableData *data,
							  ItemPointer tid, Snapshot snapshot,
							  TupleTableSlot *slot, bool *call_again,
							  bool *all_dead);
extern bool fetch_row_version(Relation rel, ItemPointer tid,
							  Snapshot snapshot, TupleTableSlot *slot);
extern bool fetch_tid_valid(TableScanDesc sscan, ItemPointer tid);
extern void fetch_latest_tid(TableScanDesc sscan, ItemPointer tid);
extern bool fetch_satisfies_snapshot(Relation rel, TupleTableSlot *slot,
									 Snapshot snapshot);

#endif							/* RUSTS_FETCH_H */
