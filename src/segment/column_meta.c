/*
 * column_meta.c
 *	  One column of an open segment: where its blocks are, what is known of
 *	  them, its dictionary.
 *
 * Each is read as a whole from a section of the stream and checked; the caller
 * decides whether it has to be read at all.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "segment/column_meta.h"
#include "segment/packed.h"

/* ---------- block positions and zone maps ---------- */

/* Derive frames and offsets from the lengths; false when they do not add up. */
static bool
meta_lay_out(ColumnMeta *meta, const int64 *blocks, const int64 *frames,
			 uint32 nframes, uint64 data_length)
{
	uint64		offset = 0;
	uint64		raw = 0;
	uint32		in_frame = 0;
	uint32		frame = 0;
	uint32		b;

	for (b = 0; b < meta->nblocks; b++)
	{
		if (blocks[b] < BLOCK_HEADER_SIZE || blocks[b] > PG_INT32_MAX ||
			frame >= nframes)
			return false;
		meta->block_length[b] = blocks[b];
		meta->block_offset[b] = raw;
		meta->block_frame[b] = frame;
		raw += blocks[b];
		in_frame++;
		if (segment_frame_full(in_frame, raw) || b + 1 == meta->nblocks)
		{
			uint64		stored = (uint64) frames[frame] >> 1;

			meta->frame_offset[frame] = offset;
			meta->frame_stored[frame] = stored;
			meta->frame_raw[frame] = raw;
			meta->frame_compressed[frame] = frames[frame] & 1;
			if (stored > data_length - offset ||
				(!(frames[frame] & 1) && stored != raw))
				return false;
			offset += stored;
			frame++;
			raw = 0;
			in_frame = 0;
		}
	}
	meta->nframes = nframes;
	return frame == nframes && offset == data_length;
}

/* How many frames?  Only the lengths of the blocks tell. */
static uint32
meta_count_frames(const int64 *blocks, uint32 nblocks)
{
	uint32		frames = 0;
	uint32		in_frame = 0;
	uint64		raw = 0;
	uint32		b;

	for (b = 0; b < nblocks; b++)
	{
		raw += (uint64) blocks[b];
		in_frame++;
		if (segment_frame_full(in_frame, raw) || b + 1 == nblocks)
		{
			frames++;
			raw = 0;
			in_frame = 0;
		}
	}
	return frames;
}

static void
meta_read_zones(ColumnReader *column, PackedReader *reader, ColumnMeta *meta)
{
	uint32		n = meta->nblocks;
	uint8		flags = column->data.flags;

	meta->null_count = palloc(n * sizeof(int64));
	segment_open_check(column, packed_get_ints(reader, meta->null_count, n));
	if ((flags & COLUMN_HAS_MINMAX) == 0)
		return;
	meta->min = palloc(n * sizeof(int64));
	meta->max = palloc(n * sizeof(int64));
	if (flags & (COLUMN_HAS_SUM | COLUMN_ZONE_FLOAT))
		meta->sum = palloc(n * sizeof(int64));
	if (flags & COLUMN_ZONE_FLOAT)
	{
		segment_open_check(column, packed_get_floats(reader, (double *) meta->min, n));
		segment_open_check(column, packed_get_floats(reader, (double *) meta->max, n));
		segment_open_check(column, packed_get_floats(reader, (double *) meta->sum, n));
		return;
	}
	segment_open_check(column, packed_get_ints(reader, meta->min, n));
	segment_open_check(column, packed_get_ints(reader, meta->max, n));
	if (flags & COLUMN_HAS_SUM)
		segment_open_check(column, packed_get_ints(reader, meta->sum, n));
}

/* Room for the positions of blocks and frames, in the current context. */
static ColumnMeta *
meta_create(uint32 nblocks, uint32 nframes)
{
	ColumnMeta *meta = palloc0(sizeof(ColumnMeta));

	meta->nblocks = nblocks;
	meta->block_length = palloc(nblocks * sizeof(uint32));
	meta->block_offset = palloc(nblocks * sizeof(uint64));
	meta->block_frame = palloc(nblocks * sizeof(uint32));
	meta->frame_offset = palloc(nframes * sizeof(uint64));
	meta->frame_stored = palloc(nframes * sizeof(uint64));
	meta->frame_raw = palloc(nframes * sizeof(uint64));
	meta->frame_compressed = palloc(nframes * sizeof(bool));
	return meta;
}

/* Read the section of metadata; what is wanted of it goes into part. */
static ColumnMeta *
meta_read(ColumnReader *column, MemoryContext part)
{
	SegmentReader *segment = column->segment;
	uint32		nblocks = (segment->header.rows + CODEC_BLOCK_ROWS - 1) /
		CODEC_BLOCK_ROWS;
	uint8	   *raw = segment_open_section(segment, column->attnum,
											 &column->data.meta);
	int64	   *blocks = palloc(nblocks * sizeof(int64));
	int64	   *frames;
	uint32		nframes;
	PackedReader reader;
	ColumnMeta *meta;
	MemoryContext old;

	reader.at = raw;
	reader.left = column->data.meta.raw;
	segment_open_check(column, packed_get_ints(&reader, blocks, nblocks));
	nframes = meta_count_frames(blocks, nblocks);
	frames = palloc(nframes * sizeof(int64));
	segment_open_check(column, packed_get_ints(&reader, frames, nframes));
	old = MemoryContextSwitchTo(part);
	meta = meta_create(nblocks, nframes);
	if (!meta_lay_out(meta, blocks, frames, nframes, column->data.data_length))
		segment_open_column_corrupt(column, "block lengths do not add up");
	meta_read_zones(column, &reader, meta);
	MemoryContextSwitchTo(old);
	pfree(blocks);
	pfree(frames);
	pfree(raw);
	return meta;
}

