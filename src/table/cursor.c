/*
 * cursor.c
 *	  Walk over the segment rows that a snapshot sees, both ways.
 *
 * Visibility of a segment is that of its directory row, so a cursor is the
 * list of directory entries under its snapshot plus a position.  Rows come in
 * TID order.  Rows that were born dead are skipped.
 *
 * The directory is read once, by cursor_load at the latest on the first row.
 * The moment does not matter for an MVCC snapshot: what a flush that commits
 * later moved is still a visible hot row, and its segment is invisible.  For
 * every other snapshot the caller must read hot rows first and load the
 * directory afterwards.  Then a row that a flush moves in between is seen
 * twice, which callers of such scans cope with (they recheck and lock what
 * they find); in the other order it would be missed, which they cannot notice.
 *
 * The store stays open, with AccessShareLock on the TOAST relation, from
 * loading to cursor_close, unless there are no segments.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"

#include "table/cursor.h"

void
cursor_init(SegmentCursor *cursor, Relation rel, Snapshot snapshot)
{
	memset(cursor, 0, sizeof(*cursor));
	cursor->rel = rel;
	cursor->snapshot = snapshot;
	cursor->parent = CurrentMemoryContext;
	cursor->low = 0;
	cursor->high = ROWID_NUMBER_MAX;
	cursor->entry = -1;
}

/* An empty TOAST relation has no directory: spare tables without segments. */
static bool
cursor_open_store(SegmentCursor *cursor)
{
	if (!store_exists(cursor->rel))
		return false;
	cursor->store = store_open(cursor->rel, AccessShareLock);
	if (RelationGetNumberOfBlocks(cursor->store->toast) > 0)
		return true;
	store_close(cursor->store);
	cursor->store = NULL;
	return false;
}

void
cursor_load_filtered(SegmentCursor *cursor, DirectoryFilter filter, void *arg)
{
	MemoryContext old;

	if (cursor->loaded)
		return;

	/* callers may be in a context that is reset per row */
	if (cursor->context == NULL)
		cursor->context = AllocSetContextCreate(cursor->parent,
												"rusts cursor",
												ALLOCSET_START_SMALL_SIZES);
	cursor->owner.context = cursor->context;
	old = MemoryContextSwitchTo(cursor->context);
	if (cursor_open_store(cursor))
	{
		cursor->list = directory_load_filtered(cursor->store,
											   cursor->snapshot, filter, arg);
		if (cursor->list->n == 0)
		{
			store_close(cursor->store);
			cursor->store = NULL;
		}
	}
	else
		cursor->list = palloc0(sizeof(DirectoryList));
	MemoryContextSwitchTo(old);
	cursor->loaded = true;
}

void
cursor_load(SegmentCursor *cursor)
{
	cursor_load_filtered(cursor, NULL, NULL);
}

static void
cursor_close_reader(SegmentCursor *cursor)
{
	if (cursor->reader == NULL)
		return;
	slot_detach(&cursor->owner);
	segment_reader_close(cursor->reader);
	cursor->reader = NULL;
}

SegmentReader *
cursor_reader(SegmentCursor *cursor, int i, TupleDesc desc, bool sequential)
{
	MemoryContext old;

	if (cursor->reader != NULL &&
		(cursor->reader_entry != i || cursor->desc != desc))
		cursor_close_reader(cursor);
	if (cursor->reader == NULL)
	{
		old = MemoryContextSwitchTo(cursor->context);
		cursor->reader = segment_reader_open(cursor->store,
											 &cursor->list->entries[i], desc,
											 sequential, cursor->context);
		MemoryContextSwitchTo(old);
		cursor->reader_entry = i;
		cursor->desc = desc;
	}
	return cursor->reader;
}

/* The part of an entry's rows that lies in the cursor's range. */
static void
cursor_entry_range(SegmentCursor *cursor, int i, int64 *first, int64 *end)
{
	DirectoryEntry *entry = &cursor->list->entries[i];
	uint64		base = rowid_number_of_block(entry->d.first_block);

	*first = cursor->low > base ? (int64) (cursor->low - base) : 0;
	*end = entry->d.rows;
	if (cursor->high <= base)
		*end = 0;
	else if (cursor->high - base < entry->d.rows)
		*end = (int64) (cursor->high - base);
}

