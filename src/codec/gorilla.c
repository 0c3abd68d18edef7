/*
 * gorilla.c
 *	  XOR compression of floats (Pelkonen et al., VLDB 2015).
 *
 * Each value is XORed with the one before; neighbours share sign, exponent and
 * leading digits, so that the result has a short middle of meaningful bits.
 *
 * Bit stream, low bits of each byte first, numbers low bits first:
 *	  the first value, 64 (or 32) bits
 *	  then for each value
 *	    0                    the same as the value before
 *	    1 0 m                meaningful bits m, in the same place as last time
 *	    1 1 lead size m      new place: leading zeros (5 bits, at most 31),
 *	                         number of meaningful bits - 1 (6, or 5, bits)
 *	  zero bits up to the byte
 *
 * The paper writes high bits first.  Low bits first lets the reader keep a
 * 64-bit buffer that is refilled with one unaligned load and never rotated.
 *
 * Everything works on bit patterns; no value is ever computed with, so
 * signalling NaNs pass unchanged.
 */
#include "codec/gorilla.h"

#include "codec/codec_bytes.h"

#define LEAD_BITS 5
#define LEAD_MAX 31

/* bits of "number of meaningful bits - 1" for values of that many bits */
#define SIZE_BITS(bits) ((bits) == 64 ? 6u : 5u)

/* Where the meaningful bits are; size 0: nowhere yet. */
typedef struct XorWindow
{
	unsigned	lead;
	unsigned	size;
	unsigned	trail;
} XorWindow;

typedef struct BitWriter
{
	uint8_t    *out;
	uint64_t	open;
	unsigned	nopen;			/* bits in open, less than 8 after a put */
} BitWriter;

/*
 * buffer holds count valid bits.  Above them are either zeros or the very bits
 * that the next refill will put there.
 */
typedef struct BitReader
{
	const uint8_t *pos;
	const uint8_t *end;
	uint64_t	buffer;
	unsigned	count;
} BitReader;

CODEC_INLINE uint64_t
low_bits(uint64_t v, unsigned bits)
{
	return v & (((uint64_t) 1 << bits) - 1);
}

/* bits <= 56, v has no others */
CODEC_INLINE void
put_bits(BitWriter *w, uint64_t v, unsigned bits)
{
	unsigned	bytes;

	w->open |= v << w->nopen;
	w->nopen += bits;
	/* a whole word, of which only full bytes count */
	codec_store64(w->out, w->open);
	bytes = w->nopen / 8;
	w->out += bytes;
	w->nopen %= 8;
	w->open >>= 8 * bytes;
}

CODEC_INLINE void
put_long(BitWriter *w, uint64_t v, unsigned bits)
{
	if (bits > 32)
	{
		put_bits(w, low_bits(v, 32), 32);
		put_bits(w, v >> 32, bits - 32);
	}
	else
		put_bits(w, v, bits);
}

CODEC_INLINE void
put_difference(BitWriter *w, uint64_t x, XorWindow *window, unsigned bits)
{
	unsigned	lead;
	unsigned	trail;
	unsigned	size;

	if (x == 0)
	{
		put_bits(w, 0, 1);
		return;
	}
	lead = bits - codec_bit_length(x);
	lead = lead < LEAD_MAX ? lead : LEAD_MAX;
	trail = (unsigned) __builtin_ctzll(x);
	size = bits - lead - trail;
	/* the old place when it fits and a new one would not pay for itself */
	if (window->size > 0 && lead >= window->lead && trail >= window->trail &&
		window->size <= size + LEAD_BITS + SIZE_BITS(bits))
	{
		put_bits(w, 1, 2);
		put_long(w, x >> window->trail, window->size);
		return;
	}
	put_bits(w, 3 | (uint64_t) lead << 2 |
			 (uint64_t) (size - 1) << (2 + LEAD_BITS),
			 2 + LEAD_BITS + SIZE_BITS(bits));
	put_long(w, x >> trail, size);
	window->lead = lead;
	window->size = size;
	window->trail = trail;
}

CODEC_INLINE uint64_t
load_bits(const uint8_t *values, int i, unsigned bits)
{
	uint64_t	v64;
	uint32_t	v32;

	if (bits == 64)
	{
		memcpy(&v64, values + 8 * (size_t) i, 8);
		return v64;
	}
	memcpy(&v32, values + 4 * (size_t) i, 4);
	return v32;
}

CODEC_INLINE void
store_bits(uint8_t *values, int i, uint64_t v, unsigned bits)
{
	uint32_t	v32 = (uint32_t) v;

	if (bits == 64)
		memcpy(values + 8 * (size_t) i, &v, 8);
	else
		memcpy(values + 4 * (size_t) i, &v32, 4);
}

