/*
 * analyze.h
 *	  Rows for ANALYZE.
 */
#ifndef RUSTS_ANALYZE_H
#define RUSTS_ANALYZE_H

#include "compat/scans.h"
#include "table/scan.h"

#if COMPAT_ANALYZE_STREAMS
extern bool analyze_next_block(TableScanDesc sscan, ReadStream *stream);
#else
extern bool analyze_next_block(TableScanDesc sscan, BlockNumber blockno,
							   BufferAccessStrategy strategy);
#endif
extern bool analyze_next_tuple(TableScanDesc sscan, TransactionId oldest_xmin,
							   double *liverows, double *deadrows,
							   TupleTableSlot *slot);
extern void analyze_end(RustsScan scan);

#endif							/* RUSTS_ANALYZE_H */