int
cursor_search(SegmentCursor *cursor, uint64 number)
{
	DirectoryList *list = cursor->list;
	int			lo = 0;
	int			hi = list->n;

	while (lo < hi)
	{
		int			mid = lo + (hi - lo) / 2;
		DirectoryEntry *entry = &list->entries[mid];

		if (rowid_number_of_block(entry->d.first_block) + entry->d.rows <= number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void
cursor_set_range(SegmentCursor *cursor, uint64 low, uint64 high)
{
	cursor->low = low;
	cursor->high = high;
	cursor->entry = -1;
}

void
cursor_seek_end(SegmentCursor *cursor)
{
	cursor_load(cursor);
	cursor->entry = cursor->list->n;
}

/* Store row of the current entry. */
static bool
cursor_store(SegmentCursor *cursor, TupleTableSlot *slot, int64 row)
{
	SegmentReader *reader;

	reader = cursor_reader(cursor, cursor->entry, slot->tts_tupleDescriptor,
						   true);
	cursor->row = row;
	slot_store_segment_row(slot, RelationGetRelid(cursor->rel), reader,
						   (uint32) row, &cursor->owner);
	return true;
}

/* First live row >= row of the current entry; its end if there is none. */
static inline int64
cursor_live_from(SegmentCursor *cursor, TupleTableSlot *slot, int64 row)
{
	if (directory_entry_dead(&cursor->list->entries[cursor->entry]) == 0)
		return row;
	return segment_reader_next_live(cursor_reader(cursor, cursor->entry,
												  slot->tts_tupleDescriptor,
												  true),
									row);
}

static inline int64
cursor_live_down(SegmentCursor *cursor, TupleTableSlot *slot, int64 row)
{
	if (directory_entry_dead(&cursor->list->entries[cursor->entry]) == 0)
		return row;
	return segment_reader_prev_live(cursor_reader(cursor, cursor->entry,
												  slot->tts_tupleDescriptor,
												  true),
									row);
}

bool
cursor_next(SegmentCursor *cursor, TupleTableSlot *slot)
{
	DirectoryList *list;
	int64		first;
	int64		end;
	int64		row;

	cursor_load(cursor);
	list = cursor->list;
	if (cursor->entry >= list->n)
		return false;

	if (cursor->entry >= 0)
	{
		cursor_entry_range(cursor, cursor->entry, &first, &end);
		row = Max(cursor->row + 1, first);
		if (row < end)
			row = cursor_live_from(cursor, slot, row);
		if (row < end)
			return cursor_store(cursor, slot, row);
		cursor->entry++;
	}
	else
		cursor->entry = cursor_search(cursor, cursor->low);

	for (; cursor->entry < list->n; cursor->entry++)
	{
		CHECK_FOR_INTERRUPTS();
		cursor_entry_range(cursor, cursor->entry, &first, &end);
		if (end == 0)
			break;				/* beyond the range, as all that follow */
		if (first >= end)
			continue;
		row = cursor_live_from(cursor, slot, first);
		if (row < end)
			return cursor_store(cursor, slot, row);
	}
	cursor->entry = list->n;
	return false;
}

bool
cursor_prev(SegmentCursor *cursor, TupleTableSlot *slot)
{
	int64		first;
	int64		end;
	int64		row;

	cursor_load(cursor);
	if (cursor->entry < 0)
		return false;

	if (cursor->entry < cursor->list->n)
	{
		cursor_entry_range(cursor, cursor->entry, &first, &end);
		row = Min(cursor->row, end) - 1;
		if (row >= first)
			row = cursor_live_down(cursor, slot, row);
		if (row >= first)
			return cursor_store(cursor, slot, row);
	}

	while (--cursor->entry >= 0)
	{
		CHECK_FOR_INTERRUPTS();
		cursor_entry_range(cursor, cursor->entry, &first, &end);
		if (first >= end)
			continue;
		row = cursor_live_down(cursor, slot, end - 1);
		if (row >= first)
			return cursor_store(cursor, slot, row);
	}
	cursor->entry = -1;
	return false;
}

void
cursor_close(SegmentCursor *cursor)
{
	if (cursor->context == NULL)
		return;
	/* also a slot that refers to a row although the reader was reused */
	cursor_close_reader(cursor);
	if (cursor->store != NULL)
		store_close(cursor->store);
	cursor->store = NULL;
	MemoryContextDelete(cursor->context);
	cursor->context = NULL;
	cursor->list = NULL;
	cursor->loaded = false;
	memset(&cursor->owner, 0, sizeof(cursor->owner));
	cursor->entry = -1;
}
