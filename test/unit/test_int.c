/*
 * test_int.c
 *	  Every integer encoding, every shape, every size: round trips, bounds,
 *	  truncation and bit flips.
 */
#include <stdlib.h>
#include <string.h>

#include "unit.h"

/* truncations tried of one block; all of them when it is shorter */
#define MAX_TRUNCATIONS 200
#define FLIPS 60

static const CodecEncoding encodings[] = {
	CODEC_INT_FOR, CODEC_INT_DELTA, CODEC_INT_DOD, CODEC_INT_RLE,
	CODEC_INT_VARINT, CODEC_INT_PLANES, CODEC_INT_RAW, CODEC_INT_SCALED
};

#define ENCODINGS ((int) (sizeof(encodings) / sizeof(encodings[0])))

/* One encoded block and what it came from. */
typedef struct Block
{
	CodecEncoding encoding;
	const char *label;
	const int64_t *values;
	int			n;
	const uint8_t *bytes;
	size_t		len;
} Block;

static CodecStatus
decode_exactly(const Block *block, const uint8_t *bytes, size_t len,
			   int64_t *out)
{
	uint8_t    *copy = unit_exact_copy(bytes, len);
	CodecStatus status = intcodec_decode(block->encoding, copy, len, out,
										 block->n);

	free(copy);
	return status;
}

static void
check_unordered(const Block *block, int64_t *out)
{
	bool		transposed;
	bool		same = true;
	int			row;

	UNIT_CHECK(intcodec_decode_unordered(block->encoding, block->bytes,
										 block->len, out, block->n,
										 &transposed) == CODEC_OK,
			   block->label);
	UNIT_CHECK(!transposed || block->n == CODEC_BLOCK_ROWS, block->label);
	for (row = 0; row < block->n; row++)
		same &= block->values[row] ==
			out[transposed ? row % 32 * 32 + row / 32 : row];
	UNIT_CHECK(same, block->label);
}

static void
check_damage(const Block *block, int64_t *out)
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

	/* any answer will do, as long as there is one */
	for (i = 0; i < FLIPS; i++)
	{
		size_t		bit = unit_random() % (8 * block->len);

		/* headers are short and worth more attention */
		if (i % 2 == 0)
			bit %= 128 < 8 * block->len ? 128 : 8 * block->len;
		copy[bit / 8] ^= (uint8_t) (1 << bit % 8);
		(void) decode_exactly(block, copy, block->len, out);
		copy[bit / 8] ^= (uint8_t) (1 << bit % 8);
	}
	free(copy);
}

static void
check_longer(const Block *block, int64_t *out)
{
	uint8_t    *longer = malloc(block->len + 1);

	memcpy(longer, block->bytes, block->len);
	longer[block->len] = 0;
	UNIT_CHECK(decode_exactly(block, longer, block->len + 1, out) ==
			   CODEC_CORRUPT, block->label);
	free(longer);
}

static void
check_block(CodecEncoding encoding, const char *label, const int64_t *values,
			int n)
{
	Block		block = {encoding, label, values, n, NULL, 0};
	size_t		size = (size_t) n * sizeof(int64_t);
	size_t		bound = intcodec_bound(n);
	uint8_t    *bytes = malloc(bound);
	int64_t    *out = malloc(size);
	size_t		len = 0;
	size_t		again;

	UNIT_CHECK(intcodec_encode(encoding, values, n, bytes, bound, &len) ==
			   CODEC_OK && len > 0 && len <= bound, label);
	block.bytes = bytes;
	block.len = len;
	UNIT_CHECK(decode_exactly(&block, bytes, len, out) == CODEC_OK &&
			   memcmp(values, out, size) == 0, label);
	check_unordered(&block, out);
	check_damage(&block, out);
	check_longer(&block, out);

	/* exactly enough room is enough, a byte less is not */
	free(bytes);
	bytes = malloc(len);
	UNIT_CHECK(intcodec_encode(encoding, values, n, bytes, len, &again) ==
			   CODEC_OK && again == len, label);
	UNIT_CHECK(intcodec_encode(encoding, values, n, bytes, len - 1, &again) ==
			   CODEC_NOSPACE, label);
	free(bytes);
	free(out);
}

