/*
 * codec_bench.c
 *	  Speed and size of the codecs, on one core.
 *
 * "widths" decodes the same bit-packed block over and over, from the first
 * level cache: the speed of the kernels.  "data" encodes and decodes a few
 * thousand different blocks of each kind of data: what a scan sees.  Speeds
 * are the best of five rounds, in 10^9 values a second of processor time.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec/codec.h"

#define ROWS CODEC_BLOCK_ROWS
#define BLOCKS 2048
#define ROUNDS 5

/* blocks that a general compressor sees at once */
#define GROUP 16

typedef enum Direction
{
	ENCODE, DECODE, DECODE_UNORDERED
} Direction;

/* A data set in one encoding; ints or doubles is NULL. */
typedef struct Column
{
	const char *name;
	CodecEncoding encoding;
	const int64_t *ints;
	const double *doubles;
	uint8_t    *bytes[BLOCKS];
	size_t		lens[BLOCKS];
} Column;

static uint64_t random_state = 42;

static uint64_t
random_bits(void)
{
	uint64_t	z = random_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static double
random_uniform(void)
{
	return ((double) (random_bits() >> 11) + 0.5) / 9007199254740992.0;
}

static double
random_normal(void)
{
	return sqrt(-2 * log(random_uniform())) *
		cos(6.283185307179586 * random_uniform());
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

static void
fail(const char *what)
{
	fprintf(stderr, "codec_bench: %s\n", what);
	exit(EXIT_FAILURE);
}

/* ------------------------------------------------------------- widths */

static double
time_decode(CodecEncoding encoding, const uint8_t *in, size_t len,
			Direction direction)
{
	static int64_t out[ROWS];
	const int	repeats = 20000;
	double		best = 1e9;
	bool		transposed;
	int			round;
	int			i;

	for (round = 0; round < ROUNDS; round++)
	{
		double		start = seconds();

		for (i = 0; i < repeats; i++)
		{
			if (direction == DECODE)
				intcodec_decode(encoding, in, len, out, ROWS);
			else
				intcodec_decode_unordered(encoding, in, len, out, ROWS,
										  &transposed);
		}
		best = fmin(best, seconds() - start);
	}
	return 1e-9 * repeats * ROWS / best;
}

static void
print_widths(void)
{
	static uint8_t bytes[20000];
	int64_t		values[ROWS];
	int64_t		sums[ROWS];
	size_t		len;
	int			width;
	int			i;

	printf("%5s %10s %10s %10s   10^9 values/s\n",
		   "bits", "for", "delta", "unordered");
	for (width = 1; width <= 40; width += width < 8 ? 1 : 4)
	{
		int64_t		sum = 0;

		for (i = 0; i < ROWS; i++)
		{
			values[i] = (int64_t) (random_bits() >> (64 - width));
			sums[i] = sum += values[i];
		}
		intcodec_encode(CODEC_INT_FOR, values, ROWS, bytes, sizeof(bytes),
						&len);
		printf("%5d %10.2f", width,
			   time_decode(CODEC_INT_FOR, bytes, len, DECODE));
		intcodec_encode(CODEC_INT_DELTA, sums, ROWS, bytes, sizeof(bytes),
						&len);
		printf(" %10.2f %10.2f\n",
			   time_decode(CODEC_INT_DELTA, bytes, len, DECODE),
			   time_decode(CODEC_INT_DELTA, bytes, len, DECODE_UNORDERED));
	}
}

/* ------------------------------------------------------------- data */

static CodecStatus
encode_block(Column *column, int block)
{
	uint8_t		buffer[20000];
	size_t		len = 0;
	CodecStatus status;

	if (column->ints != NULL)
		status = intcodec_encode(column->encoding, column->ints + block * ROWS,
								 ROWS, buffer, sizeof(buffer), &len);
	else
		status = floatcodec_encode(column->encoding,
								   column->doubles + block * ROWS,
								   ROWS, buffer, sizeof(buffer), &len);
	if (status != CODEC_OK || column->bytes[block] != NULL)
		return status;
	column->lens[block] = len;
	column->bytes[block] = malloc(len);
	memcpy(column->bytes[block], buffer, len);
	return CODEC_OK;
}

static CodecStatus
decode_block(Column *column, int block, Direction direction)
{
	static int64_t ints[ROWS];
	static double doubles[ROWS];
	const uint8_t *in = column->bytes[block];
	size_t		len = column->lens[block];
	bool		transposed;

	if (column->ints != NULL && direction == DECODE)
		return intcodec_decode(column->encoding, in, len, ints, ROWS);
	if (column->ints != NULL)
		return intcodec_decode_unordered(column->encoding, in, len, ints, ROWS,
										 &transposed);
	if (direction == DECODE)
		return floatcodec_decode(column->encoding, in, len, doubles, ROWS);
	return floatcodec_decode_unordered(column->encoding, in, len, doubles,
									   ROWS, &transposed);
}

static double
time_column(Column *column, Direction direction)
{
	double		best = 1e9;
	int			round;
	int			block;

	for (round = 0; round < ROUNDS; round++)
	{
		double		start = seconds();

		for (block = 0; block < BLOCKS; block++)
		{
			CodecStatus status = direction == ENCODE ?
				encode_block(column, block) :
				decode_block(column, block, direction);

			if (status != CODEC_OK)
				fail(codec_status_message(status));
		}
		best = fmin(best, seconds() - start);
	}
	return 1e-9 * BLOCKS * ROWS / best;
}

/* Bytes a value after a general compressor over groups of blocks. */
static double
compressed_size(const Column *column, CodecCompression kind)
{
	static uint8_t raw[GROUP * 20000];
	static uint8_t out[GROUP * 21000];
	size_t		total = 0;
	size_t		used = 0;
	size_t		len;
	int			block;

	for (block = 0; block < BLOCKS; block++)
	{
		memcpy(raw + used, column->bytes[block], column->lens[block]);
		used += column->lens[block];
		if (block % GROUP < GROUP - 1)
			continue;
		if (compress_encode(kind, 3, raw, used, out, sizeof(out), &len) !=
			CODEC_OK)
			fail("compression failed");
		total += len < used ? len : used;
		used = 0;
	}
	return (double) total / BLOCKS / ROWS;
}

static void
print_column(const char *name, CodecEncoding encoding, const int64_t *ints,
			 const double *doubles)
{
	Column		column = {name, encoding, ints, doubles, {NULL}, {0}};
	size_t		total = 0;
	double		speed;
	int			block;

	if (encode_block(&column, 0) == CODEC_UNFIT)
	{
		printf("%-22s %-14s unfit\n", name, codec_encoding_name(encoding));
		return;
	}
	speed = time_column(&column, ENCODE);
	for (block = 0; block < BLOCKS; block++)
		total += column.lens[block];
	printf("%-22s %-14s %7.3f %7.3f %7.3f %8.3f %8.2f %8.2f\n", name,
		   codec_encoding_name(encoding), (double) total / BLOCKS / ROWS,
		   compressed_size(&column, CODEC_COMPRESSION_LZ4),
		   compressed_size(&column, CODEC_COMPRESSION_ZSTD), speed,
		   time_column(&column, DECODE), time_column(&column, DECODE_UNORDERED));
	fflush(stdout);
	for (block = 0; block < BLOCKS; block++)
		free(column.bytes[block]);
}

static void
print_integers(const char *name, const int64_t *ints)
{
	static const CodecEncoding encodings[] = {
		CODEC_INT_FOR, CODEC_INT_DELTA, CODEC_INT_DOD, CODEC_INT_RLE,
		CODEC_INT_VARINT, CODEC_INT_PLANES, CODEC_INT_RAW, CODEC_INT_SCALED
	};
	size_t		i;

	for (i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++)
		print_column(name, encodings[i], ints, NULL);
}

static void
print_doubles(const char *name, const double *doubles)
{
	static const CodecEncoding encodings[] = {
		CODEC_FLOAT_ALP, CODEC_FLOAT_ALP_DELTA, CODEC_FLOAT_ALP_PLANES,
		CODEC_FLOAT_GORILLA, CODEC_FLOAT_RAW
	};
	size_t		i;

	for (i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++)
		print_column(name, encodings[i], NULL, doubles);
}

/* Series of 8,640 rows of N(0,1) steps, kept within 0..100. */
static void
fill_walk(double *values)
{
	double		v = 50;
	int			i;

	for (i = 0; i < BLOCKS * ROWS; i++)
	{
		if (i % 8640 == 0)
			v = 100 * random_uniform();
		v = fmax(0, fmin(100, v + random_normal()));
		values[i] = v;
	}
}

static void
fill_times(int64_t *values, double jitter)
{
	int			i;

	for (i = 0; i < BLOCKS * ROWS; i++)
		values[i] = INT64_C(757382400000000) +
			INT64_C(10000000) * (i % 8640) +
			(int64_t) (jitter * random_normal());
}

static void
print_data(void)
{
	int64_t    *ints = malloc(sizeof(int64_t) * BLOCKS * ROWS);
	double	   *walk = malloc(sizeof(double) * BLOCKS * ROWS);
	double	   *doubles = malloc(sizeof(double) * BLOCKS * ROWS);
	int			i;

	printf("%-22s %-14s %7s %7s %7s %8s %8s %8s\n", "data", "encoding",
		   "B/value", "+lz4", "+zstd", "encode", "decode", "unord.");
	fill_walk(walk);
	for (i = 0; i < BLOCKS * ROWS; i++)
		doubles[i] = round(walk[i] * 100) / 100;
	print_doubles("walk, 2 decimals", doubles);
	print_doubles("walk, all digits", walk);
	/* fares: a few dollars, in half dollars, some with tips in cents */
	for (i = 0; i < BLOCKS * ROWS; i++)
		doubles[i] = floor(5 + 20 * random_uniform() * random_uniform()) / 2 +
			(random_bits() % 3 == 0 ? (double) (random_bits() % 500) / 100 : 0);
	print_doubles("taxi-like money", doubles);
	for (i = 0; i < BLOCKS * ROWS; i++)
		ints[i] = (int64_t) walk[i];
	print_integers("walk, whole numbers", ints);
	fill_times(ints, 0);
	print_integers("constant interval", ints);
	fill_times(ints, 1000);
	print_integers("interval with jitter", ints);
	free(ints);
	free(walk);
	free(doubles);
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "all";

	if (strcmp(what, "data") != 0)
		print_widths();
	if (strcmp(what, "widths") != 0)
		print_data();
	return EXIT_SUCCESS;
}
