/*
 * blockscan.h
 *	  Scan a table batch by batch: segments' blocks, then hot rows.
 *
 *	  begin -> [ next_segment -> [ next_block ]* ]* -> [ next_hot ]* -> end
 *
 * or, for consumers that do not look at metadata, just next.
 */
#ifndef RUSTS_BLOCKSCAN_H
#define RUSTS_BLOCKSCAN_H

#include "block/blockstate.h"

/*
 * filters: expressions over the table's columns, implicitly ANDed.  slot:
 * virtual, of rel's descriptor.
 */
extern BlockScan *blockscan_create(Relation rel, PlanState *parent,
								   TupleTableSlot *slot, List *filters);
/* Have the columns that expr reads ready; called before the scan begins. */
extern void blockscan_need(BlockScan *scan, Node *expr);
/* The columns that an expression reads. */
extern Bitmapset *blockscan_attnos(BlockScan *scan, Node *expr);
extern void blockscan_need_attribute(BlockScan *scan, AttrNumber attno);
/* Called once, before the first rows; shared NULL: serial. */
extern void blockscan_begin(BlockScan *scan, Snapshot snapshot,
							BlockScanShared *shared);
/* Start again; parameters may have changed. */
extern void blockscan_rescan(BlockScan *scan);
/* End the scan, which may be begun again. */
extern void blockscan_end(BlockScan *scan);

/*
 * The next segment that is not pruned; scan->whole says whether its summary
 * speaks for exactly the rows that pass.
 */
extern bool blockscan_next_segment(BlockScan *scan);
/* The next block of it that is not pruned; filters are not applied. */
extern bool blockscan_next_block(BlockScan *scan);
/* Apply the filters; false: no row is left. */
extern bool blockscan_filter(BlockScan *scan);
/* The next batch with rows that pass. */
extern bool blockscan_next(BlockScan *scan);
/* The TID of a row of the batch. */
extern void blockscan_tid(BlockScan *scan, int row, ItemPointer tid);

/*
 * Make a scan with the same filters and columns that goes through one segment
 * at a time, with a position of its own; several may be open at once.  The
 * scan must have begun; close its clones before it ends or begins again.
 */
extern BlockScan *blockscan_clone(BlockScan *scan, MemoryContext parent);
/* Open a segment to read its blocks; false: none of its rows passes. */
extern bool blockscan_enter_segment(BlockScan *scan,
									const DirectoryEntry *entry);
/* Go through these rows only: ascending ranges within those of the segment. */
extern void blockscan_set_ranges(BlockScan *scan, const BlockRange *ranges,
								 int n);
/* Go through them again. */
extern void blockscan_rewind(BlockScan *scan);
/* Move the clone's counters to the scan. */
extern void blockscan_take_counters(BlockScan *scan, BlockScan *clone);
extern void blockscan_close_clone(BlockScan *scan, BlockScan *clone);

#endif							/* RUSTS_BLOCKSCAN_H */
