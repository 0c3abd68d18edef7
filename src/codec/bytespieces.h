/*
 * bytespieces.h
 *	  Long byte strings in pieces that are compressed one by one.
 */
#ifndef RUSTS_BYTESPIECES_H
#define RUSTS_BYTESPIECES_H

#include "codec/codec.h"

/* A piece ends with the string that brings it to this many bytes. */
#define BYTESPIECES_SIZE 262144
/* The most bytes of the head, two arrays that say where each piece is. */
#define BYTESPIECES_HEAD (2 * (10 * CODEC_BLOCK_ROWS + 128 + 11))

typedef struct BytesPieces
{
	int			n;
	uint32_t	lengths[CODEC_BLOCK_ROWS];	/* of the strings */
	uint16_t	first[CODEC_BLOCK_ROWS + 1];	/* string of each piece */
	uint64_t	raw[CODEC_BLOCK_ROWS];	/* size of each decompressed */
	uint64_t	offset[CODEC_BLOCK_ROWS + 1];	/* from the head's start */
	bool		compressed[CODEC_BLOCK_ROWS];
} BytesPieces;

extern size_t bytespieces_bound(CodecCompression kind,
								const uint32_t *lengths, int n,
								size_t data_len);
/* capacity: at least the bound */
extern CodecStatus bytespieces_encode(CodecCompression kind, int level,
									  const uint32_t *lengths, int n,
									  const uint8_t *data, size_t data_len,
									  uint8_t *out, size_t capacity,
									  size_t *len);
/* Read the head from the first len of the block's total bytes. */
extern CodecStatus bytespieces_read(const uint8_t *in, size_t len,
									size_t total, int n, BytesPieces *pieces);
/* The piece that a string is in. */
extern int	bytespieces_find(const BytesPieces *pieces, int string);
/* in: where the piece's bytes begin; out has room for raw[piece] bytes */
extern CodecStatus bytespieces_decode(CodecCompression kind,
									  const BytesPieces *pieces, int piece,
									  const uint8_t *in, uint8_t *out);

#endif							/* RUSTS_BYTESPIECES_H */
