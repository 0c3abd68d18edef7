/*
 * alpscheme.c
 *	  Which arithmetic turns the floats of a block into integers and back.
 *
 * Doubles become integers without a conversion instruction, which before
 * AVX-512 does not exist for vectors of 64 bits: adding 1.5 * 2^52 to a number
 * of at most 2^51 in magnitude rounds it to an integer and leaves that integer
 * in the low bits of the pattern.  ALP calls it fast rounding.
 *
 * There are two ways back.  ALP multiplies by a power of ten and then by the
 * inverse of another; with large exponents the error of the inverse rarely
 * shows.  A division is always right for what was read from a decimal with up
 * to 15 digits, because it rounds correctly, but is slower.  So multiplication
 * is taken as long as it gives every value back.
 */
#include "codec/alpscheme.h"

#include "codec/framewidth.h"

#define ROUNDER 6755399441055744.0	/* 1.5 * 2^52 */
#define ROUNDER_BITS UINT64_C(0x4338000000000000)

#define SAMPLE 32

/* bits that one more decimal digit adds to the integers, times 16 */
#define DIGIT_COST 53

/* bits of an exception: pattern and row number, times 16 */
#define EXCEPTION_COST(single) ((single) ? 42 * 16 : 74 * 16)

static const double powers[ALP_MAX_EXPONENT + 1] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13,
	1e14, 1e15, 1e16, 1e17, 1e18
};

static const double inverses[ALP_MAX_EXPONENT + 1] = {
	1e-0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11,
	1e-12, 1e-13, 1e-14, 1e-15, 1e-16, 1e-17, 1e-18
};

CODEC_INLINE uint64_t
double_bits(double v)
{
	uint64_t	bits;

	memcpy(&bits, &v, sizeof(bits));
	return bits;
}

