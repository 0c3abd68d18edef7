/*
 * column_bytes.c
 *	  Bytes of a column as stored, and room for what they become.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "segment/column_bytes.h"

/* Chunks that one read takes at most, unless what is wanted is larger. */
#define READ_AHEAD_CHUNKS 4

static void
column_read_stored(ColumnReader *column, uint64 from, uint64 to, uint8 *out)
{
	segment_open_bytes(column->segment, column->attnum,
						 column->data.data_offset + from, to - from, out);
}

/* Make room in held, keeping what is in it. */
static void
column_reserve_held(ColumnReader *column, Size size)
{
	if (size <= column->held_size)
		return;
	if (column->held == NULL)
		column->held = MemoryContextAllocHuge(column->segment->context, size);
	else
		column->held = repalloc_huge(column->held, size);
	column->held_size = size;
}

/*
 * Hold bytes from .. to of the column's data.  What is held of them already
 * moves to its new place: a chunk that is read twice is looked up and checked
 * twice.
 */
static void
column_hold(ColumnReader *column, uint64 from, uint64 to)
{
	uint64		keep_from = Max(from, column->held_from);
	uint64		keep_to = Min(to, column->held_to);

	column_reserve_held(column, to - from);
	if (keep_from < keep_to)
		memmove(column->held + (keep_from - from),
				column->held + (keep_from - column->held_from),
				keep_to - keep_from);
	else
		keep_from = keep_to = from;
	column->held_from = column->held_to = 0;
	column_read_stored(column, from, keep_from, column->held);
	column_read_stored(column, keep_to, to, column->held + (keep_to - from));
	column->held_from = from;
	column->held_to = to;
}

/*
 * Hold these bytes and neighbours of them.  Scans that look at a few blocks of
 * each series are as frequent as those that look at all: after a jump the
 * chunks of the bytes are read, for the rest of a chunk costs next to nothing
 * once it is found and checked.  Whoever goes on from there gets more and more
 * in that direction, frames or not; leaving out less than a chunk, no more
 * than the last time.
 */
static void
column_hold_around(ColumnReader *column, uint64 from, uint64 to)
{
	uint64		base = column->data.data_offset % STORE_CHUNK_PAYLOAD;
	bool		some = column->held_to > column->held_from;
	bool		forward = some && from >= column->held_from &&
		from <= column->held_to + STORE_CHUNK_PAYLOAD;
	bool		backward = some && to <= column->held_to &&
		to + STORE_CHUNK_PAYLOAD >= column->held_from;
	uint64		more;

	if (!column->segment->sequential)
	{
		column_hold(column, from, to);
		return;
	}
	if (!forward && !backward)
		column->ahead = 1;
	else if (from <= column->held_to && to >= column->held_from)
		column->ahead = Min(column->ahead * 2, READ_AHEAD_CHUNKS);
	more = (uint64) (column->ahead - 1) * STORE_CHUNK_PAYLOAD;
	if (!forward)
		from -= Min(from, (base + from) % STORE_CHUNK_PAYLOAD + more);
	if (!backward)
		to += (STORE_CHUNK_PAYLOAD - (base + to) % STORE_CHUNK_PAYLOAD) %
			STORE_CHUNK_PAYLOAD + more;
	column_hold(column, from, Min(to, column->data.data_length));
}

const uint8 *
column_bytes_stored(ColumnReader *column, uint64 from, uint64 to)
{
	Assert(from <= to && to <= column->data.data_length);
	if (from < column->held_from || to > column->held_to)
		column_hold_around(column, from, to);
	Assert(column->held_from <= from && to <= column->held_to);
	return column->held + (from - column->held_from);
}

void
column_bytes_reserve_frame(ColumnReader *column, Size size)
{
	if (size <= column->frame_size)
		return;
	if (column->frame != NULL)
		pfree(column->frame);
	column->frame = MemoryContextAllocHuge(column->segment->context, size);
	column->frame_size = size;
}

void
column_bytes_reserve_arena(ColumnReader *column, Size size)
{
	if (size <= column->arena_size)
		return;
	if (column->arena != NULL)
		pfree(column->arena);
	column->arena = MemoryContextAllocHuge(column->segment->context, size);
	column->arena_size = size;
}
