/*
 * column_bytes.h
 *	  Bytes of a column as stored, and room for what they become.
 */
#ifndef RUSTS_COLUMN_BYTES_H
#define RUSTS_COLUMN_BYTES_H

#include "segment/segment_open.h"

/*
 * Bytes from .. to of the column's data, as stored, valid until the next call;
 * room for a frame or piece, once decompressed; room for by-reference values,
 * without what is there.
 */
extern const uint8 *column_bytes_stored(ColumnReader *column, uint64 from,
									  uint64 to);
extern void column_bytes_reserve_frame(ColumnReader *column, Size size);
extern void column_bytes_reserve_arena(ColumnReader *column, Size size);

#endif							/* RUSTS_COLUMN_BYTES_H */
