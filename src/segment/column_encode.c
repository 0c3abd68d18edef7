/*
 * column_encode.c
 *	  One column of a piece: gather, choose an encoding, encode.
 *
 * The choice is made per column and segment: a handful of blocks is encoded
 * every possible way, and the smallest wins, after the frame compressor has
 * had its say.  In the hot tier encodings that decode slowly must be smaller
 * by a margin; in the cold tier size alone counts.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "codec/bytespieces.h"
#include "segment/column_encode.h"

#define SAMPLE_BLOCKS 8

/* Compress a frame only when at least one part in 20 is saved. */
#define COMPRESSION_GAIN 20

/*
 * Strings this long on average are kept in pieces: a block of them is two
 * pieces at least, and nobody who wants one should decompress a thousand.
 */
#define LONG_STRING (2 * BYTESPIECES_SIZE / CODEC_BLOCK_ROWS)

typedef struct Candidate
{
	CodecEncoding encoding;
	double		handicap;		/* in the hot tier; < 0: cold tier only */
} Candidate;

static const Candidate int_candidates[] = {
	{CODEC_INT_FOR, 1.0},
	{CODEC_INT_DELTA, 1.0},
	{CODEC_INT_RLE, 1.0},
	{CODEC_INT_SCALED, 1.05},
	{CODEC_INT_DOD, 1.05},
	{CODEC_INT_VARINT, 1.15},
	{CODEC_INT_PLANES, -1},
};
static const Candidate float_candidates[] = {
	{CODEC_FLOAT_ALP, 1.0},
	{CODEC_FLOAT_ALP_DELTA, 1.0},
	{CODEC_FLOAT_GORILLA, 1.1},
	{CODEC_FLOAT_RAW, 1.0},
	{CODEC_FLOAT_ALP_PLANES, -1},
};
static const Candidate bytes_candidates[] = {
	{CODEC_BYTES_PLAIN, 1.0},
};
static const Candidate fixed_candidates[] = {
	{CODEC_BYTES_FIXED, 1.0},
};

/* Does the piece hold integers (or codes) in its blocks? */
static bool
piece_is_int(const ColumnPiece *piece)
{
	return piece->column->mode == COLUMN_CODES ||
		piece->column->type.kind == VALUE_INT;
}

void
column_encode_begin(ColumnPiece *piece)
{
	piece->block = palloc0(sizeof(BlockValues));
	packed_init(&piece->block->bytes);
	piece->scratch = NULL;
	piece->scratch_size = 0;
}

static uint8 *
piece_scratch(ColumnPiece *piece, Size size)
{
	if (size > piece->scratch_size)
	{
		if (piece->scratch != NULL)
			pfree(piece->scratch);
		piece->scratch = palloc_extended(size, MCXT_ALLOC_HUGE);
		piece->scratch_size = size;
	}
	return piece->scratch;
}

/* ---------- gathering ---------- */

static void
gather_nulls(ColumnPiece *piece, const uint32 *rows, int n)
{
	BlockValues *block = piece->block;
	const bool *nulls = piece->column->nulls;
	int			i;

	block->n = n;
	block->null_count = 0;
	if (nulls == NULL)
		return;
	memset(block->bitmap, 0, sizeof(block->bitmap));
	for (i = 0; i < n; i++)
		if (nulls[rows[i]])
		{
			block->bitmap[i >> 3] |= 1 << (i & 7);
			block->null_count++;
		}
}

static inline bool
block_is_null(const BlockValues *block, int i)
{
	return block->null_count > 0 &&
		(block->bitmap[i >> 3] & (1 << (i & 7))) != 0;
}

/* Repeat the previous value (for leading NULLs: the first one) in NULLs. */
static void
fill_nulls(BlockValues *block)
{
	int64		last = 0;
	int			i;

	for (i = 0; i < block->n; i++)
		if (!block_is_null(block, i))
		{
			last = block->ints[i];
			break;
		}
	for (i = 0; i < block->n; i++)
	{
		if (block_is_null(block, i))
			block->ints[i] = last;
		else
			last = block->ints[i];
	}
}

static void
gather_bytes(ColumnPiece *piece, const uint32 *rows, int n)
{
	BlockValues *block = piece->block;
	ColumnBuffer *column = piece->column;
	int			i;

	block->bytes.used = 0;
	for (i = 0; i < n; i++)
	{
		BytesRef   *ref = &column->refs[rows[i]];

		if (block_is_null(block, i))
		{
			block->lengths[i] = 0;
			if (column->type.typlen > 0)
				memset(packed_reserve(&block->bytes, column->type.typlen), 0,
					   column->type.typlen);
			block->bytes.used += Max(column->type.typlen, 0);
			continue;
		}
		block->lengths[i] = ref->len;
		packed_append(&block->bytes, column->arena.data + ref->offset,
					  ref->len);
	}
}

