/*
 * directory_format.h
 *	  A directory row on disk (docs/format.md).
 */
#ifndef RUSTS_DIRECTORY_FORMAT_H
#define RUSTS_DIRECTORY_FORMAT_H

#include "c.h"

#define DIRECTORY_VERSION 1

/* flags */
#define DIRECTORY_HAS_TIME 0x0001	/* min_time, max_time, partition are set */

/* DirectorySummaryData.flags */
#define SUMMARY_HAS_MINMAX 0x01
#define SUMMARY_HAS_SUM 0x02
#define SUMMARY_IS_FLOAT 0x04	/* min, max, sum hold doubles */
#define SUMMARY_HAS_DIGEST 0x08 /* they hold a digest of a tag's values */
#define SUMMARY_DIGEST_LENGTH 24

#define DIRECTORY_MAX_SUMMARIES 100

typedef enum DirectoryTier
{
	TIER_HOT = 0,
	TIER_COLD = 1
} DirectoryTier;

/* On disk (format 3.2): what pruning needs to know of one column. */
typedef struct DirectorySummaryData
{
	int16		attnum;
	uint8		flags;
	uint8		reserved;
	uint32		null_count;
	int64		min;			/* or the bits of a double */
	int64		max;
	int64		sum;
} DirectorySummaryData;

/* On disk (format 3.1): a directory row; nsummaries summaries follow. */
typedef struct DirectoryEntryData
{
	uint16		version;
	uint16		flags;
	uint32		rows;
	uint32		first_block;	/* virtual; = the row's chunk_seq */
	uint32		nblocks;
	Oid			chunk_id;		/* the stream */
	uint8		tier;
	uint8		reserved1;
	uint16		nsummaries;
	uint64		stream_length;
	uint64		header_offset;
	uint32		header_length;
	uint32		dead_rows;		/* born dead: bitmap at dead_offset */
	uint64		dead_offset;
	int64		partition;		/* start of the window */
	int64		min_time;
	int64		max_time;
	uint64		raw_bytes;		/* as fixed-width values and plain strings */
	int64		written_at;		/* TimestampTz */
} DirectoryEntryData;

#endif							/* RUSTS_DIRECTORY_FORMAT_H */
