/*
 * flush_try.h
 *	  Flush a table that no user asked to flush.
 */
#ifndef RUSTS_FLUSH_TRY_H
#define RUSTS_FLUSH_TRY_H

#include "storage/lockdefs.h"
#include "utils/rel.h"

#include "write/progress.h"

/*
 * Open a rusts table if its lock is free, else return NULL; gone says that
 * there is no such rusts table.
 */
extern Relation flush_try_open(Oid relid, LOCKMODE lockmode, bool *gone);

/*
 * Flush an open table (RowExclusiveLock held) in the current transaction.
 * Returns the number of rows moved, -1 when another flush is at work.
 */
extern int64 flush_try_run(Relation rel, Progress *progress);

#endif							/* RUSTS_FLUSH_TRY_H */
