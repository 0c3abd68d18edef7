/*
 * trim.h
 *	  Give the space of flushed rows back to the heap.
 */
#ifndef RUSTS_TRIM_H
#define RUSTS_TRIM_H

#include "utils/rel.h"

/* Is VACUUM worth while after a flush of this table moved so many rows? */
extern bool trim_wanted(Relation rel, int64 moved);
/*
 * VACUUM the table, in transactions of its own; to be called outside of one.
 * Does nothing when the table is locked.
 */
extern void trim_table(Oid relid);

#endif							/* RUSTS_TRIM_H */
