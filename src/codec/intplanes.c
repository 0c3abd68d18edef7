/*
 * intplanes.c
 *	  Differences, or values, as byte planes, for a general compressor to finish.
 *
 * Bit packing leaves a general compressor nothing to find: equal values begin
 * at different bits.  Here each byte of the values has a place of its own, so
 * that an entropy coder sees their distribution.
 *
 * Layout:
 *	  1 byte      number of planes (0..8), plus 64 for values instead of
 *				  differences, plus 128 when there are patches
 *	  varint      value before the first row, or base of the values, zigzag
 *	  patches     (see patches.h) values are (number >> 8 * planes) - 1
 *	  planes      n bytes each, the lowest byte of the numbers first
 *
 * The numbers are zigzag differences, or values minus the base.
 */
#include "codec/intcodec.h"
#include "codec/patches.h"

#define HAS_PATCHES 0x80
#define HOLDS_VALUES 0x40
#define MAX_PATCHES 64

/*
 * The number of planes with the least total size, a patch taken as 10 bits for
 * the row and the bits that are left of the largest.  Only for outliers: a
 * plane with something in more than one value of MAX_PATCHES is mostly zeros, which
 * a general compressor stores in less than the patches would take.
 */
static int
choose_planes(const uint64_t *numbers, int n)
{
	int			counts[65] = {0};
	int			above[9];		/* values that need more than k bytes */
	unsigned	widest = 0;
	size_t		best_size = SIZE_MAX;
	int			best = 8;
	int			i;

	for (i = 0; i < n; i++)
		counts[codec_bit_length(numbers[i])]++;
	memset(above, 0, sizeof(above));
	for (i = 1; i <= 64; i++)
	{
		above[(i - 1) / 8] += counts[i];
		if (counts[i] > 0)
			widest = (unsigned) i;
	}
	for (i = 7; i >= 0; i--)
		above[i] += above[i + 1];
	for (i = 0; i <= 8; i++)
	{
		size_t		size = (size_t) n * i;

		if (above[i] > n / MAX_PATCHES)
			continue;
		if (above[i] > 0)
			size += 2 + (above[i] * (10 + widest - 8 * i) + 7) / 8;
		if (size < best_size)
		{
			best_size = size;
			best = i;
		}
	}
	return best;
}

static void
find_patches(const uint64_t *numbers, int n, int planes, Patches *patches)
{
	int			i;

	patches->count = 0;
	if (planes == 8)
		return;
	for (i = 0; i < n; i++)
	{
		uint64_t	high = numbers[i] >> (8 * planes);

		if (high == 0)
			continue;
		patches->rows[patches->count] = (uint16_t) i;
		patches->values[patches->count] = high - 1;
		patches->count++;
	}
}

/* c * log2(c) in 1/256, the logarithm as a line between powers of two. */
static uint32_t
times_log2(uint32_t c)
{
	unsigned	whole = codec_bit_length(c) - 1;

	if (c == 0)
		return 0;
	return c * (whole * 256 + ((c << 8 >> whole) - 256));
}

/*
 * Roughly what an entropy coder makes of the planes of the numbers, in 1/256
 * bits: n log n - sum of c log c, with c the counts of the byte values.
 */
static uint64_t
estimate_entropy(const uint64_t *numbers, int n)
{
	uint64_t	all = 0;
	uint64_t	sum = 0;
	int			i;
	int			k;

	for (i = 0; i < n; i++)
		all |= numbers[i];
	for (k = 0; k < 8 && all >> (8 * k) != 0; k++)
	{
		uint16_t	counts[256] = {0};

		for (i = 0; i < n; i++)
			counts[numbers[i] >> (8 * k) & 0xff]++;
		sum += times_log2((uint32_t) n);
		for (i = 0; i < 256; i++)
			sum -= times_log2(counts[i]);
	}
	return sum;
}

/*
 * The base that values are kept relative to: 0 where that takes no more bytes,
 * so that a value looks the same in all blocks that are compressed together.
 */
static uint64_t
choose_base(const uint64_t *values, int n)
{
	int64_t		min = (int64_t) values[0];
	int64_t		max = min;
	int			i;

	for (i = 1; i < n; i++)
	{
		int64_t		v = (int64_t) values[i];

		min = v < min ? v : min;
		max = v > max ? v : max;
	}
	if (min >= 0 &&
		(codec_bit_length((uint64_t) max) + 7) / 8 <=
		(codec_bit_length((uint64_t) max - (uint64_t) min) + 7) / 8)
		return 0;
	return (uint64_t) min;
}

