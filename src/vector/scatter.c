/*
 * scatter.c
 *	  Aggregates per group, where the group changes from row to row.
 *
 * Rows are added one after the other: two rows of a vector register may belong
 * to one group.  Full words, the usual case, are walked without looking at
 * bits.
 */
#include "simd/codec_simd.h"
#include "vector/scatter.h"
#include "vector/selection.h"
#include "vector/vextreme.h"

/*
 * Call "statement" with row set to each selected row.  A macro, because what
 * differs is the body of the innermost loop.
 */
#define EACH_ROW(selection, statement) \
	do { \
		int			w_; \
		for (w_ = 0; w_ < SELECTION_WORDS; w_++) \
		{ \
			uint64_t	word_ = (selection)[w_]; \
			int			row; \
			if (word_ == ~UINT64_C(0)) \
			{ \
				for (row = w_ * 64; row < w_ * 64 + 64; row++) \
					statement; \
				continue; \
			} \
			for (; word_ != 0; word_ &= word_ - 1) \
			{ \
				row = w_ * 64 + __builtin_ctzll(word_); \
				statement; \
			} \
		} \
	} while (0)

void
scatter_count(const uint32_t *groups, const uint64_t *selection,
			  int64_t *counts)
{
	EACH_ROW(selection, counts[groups[row]]++);
}

void
scatter_sum_float(const double *values, const uint32_t *groups,
				  const uint64_t *selection, double *sums, int64_t *counts)
{
	EACH_ROW(selection, sums[groups[row]] += values[row]);
	if (counts != NULL)
		scatter_count(groups, selection, counts);
}

void
scatter_sum_int(const int64_t *values, const uint32_t *groups,
				const uint64_t *selection, VectorInt128 *sums, int64_t *counts)
{
	EACH_ROW(selection, sums[groups[row]] += values[row]);
	if (counts != NULL)
		scatter_count(groups, selection, counts);
}

void
scatter_variance(const double *values, const uint32_t *groups,
				 const uint64_t *selection, Variance *states)
{
	EACH_ROW(selection, vsum_variance_add(&states[groups[row]], values[row]));
}

void
scatter_min_float(const double *values, const uint32_t *groups,
				  const uint64_t *selection, double *best)
{
	EACH_ROW(selection, best[groups[row]] =
			 vextreme_float_min(best[groups[row]], values[row]));
}

void
scatter_max_float(const double *values, const uint32_t *groups,
				  const uint64_t *selection, double *best)
{
	EACH_ROW(selection, best[groups[row]] =
			 vextreme_float_max(best[groups[row]], values[row]));
}

void
scatter_min_int(const int64_t *values, const uint32_t *groups,
				const uint64_t *selection, int64_t *best)
{
	EACH_ROW(selection,
			 if (values[row] < best[groups[row]])
				 best[groups[row]] = values[row]);
}

void
scatter_max_int(const int64_t *values, const uint32_t *groups,
				const uint64_t *selection, int64_t *best)
{
	EACH_ROW(selection,
			 if (values[row] > best[groups[row]])
				 best[groups[row]] = values[row]);
}
