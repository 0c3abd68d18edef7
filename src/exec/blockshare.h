/*
 * blockshare.h
 *	  Who of a parallel scan's participants reads which rows.
 */
#ifndef RUSTS_BLOCKSHARE_H
#define RUSTS_BLOCKSHARE_H

#include "exec/blockstate.h"

extern Size blockshare_size(void);
/* participants: workers and the leader. */
extern void blockshare_init(BlockScanShared *shared, Relation rel,
							int participants);
extern void blockshare_reinit(BlockScanShared *shared, Relation rel);

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
