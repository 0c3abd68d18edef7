/*
 * bitpack.c
 *	  Fixed-width bit packing, interleaved over 32 lanes.
 *
 * Full block (1,024 slots, width w <= 32): each lane j packs its 32 values
 * i = 0..31 into w words of 32 bits, low bits first, and the lanes' words are
 * interleaved: word k of lane j is at word k * 32 + j.  All lanes take the same
 * shifts at the same time, so one vector instruction serves 4, 8 or 16 of
 * them.  The idea is that of FastLanes (Afroozeh and Boncz, VLDB 2023).
 * Width w > 32: the low 32 bits as a block of width 32, then the high w - 32
 * bits as a block of that width.
 *
 * Fewer than 1,024 values: one after the other, low bits first, so that a row
 * costs its bits and no more.
 *
 * The kernels are one inlined function per direction, instantiated for every
 * width: with the width a constant, all shifts and word numbers are too.  The
 * loop over lanes is the outer one, so that each packed word is loaded once
 * and the body is the 32 steps in a row.
 */
#include "codec/bitpack.h"

#include "codec/codec_bytes.h"

#define LANES BITPACK_LANES

#define REPEAT_32(STEP) \
	STEP(0) STEP(1) STEP(2) STEP(3) STEP(4) STEP(5) STEP(6) STEP(7) \
	STEP(8) STEP(9) STEP(10) STEP(11) STEP(12) STEP(13) STEP(14) STEP(15) \
	STEP(16) STEP(17) STEP(18) STEP(19) STEP(20) STEP(21) STEP(22) STEP(23) \
	STEP(24) STEP(25) STEP(26) STEP(27) STEP(28) STEP(29) STEP(30) STEP(31)

/* widths 1..32 as the cases of a switch */
#define EACH_WIDTH(CASE) REPEAT_32(CASE)

size_t
bitpack_size(int n, unsigned width)
{
	return ((size_t) n * width + 7) / 8;
}

/* Value i of the lane whose first word is at lane. */
CODEC_INLINE uint32_t
unpack_value(const CodecWord *lane, unsigned i, unsigned width, uint32_t mask)
{
	unsigned	word = i * width / 32;
	unsigned	shift = i * width % 32;
	uint32_t	v = CODEC_LE32(lane[word * LANES]) >> shift;

	if (shift + width > 32)
		v |= CODEC_LE32(lane[(word + 1) * LANES]) << (32 - shift);
	return v & mask;
}

CODEC_INLINE void
unpack_lanes(const CodecWord *restrict in, uint32_t *restrict slots,
			 unsigned width)
{
	uint32_t	mask = UINT32_MAX >> (32 - width);
	unsigned	j;

	for (j = 0; j < LANES; j++)
	{
#define STEP(i) slots[(i) * LANES + j] = unpack_value(in + j, i, width, mask);
		REPEAT_32(STEP)
#undef STEP
	}
}

CODEC_CLONES static void
kernel_unpack32(const uint8_t *in, unsigned width, uint32_t *slots)
{
	const CodecWord *words = (const CodecWord *) in;

	switch (width)
	{
#define CASE(w) \
		case w + 1: \
			unpack_lanes(words, slots, w + 1); \
			break;
		EACH_WIDTH(CASE)
#undef CASE
		default:
			memset(slots, 0, CODEC_BLOCK_ROWS * sizeof(*slots));
			break;
	}
}

void
bitpack_unpack32(const uint8_t *in, unsigned width, uint32_t *slots)
{
	kernel_unpack32(in, width, slots);
}

/*
 * Add value i to the word under construction; a word that is full goes out.
 * Returns the word that continues.
 */
CODEC_INLINE uint32_t
pack_value(CodecWord *lane, uint32_t open, uint32_t v, unsigned i,
		   unsigned width)
{
	unsigned	word = i * width / 32;
	unsigned	shift = i * width % 32;

	open |= v << shift;
	if (shift + width < 32)
		return open;
	lane[word * LANES] = CODEC_LE32(open);
	return shift + width > 32 ? v >> (32 - shift) : 0;
}

CODEC_INLINE void
pack_lanes(const uint32_t *restrict slots, CodecWord *restrict out,
		   unsigned width)
{
	uint32_t	mask = UINT32_MAX >> (32 - width);
	unsigned	j;

	for (j = 0; j < LANES; j++)
	{
		uint32_t	open = 0;

#define STEP(i) \
		open = pack_value(out + j, open, slots[(i) * LANES + j] & mask, i, width);
		REPEAT_32(STEP)
#undef STEP
	}
}

/*
 * Not cloned: the baseline packs 10 G values/s, encoding as a whole does not
 * reach a twentieth of that, and each clone of 32 widths takes seconds to
 * compile.
 */
static void
pack_full32(const uint32_t *slots, unsigned width, uint8_t *out)
{
	CodecWord  *words = (CodecWord *) out;

	switch (width)
	{
#define CASE(w) \
		case w + 1: \
			pack_lanes(slots, words, w + 1); \
			break;
		EACH_WIDTH(CASE)
#undef CASE
		default:
			break;
	}
}

