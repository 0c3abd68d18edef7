/*
 * analyze.h
 *	  Rows for ANALYZE.
 */
#ifndef RUSTS_ANALYZE_H
#define RUSTS_ANALYZE_H

#include "storage/bufmgr.h"
#include "table/scan.h"

extern bool analyze_next_block(TableScanDesc sscan, BlockNumber blockno,
							   BufferAccessStrategy bstrategy);
extern bool analyze_next_tuple(TableScanDesc sscan, TransactionId oldest_xmin,
							   double *liverows, double *deadrows,
							   TupleTableSlot *slot);
extern void analyze_end(RustsScan scan);

#endif							/* RUSTS_ANALYZE_H */
