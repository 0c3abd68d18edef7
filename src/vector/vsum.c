/*
 * vsum.c
 *	  Sums over rows of a vector.
 *
 * A float sum has LANES partial sums; row r belongs to lane r % LANES (in the
 * form for ranges, counted from the first row).  So the loops vectorise
 * without permission to reassociate, and a word of a selection may be done
 * densely, masked or bit by bit without a difference in the result: whatever
 * is left out adds -0.0, which changes nothing.
 *
 * An integer sum adds upper and lower halves apart; of at most 1,024 values
 * neither can overflow.
 */
#include "simd/codec_simd.h"
#include "vector/selection.h"
#include "vector/vsum.h"

#include <math.h>

#define LANES 16

/* words with fewer rows than this are done bit by bit */
#define SPARSE 8

CODEC_INLINE void
lanes_clear(double *lanes)
{
	int			j;

	for (j = 0; j < LANES; j++)
		lanes[j] = VSUM_FLOAT_START;
}

CODEC_INLINE double
lanes_total(double *lanes)
{
	int			width;
	int			j;

	for (width = LANES / 2; width > 0; width /= 2)
	{
		for (j = 0; j < width; j++)
			lanes[j] += lanes[j + width];
	}
	return lanes[0];
}

/* What is added for a value: itself, or its squared distance from a mean. */
CODEC_INLINE double
term(double value, double mean, bool squared)
{
	return squared ? (value - mean) * (value - mean) : value - mean;
}

CODEC_INLINE double
range_total(const double *values, int n, double mean, bool squared)
{
	double		lanes[LANES];
	int			i;
	int			j;

	lanes_clear(lanes);
	for (i = 0; i + LANES <= n; i += LANES)
	{
		for (j = 0; j < LANES; j++)
			lanes[j] += term(values[i + j], mean, squared);
	}
	for (j = 0; i + j < n; j++)
		lanes[j] += term(values[i + j], mean, squared);
	return lanes_total(lanes);
}

CODEC_INLINE void
word_add(double *lanes, const double *values, uint64_t word, double mean,
		 bool squared)
{
	int			i;
	int			j;

	if (__builtin_popcountll(word) < SPARSE)
	{
		for (; word != 0; word &= word - 1)
		{
			j = __builtin_ctzll(word);
			lanes[j % LANES] += term(values[j], mean, squared);
		}
		return;
	}
	for (i = 0; i < 64; i += LANES)
	{
		for (j = 0; j < LANES; j++)
			lanes[j] += (word >> (i + j)) & 1 ?
				term(values[i + j], mean, squared) : VSUM_FLOAT_START;
	}
}

CODEC_INLINE double
selected_total(const double *values, const uint64_t *selection, double mean,
			   bool squared)
{
	double		lanes[LANES];
	int			w;
	int			i;
	int			j;

	lanes_clear(lanes);
	for (w = 0; w < SELECTION_WORDS; w++)
	{
		const double *v = values + w * 64;

		if (selection[w] != ~UINT64_C(0))
		{
			word_add(lanes, v, selection[w], mean, squared);
			continue;
		}
		for (i = 0; i < 64; i += LANES)
		{
			for (j = 0; j < LANES; j++)
				lanes[j] += term(v[i + j], mean, squared);
		}
	}
	return lanes_total(lanes);
}

CODEC_CLONES static double
sum_range(const double *values, int n)
{
	return range_total(values, n, 0, false);
}

CODEC_CLONES static double
sum_selected(const double *values, const uint64_t *selection)
{
	return selected_total(values, selection, 0, false);
}

double
vsum_float_range(const double *values, int from, int to)
{
	return sum_range(values + from, to - from);
}

double
vsum_float_selected(const double *values, const uint64_t *selection)
{
	return sum_selected(values, selection);
}

bool
vsum_nonfinite_range(const double *values, int from, int to)
{
	int			i;

	for (i = from; i < to; i++)
	{
		if (!isfinite(values[i]))
			return true;
	}
	return false;
}

bool
vsum_nonfinite_selected(const double *values, const uint64_t *selection)
{
	int			i;

	for (SELECTION_EACH(i, selection))
	{
		if (!isfinite(values[i]))
			return true;
	}
	return false;
}

/* ---------- integers ---------- */

/* The halves of a sum: upper * 2^32 + lower. */
typedef struct Halves
{
	int64_t		upper;
	uint64_t	lower;
} Halves;

CODEC_INLINE void
halves_add(Halves *sum, const int64_t *values, int n, bool squared)
{
	int64_t		upper = 0;
	uint64_t	lower = 0;
	int			i;

	for (i = 0; i < n; i++)
	{
		int64_t		value = squared ?
			(int64_t) (int32_t) values[i] * (int32_t) values[i] : values[i];

		upper += value >> 32;
		lower += (uint32_t) value;
	}
	sum->upper += upper;
	sum->lower += lower;
}

