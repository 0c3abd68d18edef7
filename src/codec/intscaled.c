/*
 * intscaled.c
 *	  Integers that are all a multiple of something apart.
 *
 * A clock that ticks in seconds, kept in microseconds, wastes 20 bits of every
 * difference.  Dividing by the greatest common divisor of all distances from
 * the first value gives them back, whatever encoding follows.
 *
 * Layout:
 *	  varint      first value, zigzag
 *	  varint      divisor, at least 1
 *	  1 byte      CODEC_INT_FOR or CODEC_INT_DELTA
 *	  rest        (value - first) / divisor in that encoding
 *
 * Decoding multiplies modulo 2^64.  Where a distance does not fit a signed
 * number the divisor is 1, which is right for all values.
 */
#include "codec/intcodec.h"

static uint64_t
gcd(uint64_t a, uint64_t b)
{
	while (b != 0)
	{
		uint64_t	rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Of all distances from the first value; 1 when there is no use. */
static uint64_t
common_divisor(const uint64_t *values, int n)
{
	uint64_t	divisor = 0;
	int			i;

	for (i = 1; i < n && divisor != 1; i++)
	{
		int64_t		distance;

		if (__builtin_sub_overflow((int64_t) values[i], (int64_t) values[0],
								   &distance))
			return 1;
		divisor = gcd(divisor, distance < 0 ? 0 - (uint64_t) distance :
					  (uint64_t) distance);
	}
	return divisor == 0 || divisor > INT64_MAX ? 1 : divisor;
}

uint8_t *
intscaled_write(const uint64_t *values, int n, uint8_t *out)
{
	uint64_t	divisor = common_divisor(values, n);
	int64_t		scaled[CODEC_BLOCK_ROWS];
	uint8_t		other[INTCODEC_BOUND(CODEC_BLOCK_ROWS)];
	size_t		len = 0;
	size_t		other_len = 0;
	int			i;

	for (i = 0; i < n; i++)
	{
		scaled[i] = (int64_t) (values[i] - values[0]);
		if (divisor > 1)
			scaled[i] /= (int64_t) divisor;
	}
	out = codec_put_varint(out, codec_zigzag(values[0]));
	out = codec_put_varint(out, divisor);
	/* both fit: their bound leaves room for this header */
	(void) intcodec_encode(CODEC_INT_DELTA, scaled, n, out + 1,
						   INTCODEC_BOUND(n), &len);
	(void) intcodec_encode(CODEC_INT_FOR, scaled, n, other, sizeof(other),
						   &other_len);
	*out = CODEC_INT_DELTA;
	if (other_len < len)
	{
		*out = CODEC_INT_FOR;
		memcpy(out + 1, other, other_len);
		len = other_len;
	}
	return out + 1 + len;
}

CODEC_CLONES static void
scale(uint64_t *values, int n, uint64_t divisor, uint64_t first)
{
	int			i;

	for (i = 0; i < n; i++)
		values[i] = values[i] * divisor + first;
}

CodecStatus
intscaled_read(CodecReader *r, uint64_t *values, int n, bool *transposed)
{
	CodecStatus status;
	uint64_t	first;
	uint64_t	divisor;
	uint8_t		encoding;

	status = codec_get_varint(r, &first);
	if (status == CODEC_OK)
		status = codec_get_varint(r, &divisor);
	if (status == CODEC_OK)
		status = codec_get_byte(r, &encoding);
	if (status != CODEC_OK)
		return status;
	if (divisor == 0 ||
		(encoding != CODEC_INT_FOR && encoding != CODEC_INT_DELTA))
		return CODEC_CORRUPT;
	status = intcodec_read(encoding, r, values, n, transposed);
	if (status == CODEC_OK)
		scale(values, n, divisor, codec_unzigzag(first));
	return status;
}
