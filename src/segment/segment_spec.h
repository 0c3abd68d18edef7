/*
 * segment_spec.h
 *	  How a table wants its segments.
 */
#ifndef RUSTS_SEGMENT_SPEC_H
#define RUSTS_SEGMENT_SPEC_H

#include "segment/directory.h"

typedef struct SegmentSpec
{
	AttrNumber	time_attnum;	/* 0: none */
	int			ntags;
	AttrNumber *tags;
	int64		partition_interval; /* in the time column's unit; 0: one */
	uint32		max_rows;
	uint8		compression;	/* CodecCompression */
	int			level;
	DirectoryTier tier;
	uint8	   *encoding;		/* CodecEncoding per attribute, NULL: auto */
	bool		frozen;			/* directory row: visible to all at once */
} SegmentSpec;

typedef struct SegmentBuilder SegmentBuilder;

#endif							/* RUSTS_SEGMENT_SPEC_H */
