/*
 * chunkscan.h
 *	  Rows under reserved ids, in the order of their keys.
 */
#ifndef RUSTS_CHUNKSCAN_H
#define RUSTS_CHUNKSCAN_H

#include "access/sdir.h"
#include "access/skey.h"
#include "segment/store.h"

typedef struct ChunkScan
{
	Store	   *store;
	Snapshot	snapshot;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	bool		tests;			/* visibility by itself */
} ChunkScan;

/*
 * Begin a scan over the rows that a snapshot of any type sees.  Keys are on
 * chunk_id (1) and chunk_seq (2) and are copied.
 */
extern void chunkscan_begin(ChunkScan *scan, Store *store, Snapshot snapshot,
							ScanKey keys, int nkeys);
/* Begin again, with other keys, as many. */
extern void chunkscan_again(ChunkScan *scan, ScanKey keys, int nkeys);
/* The next row, which stays pinned until the next call; NULL: no more. */
extern HeapTuple chunkscan_next(ChunkScan *scan, ScanDirection direction);
/* The buffer of the row that the scan is at. */
extern Buffer chunkscan_buffer(ChunkScan *scan);
extern void chunkscan_end(ChunkScan *scan);

#endif							/* RUSTS_CHUNKSCAN_H */
