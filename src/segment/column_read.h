/*
 * column_read.h
 *	  One column of an open segment.
 */
#ifndef RUSTS_COLUMN_READ_H
#define RUSTS_COLUMN_READ_H

#include "segment/column_meta.h"
#include "segment/segment_open.h"

extern void column_read_block(ColumnReader *column, uint32 block);
extern void column_read_codes(ColumnReader *column, uint32 block);
extern void column_read_unordered(ColumnReader *column, uint32 block);

#endif							/* RUSTS_COLUMN_READ_H */
