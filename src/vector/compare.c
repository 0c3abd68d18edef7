/*
 * compare.c
 *	  Comparisons of vectors, to selections.
 *
 * Kernels exist for "less", "less or equal" and "equal" only; the order is
 * total (NaN is greatest), so the other three are complements.  A kernel does
 * whole words; the last rows go through the same code with a shorter loop.
 */
#include "simd/codec_simd.h"
#include "vector/compare.h"
#include "vector/selection.h"

#include <math.h>

/*
 * Which version of a kernel to run: the widest that the processor has, or the
 * one the file is compiled for, where nothing is to be chosen at run time.
 */
typedef enum CompareWidth
{
	WIDTH_UNKNOWN, WIDTH_PLAIN, WIDTH_AVX2, WIDTH_AVX512
} CompareWidth;

#if defined(__x86_64__) && defined(__GNUC__) && \
	(!defined(CODEC_NO_CLONES) || defined(__AVX2__))
#define COMPARE_WIDE
#include <immintrin.h>

static CompareWidth
compare_width(void)
{
#ifdef CODEC_NO_CLONES
	return WIDTH_AVX2;
#else
	static CompareWidth width = WIDTH_UNKNOWN;

	if (width == WIDTH_UNKNOWN)
		width = __builtin_cpu_supports("avx512f") ? WIDTH_AVX512 :
			__builtin_cpu_supports("avx2") ? WIDTH_AVX2 : WIDTH_PLAIN;
	return width;
#endif
}
#endif

CompareOp
compare_swapped(CompareOp op)
{
	static const CompareOp swapped[] = {
		OP_GT, OP_GE, OP_EQ, OP_LE, OP_LT, OP_NE
	};

	return swapped[op];
}

