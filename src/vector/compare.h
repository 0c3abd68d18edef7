/*
 * compare.h
 *	  Comparisons of vectors, to selections.
 *
 * Each writes a whole selection (SELECTION_WORDS words): the rows below n for
 * which the comparison holds.  Every row is compared, selected or not, NULL or
 * not; the caller masks.  Floats are ordered as in vextreme.h.
 */
#ifndef RUSTS_COMPARE_H
#define RUSTS_COMPARE_H

#include <stdint.h>

typedef enum CompareOp
{
	OP_LT, OP_LE, OP_EQ, OP_GE, OP_GT, OP_NE
} CompareOp;

/* a op b is b swapped a */
extern CompareOp compare_swapped(CompareOp op);

extern void compare_int_constant(CompareOp op, const int64_t *values, int n,
								 int64_t constant, uint64_t *result);
extern void compare_int_vectors(CompareOp op, const int64_t *a,
								const int64_t *b, int n, uint64_t *result);
/* low <= value <= high */
extern void compare_int_between(const int64_t *values, int n,
								int64_t low, int64_t high, uint64_t *result);

extern void compare_float_constant(CompareOp op, const double *values, int n,
								   double constant, uint64_t *result);
extern void compare_float_vectors(CompareOp op, const double *a,
								  const double *b, int n, uint64_t *result);

/* Add the rows whose value is not that of the row before. */
extern void compare_mark_changes(const int64_t *values, int n,
								 uint64_t *changes);

#endif							/* RUSTS_COMPARE_H */
