/*
 * slot.h
 *	  The slot of a rusts table: a hot row or a segment row.
 *
 * A hot row is what TTSOpsBufferHeapTuple makes of it; a segment row is a
 * reference into a reader whose columns are decoded when asked for.
 */
#ifndef RUSTS_SLOT_H
#define RUSTS_SLOT_H

#include "executor/tuptable.h"
#include "segment/segment_reader.h"

extern const TupleTableSlotOps slot_ops_rusts;

/*
 * heapam accepts only its own slots.  So every call into heapam that stores
 * into a slot has slot_lend_to_heap before it and slot_take_back after it.
 * For a slot that is not ours both do nothing.
 */
extern const TupleTableSlotOps *slot_lend_to_heap(TupleTableSlot *slot);
extern void slot_take_back(TupleTableSlot *slot, const TupleTableSlotOps *ops);

/*
 * What goes with the slot, for whoever fills it row by row: end is called with
 * it when the slot is released, unless an error has ended them both.
 */
typedef void (*SlotCompanionEnd) (void *companion);
extern void *slot_companion(TupleTableSlot *slot);
extern void slot_set_companion(TupleTableSlot *slot, void *companion,
							   SlotCompanionEnd end);
/* Does the slot hold a segment row that its owner has decoded? */
extern bool slot_is_segment_row(TupleTableSlot *slot);

/* One column of the current block, as plain arrays. */
typedef struct SlotColumn
{
	const Datum *values;
	const bool *isnull;			/* never NULL */
} SlotColumn;

/*
 * The owner of the reader that a slot refers to (see slot.c).  It also holds
 * the decoded columns of the current block, so that a row costs an array load
 * per attribute.  Zero it, then set context; the rest is slot.c's.
 */
typedef struct SlotOwner
{
	TupleTableSlot *slot;		/* the slot that refers to us, or NULL */
	MemoryContext context;		/* where columns live */
	SegmentReader *reader;		/* what columns were decoded from */
	uint32		block;
	int			nloaded;		/* attributes decoded for the block */
	int			ncolumns;		/* room in columns */
	SlotColumn *columns;

	/*
	 * One of the columns has no values there: it is read row by row, and the
	 * slot must be detached before the reader decodes anything else.
	 */
	bool		by_value;

	/*
	 * Set by owners that keep a block while their reader goes on to others:
	 * columns are copies.  A column too large to copy is read row by row.
	 */
	bool		copies;
	bool		once;			/* no copies yet: only one row was wanted */
	Size		bytes;			/* of the copies */
} SlotOwner;

/*
 * Refer to a segment row, decoded lazily (sequential scans), or hold a copy
 * (everything whose reader may go away first).  The reader must have been
 * opened with a descriptor equal to the slot's.
 */
extern void slot_store_segment_row(TupleTableSlot *slot, Oid relid,
								   SegmentReader *reader, uint32 row,
								   SlotOwner *owner);
extern void slot_store_segment_copy(TupleTableSlot *slot, Oid relid,
									SegmentReader *reader, uint32 row);
/* The owner's reader is about to move or close: make the slot independent. */
extern void slot_detach(SlotOwner *owner);
/* Rows of the owner's block are wanted again: copy columns from now on. */
extern void slot_owner_keep(SlotOwner *owner);

#endif							/* RUSTS_SLOT_H */
