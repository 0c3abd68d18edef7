/*
 * test_format.c
 *	  The worked examples of docs/format.md, read from the document itself.
 *
 * A line of the form "    ENCODING rows V... bytes XX..." decodes to its rows,
 * and its rows encode to its bytes: the document and the code cannot part
 * without a test that fails.  The layout of full blocks, which no line could
 * hold, is checked against a reader written from the document's words.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define FORMAT "../../docs/format.md"
#define MAX_EXAMPLE 64

typedef struct Example
{
	CodecEncoding encoding;
	int			n;
	int64_t		ints[MAX_EXAMPLE];
	double		doubles[MAX_EXAMPLE];
	size_t		len;
	uint8_t		bytes[MAX_EXAMPLE];
} Example;

static bool
parse_example(char *line, Example *example)
{
	char	   *word = strtok(line, " \n");

	if (strncmp(line, "    ", 4) != 0 || word == NULL)
		return false;
	example->encoding = codec_encoding_by_name(word);
	word = strtok(NULL, " \n");
	if (word == NULL || strcmp(word, "rows") != 0)
		return false;
	for (example->n = 0; example->n < MAX_EXAMPLE; example->n++)
	{
		word = strtok(NULL, " \n");
		if (word == NULL)
			return false;
		if (strcmp(word, "bytes") == 0)
			break;
		example->ints[example->n] = atoll(word);
		example->doubles[example->n] = atof(word);
	}
	for (example->len = 0; example->len < MAX_EXAMPLE; example->len++)
	{
		word = strtok(NULL, " \n");
		if (word == NULL)
			return true;
		example->bytes[example->len] = (uint8_t) strtoul(word, NULL, 16);
	}
	return false;
}

static void
check_integers(const Example *e, const char *name)
{
	int64_t		out[MAX_EXAMPLE];
	uint8_t		bytes[4 * MAX_EXAMPLE * sizeof(int64_t)];
	size_t		len;

	UNIT_CHECK(intcodec_decode(e->encoding, e->bytes, e->len, out, e->n) ==
			   CODEC_OK &&
			   memcmp(out, e->ints, (size_t) e->n * sizeof(int64_t)) == 0,
			   name);
	UNIT_CHECK(intcodec_encode(e->encoding, e->ints, e->n, bytes,
							   sizeof(bytes), &len) == CODEC_OK &&
			   len == e->len && memcmp(bytes, e->bytes, len) == 0, name);
}

static void
check_doubles(const Example *e, const char *name)
{
	double		out[MAX_EXAMPLE];
	uint8_t		bytes[4 * MAX_EXAMPLE * sizeof(double)];
	size_t		len;

	UNIT_CHECK(floatcodec_decode(e->encoding, e->bytes, e->len, out, e->n) ==
			   CODEC_OK &&
			   memcmp(out, e->doubles, (size_t) e->n * sizeof(double)) == 0,
			   name);
	UNIT_CHECK(floatcodec_encode(e->encoding, e->doubles, e->n, bytes,
								 sizeof(bytes), &len) == CODEC_OK &&
			   len == e->len && memcmp(bytes, e->bytes, len) == 0, name);
}

static void
check_document(void)
{
	FILE	   *file = fopen(FORMAT, "r");
	char		line[1000];
	Example		example;
	int			found = 0;

	UNIT_CHECK(file != NULL, "run from test/unit");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
	{
		if (!parse_example(line, &example))
			continue;
		found++;
		if (example.encoding >= CODEC_FLOAT_RAW)
			check_doubles(&example, codec_encoding_name(example.encoding));
		else
			check_integers(&example, codec_encoding_name(example.encoding));
	}
	UNIT_CHECK(found >= 10, "examples in the document");
	if (file != NULL)
		fclose(file);
}

/* ------------------------------------------------------------- full blocks */

/* Number i of lane j in packed(w, 1024), w <= 32, bit by bit (6.1). */
static uint64_t
slot_bits(const uint8_t *packed, int i, int j, int width)
{
	uint64_t	v = 0;
	int			b;

	for (b = 0; b < width; b++)
	{
		int			bit = i * width + b;
		const uint8_t *word = packed + 4 * (32 * (bit / 32) + j);

		v |= (uint64_t) (word[bit % 32 / 8] >> bit % 8 & 1) << b;
	}
	return v;
}

static uint64_t
slot_number(const uint8_t *packed, int slot, int width)
{
	int			i = slot / 32;
	int			j = slot % 32;

	if (width <= 32)
		return slot_bits(packed, i, j, width);
	return slot_bits(packed, i, j, 32) |
		slot_bits(packed + 4096, i, j, width - 32) << 32;
}

static uint64_t
read_svarint(const uint8_t **p)
{
	uint64_t	v = 0;
	int			shift = 0;

	do
		v |= (uint64_t) (**p & 0x7f) << shift;
	while (shift += 7, *(*p)++ >= 0x80);
	return (v >> 1) ^ (0 - (v & 1));
}

/* Decode a frame without patches by the document's words. */
static bool
read_frame(const uint8_t *p, bool lanes, uint64_t *rows)
{
	int			width = *p++;
	uint64_t	base = read_svarint(&p);
	int			row;

	if (width >= 128)
		return false;
	for (row = 0; row < CODEC_BLOCK_ROWS; row++)
		rows[row] = base +
			slot_number(p, lanes ? row % 32 * 32 + row / 32 : row, width);
	return true;
}

static void
check_full_blocks(void)
{
	int64_t		values[CODEC_BLOCK_ROWS];
	uint64_t	rows[CODEC_BLOCK_ROWS];
	uint8_t		bytes[20000];
	const uint8_t *p;
	size_t		len;
	int			width;
	int			i;

	for (width = 1; width <= 64; width++)
	{
		for (i = 0; i < CODEC_BLOCK_ROWS; i++)
			values[i] = (int64_t) (unit_random() >> (64 - width));
		intcodec_encode(CODEC_INT_FOR, values, CODEC_BLOCK_ROWS, bytes,
						sizeof(bytes), &len);
		UNIT_CHECK(read_frame(bytes, false, rows) &&
				   memcmp(rows, values, sizeof(rows)) == 0, "full block");
		for (i = 1; i < CODEC_BLOCK_ROWS; i++)
			values[i] = (int64_t) ((uint64_t) values[i] +
								   (uint64_t) values[i - 1]);
		intcodec_encode(CODEC_INT_DELTA, values, CODEC_BLOCK_ROWS, bytes,
						sizeof(bytes), &len);
		p = bytes;
		rows[0] = read_svarint(&p);
		{
			uint64_t	sum = rows[0];

			UNIT_CHECK(read_frame(p, true, rows), "no patches");
			for (i = 0; i < CODEC_BLOCK_ROWS; i++)
				rows[i] = sum += rows[i];
		}
		UNIT_CHECK(memcmp(rows, values, sizeof(rows)) == 0, "full delta block");
	}
}

int
main(void)
{
	check_document();
	check_full_blocks();
	return unit_finish("test_format");
}
