/*
 * segment_drop.h
 *	  Take segments out of a table.
 */
#ifndef RUSTS_SEGMENT_DROP_H
#define RUSTS_SEGMENT_DROP_H

#include "segment/directory.h"
#include "segment/stub.h"

/*
 * Whoever is going to take segments out of a table first locks out others who
 * do, until the end of the transaction, and takes a snapshot then.  False: not
 * to be waited for, and taken.
 */
extern bool segment_drop_begin(Relation rel, bool wait);
/* Has somebody locked a row of a segment, or is changing it? */
extern bool segment_drop_in_use(Store *store, const DirectoryEntry *entry,
								StubEnded visit, void *arg);
/*
 * Delete segments by their directory rows; false, and nothing done: somebody
 * is at one of their rows.  Rows that are gone are shown to visit, which may
 * write.
 */
extern bool segment_drop(Store *store, DirectoryEntry **entries, int n,
						 CommandId cid, StubEnded visit, void *arg);

#endif							/* RUSTS_SEGMENT_DROP_H */