CODEC_INLINE size_t
encode(const uint8_t *values, int n, uint8_t *out, unsigned bits)
{
	BitWriter	w = {out, 0, 0};
	XorWindow	window = {0, 0, 0};
	uint64_t	before = load_bits(values, 0, bits);
	int			i;

	put_long(&w, before, bits);
	for (i = 1; i < n; i++)
	{
		uint64_t	v = load_bits(values, i, bits);

		put_difference(&w, v ^ before, &window, bits);
		before = v;
	}
	/* put_bits has already stored the open byte */
	return (size_t) (w.out - out) + (w.nopen > 0 ? 1 : 0);
}

/* At least 56 bits, or all there are. */
CODEC_INLINE void
refill(BitReader *r)
{
	if (r->end - r->pos >= 8)
	{
		r->buffer |= codec_load64(r->pos) << r->count;
		r->pos += (63 - r->count) / 8;
		r->count |= 56;
		return;
	}
	while (r->count < 56 && r->pos < r->end)
	{
		r->buffer |= (uint64_t) *r->pos++ << r->count;
		r->count += 8;
	}
}

/* bits <= 56 and there */
CODEC_INLINE uint64_t
take_bits(BitReader *r, unsigned bits)
{
	uint64_t	v = low_bits(r->buffer, bits);

	r->buffer >>= bits;
	r->count -= bits;
	return v;
}

/* 1..64 bits, which need not be there; the reader has been refilled. */
CODEC_INLINE CodecStatus
take_long(BitReader *r, unsigned bits, uint64_t *v)
{
	uint64_t	low;

	if (bits <= 56)
	{
		if (bits > r->count)
			return CODEC_TRUNCATED;
		*v = take_bits(r, bits);
		return CODEC_OK;
	}
	if (r->count < 32)
		return CODEC_TRUNCATED;
	low = take_bits(r, 32);
	refill(r);
	if (bits - 32 > r->count)
		return CODEC_TRUNCATED;
	*v = low | take_bits(r, bits - 32) << 32;
	return CODEC_OK;
}

/*
 * The next XOR.  Whether the place is a new one is as good as random in noisy
 * data, so both are looked at and one is selected, without a branch.
 */
CODEC_INLINE CodecStatus
take_difference(BitReader *r, XorWindow *window, unsigned bits, uint64_t *x)
{
	const unsigned place_bits = LEAD_BITS + SIZE_BITS(bits);
	CodecStatus status;
	uint64_t	head;
	unsigned	head_bits;
	bool		is_new;

	refill(r);
	head = r->buffer;
	*x = 0;
	if (r->count < 1)
		return CODEC_TRUNCATED;
	if ((head & 1) == 0)
	{
		(void) take_bits(r, 1);
		return CODEC_OK;
	}
	is_new = (head & 2) != 0;
	head_bits = is_new ? 2 + place_bits : 2;
	if (r->count < head_bits)
		return CODEC_TRUNCATED;
	(void) take_bits(r, head_bits);
	window->lead = is_new ? (unsigned) low_bits(head >> 2, LEAD_BITS) :
		window->lead;
	window->size = is_new ? (unsigned) low_bits(head >> (2 + LEAD_BITS),
												SIZE_BITS(bits)) + 1 :
		window->size;
	if (window->lead + window->size > bits)
		return CODEC_CORRUPT;
	refill(r);
	status = take_long(r, window->size, x);
	*x <<= bits - window->lead - window->size;
	return status;
}

CODEC_INLINE CodecStatus
decode(const uint8_t *in, size_t len, uint8_t *values, int n, unsigned bits)
{
	BitReader	r = {in, in + len, 0, 0};
	XorWindow	window = {bits, bits, 0};	/* no place yet: not valid */
	uint64_t	value;
	uint64_t	x;
	CodecStatus status;
	int			i;

	refill(&r);
	status = take_long(&r, bits, &value);
	if (status != CODEC_OK)
		return status;
	store_bits(values, 0, value, bits);
	for (i = 1; i < n; i++)
	{
		status = take_difference(&r, &window, bits, &x);
		if (status != CODEC_OK)
			return status;
		value ^= x;
		store_bits(values, i, value, bits);
	}
	/* only the zero bits that fill the last byte may be left */
	if (r.pos != r.end || r.count >= 8 || low_bits(r.buffer, r.count) != 0)
		return CODEC_CORRUPT;
	return CODEC_OK;
}

size_t
gorilla_encode64(const double *values, int n, uint8_t *out)
{
	return encode((const uint8_t *) values, n, out, 64);
}

size_t
gorilla_encode32(const float *values, int n, uint8_t *out)
{
	return encode((const uint8_t *) values, n, out, 32);
}

CodecStatus
gorilla_decode64(const uint8_t *in, size_t len, double *values, int n)
{
	return decode(in, len, (uint8_t *) values, n, 64);
}

CodecStatus
gorilla_decode32(const uint8_t *in, size_t len, float *values, int n)
{
	return decode(in, len, (uint8_t *) values, n, 32);
}