void
column_encode_gather(ColumnPiece *piece, uint32 blockno)
{
	ColumnBuffer *column = piece->column;
	BlockValues *block = piece->block;
	const uint32 *rows = piece->order + (Size) blockno * CODEC_BLOCK_ROWS;
	int			n = Min(piece->nrows - blockno * CODEC_BLOCK_ROWS,
						CODEC_BLOCK_ROWS);
	int			i;

	gather_nulls(piece, rows, n);
	switch (column->mode)
	{
		case COLUMN_VALUES:
			for (i = 0; i < n; i++)
				block->ints[i] = (int64) column->values[rows[i]];
			break;
		case COLUMN_CODES:
			if (block->null_count == n)
				break;
			for (i = 0; i < n; i++)
				block->ints[i] = piece->code[column->rank[column->codes[rows[i]]]];
			break;
		case COLUMN_REFS:
			gather_bytes(piece, rows, n);
			return;
	}
	if (block->null_count > 0 && block->null_count < n)
		fill_nulls(block);
	if (column->mode == COLUMN_VALUES && column->type.kind == VALUE_FLOAT4)
		for (i = 0; i < n; i++)
		{
			int32		bits = (int32) block->ints[i];

			memcpy(&block->floats[i], &bits, sizeof(float));
		}
}

/* ---------- encoding ---------- */

static CodecStatus
encode_values(ColumnPiece *piece, CodecEncoding encoding, uint8 *out,
			  Size capacity, size_t *len)
{
	BlockValues *block = piece->block;

	if (piece_is_int(piece))
		return intcodec_encode(encoding, block->ints, block->n, out, capacity,
							   len);
	switch (piece->column->type.kind)
	{
		case VALUE_FLOAT8:
			return floatcodec_encode(encoding, (const double *) block->ints,
									 block->n, out, capacity, len);
		case VALUE_FLOAT4:
			return floatcodec_encode32(encoding, block->floats, block->n, out,
									   capacity, len);
		default:
			break;
	}
	if (encoding == CODEC_BYTES_FIXED)
	{
		if (block->bytes.used > capacity)
			return CODEC_NOSPACE;
		memcpy(out, block->bytes.data, block->bytes.used);
		*len = block->bytes.used;
		return CODEC_OK;
	}
	if (encoding == CODEC_BYTES_PIECES)
		return bytespieces_encode(piece->compress ? piece->compression :
								  CODEC_COMPRESSION_NONE, piece->level,
								  block->lengths, block->n, block->bytes.data,
								  block->bytes.used, out, capacity, len);
	return bytescodec_encode(block->lengths, block->n, block->bytes.data,
							 block->bytes.used, out, capacity, len);
}

static Size
encode_bound(ColumnPiece *piece, CodecEncoding encoding)
{
	BlockValues *block = piece->block;

	if (piece_is_int(piece))
		return intcodec_bound(block->n);
	if (encoding == CODEC_BYTES_PIECES)
		return bytespieces_bound(piece->compression, block->lengths, block->n,
								 block->bytes.used);
	if (piece->column->type.kind == VALUE_BYTES)
		return bytescodec_bound(block->n, block->bytes.used);
	return floatcodec_bound(block->n);
}

/* What holds any values of this class. */
static CodecEncoding
encoding_of_last_resort(ColumnPiece *piece)
{
	if (piece_is_int(piece))
		return CODEC_INT_FOR;
	return piece->column->type.kind == VALUE_BYTES ? CODEC_BYTES_PLAIN :
		CODEC_FLOAT_RAW;
}

/* Append the gathered block in one encoding; false when it does not fit. */
static bool
append_block(ColumnPiece *piece, CodecEncoding encoding, PackedBuffer *frame)
{
	BlockValues *block = piece->block;
	Size		bitmap = block->null_count > 0 ? (block->n + 7) / 8 : 0;
	Size		bound = encode_bound(piece, encoding);
	uint8	   *at = packed_reserve(frame, BLOCK_HEADER_SIZE + bitmap + bound);
	size_t		len;
	CodecStatus status;

	at[0] = block->null_count > 0 ? BLOCK_HAS_NULLS : 0;
	at[1] = encoding;
	if (block->null_count == block->n)
	{
		at[0] = BLOCK_ALL_NULL;
		frame->used += BLOCK_HEADER_SIZE;
		return true;
	}
	memcpy(at + BLOCK_HEADER_SIZE, block->bitmap, bitmap);
	status = encode_values(piece, encoding, at + BLOCK_HEADER_SIZE + bitmap,
						   bound, &len);
	if (status == CODEC_UNFIT)
		return false;
	if (status != CODEC_OK)
		elog(ERROR, "could not encode column \"%s\": %s",
			 NameStr(piece->column->attribute->attname),
			 codec_status_message(status));
	frame->used += BLOCK_HEADER_SIZE + bitmap + len;
	return true;
}

