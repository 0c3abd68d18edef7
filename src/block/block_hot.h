/*
 * block_hot.h
 *	  Batches of rows that are in no segment: hot rows, rows from a file.
 */
#ifndef RUSTS_BLOCK_HOT_H
#define RUSTS_BLOCK_HOT_H

#include "block/blockscan.h"

/* The next batch of hot rows. */
extern bool block_hot_next_batch(BlockScan *scan);

/*
 * Make a batch of rows from elsewhere: begin with the columns that the rows
 * have, then add at most BATCH_ROWS rows, with the values of these columns in
 * ascending order.  By-reference values live as long as the batch.  Filters
 * are not applied to such rows.
 */
extern void block_hot_begin_rows(BlockScan *scan, const Bitmapset *attnos);
extern void block_hot_add_row(BlockScan *scan, const Bitmapset *attnos,
							  const Datum *values, const bool *isnull,
							  const ItemPointerData *tid);

#endif							/* RUSTS_BLOCK_HOT_H */
