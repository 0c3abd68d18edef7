/*
 * blockstate.h
 *	  What a block scan is made of.
 *
 * The batch is its first member: code that has a batch can get at the scan.
 */
#ifndef RUSTS_BLOCKSTATE_H
#define RUSTS_BLOCKSTATE_H

#include "access/heapam.h"
#include "block/zone_verdict.h"
#include "vexpr/batch.h"
#include "vexpr/vexpr.h"
#include "port/atomics.h"
#include "table/cursor.h"

/* What EXPLAIN ANALYZE tells. */
typedef struct BlockScanCounters
{
	uint64		segments;		/* visible */
	uint64		segments_left_out;	/* of these: pruned on loading */
	uint64		segments_pruned;	/* later; both by their summaries */
	uint64		segments_by_tag;	/* no series passes */
	uint64		segments_metadata;	/* answered from their summaries */
	uint64		blocks;			/* of segments that were opened */
	uint64		blocks_pruned;	/* by zone maps */
	uint64		blocks_metadata;
	uint64		blocks_read;	/* at least one column decoded */
	uint64		rows_deleted;	/* of blocks that were not pruned */
	uint64		rows_filtered;	/* of batches, by vectorised filters */
	uint64		hot_rows;
	uint64		bytes;			/* read from segments */
} BlockScanCounters;

/* Shared by the participants of a parallel scan. */
typedef struct BlockScanShared
{
	pg_atomic_uint64 next_row;	/* first segment row that nobody has claimed */
	int			participants;
	slock_t		mutex;
	BlockScanCounters counters; /* of the workers that are done */
	ParallelBlockTableScanDescData heap;	/* must be last */
} BlockScanShared;

typedef struct BlockFilter
{
	VExpr	   *expr;
	ZoneTest   *test;			/* NULL: zones say nothing */
	Bitmapset  *attnos;			/* columns it needs */
	bool		early;			/* may run before the other filters */
	bool		fixed;			/* the same at every rescan */
	bool		segment_true;	/* for all rows of the current segment */
	bool		block_true;		/* of the current block */
} BlockFilter;

/* A row range [start, end) of a segment. */
typedef struct BlockRange
{
	uint32		start;
	uint32		end;
} BlockRange;

typedef struct ScanTop ScanTop;

typedef enum BlockMode
{
	BLOCK_NONE,
	BLOCK_SEGMENT,				/* the batch is a block */
	BLOCK_RUNS,					/* its rows are series runs */
	BLOCK_HOT					/* hot rows, or rows from a file */
} BlockMode;

/* A column of the current batch. */
typedef struct BlockColumn
{
	uint64		batch;			/* what batch vector belongs to */
	Vector		vector;
	Datum	   *values;			/* of rows and runs */
	bool	   *isnull;
	int16		typlen;
	bool		typbyval;
} BlockColumn;

typedef struct BlockScan
{
	Batch		batch;			/* must be first */
	Relation	rel;
	Snapshot	snapshot;
	TupleDesc	desc;
	MemoryContext context;
	Bitmapset  *needed;			/* columns that may be asked for */
	int			last_needed;	/* the largest attno of these */
	int			nfilters;
	BlockFilter *filters;
	BlockScanShared *shared;	/* NULL: serial */
	BlockScanCounters counters;
	/* rows beyond no longer matter to a search for the newest or oldest */
	AttrNumber	bound_attno;	/* 0: none */
	int64		bound_low;
	int64		bound_high;
	/* a filter after all others that remembers what it let pass (scantop.c) */
	ScanTop    *top;			/* NULL: none */
	void		(*top_filter) (ScanTop *top, struct BlockScan *scan);
	void		(*top_filter_runs) (ScanTop *top, struct BlockScan *scan);
	bool		(*top_skip_segment) (ScanTop *top, struct BlockScan *scan);
	void		(*top_reset) (ScanTop *top);
	Bitmapset  *top_keys;		/* columns that top_filter_runs needs */
	AttrNumber	top_attno;
	bool		backwards;		/* last blocks first, latest segments first */

	/* segments */
	SegmentCursor cursor;		/* for its directory and store */
	int		   *order;			/* of the entries */
	int			next;			/* position in order */
	uint64		rows_before;	/* of the segments before order[next] */
	uint64		piece_row;		/* parallel scan: rows [piece_row, piece_end) */
	uint64		piece_end;		/* are left of the piece claimed last */
	uint64		piece_rows;		/* rows of the whole piece */
	instr_time	piece_since;	/* when it was claimed */
	BlockScanCounters piece_counters;	/* counters at that time */
	bool		segments_done;
	const DirectoryEntry *entry;	/* current segment */
	uint32		low;			/* its rows that are ours */
	uint32		high;
	bool		whole;			/* all of its rows are live, ours and pass */
	SegmentReader *reader;		/* NULL: not opened */
	bool		opened;			/* ranges are known */
	BlockRange *ranges;
	int			nranges;
	int			range;			/* current */
	uint32		next_block;
	uint32		block;			/* current block */
	bool		full;			/* every row of the block is there, and passes */
	uint32		first_run;		/* of batch rows, in BLOCK_RUNS */

	/* hot rows */
	TableScanDesc heap;
	TupleTableSlot *hot_slot;
	ItemPointerData *hot_tids;
	int			hot_batch;		/* rows of the next batch of them */
	bool		hot_done;

	BlockMode	mode;
	uint64		batch_number;
	bool		read;			/* something of the block was decoded */
	BlockColumn *columns;		/* per attribute */
	BlockColumn *run_columns;	/* the same, with a row per run */
} BlockScan;

#endif							/* RUSTS_BLOCKSTATE_H */
