/*
 * test_float.c
 *	  Every float encoding, both precisions: bit-exact round trips, bounds,
 *	  truncation and bit flips.
 *
 * Both precisions go through one set of checks on bytes; Precision holds the
 * functions that differ.
 */
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define MAX_TRUNCATIONS 200
#define FLIPS 60

static const CodecEncoding encodings[] = {
	CODEC_FLOAT_RAW, CODEC_FLOAT_GORILLA, CODEC_FLOAT_ALP,
	CODEC_FLOAT_ALP_DELTA, CODEC_FLOAT_ALP_PLANES
};

#define ENCODINGS ((int) (sizeof(encodings) / sizeof(encodings[0])))

typedef struct Precision
{
	size_t		size;
	CodecStatus (*encode) (CodecEncoding encoding, const void *values, int n,
						   uint8_t *out, size_t capacity, size_t *len);
	CodecStatus (*decode) (CodecEncoding encoding, const uint8_t *in,
						   size_t len, void *out, int n);
} Precision;

typedef struct Block
{
	const Precision *precision;
	CodecEncoding encoding;
	const char *label;
	const void *values;
	int			n;
	const uint8_t *bytes;
	size_t		len;
} Block;

static CodecStatus
encode64(CodecEncoding encoding, const void *values, int n, uint8_t *out,
		 size_t capacity, size_t *len)
{
	return floatcodec_encode(encoding, values, n, out, capacity, len);
}

static CodecStatus
decode64(CodecEncoding encoding, const uint8_t *in, size_t len, void *out,
		 int n)
{
	return floatcodec_decode(encoding, in, len, out, n);
}

static CodecStatus
encode32(CodecEncoding encoding, const void *values, int n, uint8_t *out,
		 size_t capacity, size_t *len)
{
	return floatcodec_encode32(encoding, values, n, out, capacity, len);
}

static CodecStatus
decode32(CodecEncoding encoding, const uint8_t *in, size_t len, void *out,
		 int n)
{
	return floatcodec_decode32(encoding, in, len, out, n);
}

static const Precision doubles = {8, encode64, decode64};
static const Precision singles = {4, encode32, decode32};

static CodecStatus
decode_exactly(const Block *block, const uint8_t *bytes, size_t len, void *out)
{
	uint8_t    *copy = unit_exact_copy(bytes, len);
	CodecStatus status = block->precision->decode(block->encoding, copy, len,
												  out, block->n);

	free(copy);
	return status;
}

static void
check_unordered(const Block *block, double *out)
{
	bool		transposed;
	bool		same = true;
	int			row;

	UNIT_CHECK(floatcodec_decode_unordered(block->encoding, block->bytes,
										   block->len, out, block->n,
										   &transposed) == CODEC_OK,
			   block->label);
	for (row = 0; row < block->n; row++)
		same &= memcmp((const double *) block->values + row,
					   &out[transposed ? row % 32 * 32 + row / 32 : row],
					   sizeof(double)) == 0;
	UNIT_CHECK(same, block->label);
}

static void
check_damage(const Block *block, void *out)
{
	uint8_t    *copy = unit_exact_copy(block->bytes, block->len);
	size_t		step = block->len / MAX_TRUNCATIONS + 1;
	size_t		len;
	bool		noticed = true;
	int			i;

	for (len = 0; len < block->len; len += step)
		noticed &= decode_exactly(block, copy, len, out) != CODEC_OK;
	noticed &= decode_exactly(block, copy, block->len - 1, out) != CODEC_OK;
	UNIT_CHECK(noticed, block->label);
	for (i = 0; i < FLIPS; i++)
	{
		size_t		bit = unit_random() % (8 * block->len);

		if (i % 2 == 0)
			bit %= 128 < 8 * block->len ? 128 : 8 * block->len;
		copy[bit / 8] ^= (uint8_t) (1 << bit % 8);
		(void) decode_exactly(block, copy, block->len, out);
		copy[bit / 8] ^= (uint8_t) (1 << bit % 8);
	}
	free(copy);
}

static void
check_longer(const Block *block, void *out)
{
	uint8_t    *longer = malloc(block->len + 1);

	memcpy(longer, block->bytes, block->len);
	longer[block->len] = 0;
	UNIT_CHECK(decode_exactly(block, longer, block->len + 1, out) ==
			   CODEC_CORRUPT, block->label);
	free(longer);
}

