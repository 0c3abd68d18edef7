/*
 * segment_reader.h
 *	  Segments, read: columns block by block.
 */
#ifndef RUSTS_SEGMENT_READER_H
#define RUSTS_SEGMENT_READER_H

#include "access/tupdesc.h"
#include "codec/codec.h"
#include "segment/directory.h"
#include "segment/segment_vector.h"

/* Column facts, for rusts.segment_columns and verify. */
typedef struct SegmentColumnInfo
{
	AttrNumber	attnum;
	Oid			typid;			/* when the segment was written */
	CodecEncoding encoding;
	CodecCompression compression;
	uint64		raw_bytes;
	uint64		stored_bytes;
	uint32		null_count;
	uint32		entries;		/* of its dictionary, 0: none */
	bool		has_minmax;
	Datum		min;
	Datum		max;
} SegmentColumnInfo;

/*
 * Open a segment.  desc describes the rows wanted: a column the segment does
 * not have gives its missing value or NULL.  sequential: blocks may be asked
 * for in order, so read ahead when they are.  Everything lives in a context
 * below parent and goes with segment_reader_close (or with parent).
 */
extern SegmentReader *segment_reader_open(Store *store,
										  const DirectoryEntry *entry,
										  TupleDesc desc, bool sequential,
										  MemoryContext parent);
/*
 * Open a segment without what this backend remembers of it, and read each
 * chunk through the index.
 */
extern SegmentReader *segment_reader_open_fresh(Store *store,
												const DirectoryEntry *entry,
												TupleDesc desc,
												MemoryContext parent);
extern void segment_reader_close(SegmentReader *reader);
extern const DirectoryEntry *segment_reader_entry(SegmentReader *reader);

extern uint32 segment_reader_rows(SegmentReader *reader);
/* Was this row born dead?  (The one place that knows of deletions.) */
extern bool segment_reader_row_dead(SegmentReader *reader, uint32 row);
/* First live row >= row, or rows; for backward: last live row <= row, or -1 */
extern int64 segment_reader_next_live(SegmentReader *reader, int64 row);
extern int64 segment_reader_prev_live(SegmentReader *reader, int64 row);

/*
 * Clear the bits of a block's dead rows in a selection of CODEC_BLOCK_ROWS
 * bits; false: none was dead.
 */
extern bool segment_reader_mask_dead(SegmentReader *reader, uint32 block,
									 uint64 *selected);

/* Rows of a block: CODEC_BLOCK_ROWS, the last one has the rest. */
extern uint32 segment_reader_block_rows(const SegmentReader *reader,
										uint32 block);
/*
 * Get the zone map's entry for a column of a block; false: the segment has no
 * such column, or it is a tag.
 */
extern bool segment_reader_zone(SegmentReader *reader, AttrNumber attnum,
								uint32 block, DirectorySummaryData *zone);

/* Decode a block; attnum from 1. */
extern void segment_reader_block(SegmentReader *reader, AttrNumber attnum,
								 uint32 block, SegmentVector *vector);
/*
 * Decode a block without regard to the order of rows, which is faster where a
 * block is kept in lanes.  True: values[i * 32 + lane] is row lane * 32 + i;
 * there are no NULLs then.
 */
extern bool segment_reader_block_unordered(SegmentReader *reader,
										   AttrNumber attnum, uint32 block,
										   SegmentVector *vector);
/*
 * segment_reader_codes decodes a block of a column kept as codes of a
 * dictionary, as codes: the value of row i is dictionary[values[i]].  In a
 * block without values the codes are not checked against the number of
 * entries.  segment_reader_has_codes: is the column kept so?  Then values that
 * segment_reader_block gives are those of the dictionary, too, and stay until
 * the reader is closed.
 */
extern bool segment_reader_has_codes(SegmentReader *reader, AttrNumber attnum);
extern void segment_reader_codes(SegmentReader *reader, AttrNumber attnum,
								 uint32 block, SegmentVector *vector,
								 SegmentDictionary *dictionary);
/*
 * Read one value.  Decodes its block when it is not the current one, or no
 * more than a part of it where values are so long that a reader by block would
 * hold hundreds of megabytes (segment_reader_by_value).  A by-reference value
 * is valid until another value of that column is asked for.
 */
extern bool segment_reader_by_value(SegmentReader *reader, AttrNumber attnum);
extern Datum segment_reader_value(SegmentReader *reader, AttrNumber attnum,
								  uint32 row, bool *isnull);
/* All columns of a row as a heap tuple in the current memory context. */
extern HeapTuple segment_reader_tuple(SegmentReader *reader, uint32 row);

/* A tag column: what value each run of the series index has. */
typedef struct SegmentTag
{
	const int64 *codes;			/* of each run: 0 is NULL, else entry + 1 */
	SegmentDictionary dictionary;
} SegmentTag;

/* Get a tag column, which stays until the reader is closed. */
extern void segment_reader_tag(SegmentReader *reader, AttrNumber attnum,
							   SegmentTag *tag);

/* Does the segment lack a column whose missing value is not NULL? */
extern bool segment_reader_lacks_values(SegmentReader *reader);

/* Facts about column i of the segment (0 ..); false past the last. */
extern bool segment_reader_column_info(SegmentReader *reader, int i,
									   SegmentColumnInfo *info);

#endif							/* RUSTS_SEGMENT_READER_H */
