/*
 * agggeneric.h
 *	  Aggregates through their transition functions, row by row.
 */
#ifndef RUSTS_AGGGENERIC_H
#define RUSTS_AGGGENERIC_H

#include "agg/aggkind.h"
#include "nodes/execnodes.h"

/* An AggState that transition functions accept as their context. */
extern struct AggState *agggeneric_fake_state(EState *estate);
/* Set up what an AggFunc of kind AGG_GENERIC or with RESULT_FINALFN needs. */
extern void agggeneric_compile(AggFunc *func);
/* Set a group's state to what it is before the first row. */
extern void agggeneric_init(AggFunc *func, uint32 group);
/* Advance the group's state by a row with these arguments. */
extern void agggeneric_advance(AggFunc *func, uint32 group,
							   const NullableDatum *args);
extern Datum agggeneric_final(AggFunc *func, uint32 group, bool *isnull);
/* The final function's result for a state that was made elsewhere. */
extern Datum agggeneric_final_of(AggFunc *func, Datum state, bool isnull,
								 bool *result_isnull);
/* numeric_poly's state from a count and two 128-bit sums. */
extern Datum agggeneric_poly_state(AggFunc *func, int64 n, __int128 sum,
								   __int128 squares);

#endif							/* RUSTS_AGGGENERIC_H */