/* ---------- dictionaries ---------- */

/* Bytes that the entries take as Datums; checks their lengths. */
static Size
dictionary_size(ColumnReader *column, const int64 *lengths, Size left)
{
	const SegmentColumnData *data = &column->data;
	int16		width = data->byval ? sizeof(Datum) : data->typlen;
	Size		size = 0;
	uint32		i;

	for (i = 0; i < data->dict_entries; i++)
	{
		if (lengths[i] < 0 || lengths[i] > left ||
			(width > 0 && lengths[i] != width))
			segment_open_column_corrupt(column, "dictionary lengths do not add up");
		left -= lengths[i];
		size += value_datum_size(width, lengths[i]);
	}
	if (left != 0)
		segment_open_column_corrupt(column, "dictionary lengths do not add up");
	return size;
}

/* Is a string of bytes before the one that follows it in memory? */
static bool
bytes_ascend(const uint8 *bytes, Size length, Size next_length)
{
	int			order = memcmp(bytes, bytes + length, Min(length, next_length));

	return order < 0 || (order == 0 && length < next_length);
}

/*
 * Make Datums of the entries; space has room for what they point to.  Whether
 * they are sorted is looked at here: the order that the writer claims is that
 * of a collation, which may have changed since.
 */
static void
dictionary_fill(const SegmentColumnData *data, const uint8 *bytes,
				const int64 *lengths, char *space,
				ColumnDictionary *dictionary)
{
	uint32		i;

	dictionary->sorted = true;
	for (i = 0; i < data->dict_entries; i++)
	{
		if (data->byval)
			memcpy(&dictionary->values[i], bytes, sizeof(Datum));
		else
		{
			dictionary->values[i] = value_make_datum(data->typlen,
													 (const char *) bytes,
													 lengths[i], space);
			space += value_datum_size(data->typlen, lengths[i]);
		}
		if (i + 1 < data->dict_entries && dictionary->sorted)
			dictionary->sorted = bytes_ascend(bytes, lengths[i],
											  lengths[i + 1]);
		bytes += lengths[i];
	}
}

/* Read the dictionary; what is wanted of it goes into part. */
static ColumnDictionary *
dictionary_read(ColumnReader *column, MemoryContext part)
{
	uint32		n = column->data.dict_entries;
	uint8	   *raw;
	int64	   *lengths;
	ColumnDictionary *dictionary;
	Size		size;
	PackedReader reader;

	if (n > column->segment->header.rows)
		segment_open_column_corrupt(column, "dictionary is larger than the segment");
	raw = segment_open_section(column->segment, column->attnum,
								 &column->data.dict);
	lengths = palloc_extended(Max(n, 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	reader.at = raw;
	reader.left = column->data.dict.raw;
	segment_open_check(column, packed_get_ints(&reader, lengths, n));
	size = dictionary_size(column, lengths, reader.left);
	dictionary = MemoryContextAllocHuge(part,
										offsetof(ColumnDictionary, values) +
										n * sizeof(Datum));
	dictionary_fill(&column->data, reader.at, lengths,
					MemoryContextAllocHuge(part, Max(size, 1)), dictionary);
	pfree(lengths);
	pfree(raw);
	return dictionary;
}

/* ---------- metadata: at hand, in the cache, or read ---------- */

ColumnMeta *
column_meta_get(ColumnReader *column)
{
	SegmentReader *segment = column->segment;
	CachedSegment *cached = segment->pin.segment;
	MemoryContext part;
	ColumnMeta *meta;

	if (column->meta != NULL)
		return column->meta;
	if (cached != NULL && cached->metas[column->stored] != NULL)
		meta = cached->metas[column->stored];
	else
	{
		part = segment_open_begin_part(segment);
		meta = meta_read(column, part);
		if (segment_open_keep_part(segment, part))
			cached->metas[column->stored] = meta;
	}
	column->meta = meta;
	return meta;
}

void
column_meta_get_dictionary(ColumnReader *column)
{
	SegmentReader *segment = column->segment;
	CachedSegment *cached = segment->pin.segment;
	MemoryContext part;
	ColumnDictionary *dictionary;

	if (column->dictionary != NULL)
		return;
	if (cached != NULL && cached->dictionaries[column->stored] != NULL)
		dictionary = cached->dictionaries[column->stored];
	else
	{
		part = segment_open_begin_part(segment);
		dictionary = dictionary_read(column, part);
		if (segment_open_keep_part(segment, part))
			cached->dictionaries[column->stored] = dictionary;
	}
	column->dictionary = dictionary->values;
	column->sorted = dictionary->sorted;
}

void
column_meta_give_dictionary(const ColumnReader *column,
						   SegmentDictionary *dictionary)
{
	dictionary->values = column->dictionary;
	dictionary->entries = column->data.dict_entries;
	dictionary->sorted = column->sorted;
}
