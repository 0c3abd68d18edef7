/*
 * scatter.h
 *	  Aggregates per group, where the group changes from row to row.
 *
 * groups[row] is the number of the row's group; states are arrays with an
 * element for each group, which the caller has set to the start values of
 * vsum.h and vextreme.h.  NULLs are taken out of the selection first.  A
 * group's count tells whether it saw a value at all.
 */
#ifndef RUSTS_SCATTER_H
#define RUSTS_SCATTER_H

#include <stdint.h>

#include "vector/vsum.h"

extern void scatter_count(const uint32_t *groups, const uint64_t *selection,
						  int64_t *counts);

/* sums and counts; counts may be NULL */
extern void scatter_sum_float(const double *values, const uint32_t *groups,
							  const uint64_t *selection,
							  double *sums, int64_t *counts);
extern void scatter_sum_int(const int64_t *values, const uint32_t *groups,
							const uint64_t *selection,
							VectorInt128 *sums, int64_t *counts);
extern void scatter_variance(const double *values, const uint32_t *groups,
							 const uint64_t *selection, Variance *states);

extern void scatter_min_float(const double *values, const uint32_t *groups,
							  const uint64_t *selection, double *best);
extern void scatter_max_float(const double *values, const uint32_t *groups,
							  const uint64_t *selection, double *best);
extern void scatter_min_int(const int64_t *values, const uint32_t *groups,
							const uint64_t *selection, int64_t *best);
extern void scatter_max_int(const int64_t *values, const uint32_t *groups,
							const uint64_t *selection, int64_t *best);

#endif							/* RUSTS_SCATTER_H */
