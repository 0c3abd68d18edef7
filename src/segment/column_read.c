/*
 * column_read.c
 *	  One column of an open segment: find, decompress and decode blocks.
 *
 * A decoded block is an array of Datums exactly as deforming a heap tuple
 * would give them.  By-value columns decode straight into that array: int64
 * and the bits of a double are what a Datum holds.
 *
 * Everything that comes from disk passes a bound before it is used as a size
 * or an index; damage ends in segment_open_corrupt.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "utils/memutils.h"

#include "segment/column_bytes.h"
#include "segment/column_meta.h"
#include "segment/column_pieces.h"
#include "segment/column_read.h"
#include "segment/segment_series.h"

/* Decompress a frame, unless it is there already. */
static void
column_read_frame(ColumnReader *column, uint32 frame)
{
	ColumnMeta *meta = column->meta;
	uint64		from = meta->frame_offset[frame];
	Size		raw = meta->frame_raw[frame];
	Size		stored = meta->frame_stored[frame];
	const uint8 *bytes;

	if (column->current_frame == frame)
		return;
	column->current_frame = -1;
	column_bytes_reserve_frame(column, raw);
	bytes = column_bytes_stored(column, from, from + stored);
	segment_open_check(column, compress_decode(column->data.compression, bytes,
											  stored, column->frame, raw));
	column->current_frame = frame;
}

/* Bytes of one block. */
static const uint8 *
column_block_bytes(ColumnReader *column, uint32 block)
{
	ColumnMeta *meta = column_meta_get(column);
	uint32		frame = meta->block_frame[block];
	uint64		from = meta->block_offset[block];

	if (meta->frame_compressed[frame])
	{
		column_read_frame(column, frame);
		return column->frame + from;
	}
	from += meta->frame_offset[frame];
	return column_bytes_stored(column, from, from + meta->block_length[block]);
}

/* ---------- decoding ---------- */

static void
decode_float4(ColumnReader *column, CodecEncoding encoding, const uint8 *in,
			  Size len, int n)
{
	float		floats[CODEC_BLOCK_ROWS];
	int			i;

	segment_open_check(column, floatcodec_decode32(encoding, in, len, floats, n));
	for (i = 0; i < n; i++)
	{
		int32		bits;

		memcpy(&bits, &floats[i], sizeof(bits));
		column->values[i] = Int32GetDatum(bits);
	}
}

static void
decode_fixed(ColumnReader *column, const uint8 *in, Size len, int n)
{
	int			width = column->data.typlen;
	Size		step = value_datum_size(width, width);
	int			i;

	if (len != (Size) width * n)
		segment_open_column_corrupt(column, "values have the wrong width");
	column_bytes_reserve_arena(column, step * n);
	for (i = 0; i < n; i++)
		column->values[i] = value_make_datum(width, (const char *) in + (Size) i * width,
											 width, column->arena + i * step);
}

static void
decode_bytes(ColumnReader *column, const uint8 *in, Size len, int n)
{
	const uint8 *bytes;
	size_t		total;
	Size		size = 0;
	char	   *space;
	int			i;

	if (column->lengths == NULL)
		column->lengths = MemoryContextAlloc(column->segment->context,
											 CODEC_BLOCK_ROWS * sizeof(uint32));
	segment_open_check(column, bytescodec_decode(in, len, column->lengths, n,
										   &bytes, &total));
	for (i = 0; i < n; i++)
		size += value_datum_size(-1, column->lengths[i]);
	column_bytes_reserve_arena(column, size);
	space = column->arena;
	for (i = 0; i < n; i++)
	{
		uint32		length = column->lengths[i];

		column->values[i] = value_make_datum(-1, (const char *) bytes, length,
											 space);
		bytes += length;
		space += value_datum_size(-1, length);
	}
}

