/*
 * parallel.h
 *	  Shared state of a parallel scan: heap's blocks, then segment rows.
 */
#ifndef RUSTS_PARALLEL_H
#define RUSTS_PARALLEL_H

#include "access/tableam.h"
#include "table/cursor.h"

extern Size parallel_scan_estimate(Relation rel);
extern Size parallel_scan_initialize(Relation rel,
									 ParallelTableScanDesc pscan);
extern void parallel_scan_reinitialize(Relation rel,
									   ParallelTableScanDesc pscan);
/*
 * Claim the next rows for this participant and make the cursor walk them;
 * false: everything has been claimed.
 */
extern bool parallel_scan_claim(ParallelTableScanDesc pscan,
								SegmentCursor *cursor);

#endif							/* RUSTS_PARALLEL_H */
