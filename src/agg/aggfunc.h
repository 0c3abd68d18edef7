/*
 * aggfunc.h
 *	  Aggregates over batches: which are known, and what they are compiled to.
 */
#ifndef RUSTS_AGGFUNC_H
#define RUSTS_AGGFUNC_H

#include "agg/aggkind.h"

/*
 * Can this aggregate be computed here?  *native: without its transition
 * function.
 */
extern bool aggfunc_supported(Aggref *aggref, bool *native);

/*
 * Does an aggregate want only the row with the largest (desc) or smallest
 * value of a column?
 */
extern bool aggfunc_is_extreme_row(Aggref *aggref, AttrNumber *attno,
								   bool *desc);

extern void aggfunc_compile(AggFunc *func, Aggref *aggref, PlanState *parent,
							TupleDesc desc, TupleTableSlot *slot,
							struct AggState *fake);
extern void aggfunc_rescan(AggFunc *func);

/* Can metadata answer the aggregate? */
extern bool aggfunc_may_take_summary(Aggref *aggref);
extern bool aggfunc_takes_summary(const AggFunc *func);

#endif							/* RUSTS_AGGFUNC_H */
