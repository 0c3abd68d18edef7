/*
 * flush_index.h
 *	  Index entries for the rows of a new segment.
 */
#ifndef RUSTS_FLUSH_INDEX_H
#define RUSTS_FLUSH_INDEX_H

#include "segment/store.h"
#include "utils/rel.h"

/*
 * Enter the live rows of the segment at first_block, written by this
 * transaction, into the table's indexes.
 */
extern void flush_index_insert(Relation rel, Store *store, uint32 first_block);

#endif							/* RUSTS_FLUSH_INDEX_H */