CODEC_INLINE void
halves_add_word(Halves *sum, const int64_t *values, uint64_t word,
				bool squared)
{
	int64_t		upper = 0;
	uint64_t	lower = 0;
	int			i;

	for (i = 0; i < 64; i++)
	{
		int64_t		kept = values[i] & -(int64_t) ((word >> i) & 1);
		int64_t		value = squared ?
			(int64_t) (int32_t) kept * (int32_t) kept : kept;

		upper += value >> 32;
		lower += (uint32_t) value;
	}
	sum->upper += upper;
	sum->lower += lower;
}

CODEC_INLINE void
halves_add_selected(Halves *sum, const int64_t *values,
					const uint64_t *selection, bool squared)
{
	int			w;

	for (w = 0; w < SELECTION_WORDS; w++)
	{
		if (selection[w] == ~UINT64_C(0))
			halves_add(sum, values + w * 64, 64, squared);
		else if (selection[w] != 0)
			halves_add_word(sum, values + w * 64, selection[w], squared);
	}
}

static VectorInt128
halves_total(const Halves *sum)
{
	return (VectorInt128) sum->upper * ((int64_t) 1 << 32) +
		(VectorInt128) sum->lower;
}

CODEC_CLONES static void
int_range(Halves *sum, const int64_t *values, int n)
{
	halves_add(sum, values, n, false);
}

CODEC_CLONES static void
int_selected(Halves *sum, const int64_t *values, const uint64_t *selection)
{
	halves_add_selected(sum, values, selection, false);
}

CODEC_CLONES static void
squares_range(Halves *sum, const int64_t *values, int n)
{
	halves_add(sum, values, n, true);
}

CODEC_CLONES static void
squares_selected(Halves *sum, const int64_t *values,
				 const uint64_t *selection)
{
	halves_add_selected(sum, values, selection, true);
}

VectorInt128
vsum_int_range(const int64_t *values, int from, int to)
{
	Halves		sum = {0, 0};

	int_range(&sum, values + from, to - from);
	return halves_total(&sum);
}

VectorInt128
vsum_int_selected(const int64_t *values, const uint64_t *selection)
{
	Halves		sum = {0, 0};

	int_selected(&sum, values, selection);
	return halves_total(&sum);
}

VectorInt128
vsum_int32_squares_range(const int64_t *values, int from, int to)
{
	Halves		sum = {0, 0};

	squares_range(&sum, values + from, to - from);
	return halves_total(&sum);
}

VectorInt128
vsum_int32_squares_selected(const int64_t *values, const uint64_t *selection)
{
	Halves		sum = {0, 0};

	squares_selected(&sum, values, selection);
	return halves_total(&sum);
}

/* ---------- variance ---------- */

/*
 * The second pass also sums the distances themselves: their sum would be 0
 * but for the rounding of the mean, and corrects for it.
 */
CODEC_INLINE double
corrected_squares(int64_t n, double squares, double distances)
{
	return squares - distances * distances / (double) n;
}

CODEC_CLONES static double
squares_about_range(const double *values, int n, double mean)
{
	return corrected_squares(n, range_total(values, n, mean, true),
							 range_total(values, n, mean, false));
}

CODEC_CLONES static double
squares_about_selected(const double *values, const uint64_t *selection,
					   int n, double mean)
{
	return corrected_squares(n, selected_total(values, selection, mean, true),
							 selected_total(values, selection, mean, false));
}

Variance
vsum_variance_range(const double *values, int from, int to)
{
	Variance	result = {to - from, 0, 0};

	if (result.n > 0)
	{
		result.sx = vsum_float_range(values, from, to);
		result.sxx = squares_about_range(values + from, to - from,
										 result.sx / (double) result.n);
	}
	return result;
}

Variance
vsum_variance_selected(const double *values, const uint64_t *selection)
{
	Variance	result = {selection_count(selection), 0, 0};

	if (result.n > 0)
	{
		result.sx = vsum_float_selected(values, selection);
		result.sxx = squares_about_selected(values, selection, (int) result.n,
											result.sx / (double) result.n);
	}
	return result;
}

void
vsum_variance_add(Variance *state, double value)
{
	state->n++;
	state->sx += value;
	if (state->n > 1)
	{
		double		n = (double) state->n;
		double		distance = value * n - state->sx;

		state->sxx += distance * distance / (n * (n - 1));
	}
	else
		/* of an infinite value or NaN, no distance is known */
		state->sxx = isfinite(value) ? 0 : NAN;
}

void
vsum_variance_combine(Variance *state, const Variance *more)
{
	double		n1 = (double) state->n;
	double		n2 = (double) more->n;
	double		distance;

	if (more->n == 0)
		return;
	if (state->n == 0)
	{
		*state = *more;
		return;
	}
	distance = state->sx / n1 - more->sx / n2;
	state->sxx += more->sxx + n1 * n2 * distance * distance / (n1 + n2);
	state->sx += more->sx;
	state->n += more->n;
}
