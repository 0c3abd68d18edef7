/*
 * decodable.h
 *	  Can anybody decode what is written into a table?
 */
#ifndef RUSTS_DECODABLE_H
#define RUSTS_DECODABLE_H

#include "utils/rel.h"

/*
 * Called before the first rows of a load go into segments.  True: somebody
 * can decode the table, or soon may, so all rows must go through the heap.
 * False: the table, which this transaction has locked, is remembered for
 * decodable_check_commit.  May assign a transaction ID.
 */
extern bool decodable_begin_load(Relation rel);

/*
 * Called when all segments of the transaction are written.  Fails when one of
 * the tables that they are in has been published since.
 */
extern void decodable_check_commit(void);
/* Called at the end of the transaction. */
extern void decodable_forget(void);

#endif							/* RUSTS_DECODABLE_H */
