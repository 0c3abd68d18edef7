/*
 * column_meta.h
 *	  One column of an open segment: where its blocks are, what is known of
 *	  them, its dictionary.
 */
#ifndef RUSTS_COLUMN_META_H
#define RUSTS_COLUMN_META_H

#include "segment/segment_open.h"

/* Where the blocks of a column are, and what is known of them. */
typedef struct ColumnMeta
{
	uint32		nblocks;
	uint32		nframes;
	uint32	   *block_length;
	uint64	   *block_offset;	/* within the raw frame */
	uint32	   *block_frame;
	uint64	   *frame_offset;	/* within the column's data */
	uint64	   *frame_stored;
	uint64	   *frame_raw;
	bool	   *frame_compressed;
	int64	   *null_count;
	int64	   *min;			/* NULL when there is no zone map */
	int64	   *max;
	int64	   *sum;
} ColumnMeta;

/* A dictionary's entries; code c is values[c]. */
typedef struct ColumnDictionary
{
	bool		sorted;			/* they ascend, compared as bytes */
	Datum		values[FLEXIBLE_ARRAY_MEMBER];
} ColumnDictionary;

/* Get what is known of the blocks, or column->dictionary; read when needed. */
extern ColumnMeta *column_meta_get(ColumnReader *column);
extern void column_meta_get_dictionary(ColumnReader *column);
/* Give out the dictionary, which must have been read. */
extern void column_meta_give_dictionary(const ColumnReader *column,
										SegmentDictionary *dictionary);

#endif							/* RUSTS_COLUMN_META_H */