void
column_encode_block(ColumnPiece *piece, PackedBuffer *frame)
{
	if (append_block(piece, piece->encoding, frame))
		return;
	if (!piece_is_int(piece) && append_block(piece, CODEC_FLOAT_GORILLA, frame))
		return;
	if (!append_block(piece, encoding_of_last_resort(piece), frame))
		elog(ERROR, "no encoding fits column \"%s\"",
			 NameStr(piece->column->attribute->attname));
}

const uint8 *
column_encode_compress(ColumnPiece *piece, const uint8 *raw, Size len,
					   size_t *stored)
{
	Size		bound = compress_bound(piece->compression, len);
	uint8	   *out = piece_scratch(piece, bound);

	if (compress_encode(piece->compression, piece->level, raw, len, out,
						bound, stored) != CODEC_OK)
		return NULL;
	return *stored <= len - len / COMPRESSION_GAIN ? out : NULL;
}

/* ---------- choosing ---------- */

/* Size of the sample in one encoding, SIZE_MAX when it does not fit. */
static Size
sample_size(ColumnPiece *piece, CodecEncoding encoding, bool *compress)
{
	uint32		nblocks = (piece->nrows + CODEC_BLOCK_ROWS - 1) /
	CODEC_BLOCK_ROWS;
	uint32		step = Max(1, nblocks / SAMPLE_BLOCKS);
	PackedBuffer sample;
	Size		size;
	size_t		stored;
	uint32		b;
	int			misfits = 0;
	int			taken = 0;

	packed_init(&sample);
	for (b = 0; b < nblocks && taken < SAMPLE_BLOCKS; b += step, taken++)
	{
		column_encode_gather(piece, b);
		if (!append_block(piece, encoding, &sample))
		{
			misfits++;
			if (!append_block(piece, encoding_of_last_resort(piece), &sample))
				break;
		}
	}
	size = misfits * 2 > taken ? SIZE_MAX : sample.used;
	*compress = false;
	if (size != SIZE_MAX && piece->compression != CODEC_COMPRESSION_NONE &&
		column_encode_compress(piece, sample.data, sample.used, &stored))
	{
		*compress = true;
		size = stored;
	}
	pfree(sample.data);
	return size;
}

static bool
piece_is_long(const ColumnPiece *piece)
{
	return piece->column->mode == COLUMN_REFS &&
		piece->column->type.typlen < 0 && piece->raw_bytes > 0 &&
		piece->raw_bytes >= (uint64) piece->nrows * LONG_STRING;
}

static const Candidate *
candidates_for(ColumnPiece *piece, int *n)
{
	if (piece_is_int(piece))
	{
		*n = lengthof(int_candidates);
		return int_candidates;
	}
	if (piece->column->type.kind != VALUE_BYTES)
	{
		*n = lengthof(float_candidates);
		return float_candidates;
	}
	*n = 1;
	return piece->column->type.typlen > 0 ? fixed_candidates : bytes_candidates;
}

void
column_encode_choose(ColumnPiece *piece)
{
	int			n;
	const Candidate *candidates = candidates_for(piece, &n);
	double		best = -1;
	int			i;

	if (piece_is_long(piece))
	{
		/* nothing to choose, and each piece finds out what compression gains */
		piece->encoding = CODEC_BYTES_PIECES;
		piece->compress = piece->compression != CODEC_COMPRESSION_NONE;
		return;
	}
	piece->encoding = encoding_of_last_resort(piece);
	piece->compress = false;
	for (i = 0; i < n; i++)
	{
		double		handicap = candidates[i].handicap;
		bool		compress;
		double		cost;
		Size		size;

		if (piece->forced != CODEC_NONE)
		{
			if (candidates[i].encoding != piece->forced)
				continue;
			handicap = 1.0;
		}
		else if (piece->tier == TIER_COLD)
			handicap = 1.0;
		if (handicap < 0)
			continue;
		CHECK_FOR_INTERRUPTS();
		size = sample_size(piece, candidates[i].encoding, &compress);
		if (size == SIZE_MAX)
			continue;
		cost = size * handicap;
		/* Blocks behind a compressor decode more slowly as well. */
		if (compress && piece->tier == TIER_HOT)
			cost *= 1.05;
		if (best < 0 || cost < best)
		{
			best = cost;
			piece->encoding = candidates[i].encoding;
			piece->compress = compress;
		}
	}
}
