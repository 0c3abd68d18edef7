/*
 * blockshare.h
 *	  Who of a parallel scan's participants reads which rows.
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
 * The first row that this participant may still read; reading: it is not through
 * with the current segment.
 */
extern uint64 blockshare_floor(BlockScan *scan, bool reading);
/*
 * Let nobody claim any more; returns the first row that nobody has.  When they
 * are all done, the one who called it goes on from there, on a copy.  Hot rows
 * must have been read.
 */
extern uint64 blockshare_close(BlockScanShared *shared);
extern void blockshare_go_on(BlockScan *scan, uint64 row, BlockScanShared *copy);

/* Make the next rows that are ours entry, low and high; false: no more. */
extern bool blockshare_claim(BlockScan *scan);

extern void blockshare_add(BlockScanCounters *to,
						   const BlockScanCounters *from);
/* Bring counters.bytes up to date. */
extern void blockshare_count_bytes(BlockScan *scan);
/* A worker adds its counters to the shared ones, the leader takes them. */
extern void blockshare_report(BlockScan *scan);
extern void blockshare_take(BlockScan *scan);

#endif							/* RUSTS_BLOCKSHARE_H */
