/*
 * column_bytes.h
 *	  Bytes of a column as stored, and room for what they become.
 */
#ifndef RUSTS_COLUMN_BYTES_H
#define RUSTS_COLUMN_BYTES_H

#include "segment/segment_open.h"

/*
 * column_bytes_stored returns bytes from .. to of the column's data, as
 * stored, valid until the next call.  The others make room for a decompressed
 * frame or piece, or for by-reference values, and may lose what is there.
 */
extern const uint8 *column_bytes_stored(ColumnReader *column, uint64 from,
									  uint64 to);
extern void column_bytes_reserve_frame(ColumnReader *column, Size size);
extern void column_bytes_reserve_arena(ColumnReader *column, Size size);

#endif							/* RUSTS_COLUMN_BYTES_H */
