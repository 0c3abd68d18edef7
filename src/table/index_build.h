/*
 * index_build.h
 *	  Feed a table's rows to an index that is being built.
 */
#ifndef RUSTS_INDEX_BUILD_H
#define RUSTS_INDEX_BUILD_H

#include "access/tableam.h"
#include "nodes/execnodes.h"

/* callbacks */
extern double index_build_range_scan(Relation table, Relation index,
									 IndexInfo *info, bool allow_sync,
									 bool anyvisible, bool progress,
									 BlockNumber start, BlockNumber nblocks,
									 IndexBuildCallback callback,
									 void *callback_state,
									 TableScanDesc sscan);

#endif							/* RUSTS_INDEX_BUILD_H */
