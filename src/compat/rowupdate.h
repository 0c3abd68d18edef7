/*
 * rowupdate.h
 *	  What an update of a row says about indexes.
 */
#ifndef RUSTS_ROWUPDATE_H
#define RUSTS_ROWUPDATE_H

#include "access/heapam.h"
#include "access/tableam.h"

/*
 * PostgreSQL 16 reports which indexes an update needs entries in, not only
 * whether it needs any (upstream 19d8e2308b).
 */
#if PG_VERSION_NUM >= 160000
typedef TU_UpdateIndexes CompatUpdateIndexes;
#define COMPAT_UPDATE_ALL_INDEXES TU_All
static inline TM_Result
compat_heap_update(Relation rel, ItemPointer tid, HeapTuple tuple,
				   CommandId cid, TM_FailureData *tmfd, LockTupleMode *mode)
{
	TU_UpdateIndexes update_indexes;

	return heap_update(rel, tid, tuple, cid, InvalidSnapshot, true, tmfd, mode,
					   &update_indexes);
}
#else
typedef bool CompatUpdateIndexes;
#define COMPAT_UPDATE_ALL_INDEXES true
#define compat_heap_update(rel, tid, tuple, cid, tmfd, mode) \
	heap_update(rel, tid, tuple, cid, InvalidSnapshot, true, tmfd, mode)
#endif

#endif							/* RUSTS_ROWUPDATE_H */
