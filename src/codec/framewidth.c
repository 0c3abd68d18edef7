/*
 * framewidth.c
 *	  Which window of values a frame packs; the rest becomes patches.
 *
 * One bit less saves n / 8 bytes; every value that then falls outside costs a
 * patch.  The best window is found without sorting, in three looks:
 *
 *	1. the median of a sample is a centre that outliers cannot move;
 *	2. a histogram of the bit lengths of the distances to it gives the width
 *	   to within a bit, if the window were centred there;
 *	3. a histogram of 256 buckets around the centre lets windows of that width
 *	   and the ones near it slide to where they hold the most values.
 *
 * Bucket edges are approximate, so the result is an estimate; the encoder
 * counts the true size and falls back to the full window when that is less.
 */
#include "codec/framewidth.h"

#include "codec/bitpack.h"
#include "codec/patches.h"

#define SAMPLE 31
#define BUCKET_BITS 8
#define BUCKETS (1 << BUCKET_BITS)

/*
 * Adding one to the counter that was just added to waits for the store, and
 * most values want the same counter; so neighbours have counters of their own.
 */
#define COUNTERS 4

/* how far below the width from look 2 look 3 goes */
#define NARROWER 4

/* What choosing needs to know about the block all along. */
typedef struct FrameSearch
{
	const uint64_t *values;
	int			n;
	uint64_t	min;			/* as signed numbers */
	uint64_t	max;
	size_t		best_size;
	FrameWindow best;
} FrameSearch;

CODEC_CLONES static void
find_extremes(const uint64_t *values, int n, uint64_t *min, uint64_t *max)
{
	int64_t		low = (int64_t) values[0];
	int64_t		high = low;
	int			i;

	for (i = 1; i < n; i++)
	{
		int64_t		v = (int64_t) values[i];

		low = v < low ? v : low;
		high = v > high ? v : high;
	}
	*min = (uint64_t) low;
	*max = (uint64_t) high;
}

static uint64_t
sample_median(const uint64_t *values, int n)
{
	int64_t		sorted[SAMPLE] = {0};
	int			count = n < SAMPLE ? n : SAMPLE;
	int			i;
	int			k;

	for (i = 0; i < count; i++)
	{
		int64_t		v = (int64_t) values[framewidth_sample_row(i, count, n)];

		for (k = i; k > 0 && sorted[k - 1] > v; k--)
			sorted[k] = sorted[k - 1];
		sorted[k] = v;
	}
	return (uint64_t) sorted[count / 2];
}

/*
 * Estimated bytes of a window with that many patches.  All patches are as wide
 * as the farthest, or a byte each with a few more for the farthest.
 */
static size_t
estimate_size(const FrameSearch *s, const FrameWindow *window, int patches)
{
	uint64_t	low = codec_zigzag((uint64_t)
								   ((int64_t) (s->min - window->base) >>
									window->width));
	uint64_t	high = codec_zigzag((uint64_t)
									((int64_t) (s->max - window->base) >>
									 window->width));
	unsigned	width = codec_bit_length(low > high ? low : high);
	size_t		size = bitpack_size(s->n, window->width);

	if (patches == 0)
		return size;
	size += 2 + (PATCHES_ROW_BITS(s->n) * (size_t) patches + 7) / 8;
	if (width > 8)
		return size + (size_t) patches + width / 8;
	return size + (width * (size_t) patches + 7) / 8;
}

static void
consider(FrameSearch *s, const FrameWindow *window, int patches)
{
	size_t		size = estimate_size(s, window, patches);

	if (size < s->best_size)
	{
		s->best_size = size;
		s->best = *window;
	}
}

/* Look 2: the width that would be best if the window were centred. */
static unsigned
centred_width(const FrameSearch *s, uint64_t centre)
{
	FrameSearch centred = *s;
	FrameWindow window;
	uint16_t	counts[COUNTERS][65] = {{0}};
	int			patches = s->n;
	int			i;

	for (i = 0; i < s->n; i++)
		counts[i % COUNTERS]
			[codec_bit_length(codec_zigzag(s->values[i] - centre))]++;
	centred.best_size = SIZE_MAX;
	for (window.width = 0; window.width < 64; window.width++)
	{
		for (i = 0; i < COUNTERS; i++)
			patches -= counts[i][window.width];
		window.base = centre - (((uint64_t) 1 << window.width) >> 1);
		consider(&centred, &window, patches);
		if (patches == 0)
			break;
	}
	return centred.best.width;
}

/* Most values in size adjacent buckets; *first is the first of those. */
CODEC_CLONES static int
densest(const uint16_t *sums, int size, int *first)
{
	uint16_t	most = 0;
	int			i;

	for (i = 0; i + size <= BUCKETS; i++)
	{
		uint16_t	held = sums[i + size] - sums[i];

		most = held > most ? held : most;
	}
	for (i = 0; sums[i + size] - sums[i] != most; i++)
		;
	*first = i;
	return most;
}

/* Look 3: slide windows over buckets of 2^shift values that begin at low. */
static void
slide(FrameSearch *s, uint64_t low, unsigned shift, unsigned widest)
{
	uint16_t	counts[COUNTERS][BUCKETS + 1] = {{0}};
	uint16_t	sums[BUCKETS + 1];
	unsigned	width;
	int			i;

	for (i = 0; i < s->n; i++)
	{
		uint64_t	bucket = (s->values[i] - low) >> shift;

		counts[i % COUNTERS][bucket < BUCKETS ? bucket : BUCKETS]++;
	}
	sums[0] = 0;
	for (i = 0; i < BUCKETS; i++)
		sums[i + 1] = sums[i] + counts[0][i] + counts[1][i] + counts[2][i] +
			counts[3][i];

	width = widest > shift + NARROWER ? widest - NARROWER : shift;
	/* a full window of 64 bits has been considered already */
	for (; width <= widest && width < 64; width++)
	{
		FrameWindow window;
		int			first = 0;
		int			held = densest(sums, 1 << (width - shift), &first);

		window.base = low + ((uint64_t) first << shift);
		window.width = width;
		consider(s, &window, s->n - held);
	}
}

void
framewidth_choose(const uint64_t *values, int n, FrameWindow *full,
				  FrameWindow *window)
{
	FrameSearch s;
	uint64_t	centre;
	uint64_t	half;
	uint64_t	low;
	unsigned	widest;

	s.values = values;
	s.n = n;
	find_extremes(values, n, &s.min, &s.max);
	full->base = s.min;
	full->width = codec_bit_length(s.max - s.min);
	*window = *full;
	/* nothing to gain, or less than the head of a list of patches */
	if (bitpack_size(n, full->width) <= 8)
		return;
	s.best = *full;
	s.best_size = bitpack_size(n, full->width);

	centre = sample_median(values, n);
	widest = centred_width(&s, centre) + 1;
	low = s.min;
	if (widest < full->width)
	{
		half = (uint64_t) 1 << (widest - 1);
		low = centre - s.min < half ? s.min : centre - half;
	}
	else
		widest = full->width;
	slide(&s, low, widest > BUCKET_BITS ? widest - BUCKET_BITS : 0, widest);
	*window = s.best;
}