static void
decode_dictionary(ColumnReader *column, CodecEncoding encoding,
				  const uint8 *in, Size len, int n)
{
	uint64		limit;
	uint64		largest = 0;
	int			i;

	column_meta_get_dictionary(column);
	limit = column->data.dict_entries;
	segment_open_check(column, intcodec_decode(encoding, in, len,
										 (int64 *) column->values, n));
	for (i = 0; i < n; i++)
		largest = Max(largest, (uint64) column->values[i]);
	if (largest >= limit)
		segment_open_column_corrupt(column, "code is not in the dictionary");
	if (column->form == FORM_INDEXES)
		return;
	for (i = 0; i < n; i++)
		column->values[i] = column->dictionary[column->values[i]];
}

/* As int64 or double; in lane order when that is allowed, and quicker. */
static void
decode_numbers(ColumnReader *column, CodecEncoding encoding, const uint8 *in,
			   Size len, int n)
{
	bool		unordered = column->form == FORM_UNORDERED;
	bool		floats = column->data.kind == VALUE_FLOAT8;
	CodecStatus status;

	if (floats && unordered)
		status = floatcodec_decode_unordered(encoding, in, len,
											 (double *) column->values, n,
											 &column->transposed);
	else if (floats)
		status = floatcodec_decode(encoding, in, len,
								   (double *) column->values, n);
	else if (unordered)
		status = intcodec_decode_unordered(encoding, in, len,
										   (int64 *) column->values, n,
										   &column->transposed);
	else
		status = intcodec_decode(encoding, in, len,
								 (int64 *) column->values, n);
	segment_open_check(column, status);
}

static void
column_decode(ColumnReader *column, CodecEncoding encoding, const uint8 *in,
			  Size len, int n)
{
	if (column->data.encoding == CODEC_DICTIONARY)
	{
		decode_dictionary(column, encoding, in, len, n);
		return;
	}
	switch ((ValueClass) column->data.kind)
	{
		case VALUE_INT:
		case VALUE_FLOAT8:
			decode_numbers(column, encoding, in, len, n);
			break;
		case VALUE_FLOAT4:
			decode_float4(column, encoding, in, len, n);
			break;
		case VALUE_BYTES:
			if (encoding == CODEC_BYTES_FIXED && column->data.typlen > 0)
				decode_fixed(column, in, len, n);
			else if (encoding == CODEC_BYTES_PLAIN && column->data.typlen < 0)
				decode_bytes(column, in, len, n);
			else
				segment_open_column_corrupt(column, "unknown encoding");
			break;
	}
}

/* Spread a null bitmap into bools; the Datum of a NULL is 0 as in a heap. */
static void
column_set_nulls(ColumnReader *column, const uint8 *bitmap, int n)
{
	int			i;

	for (i = 0; i < n; i++)
	{
		column->isnull[i] = (bitmap[i >> 3] >> (i & 7)) & 1;
		if (column->isnull[i])
			column->values[i] = (Datum) 0;
	}
	column->vector.isnull = column->isnull;
}

/* Eight at a time, which the compiler turns into wide stores. */
static void
column_fill(Datum *values, int from, int end, Datum value)
{
	int			i = from;
	int			k;

	for (; i + 8 <= end; i += 8)
		for (k = 0; k < 8; k++)
			values[i + k] = value;
	for (; i < end; i++)
		values[i] = value;
}

/* The value of a tag in a series run: a Datum, or a code where wanted. */
static Datum
column_run_value(ColumnReader *column, uint32 run, bool *isnull)
{
	int64		code = column->segment->run_codes[column->data.tag - 1][run];

	*isnull = code == 0;
	if (code == 0)
		return (Datum) 0;
	if (column->form == FORM_INDEXES)
		return (Datum) (code - 1);
	return column->dictionary[code - 1];
}

/* A tag column's block: the runs that overlap it. */
static void
column_read_tag_block(ColumnReader *column, uint32 block, int n)
{
	SegmentReader *segment = column->segment;
	uint32		first = block * CODEC_BLOCK_ROWS;
	uint32		run;
	int			i = 0;

	column_meta_get_dictionary(column);
	for (run = segment_series_find_run(segment, first); i < n; run++)
	{
		int			end = Min(segment->run_start[run + 1] - first, (uint32) n);
		bool		isnull;
		Datum		value = column_run_value(column, run, &isnull);

		if (isnull && column->vector.isnull == NULL)
		{
			memset(column->isnull, false, n);
			column->vector.isnull = column->isnull;
		}
		if (isnull)
			memset(column->isnull + i, true, end - i);
		column_fill(column->values, i, end, value);
		i = end;
	}
}