/* Returns whether the encoding took the values. */
static bool
check_block(const Precision *precision, CodecEncoding encoding,
			const char *label, const void *values, int n)
{
	Block		block = {precision, encoding, label, values, n, NULL, 0};
	size_t		bound = floatcodec_bound(n);
	uint8_t    *bytes = malloc(bound);
	void	   *out = malloc((size_t) n * precision->size);
	size_t		len = 0;
	size_t		again;
	CodecStatus status;

	status = precision->encode(encoding, values, n, bytes, bound, &len);
	UNIT_CHECK(status == CODEC_UNFIT || (status == CODEC_OK && len <= bound),
			   label);
	if (status == CODEC_OK)
	{
		block.bytes = bytes;
		block.len = len;
		UNIT_CHECK(decode_exactly(&block, bytes, len, out) == CODEC_OK &&
				   memcmp(values, out, (size_t) n * precision->size) == 0,
				   label);
		if (precision == &doubles)
			check_unordered(&block, out);
		check_damage(&block, out);
		check_longer(&block, out);
		free(bytes);
		bytes = malloc(len);
		UNIT_CHECK(precision->encode(encoding, values, n, bytes, len,
									 &again) == CODEC_OK && again == len,
				   label);
		UNIT_CHECK(precision->encode(encoding, values, n, bytes, len - 1,
									 &again) == CODEC_NOSPACE, label);
	}
	free(bytes);
	free(out);
	return status == CODEC_OK;
}

/* Raw and Gorilla take everything; ALP takes what is mostly decimals. */
static void
check_encodings(const Precision *precision, int shape, const char *label,
				const void *values, int n)
{
	bool		decimals = shape != 1 && shape != 2 && shape != 5 && shape != 9;
	int			e;

	for (e = 0; e < ENCODINGS; e++)
	{
		bool		taken = check_block(precision, encodings[e], label, values,
										n);

		if (encodings[e] == CODEC_FLOAT_RAW ||
			encodings[e] == CODEC_FLOAT_GORILLA)
			UNIT_CHECK(taken, label);
		else if (n >= 64 && precision == &doubles)
			UNIT_CHECK(decimals == taken, label);
	}
}

static void
check_shapes(void)
{
	double		values64[CODEC_BLOCK_ROWS];
	float		values32[CODEC_BLOCK_ROWS];
	const char *label;
	int			shape;
	int			size;
	int			n;

	for (size = 0; unit_size(size, &n); size++)
	{
		for (shape = 0;; shape++)
		{
			label = unit_doubles(shape, values64, n);
			if (label == NULL)
				break;
			check_encodings(&doubles, shape, label, values64, n);
			(void) unit_floats(shape, values32, n);
			check_encodings(&singles, shape, label, values32, n);
		}
	}
}

/* A random walk of two decimals: 1.09 bytes a value is the entropy. */
static void
check_sizes(void)
{
	double		values[CODEC_BLOCK_ROWS];
	float		values32[CODEC_BLOCK_ROWS];
	uint8_t		bytes[20000];
	size_t		len;
	size_t		total = 0;
	int			i;

	for (i = 0; i < 50; i++)
	{
		(void) unit_doubles(12, values, CODEC_BLOCK_ROWS);
		UNIT_CHECK(floatcodec_encode(CODEC_FLOAT_ALP_DELTA, values,
									 CODEC_BLOCK_ROWS, bytes, sizeof(bytes),
									 &len) == CODEC_OK, "random walk");
		total += len;
	}
	UNIT_CHECK(total <= 50 * CODEC_BLOCK_ROWS * 1.2, "random walk, size");
	for (i = 0; i < CODEC_BLOCK_ROWS; i++)
		values32[i] = (float) (i % 100) / 10;
	UNIT_CHECK(floatcodec_encode32(CODEC_FLOAT_ALP, values32,
								   CODEC_BLOCK_ROWS, bytes, sizeof(bytes),
								   &len) == CODEC_OK && len < 920,
			   "seven bits a value");
}

int
main(void)
{
	check_shapes();
	check_sizes();
	return unit_finish("test_float");
}
