/*
 * column_pieces.h
 *	  Columns of long strings: one value without the thousand around it.
 */
#ifndef RUSTS_COLUMN_PIECES_H
#define RUSTS_COLUMN_PIECES_H

#include "segment/segment_open.h"

/* Decode a block into values, isnull and vector.isnull of the column. */
extern void column_pieces_read_block(ColumnReader *column, uint32 block);

/*
 * Read one value of the column.  Its piece is decompressed when it is not the
 * current one.  A by-reference value is valid until the next call.
 */
extern Datum column_pieces_read_value(ColumnReader *column, uint32 row,
									  bool *isnull);

#endif							/* RUSTS_COLUMN_PIECES_H */
