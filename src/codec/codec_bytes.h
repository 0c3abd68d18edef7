/*
 * codec_bytes.h
 *	  Little-endian loads and stores, zigzag, variable-length integers.
 *
 * A writer is a bare pointer into a buffer that the caller made large enough
 * (see intcodec_bound); a reader knows its end and never passes it.
 */
#ifndef RUSTS_CODEC_BYTES_H
#define RUSTS_CODEC_BYTES_H

#include <string.h>

#include "codec/codec.h"
#include "simd/codec_simd.h"

/* the most bytes a variable-length 64-bit integer takes */
#define CODEC_VARINT_MAX 10

typedef struct CodecReader
{
	const uint8_t *pos;
	const uint8_t *end;
} CodecReader;

static inline uint32_t
codec_load32(const uint8_t *in)
{
	uint32_t	v;

	memcpy(&v, in, sizeof(v));
	return CODEC_LE32(v);
}

static inline uint64_t
codec_load64(const uint8_t *in)
{
	uint64_t	v;

	memcpy(&v, in, sizeof(v));
	return CODEC_LE64(v);
}

static inline void
codec_store32(uint8_t *out, uint32_t v)
{
	v = CODEC_LE32(v);
	memcpy(out, &v, sizeof(v));
}

static inline void
codec_store64(uint8_t *out, uint64_t v)
{
	v = CODEC_LE64(v);
	memcpy(out, &v, sizeof(v));
}

/* 0, -1, 1, -2, ... as 0, 1, 2, 3, ... in two's complement on both sides */
static inline uint64_t
codec_zigzag(uint64_t v)
{
	return (v << 1) ^ (0 - (v >> 63));
}

static inline uint64_t
codec_unzigzag(uint64_t z)
{
	return (z >> 1) ^ (0 - (z & 1));
}

/* number of bits up to the highest one set; 0 for 0 */
static inline unsigned
codec_bit_length(uint64_t v)
{
	return v == 0 ? 0 : 64 - (unsigned) __builtin_clzll(v);
}

/* LEB128: seven bits a byte, low ones first; returns the end */
static inline uint8_t *
codec_put_varint(uint8_t *out, uint64_t v)
{
	while (v >= 0x80)
	{
		*out++ = (uint8_t) (v | 0x80);
		v >>= 7;
	}
	*out++ = (uint8_t) v;
	return out;
}

static inline unsigned
codec_varint_size(uint64_t v)
{
	return (codec_bit_length(v | 1) + 6) / 7;
}

static inline CodecStatus
codec_get_byte(CodecReader *r, uint8_t *v)
{
	if (r->pos == r->end)
		return CODEC_TRUNCATED;
	*v = *r->pos++;
	return CODEC_OK;
}

static inline CodecStatus
codec_get_varint(CodecReader *r, uint64_t *v)
{
	uint64_t	result = 0;
	unsigned	shift;

	for (shift = 0; shift < 64; shift += 7)
	{
		uint8_t		byte;

		if (r->pos == r->end)
			return CODEC_TRUNCATED;
		byte = *r->pos++;
		/* the tenth byte has room for one bit */
		if (shift == 63 && byte > 1)
			return CODEC_CORRUPT;
		result |= (uint64_t) (byte & 0x7f) << shift;
		if (byte < 0x80)
		{
			*v = result;
			return CODEC_OK;
		}
	}
	return CODEC_CORRUPT;
}

/* the next len bytes of the input */
static inline CodecStatus
codec_get_bytes(CodecReader *r, size_t len, const uint8_t **bytes)
{
	if ((size_t) (r->end - r->pos) < len)
		return CODEC_TRUNCATED;
	*bytes = r->pos;
	r->pos += len;
	return CODEC_OK;
}

#endif							/* RUSTS_CODEC_BYTES_H */
