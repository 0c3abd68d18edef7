/*
 * blockprune.h
 *	  What of a table need not be read.
 */
#ifndef RUSTS_BLOCKPRUNE_H
#define RUSTS_BLOCKPRUNE_H

#include "block/blockstate.h"

/*
 * A filter for loading the directory (arg: the scan): false when scan filters
 * that stay the same at every rescan let no row of the segment pass.
 */
extern bool blockprune_wants(void *arg, const DirectoryEntry *entry);
/*
 * Visit segments by their largest value of a column, largest first, or by
 * their smallest.  After blockscan_begin.
 */
extern void blockprune_order_by(BlockScan *scan, AttrNumber attno, bool desc);
/*
 * The largest (desc) or smallest value, in the i-th segment and all after it,
 * of the column that they were ordered by; false: unknown.
 */
extern bool blockprune_order_bound(const BlockScan *scan, int i,
								   AttrNumber attno, bool desc, int64 *bound);
/* Is it known that the i-th segment has no NULL in a column? */
extern bool blockprune_has_no_nulls(const BlockScan *scan, int i,
									AttrNumber attno);

/*
 * Set whole, and which filters are true for all rows, from the current
 * segment's summaries; false: none of its rows can pass.
 */
extern bool blockprune_segment(BlockScan *scan);
/* Make a segment the current one and call blockprune_segment. */
extern bool blockprune_passes_segment(BlockScan *scan,
									  const DirectoryEntry *entry);
/* Find the row ranges to read: all that is ours, or the runs whose tags pass. */
extern void blockprune_find_ranges(BlockScan *scan);
/* Look at the zone maps of the current block; false: no row of it can pass. */
extern bool blockprune_block(BlockScan *scan);

/* Get the zone of a column of the current segment or block; false: unknown. */
extern bool blockprune_segment_zone(BlockScan *scan, AttrNumber attno,
									DirectorySummaryData *summary);
extern bool blockprune_block_zone(BlockScan *scan, AttrNumber attno,
								  DirectorySummaryData *summary);

#endif							/* RUSTS_BLOCKPRUNE_H */
