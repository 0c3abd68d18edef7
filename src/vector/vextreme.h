/*
 * vextreme.h
 *	  Smallest and largest of the rows of a vector.
 *
 * Forms, NULLs and unselected rows are as in vsum.h.  Floats are ordered as
 * the server orders them: NaN equals NaN and is greater than everything else,
 * and -0 equals 0 (either may be returned).  For no rows the result is the
 * START value, which loses against every other, so that results combine with
 * vextreme_float_min() and its like without a flag.
 */
#ifndef RUSTS_VEXTREME_H
#define RUSTS_VEXTREME_H

#include <math.h>
#include <stdint.h>

#define VMIN_INT_START INT64_MAX
#define VMAX_INT_START INT64_MIN
#define VMIN_FLOAT_START ((double) NAN)
#define VMAX_FLOAT_START ((double) -INFINITY)

static inline double
vextreme_float_min(double a, double b)
{
	return a < b || b != b ? a : b;
}

static inline double
vextreme_float_max(double a, double b)
{
	return a > b || a != a ? a : b;
}

extern int64_t vextreme_int_min_range(const int64_t *values, int from, int to);
extern int64_t vextreme_int_min_selected(const int64_t *values,
										 const uint64_t *selection);
extern int64_t vextreme_int_max_range(const int64_t *values, int from, int to);
extern int64_t vextreme_int_max_selected(const int64_t *values,
										 const uint64_t *selection);
extern double vextreme_float_min_range(const double *values, int from, int to);
extern double vextreme_float_min_selected(const double *values,
										  const uint64_t *selection);
extern double vextreme_float_max_range(const double *values, int from, int to);
extern double vextreme_float_max_selected(const double *values,
										  const uint64_t *selection);

#endif							/* RUSTS_VEXTREME_H */
