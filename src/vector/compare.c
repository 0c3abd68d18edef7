/*
 * compare.c
 *	  Comparisons of vectors, to selections.
 *
 * Kernels exist for "less", "less or equal" and "equal" only; the order is
 * total (NaN is greatest), so the other three are complements.  A kernel does
 * whole words; the last rows go through the same code with a shorter loop.
 */
#include "codec/codec_simd.h"
#include "vector/compare.h"
#include "vector/selection.h"

#include <math.h>

CompareOp
compare_swapped(CompareOp op)
{
	static const CompareOp swapped[] = {
		COMPARE_GT, COMPARE_GE, COMPARE_EQ, COMPARE_LE, COMPARE_LT, COMPARE_NE
	};

	return swapped[op];
}

CompareOp
compare_negated(CompareOp op)
{
	static const CompareOp negated[] = {
		COMPARE_GE, COMPARE_GT, COMPARE_NE, COMPARE_LT, COMPARE_LE, COMPARE_EQ
	};

	return negated[op];
}

static bool
is_complement(CompareOp op)
{
	return op == COMPARE_GE || op == COMPARE_GT || op == COMPARE_NE;
}

/* Give the words after the last row, and the bits after it, their zeroes. */
static void
finish(uint64_t *result, int n, bool complement)
{
	int			w;

	for (w = 0; w < SELECTION_WORDS; w++)
	{
		int			left = n - w * 64;

		if (left <= 0)
			result[w] = 0;
		else
		{
			if (complement)
				result[w] = ~result[w];
			result[w] &= selection_word_mask(0, left > 64 ? 64 : left);
		}
	}
}

/*
 * A kernel: result bit i of each word is "condition", an expression of i, an
 * index into the whole vector.
 */
#define KERNEL_LOOP(n, result, condition) \
	do { \
		int			w_; \
		for (w_ = 0; w_ * 64 + 64 <= (n); w_++) \
		{ \
			uint64_t	word_ = 0; \
			int			j_; \
			for (j_ = 0; j_ < 64; j_++) \
			{ \
				const int	i = w_ * 64 + j_; \
				word_ |= (uint64_t) (condition) << j_; \
			} \
			(result)[w_] = word_; \
		} \
		if (w_ * 64 < (n)) \
		{ \
			uint64_t	word_ = 0; \
			int			i; \
			for (i = w_ * 64; i < (n); i++) \
				word_ |= (uint64_t) (condition) << (i & 63); \
			(result)[w_] = word_; \
		} \
	} while (0)

#define KERNEL(name, parameters, n, result, condition) \
CODEC_CLONES static void \
name parameters \
{ \
	KERNEL_LOOP(n, result, condition); \
} \
extern int	compare_needs_semicolon_

KERNEL(int_constant_lt, (const int64_t *v, int n, int64_t c, uint64_t *r),
	   n, r, v[i] < c);
KERNEL(int_constant_eq, (const int64_t *v, int n, int64_t c, uint64_t *r),
	   n, r, v[i] == c);
KERNEL(int_vectors_lt, (const int64_t *a, const int64_t *b, int n, uint64_t *r),
	   n, r, a[i] < b[i]);
KERNEL(int_vectors_eq, (const int64_t *a, const int64_t *b, int n, uint64_t *r),
	   n, r, a[i] == b[i]);
KERNEL(int_between, (const int64_t *v, int n, int64_t low, uint64_t span, uint64_t *r),
	   n, r, (uint64_t) v[i] - (uint64_t) low <= span);

KERNEL(float_constant_lt, (const double *v, int n, double c, uint64_t *r),
	   n, r, v[i] < c);
KERNEL(float_constant_le, (const double *v, int n, double c, uint64_t *r),
	   n, r, v[i] <= c);
KERNEL(float_constant_eq, (const double *v, int n, double c, uint64_t *r),
	   n, r, v[i] == c);
KERNEL(float_is_nan, (const double *v, int n, uint64_t *r),
	   n, r, v[i] != v[i]);
KERNEL(float_between, (const double *v, int n, double low, double high, uint64_t *r),
	   n, r, (v[i] >= low) & (v[i] <= high));
KERNEL(float_vectors_lt, (const double *a, const double *b, int n, uint64_t *r),
	   n, r, (a[i] < b[i]) | ((b[i] != b[i]) & (a[i] == a[i])));
KERNEL(float_vectors_eq, (const double *a, const double *b, int n, uint64_t *r),
	   n, r, (a[i] == b[i]) | ((b[i] != b[i]) & (a[i] != a[i])));

KERNEL(codes_accepted, (const uint64_t *codes, int n, const uint8_t *accepted, uint64_t *r),
	   n, r, accepted[(uint32_t) codes[i]] & 1);

