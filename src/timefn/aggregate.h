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
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("aggregate support function called in non-aggregate context"),
				 errhint("Call the aggregate itself.")));
	return context;
}

/*
 * Serialized states travel between processes: refuse bytes that are not one.
 */
static inline void
aggregate_refuse_state(const char *aggregate)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid serialized state of aggregate %s", aggregate)));
}

#endif							/* RUSTS_AGGREGATE_H */