/*
 * The numbers to store: differences, or values where there is less in these, as
 * in data without order.  Returns the flag for the head.
 */
static unsigned
make_numbers(const uint64_t *values, int n, uint64_t *numbers,
			 uint64_t *reference)
{
	uint64_t	offsets[CODEC_BLOCK_ROWS];
	uint64_t	base = choose_base(values, n);
	int			i;

	/* the first difference is 0 and stays it */
	intcodec_differences(values, n, values[0], numbers);
	offsets[0] = values[0] - base;
	for (i = 1; i < n; i++)
	{
		numbers[i] = codec_zigzag(numbers[i]);
		offsets[i] = values[i] - base;
	}
	*reference = values[0];
	if (estimate_entropy(numbers, n) <= estimate_entropy(offsets, n))
		return 0;
	memcpy(numbers, offsets, (size_t) n * sizeof(*numbers));
	*reference = base;
	return HOLDS_VALUES;
}

uint8_t *
intplanes_write(const uint64_t *values, int n, uint8_t *out)
{
	uint64_t	numbers[CODEC_BLOCK_ROWS];
	uint64_t	reference;
	Patches		patches;
	unsigned	head;
	int			planes;
	int			i;
	int			k;

	head = make_numbers(values, n, numbers, &reference);
	planes = choose_planes(numbers, n);
	find_patches(numbers, n, planes, &patches);
	if (patches.count > 0)
		head |= HAS_PATCHES;

	*out++ = (uint8_t) (head | (unsigned) planes);
	out = codec_put_varint(out, codec_zigzag(reference));
	if (patches.count > 0)
		out = patches_write(&patches, n, out);
	for (k = 0; k < planes; k++)
	{
		for (i = 0; i < n; i++)
			out[i] = (uint8_t) (numbers[i] >> (8 * k));
		out += n;
	}
	return out;
}

/* Add plane k to the values. */
CODEC_CLONES static void
add_plane(const uint8_t *restrict plane, int n, int k,
		  uint64_t *restrict values)
{
	int			i;

	for (i = 0; i < n; i++)
		values[i] |= (uint64_t) plane[i] << (8 * k);
}

CODEC_CLONES static void
unzigzag_all(uint64_t *values, int n)
{
	int			i;

	for (i = 0; i < n; i++)
		values[i] = codec_unzigzag(values[i]);
}

CODEC_CLONES static void
add_base(uint64_t *values, int n, uint64_t base)
{
	int			i;

	for (i = 0; i < n; i++)
		values[i] += base;
}

static void
add_differences(uint64_t *values, int n, uint64_t before)
{
	int			i;

	unzigzag_all(values, n);
	for (i = 0; i < n; i++)
		values[i] = before += values[i];
}

static CodecStatus
read_planes(CodecReader *r, int planes, uint64_t *values, int n)
{
	const uint8_t *bytes;
	CodecStatus status;
	int			k;

	status = codec_get_bytes(r, (size_t) planes * n, &bytes);
	if (status != CODEC_OK)
		return status;
	memset(values, 0, (size_t) n * sizeof(*values));
	for (k = 0; k < planes; k++)
		add_plane(bytes + (size_t) k * n, n, k, values);
	return CODEC_OK;
}

CodecStatus
intplanes_read(CodecReader *r, uint64_t *values, int n)
{
	Patches		patches;
	CodecStatus status;
	uint8_t		head;
	uint64_t	reference;
	int			planes;
	int			i;

	status = codec_get_byte(r, &head);
	if (status != CODEC_OK)
		return status;
	planes = head % HOLDS_VALUES;
	if (planes > (head < HAS_PATCHES ? 8 : 7))
		return CODEC_CORRUPT;
	status = codec_get_varint(r, &reference);
	patches.count = 0;
	if (status == CODEC_OK && head >= HAS_PATCHES)
		status = patches_read(r, n, &patches);
	if (status == CODEC_OK)
		status = read_planes(r, planes, values, n);
	if (status != CODEC_OK)
		return status;
	for (i = 0; i < patches.count; i++)
		values[patches.rows[i]] |= (patches.values[i] + 1) << (8 * planes);
	if (head & HOLDS_VALUES)
		add_base(values, n, codec_unzigzag(reference));
	else
		add_differences(values, n, codec_unzigzag(reference));
	return CODEC_OK;
}
