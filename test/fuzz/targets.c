/*
 * targets.c
 *	  The targets of fuzzing: every decoder of every encoding, and the parser
 *	  of line protocol (wire_targets.c).
 *
 * Whatever the bytes are, a decoder must return; inputs and outputs are
 * allocated exactly, so that the address sanitizer sees a step outside.  When
 * it says the bytes were fine, two more promises are checked: unordered
 * decoding gives the same values, and encoding them again gives bytes that
 * decode to them.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/bytespieces.h"
#include "fuzz.h"
#include "unit.h"
#include "wire_targets.h"

static void
promise(bool kept, const char *what)
{
	if (kept)
		return;
	fprintf(stderr, "fuzz: broken promise: %s\n", what);
	abort();
}

/* ------------------------------------------------------------- integers */

static void
check_integers(CodecEncoding encoding, const uint8_t *in, size_t len,
			   const int64_t *values, int n)
{
	static uint8_t bytes[FUZZ_MAX_INPUT];
	static int64_t again[CODEC_BLOCK_ROWS];
	bool		transposed;
	bool		same = true;
	int			row;

	promise(intcodec_decode_unordered(encoding, in, len, again, n,
									  &transposed) == CODEC_OK, "unordered");
	for (row = 0; row < n; row++)
		same &= values[row] ==
			again[transposed ? row % 32 * 32 + row / 32 : row];
	promise(same, "unordered values");
	promise(intcodec_encode(encoding, values, n, bytes, sizeof(bytes), &len) ==
			CODEC_OK && len <= intcodec_bound(n), "encoding again");
	promise(intcodec_decode(encoding, bytes, len, again, n) == CODEC_OK &&
			memcmp(values, again, (size_t) n * sizeof(int64_t)) == 0,
			"values after encoding again");
}

static void
run_integers(int encoding, int n, const uint8_t *in, size_t len)
{
	int64_t    *values = malloc((size_t) n * sizeof(int64_t));

	if (intcodec_decode((CodecEncoding) encoding, in, len, values, n) ==
		CODEC_OK)
		check_integers((CodecEncoding) encoding, in, len, values, n);
	free(values);
}

static size_t
seed_integers(int encoding, int i, int n, uint8_t *out, size_t capacity)
{
	int64_t		values[CODEC_BLOCK_ROWS];
	size_t		len;

	if (unit_integers(i, values, n) == NULL ||
		intcodec_encode((CodecEncoding) encoding, values, n, out, capacity,
						&len) != CODEC_OK)
		return 0;
	return len;
}

/* ------------------------------------------------------------- doubles */

static void
check_doubles(CodecEncoding encoding, const uint8_t *in, size_t len,
			  const double *values, int n)
{
	static uint8_t bytes[FUZZ_MAX_INPUT];
	static double again[CODEC_BLOCK_ROWS];
	bool		transposed;
	bool		same = true;
	int			row;

	promise(floatcodec_decode_unordered(encoding, in, len, again, n,
										&transposed) == CODEC_OK, "unordered");
	for (row = 0; row < n; row++)
		same &= memcmp(&values[row],
					   &again[transposed ? row % 32 * 32 + row / 32 : row],
					   sizeof(double)) == 0;
	promise(same, "unordered values");
	if (floatcodec_encode(encoding, values, n, bytes, sizeof(bytes), &len) !=
		CODEC_OK)
		return;
	promise(floatcodec_decode(encoding, bytes, len, again, n) == CODEC_OK &&
			memcmp(values, again, (size_t) n * sizeof(double)) == 0,
			"values after encoding again");
}

static void
run_doubles(int encoding, int n, const uint8_t *in, size_t len)
{
	double	   *values = malloc((size_t) n * sizeof(double));

	if (floatcodec_decode((CodecEncoding) encoding, in, len, values, n) ==
		CODEC_OK)
		check_doubles((CodecEncoding) encoding, in, len, values, n);
	free(values);
}

static size_t
seed_doubles(int encoding, int i, int n, uint8_t *out, size_t capacity)
{
	double		values[CODEC_BLOCK_ROWS];
	size_t		len;

	if (unit_doubles(i, values, n) == NULL ||
		floatcodec_encode((CodecEncoding) encoding, values, n, out, capacity,
						  &len) != CODEC_OK)
		return 0;
	return len;
}

/* ------------------------------------------------------------- floats */

