/*
 * indexing.h
 *	  Index entries for rows that are inserted, across versions.
 */
#ifndef RUSTS_INDEXING_H
#define RUSTS_INDEXING_H

#include "executor/executor.h"

/* PostgreSQL 16 asks whether only BRIN matters (upstream 19d8e2308b). */
static inline List *
compat_insert_index_tuples(ResultRelInfo *result, TupleTableSlot *slot,
						   EState *estate)
{
#if PG_VERSION_NUM >= 160000
	return ExecInsertIndexTuples(result, slot, estate, false, false, NULL,
								 NIL, false);
#else
	return ExecInsertIndexTuples(result, slot, estate, false, false, NULL,
								 NIL);
#endif
}

#endif							/* RUSTS_INDEXING_H */
