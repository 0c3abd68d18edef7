/*
 * varith.h
 *	  Arithmetic on vectors.
 *
 * Every row is computed, selected or not, NULL or not, and none stops the
 * kernel: it returns whether some row is suspicious, that is, may be one for
 * which the server raises an error (overflow, underflow, division by zero).
 * The caller then looks at the rows that matter.
 */
#ifndef RUSTS_VARITH_H
#define RUSTS_VARITH_H

#include <stdbool.h>
#include <stdint.h>

/* Results wrap at 64 bits; suspicious: outside [low, high], or wrapped. */
extern bool varith_int_add(const int64_t *a, const int64_t *b, int n,
						   int64_t low, int64_t high, int64_t *out);
extern bool varith_int_subtract(const int64_t *a, const int64_t *b, int n,
								int64_t low, int64_t high, int64_t *out);
extern bool varith_int_multiply(const int64_t *a, const int64_t *b, int n,
								int64_t low, int64_t high, int64_t *out);
/* Rows whose divisor is 0 or -1 are suspicious, and give 0. */
extern bool varith_int_divide(const int64_t *a, const int64_t *b, int n,
							  int64_t *out);
extern bool varith_int_modulo(const int64_t *a, const int64_t *b, int n,
							  int64_t *out);
/* Is a value outside [low, high]? */
extern bool varith_int_outside(const int64_t *a, int n, int64_t low,
							   int64_t high);

/* Suspicious: infinite result; 0 from operands that are not; divisor 0. */
extern bool varith_float_add(const double *a, const double *b, int n,
							 double *out);
extern bool varith_float_subtract(const double *a, const double *b, int n,
								  double *out);
extern bool varith_float_multiply(const double *a, const double *b, int n,
								  double *out);
extern bool varith_float_divide(const double *a, const double *b, int n,
								double *out);

extern void varith_int_to_float(const int64_t *a, int n, double *out);
/* Round to even; suspicious: NaN or not within [low, high). */
extern bool varith_float_to_int(const double *a, int n, double low,
								double high, int64_t *out);

#endif							/* RUSTS_VARITH_H */
