/*
 * vgrid.c
 *	  The starts of the equally wide ranges that values lie in.
 *
 * A division takes longer than all the rest, and neighbouring values mostly
 * lie in one range.  So a step of values that all lie in the range of the
 * value before them is done at once; in other steps a value divides when it
 * leaves the range.  Arithmetic is unsigned, because rows that do not matter
 * may hold anything.
 */
#include "simd/codec_simd.h"
#include "vector/vgrid.h"

#define STEP 16

static int64_t
range_start(int64_t value, int64_t anchor, int64_t width)
{
	int64_t		distance = (int64_t) ((uint64_t) value - (uint64_t) anchor);
	int64_t		rest = distance % width;

	if (rest < 0)
		rest += width;
	return (int64_t) ((uint64_t) value - (uint64_t) rest);
}

/* Give a step of values the start; false if one of them lies elsewhere. */
CODEC_INLINE bool
fill_step(const int64_t *values, int64_t start, int64_t width, int64_t *out)
{
	uint64_t	outside = 0;
	int			i;

	for (i = 0; i < STEP; i++)
	{
		outside |= (uint64_t) ((uint64_t) values[i] - (uint64_t) start >=
							   (uint64_t) width);
		out[i] = start;
	}
	return outside == 0;
}

CODEC_CLONES static void
grid_floor(const int64_t *values, int n, const int64_t *grid, int64_t *out)
{
	const int64_t anchor = grid[0];
	const int64_t width = grid[1];
	int64_t		start = anchor;
	int			i = 0;

	while (i < n)
	{
		int			end = i + STEP < n ? i + STEP : n;

		if (end - i == STEP && fill_step(values + i, start, width, out + i))
		{
			i = end;
			continue;
		}
		for (; i < end; i++)
		{
			if ((uint64_t) values[i] - (uint64_t) start >= (uint64_t) width)
				start = range_start(values[i], anchor, width);
			out[i] = start;
		}
	}
}

void
vgrid_floor(const int64_t *values, int n, int64_t anchor, int64_t width,
			int64_t *out)
{
	const int64_t grid[2] = {anchor, width};

	grid_floor(values, n, grid, out);
}

CODEC_CLONES static bool
all_in(const int64_t *starts, const int64_t *values, int n, int64_t start,
	   int64_t limit)
{
	uint64_t	other = 0;
	int			i;

	for (i = 0; i < n; i++)
		other |= ((uint64_t) starts[i] ^ (uint64_t) start) |
			(uint64_t) (values[i] - start >= limit);
	return other == 0;
}

bool
vgrid_all_in(const int64_t *starts, const int64_t *values, int n,
			 int64_t start, int64_t limit)
{
	return all_in(starts, values, n, start, limit);
}
