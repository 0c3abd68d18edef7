/*
 * lanes.c
 *	  Running sums over a block in lane order, and the way back to row order.
 *
 * A running sum over 1,024 rows is a chain of 1,024 dependent additions.  In
 * lane order it is 32 additions of 32 lanes at once, and then 32 scalar ones
 * that carry the lanes' totals forward (the caller does those, because it also
 * knows the patches).
 *
 * Row order is the transpose of the 32 x 32 slots.  Written as the obvious
 * double loop it gathers element by element, 2-4 G values/s.  Seen as bits it
 * is a rotation of the 10-bit slot number by 5, and interleaving 2^k equal
 * parts of an array rotates by k: so interleave 4 parts and then 8.  Compilers
 * turn stores of interleaved groups into register shuffles, 7-12 G values/s.
 */
#include "codec/lanes.h"

#include "codec/codec.h"
#include "simd/codec_simd.h"

#define LANES LANES_COUNT
#define ROWS CODEC_BLOCK_ROWS

CODEC_CLONES static void
kernel_sum32(uint32_t *restrict slots, uint64_t *restrict totals)
{
	uint32_t	sums[LANES] = {0};
	int			i;
	int			j;

	for (i = 0; i < LANES; i++)
	{
		for (j = 0; j < LANES; j++)
		{
			sums[j] += slots[i * LANES + j];
			slots[i * LANES + j] = sums[j];
		}
	}
	for (j = 0; j < LANES; j++)
		totals[j] = (uint64_t) (int32_t) sums[j];
}

void
lanes_sum32(uint32_t *slots, uint64_t *totals)
{
	kernel_sum32(slots, totals);
}

CODEC_CLONES static void
kernel_sum64(uint64_t *restrict slots, uint64_t *restrict totals)
{
	int			i;
	int			j;

	for (j = 0; j < LANES; j++)
		totals[j] = 0;
	for (i = 0; i < LANES; i++)
	{
		for (j = 0; j < LANES; j++)
		{
			totals[j] += slots[i * LANES + j];
			slots[i * LANES + j] = totals[j];
		}
	}
}

void
lanes_sum64(uint64_t *slots, uint64_t *totals)
{
	kernel_sum64(slots, totals);
}

CODEC_CLONES static void
kernel_add32(const uint32_t *restrict sums, const LanesOffset *restrict offset,
			uint64_t *restrict slots)
{
	int			i;
	int			j;

	for (i = 0; i < LANES; i++)
	{
		uint64_t	steps = offset->step * (uint64_t) i;

		for (j = 0; j < LANES; j++)
			slots[i * LANES + j] = offset->start[j] + steps +
				(uint64_t) (int32_t) sums[i * LANES + j];
	}
}

void
lanes_add32(const uint32_t *sums, const LanesOffset *offset,
			uint64_t *slots)
{
	kernel_add32(sums, offset, slots);
}

CODEC_CLONES static void
kernel_add64(const uint64_t *restrict sums, const LanesOffset *restrict offset,
			uint64_t *restrict slots)
{
	int			i;
	int			j;

	for (i = 0; i < LANES; i++)
	{
		uint64_t	steps = offset->step * (uint64_t) i;

		for (j = 0; j < LANES; j++)
			slots[i * LANES + j] = offset->start[j] + steps +
				sums[i * LANES + j];
	}
}

void
lanes_add64(const uint64_t *sums, const LanesOffset *offset,
			uint64_t *slots)
{
	kernel_add64(sums, offset, slots);
}

CODEC_INLINE void
interleave4_32(const uint32_t *restrict in, uint32_t *restrict out)
{
	int			k;

	for (k = 0; k < ROWS / 4; k++)
	{
		out[4 * k] = in[k];
		out[4 * k + 1] = in[k + ROWS / 4];
		out[4 * k + 2] = in[k + ROWS / 4 * 2];
		out[4 * k + 3] = in[k + ROWS / 4 * 3];
	}
}

CODEC_INLINE void
interleave8_32(const uint32_t *restrict in, uint32_t *restrict out)
{
	int			k;

	for (k = 0; k < ROWS / 8; k++)
	{
		out[8 * k] = in[k];
		out[8 * k + 1] = in[k + ROWS / 8];
		out[8 * k + 2] = in[k + ROWS / 8 * 2];
		out[8 * k + 3] = in[k + ROWS / 8 * 3];
		out[8 * k + 4] = in[k + ROWS / 8 * 4];
		out[8 * k + 5] = in[k + ROWS / 8 * 5];
		out[8 * k + 6] = in[k + ROWS / 8 * 6];
		out[8 * k + 7] = in[k + ROWS / 8 * 7];
	}
}

CODEC_INLINE void
interleave4_64(const uint64_t *restrict in, uint64_t *restrict out)
{
	int			k;

	for (k = 0; k < ROWS / 4; k++)
	{
		out[4 * k] = in[k];
		out[4 * k + 1] = in[k + ROWS / 4];
		out[4 * k + 2] = in[k + ROWS / 4 * 2];
		out[4 * k + 3] = in[k + ROWS / 4 * 3];
	}
}

CODEC_INLINE void
interleave8_64(const uint64_t *restrict in, uint64_t *restrict out)
{
	int			k;

	for (k = 0; k < ROWS / 8; k++)
	{
		out[8 * k] = in[k];
		out[8 * k + 1] = in[k + ROWS / 8];
		out[8 * k + 2] = in[k + ROWS / 8 * 2];
		out[8 * k + 3] = in[k + ROWS / 8 * 3];
		out[8 * k + 4] = in[k + ROWS / 8 * 4];
		out[8 * k + 5] = in[k + ROWS / 8 * 5];
		out[8 * k + 6] = in[k + ROWS / 8 * 6];
		out[8 * k + 7] = in[k + ROWS / 8 * 7];
	}
}

CODEC_CLONES static void
kernel_rows32(const uint32_t *restrict sums, const LanesOffset *restrict offset,
			 uint64_t *restrict rows)
{
	uint32_t	half[ROWS];
	uint32_t	ordered[ROWS];
	int			i;
	int			j;

	interleave4_32(sums, half);
	interleave8_32(half, ordered);
	for (j = 0; j < LANES; j++)
	{
		for (i = 0; i < LANES; i++)
			rows[j * LANES + i] = offset->start[j] +
				offset->step * (uint64_t) i +
				(uint64_t) (int32_t) ordered[j * LANES + i];
	}
}

void
lanes_rows32(const uint32_t *sums, const LanesOffset *offset,
			 uint64_t *rows)
{
	kernel_rows32(sums, offset, rows);
}

CODEC_CLONES static void
kernel_rows64(const uint64_t *restrict sums, const LanesOffset *restrict offset,
			  uint64_t *restrict rows)
{
	uint64_t	half[ROWS];
	int			i;
	int			j;

	interleave4_64(sums, half);
	interleave8_64(half, rows);
	for (j = 0; j < LANES; j++)
	{
		for (i = 0; i < LANES; i++)
			rows[j * LANES + i] += offset->start[j] +
				offset->step * (uint64_t) i;
	}
}

void
lanes_rows64(const uint64_t *sums, const LanesOffset *offset, uint64_t *rows)
{
	kernel_rows64(sums, offset, rows);
}

/* A transposition is its own inverse. */
CODEC_CLONES static void
kernel_from_rows(const uint64_t *restrict rows, uint64_t *restrict slots)
{
	uint64_t	half[ROWS];

	interleave4_64(rows, half);
	interleave8_64(half, slots);
}

void
lanes_from_rows(const uint64_t *rows, uint64_t *slots)
{
	kernel_from_rows(rows, slots);
}
