/*
 * column_pieces.c
 *	  Columns of long strings, whose blocks consist of pieces.
 *
 * A block of such a column may be hundreds of megabytes, while most readers
 * want a single value of it.  So only the head of the block is read, and then
 * the piece that holds the value.  Frames do not compress such blocks.
 *
 * There is one arena for by-reference values: putting a single value there
 * evicts the column's decoded block, if there is one.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "codec/bytespieces.h"
#include "segment/column_bytes.h"
#include "segment/column_meta.h"
#include "segment/column_pieces.h"

/* The longest that can precede the pieces of a block. */
#define PIECES_PREFIX (BLOCK_HEADER_SIZE + CODEC_BLOCK_ROWS / 8 + BYTESPIECES_HEAD)

typedef struct ColumnPieces
{
	int64		block;			/* that the rest is about, or -1 */
	int			n;				/* rows of it */
	uint64		from;			/* where the head begins, in the data */
	uint8		flags;
	uint8		bitmap[CODEC_BLOCK_ROWS / 8];	/* if it has NULLs */
	int			current;		/* piece in column->frame, or -1 */
	BytesPieces head;
} ColumnPieces;

static ColumnPieces *
pieces_get(ColumnReader *column)
{
	if (column->pieces == NULL)
	{
		column->pieces = MemoryContextAlloc(column->segment->context,
											sizeof(ColumnPieces));
		column->pieces->block = -1;
	}
	return column->pieces;
}

static inline bool
pieces_is_null(const ColumnPieces *pieces, int i)
{
	if (pieces->flags & BLOCK_ALL_NULL)
		return true;
	return (pieces->flags & BLOCK_HAS_NULLS) != 0 &&
		((pieces->bitmap[i >> 3] >> (i & 7)) & 1) != 0;
}

/* A Datum has no room for a longer one. */
static void
pieces_check_lengths(ColumnReader *column, const ColumnPieces *pieces)
{
	int			i;

	for (i = 0; i < pieces->n; i++)
	{
		if (pieces->head.lengths[i] > MaxAllocSize - VARHDRSZ)
			segment_open_column_corrupt(column, "value is too long");
	}
}

/* Take what precedes the pieces apart; bytes has len of the block's total. */
static void
pieces_take_head(ColumnReader *column, ColumnPieces *pieces,
				 const uint8 *bytes, Size len, Size total)
{
	Size		used = BLOCK_HEADER_SIZE;

	pieces->flags = bytes[0];
	if (pieces->flags & BLOCK_ALL_NULL)
		return;
	if (bytes[1] != CODEC_BYTES_PIECES || column->data.typlen >= 0)
		segment_open_column_corrupt(column, "unknown encoding");
	if (pieces->flags & BLOCK_HAS_NULLS)
	{
		Size		size = (pieces->n + 7) / 8;

		if (size > len - used)
			segment_open_column_corrupt(column, "block is too short");
		memcpy(pieces->bitmap, bytes + used, size);
		used += size;
	}
	pieces->from += used;
	segment_open_check(column, bytespieces_read(bytes + used, len - used,
											   total - used, pieces->n,
											   &pieces->head));
	pieces_check_lengths(column, pieces);
}

/* Make a block the one that column->pieces is about. */
static ColumnPieces *
pieces_open_block(ColumnReader *column, uint32 block)
{
	ColumnMeta *meta = column_meta_get(column);
	ColumnPieces *pieces = pieces_get(column);
	uint32		frame = meta->block_frame[block];
	uint64		from = meta->frame_offset[frame] + meta->block_offset[block];
	Size		total = meta->block_length[block];
	Size		len = Min(total, PIECES_PREFIX);

	if (pieces->block == block)
		return pieces;
	if (meta->frame_compressed[frame])
		segment_open_column_corrupt(column, "pieces are in a compressed frame");
	pieces->block = -1;
	pieces->current = -1;
	pieces->from = from;
	pieces->n = segment_open_block_rows(column->segment, block);
	pieces_take_head(column, pieces,
					 column_bytes_stored(column, from, from + len), len, total);
	pieces->block = block;
	return pieces;
}

/* Decompress a piece, unless it is there already. */
static const char *
pieces_decompress(ColumnReader *column, ColumnPieces *pieces, int piece)
{
	const BytesPieces *head = &pieces->head;
	const uint8 *bytes;

	if (pieces->current == piece)
		return (const char *) column->frame;
	pieces->current = -1;
	column_bytes_reserve_frame(column, Max(head->raw[piece], 1));
	bytes = column_bytes_stored(column, pieces->from + head->offset[piece],
							  pieces->from + head->offset[piece + 1]);
	segment_open_check(column, bytespieces_decode(column->data.compression,
												 head, piece, bytes,
												 column->frame));
	pieces->current = piece;
	return (const char *) column->frame;
}

Datum
column_pieces_read_value(ColumnReader *column, uint32 row, bool *isnull)
{
	ColumnPieces *pieces = pieces_open_block(column, row / CODEC_BLOCK_ROWS);
	const BytesPieces *head = &pieces->head;
	int			i = row % CODEC_BLOCK_ROWS;
	const char *bytes;
	int			piece;
	int			k;

	*isnull = pieces_is_null(pieces, i);
	if (*isnull)
		return (Datum) 0;
	column->block = -1;
	piece = bytespieces_find(head, i);
	bytes = pieces_decompress(column, pieces, piece);
	for (k = head->first[piece]; k < i; k++)
		bytes += head->lengths[k];
	column_bytes_reserve_arena(column, value_datum_size(-1, head->lengths[i]));
	return value_make_datum(-1, bytes, head->lengths[i], column->arena);
}

/* Make Datums of the strings of one piece; returns the end of their space. */
static char *
pieces_fill(ColumnReader *column, ColumnPieces *pieces, int piece, char *space)
{
	const BytesPieces *head = &pieces->head;
	const char *bytes = pieces_decompress(column, pieces, piece);
	int			i;

	for (i = head->first[piece]; i < head->first[piece + 1]; i++)
	{
		column->isnull[i] = pieces_is_null(pieces, i);
		column->values[i] = column->isnull[i] ? (Datum) 0 :
			value_make_datum(-1, bytes, head->lengths[i], space);
		bytes += head->lengths[i];
		space += value_datum_size(-1, head->lengths[i]);
	}
	return space;
}

void
column_pieces_read_block(ColumnReader *column, uint32 block)
{
	ColumnPieces *pieces = pieces_open_block(column, block);
	Size		size = 0;
	char	   *space;
	int			i;

	if (pieces->flags & (BLOCK_ALL_NULL | BLOCK_HAS_NULLS))
		column->vector.isnull = column->isnull;
	if (pieces->flags & BLOCK_ALL_NULL)
	{
		memset(column->values, 0, pieces->n * sizeof(Datum));
		memset(column->isnull, true, pieces->n);
		return;
	}
	for (i = 0; i < pieces->n; i++)
		size += value_datum_size(-1, pieces->head.lengths[i]);
	column_bytes_reserve_arena(column, size);
	space = column->arena;
	for (i = 0; i < pieces->head.n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		space = pieces_fill(column, pieces, i, space);
	}
}
