/*
 * quietflush.h
 *	  Flush a table on nobody's behalf.
 */
#ifndef RUSTS_QUIETFLUSH_H
#define RUSTS_QUIETFLUSH_H

#include "storage/lockdefs.h"
#include "utils/rel.h"

/*
 * Open a rusts table if its lock is free, else return NULL; gone says that
 * there is no such rusts table.
 */
extern Relation quietflush_open(Oid relid, LOCKMODE lockmode, bool *gone);

/*
 * Flush an open table (RowExclusiveLock held) in the current transaction.
 * Returns the number of rows moved, -1 when another flush is at work.
 */
extern int64 quietflush_run(Relation rel);

#endif							/* RUSTS_QUIETFLUSH_H */
