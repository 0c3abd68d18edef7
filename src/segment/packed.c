/*
 * packed.c
 *	  Arrays of numbers in a segment's sections.
 *
 * Zone maps, block lengths and series codes are small beside the columns, but
 * read before anything else, so each piece of 1,024 takes the smallest of a
 * few encodings.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "segment/packed.h"

#define PACKED_PIECE CODEC_BLOCK_ROWS
#define PACKED_PIECE_HEADER 5	/* length (4), encoding (1) */

void
packed_init(PackedBuffer *buffer)
{
	buffer->size = 1024;
	buffer->used = 0;
	buffer->data = palloc(buffer->size);
}

uint8 *
packed_reserve(PackedBuffer *buffer, Size n)
{
	if (buffer->used + n > buffer->size)
	{
		while (buffer->used + n > buffer->size)
			buffer->size *= 2;
		buffer->data = repalloc_huge(buffer->data, buffer->size);
	}
	return buffer->data + buffer->used;
}

void
packed_append(PackedBuffer *buffer, const void *bytes, Size n)
{
	memcpy(packed_reserve(buffer, n), bytes, n);
	buffer->used += n;
}

/* Finish a piece whose bytes (len of them) were put behind the header. */
static void
packed_finish_piece(PackedBuffer *buffer, CodecEncoding encoding, Size len)
{
	uint8	   *at = buffer->data + buffer->used;
	uint32		len32 = len;

	memcpy(at, &len32, 4);
	at[4] = encoding;
	buffer->used += PACKED_PIECE_HEADER + len;
}

void
packed_put_ints(PackedBuffer *buffer, const int64 *values, uint32 n)
{
	static const CodecEncoding candidates[] =
	{CODEC_INT_FOR, CODEC_INT_DELTA, CODEC_INT_RLE};
	uint32		from;

	for (from = 0; from < n; from += PACKED_PIECE)
	{
		int			count = Min(n - from, PACKED_PIECE);
		Size		bound = intcodec_bound(count);
		uint8	   *at = packed_reserve(buffer, PACKED_PIECE_HEADER + bound);
		CodecEncoding best = CODEC_NONE;
		size_t		best_len = 0;
		size_t		len;
		int			i;

		for (i = 0; i < lengthof(candidates); i++)
			if (intcodec_encode(candidates[i], values + from, count,
								at + PACKED_PIECE_HEADER, bound,
								&len) == CODEC_OK &&
				(best == CODEC_NONE || len < best_len))
			{
				best = candidates[i];
				best_len = len;
			}
		if (best == CODEC_NONE ||
			intcodec_encode(best, values + from, count,
							at + PACKED_PIECE_HEADER, bound, &len) != CODEC_OK)
			elog(ERROR, "could not pack %d numbers", count);
		packed_finish_piece(buffer, best, len);
	}
}

void
packed_put_floats(PackedBuffer *buffer, const double *values, uint32 n)
{
	static const CodecEncoding candidates[] =
	{CODEC_FLOAT_ALP, CODEC_FLOAT_ALP_DELTA, CODEC_FLOAT_GORILLA, CODEC_FLOAT_RAW};
	uint32		from;

	for (from = 0; from < n; from += PACKED_PIECE)
	{
		int			count = Min(n - from, PACKED_PIECE);
		Size		bound = floatcodec_bound(count);
		uint8	   *at = packed_reserve(buffer, PACKED_PIECE_HEADER + bound);
		CodecEncoding best = CODEC_NONE;
		size_t		best_len = 0;
		size_t		len;
		int			i;

		for (i = 0; i < lengthof(candidates); i++)
			if (floatcodec_encode(candidates[i], values + from, count,
								  at + PACKED_PIECE_HEADER, bound,
								  &len) == CODEC_OK &&
				(best == CODEC_NONE || len < best_len))
			{
				best = candidates[i];
				best_len = len;
			}
		if (best == CODEC_NONE ||
			floatcodec_encode(best, values + from, count,
							  at + PACKED_PIECE_HEADER, bound, &len) != CODEC_OK)
			elog(ERROR, "could not pack %d numbers", count);
		packed_finish_piece(buffer, best, len);
	}
}

/* Header of the next piece; leaves the reader at its bytes. */
static CodecStatus
packed_next_piece(PackedReader *reader, CodecEncoding *encoding, uint32 *len)
{
	if (reader->left < PACKED_PIECE_HEADER)
		return CODEC_TRUNCATED;
	memcpy(len, reader->at, 4);
	*encoding = reader->at[4];
	reader->at += PACKED_PIECE_HEADER;
	reader->left -= PACKED_PIECE_HEADER;
	return *len > reader->left ? CODEC_TRUNCATED : CODEC_OK;
}

CodecStatus
packed_get_ints(PackedReader *reader, int64 *values, uint32 n)
{
	uint32		from;

	for (from = 0; from < n; from += PACKED_PIECE)
	{
		CodecEncoding encoding;
		uint32		len;
		CodecStatus status = packed_next_piece(reader, &encoding, &len);

		if (status == CODEC_OK)
			status = intcodec_decode(encoding, reader->at, len,
									 values + from,
									 Min(n - from, PACKED_PIECE));
		if (status != CODEC_OK)
			return status;
		reader->at += len;
		reader->left -= len;
	}
	return CODEC_OK;
}

CodecStatus
packed_get_floats(PackedReader *reader, double *values, uint32 n)
{
	uint32		from;

	for (from = 0; from < n; from += PACKED_PIECE)
	{
		CodecEncoding encoding;
		uint32		len;
		CodecStatus status = packed_next_piece(reader, &encoding, &len);

		if (status == CODEC_OK)
			status = floatcodec_decode(encoding, reader->at, len,
									   values + from,
									   Min(n - from, PACKED_PIECE));
		if (status != CODEC_OK)
			return status;
		reader->at += len;
		reader->left -= len;
	}
	return CODEC_OK;
}
