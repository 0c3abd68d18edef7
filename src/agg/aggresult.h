/*
 * aggresult.h
 *	  States to results, and to bytes for other processes.
 */
#ifndef RUSTS_AGGRESULT_H
#define RUSTS_AGGRESULT_H

#include "agg/aggkind.h"

extern Datum aggresult_value(AggFunc *func, uint32 group, bool *isnull);

/*
 * States between processes: write those of n groups, from first on, to a
 * buffer; combine groups with those in a buffer.
 */
extern bool aggresult_can_combine(const Aggref *aggref);
extern void aggresult_serialize(AggFunc *func, uint32 first, uint32 n,
								StringInfo buffer);
extern void aggresult_combine(AggFunc *func, const uint32 *groups, uint32 n,
							  StringInfo buffer);

#endif							/* RUSTS_AGGRESULT_H */
