/*
 * vgrid.c
 *	  Starts of the ranges of one width that values lie in.
 *
 * A division takes longer than all the rest, and neighbouring values mostly
 * lie in one range: divide only when a value leaves the range before it.
 * Unsigned arithmetic, because rows that do not matter may hold anything.
 */
#include "codec/codec_simd.h"
#include "vector/vgrid.h"

static int64_t
range_start(int64_t value, int64_t anchor, int64_t width)
{
	int64_t		distance = (int64_t) ((uint64_t) value - (uint64_t) anchor);
	int64_t		rest = distance % width;

	if (rest < 0)
		rest += width;
	return (int64_t) ((uint64_t) value - (uint64_t) rest);
}

void
vgrid_floor(const int64_t *values, int n, int64_t anchor, int64_t width,
			int64_t *out)
{
	int64_t		start = anchor;
	int			i;

	for (i = 0; i < n; i++)
	{
		if ((uint64_t) values[i] - (uint64_t) start >= (uint64_t) width)
			start = range_start(values[i], anchor, width);
		out[i] = start;
	}
}
