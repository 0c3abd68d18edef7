/*
 * retain_decode.h
 *	  Rows that retention drops, for logical decoding.
 */
#ifndef RUSTS_RETAIN_DECODE_H
#define RUSTS_RETAIN_DECODE_H

#include "segment/segment_reader.h"
#include "segment/stub.h"

typedef struct RetainDecode RetainDecode;

/*
 * NULL: drops are not decoded, by rusts.decode_retention or because nothing is.
 * Errors out where DELETE would, for want of a replica identity.  end: with
 * NULL too.
 */
extern RetainDecode *retain_decode_begin(Relation rel, CommandId cid);
extern void retain_decode_end(RetainDecode *decode);
/* Write what decodes as the deletion of a segment's row, counted from 0. */
extern void retain_decode_row(RetainDecode *decode, SegmentReader *reader,
							  uint32 row);

/*
 * The same for all rows of a segment that has been dropped, but for those that
 * others had deleted: dead as the entry says, and those that were visited.
 */
extern void retain_decode_visit(void *arg, uint64 number,
								const StubData *data);
extern void retain_decode_expect(RetainDecode *decode,
								 const DirectoryEntry *entry);
extern void retain_decode_segment(RetainDecode *decode, Store *store,
								  const DirectoryEntry *entry);

#endif							/* RUSTS_RETAIN_DECODE_H */