/* Narrow to 32 bits after dropping shift (0 or 32) low bits. */
CODEC_CLONES static void
narrow(const uint64_t *restrict in, unsigned shift,
			   uint32_t *restrict out)
{
	int			i;

	for (i = 0; i < CODEC_BLOCK_ROWS; i++)
		out[i] = (uint32_t) (in[i] >> shift);
}

CODEC_CLONES static void
join(const uint32_t *restrict low, const uint32_t *restrict high,
			 uint64_t *restrict out)
{
	int			i;

	for (i = 0; i < CODEC_BLOCK_ROWS; i++)
		out[i] = low[i] | (uint64_t) high[i] << 32;
}

static void
pack_full(const uint64_t *slots, unsigned width, uint8_t *out)
{
	uint32_t	half[CODEC_BLOCK_ROWS];
	unsigned	low_width = width < 32 ? width : 32;

	narrow(slots, 0, half);
	pack_full32(half, low_width, out);
	if (width > 32)
	{
		narrow(slots, 32, half);
		pack_full32(half, width - 32,
					   out + bitpack_size(CODEC_BLOCK_ROWS, 32));
	}
}

static void
unpack_full(const uint8_t *in, unsigned width, uint64_t *slots)
{
	uint32_t	low[CODEC_BLOCK_ROWS];
	uint32_t	high[CODEC_BLOCK_ROWS];

	if (width <= 32)
	{
		bitpack_unpack32(in, width, low);
		memset(high, 0, sizeof(high));
	}
	else
	{
		bitpack_unpack32(in, 32, low);
		bitpack_unpack32(in + bitpack_size(CODEC_BLOCK_ROWS, 32), width - 32,
						 high);
	}
	join(low, high, slots);
}

void
bitpack_pack_sequence(const uint64_t *values, int n, unsigned width,
					  uint8_t *out)
{
	uint64_t	open = 0;
	unsigned	nopen = 0;		/* bits in open, always less than 8 */
	int			i;

	for (i = 0; i < n; i++)
	{
		uint64_t	v = values[i];
		unsigned	left = width;

		/* at most 32 bits at a time, so that open cannot overflow */
		while (left > 0)
		{
			unsigned	take = left < 32 ? left : 32;

			open |= (v & (UINT64_MAX >> (64 - take))) << nopen;
			nopen += take;
			left -= take;
			v >>= take;
			for (; nopen >= 8; nopen -= 8)
			{
				*out++ = (uint8_t) open;
				open >>= 8;
			}
		}
	}
	if (nopen > 0)
		*out = (uint8_t) open;
}

/* n values from a bit on, with loads of 8 bytes; width <= 57. */
static void
unpack_loads(const uint8_t *in, size_t bit, int n, unsigned width,
			 uint64_t *values)
{
	uint64_t	mask = UINT64_MAX >> (64 - width);
	int			i;

	for (i = 0; i < n; i++, bit += width)
		values[i] = codec_load64(in + bit / 8) >> bit % 8 & mask;
}

/* As many values as such loads get without leaving the input. */
static int
count_loads(size_t size, int n, unsigned width)
{
	int			count;

	if (size < 8)
		return 0;
	/* value i begins in byte i * width / 8, at most the 8th from the end */
	count = (int) (((size - 8) * 8 + 7) / width) + 1;
	return count < n ? count : n;
}

/* Any width; a byte at a time. */
static void
unpack_wide(const uint8_t *in, int n, unsigned width, uint64_t *values)
{
	size_t		bit = 0;
	unsigned	done;
	int			i;

	for (i = 0; i < n; i++)
	{
		values[i] = 0;
		for (done = 0; done < width;)
		{
			unsigned	take = 8 - (unsigned) (bit % 8);

			take = take < width - done ? take : width - done;
			values[i] |= (uint64_t) (in[bit / 8] >> bit % 8 &
									 ((1 << take) - 1)) << done;
			done += take;
			bit += take;
		}
	}
}

void
bitpack_unpack_sequence(const uint8_t *in, int n, unsigned width,
						uint64_t *values)
{
	size_t		size = bitpack_size(n, width);
	uint8_t		tail[16] = {0};
	size_t		bit;
	int			count;

	if (width == 0)
	{
		memset(values, 0, (size_t) n * sizeof(*values));
		return;
	}
	if (width > 57)
	{
		unpack_wide(in, n, width, values);
		return;
	}
	count = count_loads(size, n, width);
	unpack_loads(in, 0, count, width, values);
	/* the rest begins in the last 7 bytes: the same from a padded copy */
	bit = (size_t) count * width;
	memcpy(tail, in + bit / 8, size - bit / 8);
	unpack_loads(tail, bit % 8, n - count, width, values + count);
}

void
bitpack_pack(const uint64_t *slots, int n, unsigned width, uint8_t *out)
{
	if (n == CODEC_BLOCK_ROWS)
		pack_full(slots, width, out);
	else
		bitpack_pack_sequence(slots, n, width, out);
}

void
bitpack_unpack(const uint8_t *in, int n, unsigned width, uint64_t *slots)
{
	if (n == CODEC_BLOCK_ROWS)
		unpack_full(in, width, slots);
	else
		bitpack_unpack_sequence(in, n, width, slots);
}
