/*
 * segment_format.h
 *	  What a segment's stream looks like on disk (docs/format.md, sections 4 and 5).
 *
 * A stream: the columns' data, each a run of frames; then sections (packed
 * arrays and dictionaries, each on its own, compressed when that pays); then
 * the header; at last the bitmap of rows that were born dead, if any.
 *
 * A frame holds up to SEGMENT_FRAME_BLOCKS blocks, compressed as one when
 * that pays.  A block: flags, encoding, null bitmap, payload.
 */
#ifndef RUSTS_SEGMENT_FORMAT_H
#define RUSTS_SEGMENT_FORMAT_H

#include "codec/codec.h"

#ifdef WORDS_BIGENDIAN
#error "segments are little-endian on disk; this machine would need to swap"
#endif

#define SEGMENT_MAGIC 0x31475352	/* "RSG1" */
#define SEGMENT_VERSION 1

/* A frame ends with the block that fills it; the reader finds the same ends. */
#define SEGMENT_FRAME_BLOCKS 16
#define SEGMENT_FRAME_BYTES (256 * 1024)

static inline bool
segment_frame_full(uint32_t blocks, uint64_t bytes)
{
	return blocks >= SEGMENT_FRAME_BLOCKS || bytes >= SEGMENT_FRAME_BYTES;
}

/* SegmentColumnData.flags */
#define COLUMN_HAS_MINMAX 0x01	/* min, max and the zone map are set */
#define COLUMN_HAS_SUM 0x02
#define COLUMN_ZONE_FLOAT 0x04	/* zone values are doubles, else int64 */
#define COLUMN_DICT_ORDERED 0x08	/* code order is the type's order */

/* Block flags */
#define BLOCK_HAS_NULLS 0x01	/* bitmap follows: bit set = NULL */
#define BLOCK_ALL_NULL 0x02		/* nothing follows */
#define BLOCK_HEADER_SIZE 2

/* A section of the stream. */
typedef struct SegmentSectionData
{
	uint64		offset;
	uint32		stored;			/* bytes in the stream */
	uint32		raw;			/* bytes once decompressed */
	uint8		compression;	/* CodecCompression */
	uint8		reserved[7];
} SegmentSectionData;

typedef struct SegmentColumnData
{
	int16		attnum;
	uint8		kind;			/* ValueClass */
	uint8		encoding;		/* CodecEncoding */
	uint8		code_encoding;	/* of a dictionary's codes */
	uint8		compression;	/* of frames, where it paid */
	uint8		flags;
	uint8		byval;
	int16		typlen;
	uint16		tag;			/* position in the series index, 0: none */
	Oid			typid;			/* base type */
	uint32		null_count;
	uint32		dict_entries;
	uint64		data_offset;
	uint64		data_length;
	uint64		raw_bytes;
	int64		min;			/* int64, bits of a double, or a code */
	int64		max;
	int64		sum;
	SegmentSectionData meta;	/* block and frame lengths, zone map */
	SegmentSectionData dict;	/* lengths, then bytes */
} SegmentColumnData;

typedef struct SegmentHeaderData
{
	uint32		magic;
	uint16		version;
	uint16		ncolumns;
	uint32		rows;
	uint32		block_rows;
	uint32		series;			/* runs of the series index */
	uint16		ntags;
	uint16		reserved;
	SegmentSectionData series_index;
	/* ncolumns SegmentColumnData follow */
} SegmentHeaderData;

StaticAssertDecl(sizeof(SegmentSectionData) == 24, "format 4.1");
StaticAssertDecl(sizeof(SegmentColumnData) == 120, "format 5.1");
StaticAssertDecl(sizeof(SegmentHeaderData) == 48, "format 4.2");

#endif							/* RUSTS_SEGMENT_FORMAT_H */