CODEC_INLINE double
bits_double(uint64_t bits)
{
	double		v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

/* The pattern of v in the precision of the column. */
CODEC_INLINE uint64_t
result_bits(double v, bool single)
{
	float		narrow;
	uint32_t	bits;

	if (!single)
		return double_bits(v);
	narrow = (float) v;
	memcpy(&bits, &narrow, sizeof(bits));
	return bits;
}

/* Nearest integer; only for |v| <= 2^51. */
CODEC_INLINE int64_t
round_integer(double v)
{
	return (int64_t) (double_bits(v + ROUNDER) - ROUNDER_BITS);
}

CODEC_INLINE double
restore_value(int64_t integer, double times1, double times2, bool divide)
{
	double		v = bits_double((uint64_t) integer + ROUNDER_BITS) - ROUNDER;

	return divide ? v / times2 : v * times1 * times2;
}

void
alpscheme_constants(const AlpScheme *scheme, AlpConstants *c)
{
	c->divide = scheme->divide;
	c->up = powers[scheme->exponent];
	if (scheme->divide)
	{
		c->down = 1.0;
		c->times1 = 1.0;
		c->times2 = powers[scheme->exponent];
	}
	else
	{
		c->down = inverses[scheme->factor];
		c->times1 = powers[scheme->factor];
		c->times2 = inverses[scheme->exponent];
	}
}

CODEC_INLINE int
apply(const AlpConstants *c, const AlpBlock *block,
	  int64_t *restrict integers, uint64_t *restrict wrong,
	  bool single, bool divide)
{
	double		up = c->up;
	double		down = c->down;
	double		times1 = c->times1;
	double		times2 = c->times2;
	int64_t		count = 0;
	int			i;

	for (i = 0; i < block->n; i++)
	{
		double		scaled = block->values[i] * up * down;
		int64_t		integer = round_integer(scaled);
		double		back = restore_value(integer, times1, times2, divide);
		uint64_t	differs = result_bits(back, single) ^ block->bits[i];

		/* NaN fails both comparisons */
		if (!((scaled <= ALP_MAX_INTEGER) & (scaled >= -ALP_MAX_INTEGER)))
			differs = 1;
		integers[i] = integer;
		wrong[i] = differs;
		count += differs != 0;
	}
	return (int) count;
}

CODEC_CLONES static int
kernel_apply(const AlpConstants *c, const AlpBlock *block,
				int64_t *integers, uint64_t *wrong)
{
	if (block->single)
	{
		if (c->divide)
			return apply(c, block, integers, wrong, true, true);
		return apply(c, block, integers, wrong, true, false);
	}
	if (c->divide)
		return apply(c, block, integers, wrong, false, true);
	return apply(c, block, integers, wrong, false, false);
}

int
alpscheme_apply(const AlpConstants *c, const AlpBlock *block,
				int64_t *integers, uint64_t *wrong)
{
	return kernel_apply(c, block, integers, wrong);
}

CODEC_CLONES static void
kernel_restore64(const AlpConstants *c, const int64_t *restrict integers,
					int n, double *restrict out)
{
	double		times1 = c->times1;
	double		times2 = c->times2;
	int			i;

	if (c->divide)
	{
		for (i = 0; i < n; i++)
			out[i] = restore_value(integers[i], times1, times2, true);
	}
	else
	{
		for (i = 0; i < n; i++)
			out[i] = restore_value(integers[i], times1, times2, false);
	}
}

void
alpscheme_restore64(const AlpConstants *c, const int64_t *integers,
					int n, double *out)
{
	kernel_restore64(c, integers, n, out);
}

CODEC_CLONES static void
kernel_restore32(const AlpConstants *c, const int64_t *restrict integers,
					int n, float *restrict out)
{
	double		times1 = c->times1;
	double		times2 = c->times2;
	int			i;

	if (c->divide)
	{
		for (i = 0; i < n; i++)
			out[i] = (float) restore_value(integers[i], times1, times2, true);
	}
	else
	{
		for (i = 0; i < n; i++)
			out[i] = (float) restore_value(integers[i], times1, times2, false);
	}
}

void
alpscheme_restore32(const AlpConstants *c, const int64_t *integers,
					int n, float *out)
{
	kernel_restore32(c, integers, n, out);
}

/* ------------------------------------------------------------- choosing */

/*
 * Decimal places of a value: the least k for which an integer over 10^k (or
 * times 10^-k, which is what programs that scale integers compute) is exactly
 * it.  -1 when there is none.
 */
static int
decimal_places(double value, uint64_t bits, bool single)
{
	int			k;

	for (k = 0; k <= ALP_MAX_EXPONENT; k++)
	{
		double		scaled = value * powers[k];
		double		whole;

		if (!(scaled <= ALP_MAX_INTEGER && scaled >= -ALP_MAX_INTEGER))
			return -1;
		whole = restore_value(round_integer(scaled), 1.0, 1.0, false);
		if (result_bits(whole / powers[k], single) == bits ||
			result_bits(whole * inverses[k], single) == bits)
			return k;
	}
	return -1;
}

static void
take_sample(const AlpBlock *block, AlpBlock *sample)
{
	int			i;

	sample->n = block->n < SAMPLE ? block->n : SAMPLE;
	sample->single = block->single;
	for (i = 0; i < sample->n; i++)
	{
		int			row = framewidth_sample_row(i, sample->n, block->n);

		sample->values[i] = block->values[row];
		sample->bits[i] = block->bits[row];
	}
}

/*
 * The number of decimals with the least cost: more of them widen every
 * integer, fewer make exceptions.  -1 when most values would be exceptions.
 */
static int
choose_places(const AlpBlock *sample)
{
	int			counts[ALP_MAX_EXPONENT + 1] = {0};
	int			left = sample->n;
	int			best_cost = INT32_MAX;
	int			best = -1;
	int			i;
	int			k;

	for (i = 0; i < sample->n; i++)
	{
		k = decimal_places(sample->values[i], sample->bits[i], sample->single);
		if (k >= 0)
			counts[k]++;
	}
	for (k = 0; k <= ALP_MAX_EXPONENT; k++)
	{
		int			cost;

		left -= counts[k];
		cost = left * EXCEPTION_COST(sample->single) +
			sample->n * k * DIGIT_COST;
		if (counts[k] > 0 && 4 * left <= 3 * sample->n && cost < best_cost)
		{
			best_cost = cost;
			best = k;
		}
	}
	return best;
}

/* Exceptions in the sample under a scheme. */
static int
count_wrong(const AlpBlock *sample, const AlpScheme *scheme)
{
	AlpConstants c;
	int64_t		integers[SAMPLE];
	uint64_t	wrong[SAMPLE];

	alpscheme_constants(scheme, &c);
	return alpscheme_apply(&c, sample, integers, wrong);
}

bool
alpscheme_choose(const AlpBlock *block, AlpScheme *scheme)
{
	AlpBlock	sample;
	AlpScheme	trial;
	int			fewest;
	int			places;
	int			wrong;
	int			e;

	take_sample(block, &sample);
	places = choose_places(&sample);
	if (places < 0)
		return false;

	scheme->divide = true;
	scheme->exponent = (unsigned) places;
	scheme->factor = 0;
	fewest = count_wrong(&sample, scheme);

	/* a multiplication wins a draw; the larger exponents are the safer ones */
	trial.divide = false;
	for (e = ALP_MAX_EXPONENT; e >= places; e--)
	{
		trial.exponent = (unsigned) e;
		trial.factor = (unsigned) (e - places);
		wrong = count_wrong(&sample, &trial);
		if (wrong < fewest || (wrong == fewest && scheme->divide))
		{
			fewest = wrong;
			*scheme = trial;
		}
		if (fewest == 0 && !scheme->divide)
			break;
	}
	return true;
}
