/*
 * vsum.h
 *	  Sums over rows of a vector.
 *
 * Each sum comes in two forms: over the rows [from, to) and over a selection.
 * NULLs are the caller's business: take them out of the selection first
 * (selection_and_not_bools).  Rows that are not selected are read, so they
 * must be readable, but may hold anything.
 *
 * Float sums add up in a fixed order that depends on the row numbers alone.
 * The sum of no rows is -0.0, because x + -0.0 is x for every x: so the sum of
 * negative zeroes is a negative zero, as it is in the server.
 */
#ifndef RUSTS_VSUM_H
#define RUSTS_VSUM_H

#include <stdbool.h>
#include <stdint.h>

#define VSUM_FLOAT_START (-0.0)

__extension__ typedef __int128 VectorInt128;

extern double vsum_float_range(const double *values, int from, int to);
extern double vsum_float_selected(const double *values,
								  const uint64_t *selection);

/*
 * Is one of the values infinite or NaN?  If none is, a sum that is has
 * overflowed.
 */
extern bool vsum_nonfinite_range(const double *values, int from, int to);
extern bool vsum_nonfinite_selected(const double *values,
								   const uint64_t *selection);

/* Exact. */
extern VectorInt128 vsum_int_range(const int64_t *values, int from, int to);
extern VectorInt128 vsum_int_selected(const int64_t *values,
									  const uint64_t *selection);

/* Sum of squares, exact for values within 32 bits, for integer variances. */
extern VectorInt128 vsum_int32_squares_range(const int64_t *values,
											 int from, int to);
extern VectorInt128 vsum_int32_squares_selected(const int64_t *values,
												const uint64_t *selection);

/*
 * What variances are made of: count, sum, and sum of the squared distances
 * from the mean (N, Sx, Sxx of Youngs and Cramer, 1971).  Computed in two
 * passes; vsum_variance_combine adds what "more" describes.
 */
typedef struct Variance
{
	int64_t		n;
	double		sx;
	double		sxx;
} Variance;

extern Variance vsum_variance_range(const double *values, int from, int to);
extern Variance vsum_variance_selected(const double *values,
									   const uint64_t *selection);
extern void vsum_variance_add(Variance *state, double value);
extern void vsum_variance_combine(Variance *state, const Variance *more);

#endif							/* RUSTS_VSUM_H */
