/*
 * vextreme.c
 *	  Smallest and largest of the rows of a vector.
 *
 * Floats start from an infinity and are replaced by what compares smaller (or
 * larger), a single instruction that passes over NaN.  So a minimum that is
 * still infinity may mean that there was nothing but NaN, which is looked at
 * again; and for a maximum NaNs are counted beside it.
 *
 * Rows come in LANES lanes; the words of a selection are masked by replacing
 * what is not selected by the start value.
 */
#include "simd/codec_simd.h"
#include "vector/selection.h"
#include "vector/vextreme.h"

#define LANES 16

/* ---------- integers ---------- */

CODEC_INLINE int64_t
int_pick(int64_t a, int64_t b, bool largest)
{
	return largest ? (a > b ? a : b) : (a < b ? a : b);
}

CODEC_INLINE int64_t
int_range(const int64_t *values, int n, bool largest)
{
	int64_t		best = largest ? VMAX_INT_START : VMIN_INT_START;
	int			i;

	for (i = 0; i < n; i++)
		best = int_pick(best, values[i], largest);
	return best;
}

CODEC_INLINE int64_t
int_selected(const int64_t *values, const uint64_t *selection, bool largest)
{
	const int64_t start = largest ? VMAX_INT_START : VMIN_INT_START;
	int64_t		best = start;
	int			w;
	int			i;

	for (w = 0; w < SELECTION_WORDS; w++)
	{
		const int64_t *v = values + w * 64;
		uint64_t	word = selection[w];

		if (word == 0)
			continue;
		if (word == ~UINT64_C(0))
			best = int_pick(best, int_range(v, 64, largest), largest);
		else
			for (i = 0; i < 64; i++)
				best = int_pick(best, (word >> i) & 1 ? v[i] : start, largest);
	}
	return best;
}

CODEC_CLONES static int64_t
int_min_range(const int64_t *values, int n)
{
	return int_range(values, n, false);
}

CODEC_CLONES static int64_t
int_max_range(const int64_t *values, int n)
{
	return int_range(values, n, true);
}

CODEC_CLONES static int64_t
int_min_selected(const int64_t *values, const uint64_t *selection)
{
	return int_selected(values, selection, false);
}

CODEC_CLONES static int64_t
int_max_selected(const int64_t *values, const uint64_t *selection)
{
	return int_selected(values, selection, true);
}

int64_t
vextreme_int_min_range(const int64_t *values, int from, int to)
{
	return int_min_range(values + from, to - from);
}

int64_t
vextreme_int_max_range(const int64_t *values, int from, int to)
{
	return int_max_range(values + from, to - from);
}

int64_t
vextreme_int_min_selected(const int64_t *values, const uint64_t *selection)
{
	return int_min_selected(values, selection);
}

int64_t
vextreme_int_max_selected(const int64_t *values, const uint64_t *selection)
{
	return int_max_selected(values, selection);
}

/* ---------- floats ---------- */

/* Per lane: the best so far and, as all ones, whether a NaN came by. */
typedef struct FloatLanes
{
	double		best[LANES];
	int64_t		nan[LANES];
} FloatLanes;

CODEC_INLINE double
float_start(bool largest)
{
	return largest ? -INFINITY : INFINITY;
}

CODEC_INLINE void
lanes_clear(FloatLanes *lanes, bool largest)
{
	int			j;

	for (j = 0; j < LANES; j++)
	{
		lanes->best[j] = float_start(largest);
		lanes->nan[j] = 0;
	}
}

CODEC_INLINE void
lanes_add(FloatLanes *lanes, const double *values, bool largest)
{
	int			j;

	for (j = 0; j < LANES; j++)
	{
		double		v = values[j];

		if (largest)
		{
			lanes->best[j] = v > lanes->best[j] ? v : lanes->best[j];
			lanes->nan[j] |= -(int64_t) (v != v);
		}
		else
			lanes->best[j] = v < lanes->best[j] ? v : lanes->best[j];
	}
}

CODEC_INLINE double
lanes_best(const FloatLanes *lanes, bool largest)
{
	double		best = lanes->best[0];
	int64_t		nan = lanes->nan[0];
	int			j;

	for (j = 1; j < LANES; j++)
	{
		double		v = lanes->best[j];

		best = (largest ? v > best : v < best) ? v : best;
		nan |= lanes->nan[j];
	}
	return nan != 0 ? (double) NAN : best;
}

CODEC_INLINE double
float_range(const double *values, int n, bool largest)
{
	FloatLanes	lanes;
	double		rest[LANES];
	int			i;
	int			j;

	lanes_clear(&lanes, largest);
	for (i = 0; i + LANES <= n; i += LANES)
		lanes_add(&lanes, values + i, largest);
	if (i < n)
	{
		for (j = 0; j < LANES; j++)
			rest[j] = i + j < n ? values[i + j] : float_start(largest);
		lanes_add(&lanes, rest, largest);
	}
	return lanes_best(&lanes, largest);
}

CODEC_INLINE double
float_selected(const double *values, const uint64_t *selection, bool largest)
{
	FloatLanes	lanes;
	double		masked[64];
	int			w;
	int			i;

	lanes_clear(&lanes, largest);
	for (w = 0; w < SELECTION_WORDS; w++)
	{
		const double *v = values + w * 64;
		uint64_t	word = selection[w];

		if (word == 0)
			continue;
		if (word != ~UINT64_C(0))
		{
			for (i = 0; i < 64; i++)
				masked[i] = (word >> i) & 1 ? v[i] : float_start(largest);
			v = masked;
		}
		for (i = 0; i < 64; i += LANES)
			lanes_add(&lanes, v + i, largest);
	}
	return lanes_best(&lanes, largest);
}

CODEC_CLONES static double
float_min_range(const double *values, int n)
{
	return float_range(values, n, false);
}

CODEC_CLONES static double
float_max_range(const double *values, int n)
{
	return float_range(values, n, true);
}

CODEC_CLONES static double
float_min_selected(const double *values, const uint64_t *selection)
{
	return float_selected(values, selection, false);
}

CODEC_CLONES static double
float_max_selected(const double *values, const uint64_t *selection)
{
	return float_selected(values, selection, true);
}

double
vextreme_float_min_range(const double *values, int from, int to)
{
	double		best = float_min_range(values + from, to - from);
	int			i;

	if (best != (double) INFINITY)
		return best;
	for (i = from; i < to; i++)
	{
		if (!isnan(values[i]))
			return best;
	}
	return VMIN_FLOAT_START;
}

double
vextreme_float_min_selected(const double *values, const uint64_t *selection)
{
	double		best = float_min_selected(values, selection);
	int			i;

	if (best != (double) INFINITY)
		return best;
	for (SELECTION_EACH(i, selection))
	{
		if (!isnan(values[i]))
			return best;
	}
	return VMIN_FLOAT_START;
}

double
vextreme_float_max_range(const double *values, int from, int to)
{
	return float_max_range(values + from, to - from);
}

double
vextreme_float_max_selected(const double *values, const uint64_t *selection)
{
	return float_max_selected(values, selection);
}
