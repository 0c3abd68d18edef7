/*
 * blockshare.h
 *	  Which participant of a parallel scan reads which rows.
 */
#ifndef RUSTS_BLOCKSHARE_H
#define RUSTS_BLOCKSHARE_H

#include "block/blockstate.h"

extern Size blockshare_size(void);
/* participants: workers and the leader. */
extern void blockshare_init(BlockScanShared *shared, Relation rel,
							int participants);
extern void blockshare_reinit(BlockScanShared *shared, Relation rel);

/*
 * The first row that this participant may still read; reading: it has not
 * finished the current segment.
 */
extern uint64 blockshare_floor(BlockScan *scan, bool reading);
/*
 * Stop all claims; returns the first row that was not claimed.  When all
 * participants are done, the caller goes on from there, on a copy of the
 * shared state.  Hot rows must have been read.
 */
extern uint64 blockshare_close(BlockScanShared *shared);
extern void blockshare_go_on(BlockScan *scan, uint64 row, BlockScanShared *copy);

/* Claim the next rows: sets entry, low and high; false: there are no more. */
extern bool blockshare_claim(BlockScan *scan);

extern void blockshare_add(BlockScanCounters *to,
						   const BlockScanCounters *from);
/* Bring counters.bytes up to date. */
extern void blockshare_count_bytes(BlockScan *scan);
/* A worker adds its counters to the shared ones, the leader takes them. */
extern void blockshare_report(BlockScan *scan);
extern void blockshare_take(BlockScan *scan);

#endif							/* RUSTS_BLOCKSHARE_H */