static void
check_shapes(void)
{
	int64_t		values[CODEC_BLOCK_ROWS];
	const char *label;
	int			shape;
	int			size;
	int			n;
	int			e;

	for (size = 0; unit_size(size, &n); size++)
	{
		for (shape = 0;; shape++)
		{
			label = unit_integers(shape, values, n);
			if (label == NULL)
				break;
			for (e = 0; e < ENCODINGS; e++)
				check_block(encodings[e], label, values, n);
		}
	}
}

static size_t
encoded_size(CodecEncoding encoding, const int64_t *values, int n)
{
	uint8_t		bytes[20000];
	size_t		len = 0;

	UNIT_CHECK(intcodec_encode(encoding, values, n, bytes, sizeof(bytes),
							   &len) == CODEC_OK, "size");
	return len;
}

/* What the encodings are for: sizes that users will notice. */
static void
check_sizes(void)
{
	int64_t		values[CODEC_BLOCK_ROWS];
	int			i;

	for (i = 0; i < CODEC_BLOCK_ROWS; i++)
		values[i] = INT64_C(757382400000000) + INT64_C(10000000) * i;
	UNIT_CHECK(encoded_size(CODEC_INT_DELTA, values, CODEC_BLOCK_ROWS) <= 16,
			   "constant interval, delta");
	UNIT_CHECK(encoded_size(CODEC_INT_DOD, values, CODEC_BLOCK_ROWS) <= 18,
			   "constant interval, delta of delta");
	for (i = 500; i < CODEC_BLOCK_ROWS; i++)
		values[i] -= INT64_C(86400000000);
	UNIT_CHECK(encoded_size(CODEC_INT_DELTA, values, CODEC_BLOCK_ROWS) <= 27,
			   "a series boundary costs about ten bytes");
	for (i = 0; i < CODEC_BLOCK_ROWS; i++)
		values[i] = 42;
	UNIT_CHECK(encoded_size(CODEC_INT_FOR, values, CODEC_BLOCK_ROWS) <= 3,
			   "constant, for");
	UNIT_CHECK(encoded_size(CODEC_INT_RLE, values, CODEC_BLOCK_ROWS) <= 8,
			   "constant, rle");
	UNIT_CHECK(encoded_size(CODEC_INT_PLANES, values, CODEC_BLOCK_ROWS) <= 3,
			   "constant, planes");
	for (i = 0; i < CODEC_BLOCK_ROWS; i++)
		values[i] = 1000000 * (int64_t) (i * 37 % 1024);
	UNIT_CHECK(encoded_size(CODEC_INT_SCALED, values, CODEC_BLOCK_ROWS) <= 1300,
			   "ten bits of seconds kept as microseconds");
	for (i = 0; i < CODEC_BLOCK_ROWS; i++)
		values[i] = i % 2 + (i % 300 == 299 ? 1000000 : 0);
	UNIT_CHECK(encoded_size(CODEC_INT_FOR, values, CODEC_BLOCK_ROWS) <= 150,
			   "three outliers among bits");
}

static void
check_arguments(void)
{
	int64_t		values[CODEC_BLOCK_ROWS] = {0};
	uint8_t		bytes[16] = {0};
	size_t		len;

	UNIT_CHECK(intcodec_encode(CODEC_INT_FOR, values, 0, bytes, 16, &len) ==
			   CODEC_UNFIT, "no rows");
	UNIT_CHECK(intcodec_encode(CODEC_INT_FOR, values, 1025, bytes, 16, &len) ==
			   CODEC_UNFIT, "too many rows");
	UNIT_CHECK(intcodec_encode(CODEC_FLOAT_RAW, values, 1, bytes, 16, &len) ==
			   CODEC_UNFIT, "not an integer encoding");
	UNIT_CHECK(intcodec_decode(CODEC_FLOAT_RAW, bytes, 2, values, 1) ==
			   CODEC_UNFIT, "not an integer encoding");
	UNIT_CHECK(intcodec_decode(CODEC_INT_FOR, bytes, 2, values, 1025) ==
			   CODEC_UNFIT, "too many rows");
}

int
main(void)
{
	check_shapes();
	check_sizes();
	check_arguments();
	return unit_finish("test_int");
}
