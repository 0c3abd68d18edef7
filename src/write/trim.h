/*
 * trim.h
 *	  Give the space of flushed rows back to the heap.
 */
#ifndef RUSTS_TRIM_H
#define RUSTS_TRIM_H

#include "datatype/timestamp.h"
#include "utils/rel.h"

/* What the worker remembers of a table; all zero in the beginning. */
typedef struct TrimState
{
	int64		dead;			/* rows moved since the last VACUUM */
	bool		has_index;
	TimestampTz not_before;		/* of a table that has */
} TrimState;

/* Is VACUUM worth while after a flush of this table moved so many rows? */
extern bool trim_wanted(Relation rel, TrimState *state, int64 moved);
/*
 * VACUUM the table, in transactions of its own; to be called outside of one.
 * Does nothing when the table is locked.
 */
extern void trim_table(Oid relid, TrimState *state);

#endif							/* RUSTS_TRIM_H */