void
compare_int_constant(CompareOp op, const int64_t *values, int n,
					 int64_t constant, uint64_t *result)
{
	bool		complement = is_complement(op);

	if (op == COMPARE_EQ || op == COMPARE_NE)
		int_constant_eq(values, n, constant, result);
	else if (op == COMPARE_LT || op == COMPARE_GE)
		int_constant_lt(values, n, constant, result);
	else if (constant < INT64_MAX)
		int_constant_lt(values, n, constant + 1, result);
	else
	{
		/* everything is less than or equal to the largest integer */
		selection_clear(result);
		complement = !complement;
	}
	finish(result, n, complement);
}

void
compare_int_vectors(CompareOp op, const int64_t *a, const int64_t *b, int n,
					uint64_t *result)
{
	bool		complement = op == COMPARE_NE || op == COMPARE_LE ||
		op == COMPARE_GE;

	if (op == COMPARE_EQ || op == COMPARE_NE)
		int_vectors_eq(a, b, n, result);
	else if (op == COMPARE_LT || op == COMPARE_GE)
		int_vectors_lt(a, b, n, result);
	else
		int_vectors_lt(b, a, n, result);
	finish(result, n, complement);
}

void
compare_int_between(const int64_t *values, int n, int64_t low, int64_t high,
					uint64_t *result)
{
	if (low > high)
		selection_clear(result);
	else
		int_between(values, n, low, (uint64_t) high - (uint64_t) low, result);
	finish(result, n, false);
}

/*
 * Nothing is greater than NaN, so "less" means not NaN, "equal" means NaN, and
 * "less or equal" holds for all.
 */
static void
compare_with_nan(CompareOp op, const double *values, int n, uint64_t *result)
{
	bool		complement = is_complement(op);

	if (op == COMPARE_LE || op == COMPARE_GT)
	{
		selection_clear(result);
		complement = !complement;
	}
	else
	{
		float_is_nan(values, n, result);
		if (op == COMPARE_LT || op == COMPARE_GE)
			complement = !complement;
	}
	finish(result, n, complement);
}

void
compare_float_constant(CompareOp op, const double *values, int n,
					   double constant, uint64_t *result)
{
	if (isnan(constant))
	{
		compare_with_nan(op, values, n, result);
		return;
	}
	if (op == COMPARE_EQ || op == COMPARE_NE)
		float_constant_eq(values, n, constant, result);
	else if (op == COMPARE_LT || op == COMPARE_GE)
		float_constant_lt(values, n, constant, result);
	else
		float_constant_le(values, n, constant, result);
	finish(result, n, is_complement(op));
}

void
compare_float_vectors(CompareOp op, const double *a, const double *b, int n,
					  uint64_t *result)
{
	bool		complement = op == COMPARE_NE || op == COMPARE_LE ||
		op == COMPARE_GE;

	if (op == COMPARE_EQ || op == COMPARE_NE)
		float_vectors_eq(a, b, n, result);
	else if (op == COMPARE_LT || op == COMPARE_GE)
		float_vectors_lt(a, b, n, result);
	else
		float_vectors_lt(b, a, n, result);
	finish(result, n, complement);
}

void
compare_float_between(const double *values, int n, double low, double high,
					  uint64_t *result)
{
	/* up to NaN means everything from low on */
	if (isnan(high))
	{
		compare_float_constant(COMPARE_GE, values, n, low, result);
		return;
	}
	/* a NaN as low leaves nothing below high: the comparison sees to that */
	float_between(values, n, low, high, result);
	finish(result, n, false);
}

void
compare_codes_accepted(const uint64_t *codes, int n, const uint8_t *accepted,
					   uint64_t *result)
{
	codes_accepted(codes, n, accepted, result);
	finish(result, n, false);
}

/* ---------- neighbours ---------- */

/* Does any of 64 values differ from the one before it? */
CODEC_INLINE uint64_t
any_differs(const int64_t *values)
{
	uint64_t	any = 0;
	int			i;

	for (i = 0; i < 64; i++)
		any |= (uint64_t) (values[i] ^ values[i - 1]);
	return any;
}

/* Changes are few where it matters: look for words without any first. */
CODEC_CLONES static void
mark_changes(const int64_t *values, int n, uint64_t *changes)
{
	int			from;
	int			i;

	for (i = 1; i < n && i < 64; i++)
		changes[0] |= (uint64_t) (values[i] != values[i - 1]) << i;
	for (from = 64; from + 64 <= n; from += 64)
		if (any_differs(values + from) != 0)
			for (i = 0; i < 64; i++)
				changes[from >> 6] |=
					(uint64_t) (values[from + i] != values[from + i - 1]) << i;
	for (i = from; i < n; i++)
		changes[i >> 6] |=
			(uint64_t) (values[i] != values[i - 1]) << (i & 63);
}

void
compare_mark_changes(const int64_t *values, int n, uint64_t *changes)
{
	mark_changes(values, n, changes);
}