static bool
is_complement(CompareOp op)
{
	return op == OP_GE || op == OP_GT || op == OP_NE;
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
 * Bits for the rows from word "first" on, one after the other: for the last
 * rows, and for machines that have nothing better.
 */
#define PLAIN_WORDS(first, n, r, condition) \
	do { \
		int			w_; \
		for (w_ = (first); w_ * 64 < (n); w_++) \
		{ \
			const int	end_ = (n) - w_ * 64 < 64 ? (n) : w_ * 64 + 64; \
			uint64_t	word_ = 0; \
			int			i; \
			for (i = w_ * 64; i < end_; i++) \
				word_ |= (uint64_t) (condition) << (i & 63); \
			(r)[w_] = word_; \
		} \
	} while (0)

/* Whole words, "lanes" rows at a time; mask gives their bits. */
#define WIDE_WORDS(lanes, n, r, mask) \
	do { \
		int			w_; \
		for (w_ = 0; w_ * 64 + 64 <= (n); w_++) \
		{ \
			uint64_t	word_ = 0; \
			int			k_; \
			for (k_ = 0; k_ < 64; k_ += (lanes)) \
			{ \
				const int	i = w_ * 64 + k_; \
				word_ |= (uint64_t) (mask) << k_; \
			} \
			(r)[w_] = word_; \
		} \
	} while (0)

/*
 * A kernel in three versions.  The compiler vectorises the plain one, but only
 * intrinsics use what the machines have for it: a comparison that leaves its
 * bits in a mask register, or an instruction that collects sign bits.
 *
 * parameters name the row count n and the result r; plain is a condition, avx2
 * a vector of doubles with sign bits, avx512 a mask, all of an index i.
 */
#ifdef COMPARE_WIDE
#define KERNEL(name, parameters, arguments, plain, avx2, avx512) \
__attribute__((target("avx2"))) static void \
name##_avx2 parameters \
{ \
	WIDE_WORDS(4, n, r, (uint32_t) _mm256_movemask_pd(avx2)); \
	PLAIN_WORDS(n / 64, n, r, plain); \
} \
__attribute__((target("avx512f"))) static void \
name##_avx512 parameters \
{ \
	WIDE_WORDS(8, n, r, avx512); \
	PLAIN_WORDS(n / 64, n, r, plain); \
} \
static void \
name parameters \
{ \
	switch (compare_width()) \
	{ \
		case WIDTH_AVX512: \
			name##_avx512 arguments; \
			break; \
		case WIDTH_AVX2: \
			name##_avx2 arguments; \
			break; \
		default: \
			PLAIN_WORDS(0, n, r, plain); \
	} \
} \
extern int	compare_needs_semicolon_
#else
#define KERNEL(name, parameters, arguments, plain, avx2, avx512) \
static void \
name parameters \
{ \
	PLAIN_WORDS(0, n, r, plain); \
} \
extern int	compare_needs_semicolon_
#endif

/* vectors of rows i and following: integers, doubles; constants */
#define I4(p) _mm256_loadu_si256((const __m256i *) ((p) + i))
#define I8(p) _mm512_loadu_si512((p) + i)
#define D4(p) _mm256_loadu_pd((p) + i)
#define D8(p) _mm512_loadu_pd((p) + i)
#define CI4(c) _mm256_set1_epi64x(c)
#define CI8(c) _mm512_set1_epi64(c)
#define CD4(c) _mm256_set1_pd(c)
#define CD8(c) _mm512_set1_pd(c)
/* of the former, comparisons of integers as vectors of doubles */
#define LESS4(a, b) _mm256_castsi256_pd(_mm256_cmpgt_epi64(b, a))
#define EQUAL4(a, b) _mm256_castsi256_pd(_mm256_cmpeq_epi64(a, b))
#define NAN4(a) _mm256_cmp_pd(a, a, _CMP_UNORD_Q)
#define NAN8(a) _mm512_cmp_pd_mask(a, a, _CMP_UNORD_Q)

KERNEL(int_constant_lt, (const int64_t *v, int n, int64_t c, uint64_t *r),
	   (v, n, c, r), v[i] < c,
	   LESS4(I4(v), CI4(c)), _mm512_cmplt_epi64_mask(I8(v), CI8(c)));
KERNEL(int_constant_eq, (const int64_t *v, int n, int64_t c, uint64_t *r),
	   (v, n, c, r), v[i] == c,
	   EQUAL4(I4(v), CI4(c)), _mm512_cmpeq_epi64_mask(I8(v), CI8(c)));
KERNEL(int_vectors_lt, (const int64_t *a, const int64_t *b, int n, uint64_t *r),
	   (a, b, n, r), a[i] < b[i],
	   LESS4(I4(a), I4(b)), _mm512_cmplt_epi64_mask(I8(a), I8(b)));
KERNEL(int_vectors_eq, (const int64_t *a, const int64_t *b, int n, uint64_t *r),
	   (a, b, n, r), a[i] == b[i],
	   EQUAL4(I4(a), I4(b)), _mm512_cmpeq_epi64_mask(I8(a), I8(b)));
/* outside: the complement is what is wanted */
KERNEL(int_outside, (const int64_t *v, int n, int64_t low, int64_t high, uint64_t *r),
	   (v, n, low, high, r), (v[i] < low) | (v[i] > high),
	   _mm256_or_pd(LESS4(I4(v), CI4(low)), LESS4(CI4(high), I4(v))),
	   _mm512_cmplt_epi64_mask(I8(v), CI8(low)) |
	   _mm512_cmpgt_epi64_mask(I8(v), CI8(high)));

KERNEL(float_constant_lt, (const double *v, int n, double c, uint64_t *r),
	   (v, n, c, r), v[i] < c,
	   _mm256_cmp_pd(D4(v), CD4(c), _CMP_LT_OQ),
	   _mm512_cmp_pd_mask(D8(v), CD8(c), _CMP_LT_OQ));
KERNEL(float_constant_le, (const double *v, int n, double c, uint64_t *r),
	   (v, n, c, r), v[i] <= c,
	   _mm256_cmp_pd(D4(v), CD4(c), _CMP_LE_OQ),
	   _mm512_cmp_pd_mask(D8(v), CD8(c), _CMP_LE_OQ));
KERNEL(float_constant_eq, (const double *v, int n, double c, uint64_t *r),
	   (v, n, c, r), v[i] == c,
	   _mm256_cmp_pd(D4(v), CD4(c), _CMP_EQ_OQ),
	   _mm512_cmp_pd_mask(D8(v), CD8(c), _CMP_EQ_OQ));
KERNEL(float_is_nan, (const double *v, int n, uint64_t *r),
	   (v, n, r), v[i] != v[i], NAN4(D4(v)), NAN8(D8(v)));
KERNEL(float_vectors_lt, (const double *a, const double *b, int n, uint64_t *r),
	   (a, b, n, r), (a[i] < b[i]) | ((b[i] != b[i]) & (a[i] == a[i])),
	   _mm256_or_pd(_mm256_cmp_pd(D4(a), D4(b), _CMP_LT_OQ),
					_mm256_andnot_pd(NAN4(D4(a)), NAN4(D4(b)))),
	   _mm512_cmp_pd_mask(D8(a), D8(b), _CMP_LT_OQ) |
	   (NAN8(D8(b)) & ~NAN8(D8(a))));
KERNEL(float_vectors_eq, (const double *a, const double *b, int n, uint64_t *r),
	   (a, b, n, r), (a[i] == b[i]) | ((b[i] != b[i]) & (a[i] != a[i])),
	   _mm256_or_pd(_mm256_cmp_pd(D4(a), D4(b), _CMP_EQ_OQ),
					_mm256_and_pd(NAN4(D4(a)), NAN4(D4(b)))),
	   _mm512_cmp_pd_mask(D8(a), D8(b), _CMP_EQ_OQ) |
	   (NAN8(D8(b)) & NAN8(D8(a))));

void
compare_int_constant(CompareOp op, const int64_t *values, int n,
					 int64_t constant, uint64_t *result)
{
	bool		complement = is_complement(op);

	if (op == OP_EQ || op == OP_NE)
		int_constant_eq(values, n, constant, result);
	else if (op == OP_LT || op == OP_GE)
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
	bool		complement = op == OP_NE || op == OP_LE ||
		op == OP_GE;

	if (op == OP_EQ || op == OP_NE)
		int_vectors_eq(a, b, n, result);
	else if (op == OP_LT || op == OP_GE)
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
		int_outside(values, n, low, high, result);
	finish(result, n, low <= high);
}

/*
 * Nothing is greater than NaN, so "less" means not NaN, "equal" means NaN, and
 * "less or equal" holds for all.
 */
static void
compare_with_nan(CompareOp op, const double *values, int n, uint64_t *result)
{
	bool		complement = is_complement(op);

	if (op == OP_LE || op == OP_GT)
	{
		selection_clear(result);
		complement = !complement;
	}
	else
	{
		float_is_nan(values, n, result);
		if (op == OP_LT || op == OP_GE)
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
	if (op == OP_EQ || op == OP_NE)
		float_constant_eq(values, n, constant, result);
	else if (op == OP_LT || op == OP_GE)
		float_constant_lt(values, n, constant, result);
	else
		float_constant_le(values, n, constant, result);
	finish(result, n, is_complement(op));
}

void
compare_float_vectors(CompareOp op, const double *a, const double *b, int n,
					  uint64_t *result)
{
	bool		complement = op == OP_NE || op == OP_LE ||
		op == OP_GE;

	if (op == OP_EQ || op == OP_NE)
		float_vectors_eq(a, b, n, result);
	else if (op == OP_LT || op == OP_GE)
		float_vectors_lt(a, b, n, result);
	else
		float_vectors_lt(b, a, n, result);
	finish(result, n, complement);
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
