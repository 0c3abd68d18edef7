/*
 * block_columns.h
 *	  The columns of a batch: of a block, of a run index, of rows.
 */
#ifndef RUSTS_BLOCK_COLUMNS_H
#define RUSTS_BLOCK_COLUMNS_H

#include "block/blockscan.h"

extern const BatchOps block_columns_ops;

/* Make room for the values of a column, which no reader owns. */
extern void block_columns_reserve(BlockScan *scan, BlockColumn *column);

#endif							/* RUSTS_BLOCK_COLUMNS_H */
