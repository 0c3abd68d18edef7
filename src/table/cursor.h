/*
 * cursor.h
 *	  Walk over the segment rows that a snapshot sees, both ways.
 */
#ifndef RUSTS_CURSOR_H
#define RUSTS_CURSOR_H

#include "table/slot.h"
#include "utils/rel.h"
#include "utils/snapshot.h"

typedef struct SegmentCursor
{
	Relation	rel;
	Snapshot	snapshot;
	MemoryContext parent;		/* of context */
	MemoryContext context;		/* all of the cursor's memory; NULL: none */
	bool		loaded;
	Store	   *store;			/* open while there are segments to read */
	DirectoryList *list;
	TupleDesc	desc;			/* that the reader decodes for */

	/* the rows to walk: entry -1 is before, list->n past all of them */
	uint64		low;
	uint64		high;
	int			entry;
	int64		row;			/* within the entry */
	SegmentReader *reader;		/* of the entry, or NULL */
	int			reader_entry;	/* the entry that it reads */
	SlotOwner	owner;
} SegmentCursor;

/* Allocates nothing.  snapshot must stay registered or active. */
extern void cursor_init(SegmentCursor *cursor, Relation rel,
						Snapshot snapshot);
/* Read the directory unless done.  cursor.c says at which moment. */
extern void cursor_load(SegmentCursor *cursor);
/* Load only some of the entries, for callers that look at the list. */
extern void cursor_load_filtered(SegmentCursor *cursor,
								 DirectoryFilter filter, void *arg);
/* First entry with rows at or after a row number; list->n: none. */
extern int	cursor_search(SegmentCursor *cursor, uint64 number);
/* Walk [low, high) from now on, beginning before its first row. */
extern void cursor_set_range(SegmentCursor *cursor, uint64 low, uint64 high);
extern void cursor_seek_end(SegmentCursor *cursor);
/* Store the next or previous row into slot; false: past the last or first. */
extern bool cursor_next(SegmentCursor *cursor, TupleTableSlot *slot);
extern bool cursor_prev(SegmentCursor *cursor, TupleTableSlot *slot);
/* Reader of list->entries[i], opened for the slot's descriptor. */
extern SegmentReader *cursor_reader(SegmentCursor *cursor, int i,
									TupleDesc desc, bool sequential);
/* Close everything; the cursor may be used again as after cursor_init. */
extern void cursor_close(SegmentCursor *cursor);

#endif							/* RUSTS_CURSOR_H */
