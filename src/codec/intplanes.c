/*
 * intplanes.c
 *	  Zigzag differences as byte planes, for a general compressor to finish.
 *
 * Bit packing leaves a general compressor nothing to find: equal differences
 * begin at different bits.  Here each byte of the differences has a place of
 * its own, so that an entropy coder sees their distribution.
 *
 * Layout:
 *	  1 byte      number of planes (0..8), plus 128 when there are patches
 *	  varint      value before the first row, zigzag
 *	  patches     (see patches.h) values are (difference >> 8 * planes) - 1
 *	  planes      n bytes each, the lowest byte of the differences first
 */
#include "codec/intcodec.h"
#include "codec/patches.h"

#define HAS_PATCHES 0x80
#define MAX_PATCHES 64

/*
 * The number of planes with the least total size, a patch taken as 10 bits for
 * the row and the bits that are left of the largest.  Only for outliers: a
 * plane with something in more than one value of MAX_PATCHES is mostly zeros, which
 * a general compressor stores in less than the patches would take.
 */
static int
choose_planes(const uint64_t *zigzag, int n)
{
	int			counts[65] = {0};
	int			above[9];		/* values that need more than k bytes */
	unsigned	widest = 0;
	size_t		best_size = SIZE_MAX;
	int			best = 8;
	int			i;

	for (i = 0; i < n; i++)
		counts[codec_bit_length(zigzag[i])]++;
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
find_patches(const uint64_t *zigzag, int n, int planes, Patches *patches)
{
	int			i;

	patches->count = 0;
	if (planes == 8)
		return;
	for (i = 0; i < n; i++)
	{
		uint64_t	high = zigzag[i] >> (8 * planes);

		if (high == 0)
			continue;
		patches->rows[patches->count] = (uint16_t) i;
		patches->values[patches->count] = high - 1;
		patches->count++;
	}
}

uint8_t *
intplanes_write(const uint64_t *values, int n, uint8_t *out)
{
	uint64_t	zigzag[CODEC_BLOCK_ROWS];
	Patches		patches;
	int			planes;
	int			i;
	int			k;

	intcodec_differences(values, n, values[0], zigzag);
	for (i = 0; i < n; i++)
		zigzag[i] = codec_zigzag(zigzag[i]);
	planes = choose_planes(zigzag, n);
	find_patches(zigzag, n, planes, &patches);

	*out++ = (uint8_t) (planes | (patches.count > 0 ? HAS_PATCHES : 0));
	out = codec_put_varint(out, codec_zigzag(values[0]));
	if (patches.count > 0)
		out = patches_write(&patches, n, out);
	for (k = 0; k < planes; k++)
	{
		for (i = 0; i < n; i++)
			out[i] = (uint8_t) (zigzag[i] >> (8 * k));
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
	uint64_t	sum;
	int			planes;
	int			i;

	status = codec_get_byte(r, &head);
	if (status != CODEC_OK)
		return status;
	planes = head % HAS_PATCHES;
	if (planes > (head < HAS_PATCHES ? 8 : 7))
		return CODEC_CORRUPT;
	status = codec_get_varint(r, &sum);
	patches.count = 0;
	if (status == CODEC_OK && head >= HAS_PATCHES)
		status = patches_read(r, n, &patches);
	if (status == CODEC_OK)
		status = read_planes(r, planes, values, n);
	if (status != CODEC_OK)
		return status;
	for (i = 0; i < patches.count; i++)
		values[patches.rows[i]] |= (patches.values[i] + 1) << (8 * planes);
	unzigzag_all(values, n);
	sum = codec_unzigzag(sum);
	for (i = 0; i < n; i++)
		values[i] = sum += values[i];
	return CODEC_OK;
}
