/*
 * compact.h
 *	  Segments are merged and written anew.
 */
#ifndef RUSTS_COMPACT_H
#define RUSTS_COMPACT_H

#include "utils/rel.h"

#include "write/progress.h"

/*
 * Compact a table in the current transaction (RowExclusiveLock held).  full:
 * as far as it goes, else what is worth it.  most: so many groups of segments
 * at most.  Returns the number of segments that were written anew, -1 when
 * another compaction of the table is at work and wait is false.  The numbers
 * are left in progress.
 */
extern int64 compact_relation(Relation rel, bool full, int most, bool wait,
							  Progress *progress);

#endif							/* RUSTS_COMPACT_H */
