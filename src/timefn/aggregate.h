/*
 * aggregate.h
 *	  What the support functions of the aggregates share.
 */
#ifndef RUSTS_AGGREGATE_H
#define RUSTS_AGGREGATE_H

#include "fmgr.h"

/* The context that owns transition states; errors out outside an aggregate. */
static inline MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "aggregate support function called in non-aggregate context");
	return context;
}

#endif							/* RUSTS_AGGREGATE_H */