static void
column_read_missing(ColumnReader *column, int n)
{
	bool		isnull;
	Datum		value = (Datum) 0;
	int			i;

	if (TupleDescAttr(column->segment->desc, column->attnum - 1)->attisdropped)
		isnull = true;
	else
		value = getmissingattr(column->segment->desc, column->attnum, &isnull);
	for (i = 0; i < n; i++)
	{
		column->values[i] = value;
		column->isnull[i] = isnull;
	}
	column->vector.isnull = isnull ? column->isnull : NULL;
}

/* Decode the stored bytes of a block. */
static void
column_read_stored_block(ColumnReader *column, uint32 block, int n)
{
	const uint8 *bytes = column_block_bytes(column, block);
	Size		len = column->meta->block_length[block];
	Size		used = BLOCK_HEADER_SIZE;

	if (bytes[0] & BLOCK_ALL_NULL)
	{
		memset(column->values, 0, n * sizeof(Datum));
		memset(column->isnull, true, n);
		column->vector.isnull = column->isnull;
		return;
	}
	if (bytes[0] & BLOCK_HAS_NULLS)
	{
		/* the bitmap is in row order */
		if (column->form == FORM_UNORDERED)
			column->form = FORM_VALUES;
		used += (n + 7) / 8;
	}
	if (used > len)
		segment_open_column_corrupt(column, "block is too short");
	column_decode(column, bytes[1], bytes + used, len - used, n);
	if (bytes[0] & BLOCK_HAS_NULLS)
		column_set_nulls(column, bytes + BLOCK_HEADER_SIZE, n);
}

/* Are the values of this block there, in a form that will do? */
static bool
column_has(const ColumnReader *column, uint32 block, ColumnForm form)
{
	if (column->block != block)
		return false;
	if (form == FORM_UNORDERED)
		return column->form != FORM_INDEXES;
	if (form == FORM_VALUES)
		return column->form != FORM_INDEXES && !column->transposed;
	return column->form == FORM_INDEXES;
}

static void
column_read(ColumnReader *column, uint32 block, ColumnForm form)
{
	int			n = segment_open_block_rows(column->segment, block);

	Assert(n > 0 && n <= CODEC_BLOCK_ROWS);
	if (column_has(column, block, form))
		return;
	if (column->values == NULL)
	{
		MemoryContext context = column->segment->context;

		column->values = MemoryContextAlloc(context, CODEC_BLOCK_ROWS *
											sizeof(Datum));
		column->isnull = MemoryContextAllocZero(context, CODEC_BLOCK_ROWS);
	}
	column->block = -1;
	column->form = form;
	column->transposed = false;
	column->vector.n = n;
	column->vector.values = column->values;
	column->vector.isnull = NULL;
	if (!column->present)
		column_read_missing(column, n);
	else if (column->data.encoding == CODEC_SERIES)
		column_read_tag_block(column, block, n);
	else if (column->data.encoding == CODEC_BYTES_PIECES)
		column_pieces_read_block(column, block);
	else
		column_read_stored_block(column, block, n);
	column->block = block;
}

/* Decode a block into column->vector, unless it is there already. */
void
column_read_block(ColumnReader *column, uint32 block)
{
	column_read(column, block, FORM_VALUES);
}

/* The same, leaving codes of the dictionary (segment_reader_has_codes). */
void
column_read_codes(ColumnReader *column, uint32 block)
{
	column_meta_get_dictionary(column);
	column_read(column, block, FORM_INDEXES);
}

/* The same, in any order of rows; column->transposed tells which. */
void
column_read_unordered(ColumnReader *column, uint32 block)
{
	column_read(column, block, FORM_UNORDERED);
}
