/*
 * segment_write.h
 *	  One piece of sorted rows as a segment.
 */
#ifndef RUSTS_SEGMENT_WRITE_H
#define RUSTS_SEGMENT_WRITE_H

#include "segment/segment_builder.h"

/*
 * Write piece p as a segment: chunks now, but not the directory row, which
 * the caller inserts (directory_insert) once it knows the born-dead rows.
 * first_block was reserved by the caller for the piece's rows.
 */
typedef struct SegmentWriter SegmentWriter;

extern SegmentWriter *segment_write_piece(SegmentBuilder *builder,
										  SegmentPlan *plan, int piece,
										  Store *store, uint32 first_block,
										  CommandId cid);
/*
 * Finish: dead is NULL or a bitmap of born-dead rows (bit set = dead), ndead
 * of them.  Writes the last bytes of the stream and the directory row.
 * Returns the length of the stream.
 */
extern uint64 segment_write_finish(SegmentWriter *writer, const uint8 *dead,
								   uint32 ndead);
/*
 * Finish without inserting the directory row, which is returned instead, in
 * the current memory context.
 */
extern DirectoryEntry *segment_write_close(SegmentWriter *writer,
										   const uint8 *dead, uint32 ndead);

#endif							/* RUSTS_SEGMENT_WRITE_H */