static void
run_floats(int encoding, int n, const uint8_t *in, size_t len)
{
	static uint8_t bytes[FUZZ_MAX_INPUT];
	static float again[CODEC_BLOCK_ROWS];
	float	   *values = malloc((size_t) n * sizeof(float));

	if (floatcodec_decode32((CodecEncoding) encoding, in, len, values, n) ==
		CODEC_OK &&
		floatcodec_encode32((CodecEncoding) encoding, values, n, bytes,
							sizeof(bytes), &len) == CODEC_OK)
		promise(floatcodec_decode32((CodecEncoding) encoding, bytes, len,
									again, n) == CODEC_OK &&
				memcmp(values, again, (size_t) n * sizeof(float)) == 0,
				"values after encoding again");
	free(values);
}

static size_t
seed_floats(int encoding, int i, int n, uint8_t *out, size_t capacity)
{
	float		values[CODEC_BLOCK_ROWS];
	size_t		len;

	if (unit_floats(i, values, n) == NULL ||
		floatcodec_encode32((CodecEncoding) encoding, values, n, out, capacity,
							&len) != CODEC_OK)
		return 0;
	return len;
}

/* ------------------------------------------------------------- bytes */

static void
run_bytes(int argument, int n, const uint8_t *in, size_t len)
{
	uint32_t   *lengths = malloc((size_t) n * sizeof(uint32_t));
	const uint8_t *data;
	size_t		data_len;
	uint64_t	sum = 0;
	int			i;

	(void) argument;
	if (bytescodec_decode(in, len, lengths, n, &data, &data_len) == CODEC_OK)
	{
		for (i = 0; i < n; i++)
			sum += lengths[i];
		promise(sum == data_len, "lengths");
		promise(data >= in && data + data_len == in + len, "data in the input");
	}
	free(lengths);
}

static size_t
seed_bytes(int argument, int i, int n, uint8_t *out, size_t capacity)
{
	uint32_t	lengths[CODEC_BLOCK_ROWS];
	uint8_t		data[16 * CODEC_BLOCK_ROWS];
	size_t		data_len = 0;
	size_t		len;
	int			k;

	(void) argument;
	if (i > 3)
		return 0;
	for (k = 0; k < n; k++)
	{
		lengths[k] = i == 0 ? 0 : i == 1 ? 5 : unit_random() % 16;
		data_len += lengths[k];
	}
	for (k = 0; k < (int) data_len; k++)
		data[k] = (uint8_t) ('a' + unit_random() % 26);
	if (bytescodec_encode(lengths, n, data, data_len, out, capacity, &len) !=
		CODEC_OK)
		return 0;
	return len;
}

/* ------------------------------------------------------------- pieces */

/* Larger than any input can be, if it is what the lengths say. */
#define MAX_PIECE (64 * FUZZ_MAX_INPUT)

static void
run_pieces(int kind, int n, const uint8_t *in, size_t len)
{
	BytesPieces *pieces = malloc(sizeof(BytesPieces));
	int			i;

	if (bytespieces_read(in, len, len, n, pieces) == CODEC_OK)
	{
		promise(pieces->n >= 1 && pieces->n <= n, "number of pieces");
		promise(pieces->first[0] == 0 && pieces->first[pieces->n] == n &&
				pieces->offset[pieces->n] == len, "pieces are all there is");
		promise(bytespieces_find(pieces, n - 1) == pieces->n - 1, "last piece");
		for (i = 0; i < pieces->n; i++)
		{
			uint8_t    *raw;

			promise(pieces->offset[i] <= pieces->offset[i + 1], "offsets");
			if (pieces->raw[i] > MAX_PIECE)
				continue;
			raw = malloc((size_t) pieces->raw[i] + 1);
			(void) bytespieces_decode((CodecCompression) kind, pieces, i,
									  in + pieces->offset[i], raw);
			free(raw);
		}
	}
	free(pieces);
}

static size_t
seed_pieces(int kind, int i, int n, uint8_t *out, size_t capacity)
{
	uint32_t	lengths[CODEC_BLOCK_ROWS];
	size_t		data_len = 0;
	size_t		bound;
	size_t		len = 0;
	uint8_t    *data;
	uint8_t    *bytes;
	int			k;

	if (i > 3)
		return 0;
	for (k = 0; k < n; k++)
	{
		lengths[k] = i == 0 ? 0 : i == 1 ? 700 : unit_random() % 3000;
		data_len += lengths[k];
	}
	data = calloc(data_len + 1, 1);
	bound = bytespieces_bound((CodecCompression) kind, lengths, n, data_len);
	bytes = malloc(bound);
	if (bytespieces_encode((CodecCompression) kind, 0, lengths, n, data,
						   data_len, bytes, bound, &len) != CODEC_OK ||
		len > capacity)
		len = 0;
	memcpy(out, bytes, len);
	free(bytes);
	free(data);
	return len;
}

