/*
 * varith.c
 *	  Arithmetic on vectors.
 *
 * Integer arithmetic is done on unsigned numbers, which wrap.  Suspicions are
 * gathered as bits in a variable of the loop, so that the loops vectorise.
 */
#include "simd/codec_simd.h"
#include "vector/varith.h"

#include <math.h>

/* ---------- integers ---------- */

/* All ones when a sum, or difference, of a and b has wrapped. */
CODEC_INLINE uint64_t
sum_wrapped(uint64_t a, uint64_t b, uint64_t sum)
{
	return (a ^ sum) & (b ^ sum);
}

CODEC_INLINE uint64_t
difference_wrapped(uint64_t a, uint64_t b, uint64_t difference)
{
	return (a ^ b) & (a ^ difference);
}

CODEC_CLONES static bool
int_add(const int64_t *a, const int64_t *b, int n, const int64_t *range,
		int64_t *out)
{
	const int64_t low = range[0];
	const int64_t high = range[1];
	uint64_t	bad = 0;
	int			i;

	for (i = 0; i < n; i++)
	{
		uint64_t	sum = (uint64_t) a[i] + (uint64_t) b[i];

		bad |= sum_wrapped((uint64_t) a[i], (uint64_t) b[i], sum) |
			(uint64_t) ((int64_t) sum < low) << 63 |
			(uint64_t) ((int64_t) sum > high) << 63;
		out[i] = (int64_t) sum;
	}
	return bad >> 63;
}

CODEC_CLONES static bool
int_subtract(const int64_t *a, const int64_t *b, int n, const int64_t *range,
			 int64_t *out)
{
	const int64_t low = range[0];
	const int64_t high = range[1];
	uint64_t	bad = 0;
	int			i;

	for (i = 0; i < n; i++)
	{
		uint64_t	rest = (uint64_t) a[i] - (uint64_t) b[i];

		bad |= difference_wrapped((uint64_t) a[i], (uint64_t) b[i], rest) |
			(uint64_t) ((int64_t) rest < low) << 63 |
			(uint64_t) ((int64_t) rest > high) << 63;
		out[i] = (int64_t) rest;
	}
	return bad >> 63;
}

bool
varith_int_add(const int64_t *a, const int64_t *b, int n, int64_t low,
			   int64_t high, int64_t *out)
{
	const int64_t range[2] = {low, high};

	return int_add(a, b, n, range, out);
}

bool
varith_int_subtract(const int64_t *a, const int64_t *b, int n, int64_t low,
					int64_t high, int64_t *out)
{
	const int64_t range[2] = {low, high};

	return int_subtract(a, b, n, range, out);
}

/* The multiplier's overflow flag is faster than anything vectorised. */
bool
varith_int_multiply(const int64_t *a, const int64_t *b, int n, int64_t low,
					int64_t high, int64_t *out)
{
	bool		bad = false;
	int			i;

	for (i = 0; i < n; i++)
	{
		long long	product;

		bad |= __builtin_smulll_overflow(a[i], b[i], &product);
		bad |= product < low || product > high;
		out[i] = product;
	}
	return bad;
}

/* Dividing by -1 may overflow, and traps when it does. */
CODEC_INLINE bool
divides_safely(int64_t divisor)
{
	return (uint64_t) divisor + 1 > 1;
}

bool
varith_int_divide(const int64_t *a, const int64_t *b, int n, int64_t *out)
{
	bool		bad = false;
	int			i;

	for (i = 0; i < n; i++)
	{
		bool		safe = divides_safely(b[i]);

		out[i] = safe ? a[i] / b[i] : 0;
		bad |= !safe;
	}
	return bad;
}

bool
varith_int_modulo(const int64_t *a, const int64_t *b, int n, int64_t *out)
{
	bool		bad = false;
	int			i;

	for (i = 0; i < n; i++)
	{
		bool		safe = divides_safely(b[i]);

		out[i] = safe ? a[i] % b[i] : 0;
		bad |= !safe;
	}
	return bad;
}

CODEC_CLONES static bool
int_outside(const int64_t *a, int n, int64_t low, int64_t high)
{
	uint64_t	bad = 0;
	int			i;

	for (i = 0; i < n; i++)
		bad |= (uint64_t) (a[i] < low) | (uint64_t) (a[i] > high);
	return bad != 0;
}

bool
varith_int_outside(const int64_t *a, int n, int64_t low, int64_t high)
{
	return int_outside(a, n, low, high);
}

/* ---------- floats ---------- */

CODEC_INLINE uint64_t
is_infinite(double x)
{
	return (uint64_t) (x == (double) INFINITY) |
		(uint64_t) (x == (double) -INFINITY);
}

CODEC_CLONES static bool
float_add(const double *a, const double *b, int n, double *out)
{
	uint64_t	bad = 0;
	int			i;

	for (i = 0; i < n; i++)
	{
		out[i] = a[i] + b[i];
		bad |= is_infinite(out[i]);
	}
	return bad != 0;
}

CODEC_CLONES static bool
float_subtract(const double *a, const double *b, int n, double *out)
{
	uint64_t	bad = 0;
	int			i;

	for (i = 0; i < n; i++)
	{
		out[i] = a[i] - b[i];
		bad |= is_infinite(out[i]);
	}
	return bad != 0;
}

CODEC_CLONES static bool
float_multiply(const double *a, const double *b, int n, double *out)
{
	uint64_t	bad = 0;
	int			i;

	for (i = 0; i < n; i++)
	{
		double		product = a[i] * b[i];

		bad |= is_infinite(product) |
			((uint64_t) (product == 0) & (uint64_t) (a[i] != 0) &
			 (uint64_t) (b[i] != 0));
		out[i] = product;
	}
	return bad != 0;
}

CODEC_CLONES static bool
float_divide(const double *a, const double *b, int n, double *out)
{
	uint64_t	bad = 0;
	int			i;

	for (i = 0; i < n; i++)
	{
		double		quotient = a[i] / b[i];

		bad |= is_infinite(quotient) | (uint64_t) (b[i] == 0) |
			((uint64_t) (quotient == 0) & (uint64_t) (a[i] != 0));
		out[i] = quotient;
	}
	return bad != 0;
}

bool
varith_float_add(const double *a, const double *b, int n, double *out)
{
	return float_add(a, b, n, out);
}

bool
varith_float_subtract(const double *a, const double *b, int n, double *out)
{
	return float_subtract(a, b, n, out);
}

bool
varith_float_multiply(const double *a, const double *b, int n, double *out)
{
	return float_multiply(a, b, n, out);
}

bool
varith_float_divide(const double *a, const double *b, int n, double *out)
{
	return float_divide(a, b, n, out);
}

CODEC_CLONES static void
int_to_float(const int64_t *a, int n, double *out)
{
	int			i;

	for (i = 0; i < n; i++)
		out[i] = (double) a[i];
}

void
varith_int_to_float(const int64_t *a, int n, double *out)
{
	int_to_float(a, n, out);
}

bool
varith_float_to_int(const double *a, int n, double low, double high,
					int64_t *out)
{
	bool		bad = false;
	int			i;

	for (i = 0; i < n; i++)
	{
		double		rounded = rint(a[i]);
		bool		fits = rounded >= low && rounded < high;

		out[i] = fits ? (int64_t) rounded : 0;
		bad |= !fits;
	}
	return bad;
}
