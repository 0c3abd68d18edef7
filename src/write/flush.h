/*
 * flush.h
 *	  Hot rows become segments.
 */
#ifndef RUSTS_FLUSH_H
#define RUSTS_FLUSH_H

#include "utils/rel.h"

#include "write/progress.h"

/*
 * Move all hot rows that can move into segments, in the current transaction.
 * Returns how many moved.  wait: queue behind another flush of the table,
 * else return -1 at once when there is one.  The numbers are
 * left in progress.
 */
extern int64 flush_relation(Relation rel, bool wait, Progress *progress);
/* Open by OID with the right lock, then flush_relation. */
extern int64 flush_table(Oid relid);

#endif							/* RUSTS_FLUSH_H */
