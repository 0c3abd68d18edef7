/*
 * bytespieces.c
 *	  Long byte strings: pieces of whole strings, each compressed by itself,
 *	  so that one string can be had without the thousand around it.
 *
 * Layout:
 *	  head        lengths of the strings, as bytescodec.c writes them
 *	  head        for each piece, twice its stored size, plus 1: compressed
 *	  bytes       the pieces, one after the other
 *
 * The lengths say where pieces end: with the string that makes one at least
 * BYTESPIECES_SIZE bytes long, and with the last string.
 */
#include "codec/bytescodec.h"
#include "codec/bytespieces.h"

_Static_assert(BYTESPIECES_HEAD >= 2 * BYTESHEAD_BOUND(CODEC_BLOCK_ROWS),
			   "room for both heads");

/* Compress a piece only when at least one part in 20 is saved. */
#define COMPRESSION_GAIN 20

/* Sizes of the pieces before compression; returns how many there are. */
static int
cut_pieces(const uint32_t *lengths, int n, uint16_t *first, uint64_t *raw)
{
	uint64_t	size = 0;
	int			pieces = 0;
	int			i;

	first[0] = 0;
	for (i = 0; i < n; i++)
	{
		size += lengths[i];
		if (size < BYTESPIECES_SIZE && i + 1 < n)
			continue;
		raw[pieces++] = size;
		first[pieces] = (uint16_t) (i + 1);
		size = 0;
	}
	return pieces;
}

size_t
bytespieces_bound(CodecCompression kind, const uint32_t *lengths, int n,
				  size_t data_len)
{
	uint16_t	first[CODEC_BLOCK_ROWS + 1];
	uint64_t	raw[CODEC_BLOCK_ROWS];
	int			pieces = cut_pieces(lengths, n, first, raw);
	uint64_t	largest = 0;
	int			i;

	for (i = 0; i < pieces; i++)
		largest = raw[i] > largest ? raw[i] : largest;
	return BYTESPIECES_HEAD + data_len + compress_bound(kind, (size_t) largest);
}

/* Append one piece in the way that is smaller; out has room for both. */
static uint8_t *
write_piece(CodecCompression kind, int level, const uint8_t *data,
			size_t data_len, uint8_t *out, int64_t *number)
{
	size_t		stored;

	if (kind != CODEC_COMPRESSION_NONE &&
		compress_encode(kind, level, data, data_len, out,
						compress_bound(kind, data_len), &stored) == CODEC_OK &&
		stored <= data_len - data_len / COMPRESSION_GAIN)
	{
		*number = (int64_t) stored * 2 + 1;
		return out + stored;
	}
	if (data_len > 0)
		memcpy(out, data, data_len);
	*number = (int64_t) data_len * 2;
	return out + data_len;
}

CodecStatus
bytespieces_encode(CodecCompression kind, int level,
				   const uint32_t *lengths, int n,
				   const uint8_t *data, size_t data_len,
				   uint8_t *out, size_t capacity, size_t *len)
{
	uint16_t	first[CODEC_BLOCK_ROWS + 1];
	uint64_t	raw[CODEC_BLOCK_ROWS];
	int64_t		numbers[CODEC_BLOCK_ROWS];
	int64_t		values[CODEC_BLOCK_ROWS];
	uint8_t    *pieces_at;
	uint8_t    *pieces_end;
	uint8_t    *end;
	int			pieces;
	int			i;

	if (n < 1 || n > CODEC_BLOCK_ROWS)
		return CODEC_UNFIT;
	if (capacity < bytespieces_bound(kind, lengths, n, data_len))
		return CODEC_NOSPACE;
	for (i = 0; i < n; i++)
		values[i] = lengths[i];
	/* how long the heads are is known when the pieces are written */
	pieces_at = pieces_end = out + BYTESPIECES_HEAD;
	pieces = cut_pieces(lengths, n, first, raw);
	for (i = 0; i < pieces; i++)
	{
		pieces_end = write_piece(kind, level, data, (size_t) raw[i],
								 pieces_end, &numbers[i]);
		data += raw[i];
	}
	end = bytescodec_write_head(values, n, out);
	end = bytescodec_write_head(numbers, pieces, end);
	memmove(end, pieces_at, (size_t) (pieces_end - pieces_at));
	*len = (size_t) (end - out) + (size_t) (pieces_end - pieces_at);
	return CODEC_OK;
}

/* Read one head into numbers of 32 bits. */
static CodecStatus
read_lengths(CodecReader *r, uint32_t *lengths, int n)
{
	int64_t		values[CODEC_BLOCK_ROWS];
	CodecStatus status = bytescodec_read_head(r, values, n);
	int			i;

	if (status != CODEC_OK)
		return status;
	for (i = 0; i < n; i++)
	{
		if ((uint64_t) values[i] > UINT32_MAX)
			return CODEC_CORRUPT;
		lengths[i] = (uint32_t) values[i];
	}
	return CODEC_OK;
}

CodecStatus
bytespieces_read(const uint8_t *in, size_t len, size_t total, int n,
				 BytesPieces *pieces)
{
	CodecReader r = {in, in + len};
	int64_t		numbers[CODEC_BLOCK_ROWS];
	uint64_t	offset;
	CodecStatus status;
	int			i;

	if (n < 1 || n > CODEC_BLOCK_ROWS)
		return CODEC_UNFIT;
	status = read_lengths(&r, pieces->lengths, n);
	if (status != CODEC_OK)
		return status;
	pieces->n = cut_pieces(pieces->lengths, n, pieces->first, pieces->raw);
	status = bytescodec_read_head(&r, numbers, pieces->n);
	if (status != CODEC_OK)
		return status;
	offset = (uint64_t) (r.pos - in);
	for (i = 0; i < pieces->n; i++)
	{
		uint64_t	stored = (uint64_t) numbers[i] >> 1;

		pieces->offset[i] = offset;
		pieces->compressed[i] = (numbers[i] & 1) != 0;
		if (stored > total - offset ||
			(!pieces->compressed[i] && stored != pieces->raw[i]))
			return CODEC_CORRUPT;
		offset += stored;
	}
	pieces->offset[i] = offset;
	return offset == total ? CODEC_OK : CODEC_CORRUPT;
}

int
bytespieces_find(const BytesPieces *pieces, int string)
{
	int			low = 0;
	int			high = pieces->n;

	while (high - low > 1)
	{
		int			mid = (low + high) / 2;

		if (pieces->first[mid] <= string)
			low = mid;
		else
			high = mid;
	}
	return low;
}

CodecStatus
bytespieces_decode(CodecCompression kind, const BytesPieces *pieces, int piece,
				   const uint8_t *in, uint8_t *out)
{
	size_t		stored = (size_t) (pieces->offset[piece + 1] -
								   pieces->offset[piece]);

	return compress_decode(pieces->compressed[piece] ? kind :
						   CODEC_COMPRESSION_NONE, in, stored, out,
						   (size_t) pieces->raw[piece]);
}
