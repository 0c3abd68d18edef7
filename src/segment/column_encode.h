/*
 * column_encode.h
 *	  One column of a piece: gather, choose an encoding, encode.
 */
#ifndef RUSTS_COLUMN_ENCODE_H
#define RUSTS_COLUMN_ENCODE_H

#include "segment/column_buffer.h"
#include "segment/packed.h"
#include "segment/segment_format.h"

#define BLOCK_BITMAP_BYTES (CODEC_BLOCK_ROWS / 8)

/* The values of one block, NULLs replaced by what stood before them. */
typedef struct BlockValues
{
	int			n;
	int			null_count;
	uint8		bitmap[BLOCK_BITMAP_BYTES];
	int64		ints[CODEC_BLOCK_ROWS]; /* or the bits of doubles */
	float		floats[CODEC_BLOCK_ROWS];
	uint32		lengths[CODEC_BLOCK_ROWS];
	PackedBuffer bytes;
} BlockValues;

/* A column of one piece, about to be encoded. */
typedef struct ColumnPiece
{
	ColumnBuffer *column;
	const uint32 *order;		/* this piece's rows */
	uint32		nrows;
	const uint32 *code;			/* rank -> code in this piece */
	DirectoryTier tier;
	CodecCompression compression;
	int			level;
	CodecEncoding forced;		/* CODEC_NONE: choose */
	uint64		raw_bytes;		/* of its values, unless they are codes */
	/* chosen: */
	CodecEncoding encoding;		/* of the blocks */
	bool		compress;		/* frames (or pieces) are worth compressing */
	/* work space */
	BlockValues *block;
	uint8	   *scratch;
	Size		scratch_size;
} ColumnPiece;

extern void column_encode_begin(ColumnPiece *piece);
extern void column_encode_gather(ColumnPiece *piece, uint32 block);
extern void column_encode_choose(ColumnPiece *piece);
/* Append the gathered block, as it is stored, to frame. */
extern void column_encode_block(ColumnPiece *piece, PackedBuffer *frame);
/* Compress a buffer when that saves 5 %; else NULL. */
extern const uint8 *column_encode_compress(ColumnPiece *piece,
										   const uint8 *raw, Size len,
										   size_t *stored);

#endif							/* RUSTS_COLUMN_ENCODE_H */
