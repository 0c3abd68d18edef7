/*
 * aggstate.h
 *	  The arrays behind an AggFunc's states, and what is added to them.
 */
#ifndef RUSTS_AGGSTATE_H
#define RUSTS_AGGSTATE_H

#include "agg/aggkind.h"
#include "segment/directory.h"

/* What some rows of a group amount to, in the parts that the kind has. */
typedef struct AggPartial
{
	int64		count;
	double		number;			/* sum or extreme of floats */
	int64		integer;		/* extreme of integers */
	VectorInt128 sum;			/* of integers */
	VectorInt128 squares;
	Variance	variance;

	/*
	 * Was an input of a float sum infinite or NaN?  If none was, a sum that is
	 * has overflowed, as in float8pl and float8_accum.  (Partial sums that
	 * overflow with opposite signs add up to NaN.)
	 */
	bool		infinite;
} AggPartial;

/* Make room for capacity groups; states from old_capacity on are empty. */
extern void aggstate_resize(AggFunc *func, uint32 old_capacity,
							uint32 capacity);
/* Forget all states; their memory has been reset. */
extern void aggstate_forget(AggFunc *func);
/* Does the summary of rows rows of one group answer?  Then it can be added. */
extern bool aggstate_summary_suffices(const AggFunc *func,
									  const DirectorySummaryData *summary,
									  uint32 rows);
extern void aggstate_add_summary(AggFunc *func, uint32 group,
								 const DirectorySummaryData *summary,
								 uint32 rows);

/* Add a partial (of no rows: start values) to a group's state. */
extern void aggstate_add(AggFunc *func, uint32 group,
						 const AggPartial *partial);

/* Keep a value as a group's best. */
extern void aggstate_keep_value(AggFunc *func, uint32 group, Datum value,
								bool isnull);
/* Is a row of this time the one to keep? */
extern bool aggstate_is_better(const AggFunc *func, uint32 group, int64 time);

#endif							/* RUSTS_AGGSTATE_H */