/* ------------------------------------------------------------- compression */

static void
run_compressed(int kind, int n, const uint8_t *in, size_t len)
{
	size_t		raw_len = 4 * (size_t) n;
	uint8_t    *raw = malloc(raw_len);

	(void) compress_decode((CodecCompression) kind, in, len, raw, raw_len);
	free(raw);
}

static size_t
seed_compressed(int kind, int i, int n, uint8_t *out, size_t capacity)
{
	uint8_t		raw[4 * CODEC_BLOCK_ROWS];
	size_t		len;
	int			k;

	if (i > 2)
		return 0;
	for (k = 0; k < 4 * n; k++)
		raw[k] = (uint8_t) (i == 0 ? 0 : unit_random() % (i == 1 ? 4 : 256));
	if (compress_encode((CodecCompression) kind, 0, raw, 4 * (size_t) n, out,
						capacity, &len) != CODEC_OK)
		return 0;
	return len;
}

/* ------------------------------------------------------------- all of them */

const FuzzTarget fuzz_targets[] = {
	{"int_for", run_integers, seed_integers, CODEC_INT_FOR},
	{"int_delta", run_integers, seed_integers, CODEC_INT_DELTA},
	{"int_dod", run_integers, seed_integers, CODEC_INT_DOD},
	{"int_rle", run_integers, seed_integers, CODEC_INT_RLE},
	{"int_varint", run_integers, seed_integers, CODEC_INT_VARINT},
	{"int_planes", run_integers, seed_integers, CODEC_INT_PLANES},
	{"int_raw", run_integers, seed_integers, CODEC_INT_RAW},
	{"int_scaled", run_integers, seed_integers, CODEC_INT_SCALED},
	{"double_raw", run_doubles, seed_doubles, CODEC_FLOAT_RAW},
	{"double_gorilla", run_doubles, seed_doubles, CODEC_FLOAT_GORILLA},
	{"double_alp", run_doubles, seed_doubles, CODEC_FLOAT_ALP},
	{"double_alp_delta", run_doubles, seed_doubles, CODEC_FLOAT_ALP_DELTA},
	{"double_alp_planes", run_doubles, seed_doubles, CODEC_FLOAT_ALP_PLANES},
	{"float_raw", run_floats, seed_floats, CODEC_FLOAT_RAW},
	{"float_gorilla", run_floats, seed_floats, CODEC_FLOAT_GORILLA},
	{"float_alp", run_floats, seed_floats, CODEC_FLOAT_ALP},
	{"float_alp_delta", run_floats, seed_floats, CODEC_FLOAT_ALP_DELTA},
	{"float_alp_planes", run_floats, seed_floats, CODEC_FLOAT_ALP_PLANES},
	{"bytes", run_bytes, seed_bytes, 0},
	{"pieces_lz4", run_pieces, seed_pieces, CODEC_COMPRESSION_LZ4},
	{"pieces_zstd", run_pieces, seed_pieces, CODEC_COMPRESSION_ZSTD},
	{"lz4", run_compressed, seed_compressed, CODEC_COMPRESSION_LZ4},
	{"zstd", run_compressed, seed_compressed, CODEC_COMPRESSION_ZSTD},
	{"wire_lines", wire_targets_lines, wire_targets_seed_lines, 0},
	{"wire_number", wire_targets_number, wire_targets_seed_number, 0}
};

const int	fuzz_target_count = sizeof(fuzz_targets) / sizeof(fuzz_targets[0]);

void
fuzz_run(const FuzzTarget *target, const uint8_t *data, size_t size)
{
	uint8_t    *in;
	int			n;

	if (size < 2 || size > FUZZ_MAX_INPUT)
		return;
	n = (data[0] | data[1] << 8) % CODEC_BLOCK_ROWS + 1;
	in = unit_exact_copy(data + 2, size - 2);
	target->run(target->argument, n, in, size - 2);
	free(in);
}

size_t
fuzz_seed(const FuzzTarget *target, int i, int n, uint8_t *out,
		  size_t capacity)
{
	size_t		len = target->seed(target->argument, i, n, out + 2,
								   capacity - 2);

	if (len == 0)
		return 0;
	out[0] = (uint8_t) (n - 1);
	out[1] = (uint8_t) ((n - 1) >> 8);
	return len + 2;
}

const FuzzTarget *
fuzz_find(const char *name)
{
	int			i;

	for (i = 0; i < fuzz_target_count; i++)
	{
		if (strcmp(fuzz_targets[i].name, name) == 0)
			return &fuzz_targets[i];
	}
	return NULL;
}
