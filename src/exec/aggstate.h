/*
 * aggstate.h
 *	  The arrays behind an AggFunc's states.
 */
#ifndef RUSTS_AGGSTATE_H
#define RUSTS_AGGSTATE_H

#include "exec/aggfunc.h"
#include "vector/vsum.h"

#define COUNTS(func) ((int64 *) (func)->arrays[0].at)
#define FLOATS(func) ((double *) (func)->arrays[1].at)
#define INTS(func) ((int64 *) (func)->arrays[1].at)
#define SUMS(func) ((VectorInt128 *) (func)->arrays[1].at)
#define SQUARES(func) ((VectorInt128 *) (func)->arrays[2].at)
/* did a group of float sums see an infinite input? */
#define INFINITE(func) ((bool *) (func)->arrays[2].at)
#define VARIANCES(func) ((Variance *) (func)->arrays[0].at)
/* of AGG_FIRST and AGG_LAST; COUNTS is 0: empty, 1: NULL, 2: a value */
#define TIMES(func) INTS(func)
#define VALUES(func) ((Datum *) (func)->arrays[2].at)

/* Keep a value as a group's best. */
extern void aggfunc_keep_value(AggFunc *func, uint32 group, Datum value,
							   bool isnull);
/* Is a row of this time the one to keep? */
extern bool aggfunc_is_better(const AggFunc *func, uint32 group, int64 time);

#endif							/* RUSTS_AGGSTATE_H */
