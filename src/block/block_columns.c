/*
 * block_columns.c
 *	  The columns of a batch: of a block, of a run index, of rows.
 *
 * Three sources, one face.  A block's column comes from the segment's reader,
 * as codes where it is kept as codes.  A batch of series runs has a row for
 * each run, and only tag columns.  Hot rows are taken apart when the batch is
 * filled (block_hot.c), because their buffers do not stay pinned; rows that
 * come from a file likewise.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "block/block_columns.h"
#include "segment/column_read.h"
#include "vector/selection.h"

/* Two attributes of different segments never share a serial. */
static uint64
batch_serial(BlockScan *scan, AttrNumber attno)
{
	return ((uint64) scan->entry->d.first_block << 16) | (uint16) attno;
}

/* The scan has read of the block. */
static void
batch_count_read(BlockScan *scan)
{
	if (!scan->read)
		scan->counters.blocks_read++;
	scan->read = true;
}

static void
batch_segment_column(BlockScan *scan, AttrNumber attno, Vector *vector)
{
	SegmentVector block;

	memset(vector, 0, sizeof(*vector));
	if (segment_reader_has_codes(scan->reader, attno))
	{
		segment_reader_codes(scan->reader, attno, scan->block, &block,
							 &vector->dictionary, &vector->entries);
		vector->sorted = scan->reader->readers[attno - 1].sorted;
		vector->serial = batch_serial(scan, attno);
	}
	else
		segment_reader_block(scan->reader, attno, scan->block, &block);
	vector->values = block.values;
	vector->isnull = block.isnull;
	batch_count_read(scan);
}

/* Room for a column's values that no reader owns. */
void
block_columns_reserve(BlockScan *scan, BlockColumn *column)
{
	if (column->values != NULL)
		return;
	column->values = MemoryContextAlloc(scan->context,
										BATCH_ROWS * sizeof(Datum));
	column->isnull = MemoryContextAlloc(scan->context,
										BATCH_ROWS * sizeof(bool));
}

/* A tag, one row a run: n runs from first on. */
static void
batch_runs_column(BlockScan *scan, AttrNumber attno, BlockColumn *column,
				  uint32 first, int n)
{
	SegmentReader *reader = scan->reader;
	ColumnReader *tag = &reader->readers[attno - 1];
	const int64 *codes;
	bool		nulls = false;
	int			i;

	if (!tag->present || tag->data.encoding != CODEC_SERIES)
		elog(ERROR, "column %d is not a tag", attno);
	block_columns_reserve(scan, column);
	column_read_dictionary(tag);
	codes = reader->run_codes[tag->data.tag - 1] + first;
	for (i = 0; i < n; i++)
	{
		if (codes[i] < 0 || codes[i] > tag->data.dict_entries)
			segment_reader_corrupt(reader, attno,
								   "code is not in the dictionary");
		column->isnull[i] = codes[i] == 0;
		column->values[i] = codes[i] == 0 ? 0 : codes[i] - 1;
		nulls |= codes[i] == 0;
	}
	memset(&column->vector, 0, sizeof(column->vector));
	column->vector.values = column->values;
	column->vector.isnull = nulls ? column->isnull : NULL;
	column->vector.dictionary = tag->dictionary;
	column->vector.entries = tag->data.dict_entries;
	column->vector.sorted = tag->sorted;
	column->vector.serial = batch_serial(scan, attno);
}

static const Vector *
block_columns_get(Batch *batch, AttrNumber attno)
{
	BlockScan  *scan = (BlockScan *) batch;
	BlockColumn *column = &scan->columns[attno - 1];

	if (column->batch == scan->batch_number)
		return &column->vector;
	switch (scan->mode)
	{
		case BLOCK_SEGMENT:
			batch_segment_column(scan, attno, &column->vector);
			break;
		case BLOCK_RUNS:
			batch_runs_column(scan, attno, column, scan->first_run,
							  scan->batch.n);
			break;
		case BLOCK_HOT:
		case BLOCK_NONE:
			elog(ERROR, "column %d was not asked for", attno);
	}
	column->batch = scan->batch_number;
	return &column->vector;
}

/* With more runs than this in a batch, rows are as good. */
#define MAX_BATCH_RUNS 64

static bool
block_columns_are_by_value(Batch *batch, AttrNumber attno)
{
	BlockScan  *scan = (BlockScan *) batch;

	return scan->mode == BLOCK_SEGMENT &&
		scan->columns[attno - 1].batch != scan->batch_number &&
		segment_reader_by_value(scan->reader, attno);
}

static void
block_columns_fetch(Batch *batch, int row, TupleTableSlot *slot,
					AttrNumber attno)
{
	BlockScan  *scan = (BlockScan *) batch;

	slot->tts_values[attno - 1] =
		segment_reader_value(scan->reader, attno,
							 scan->block * CODEC_BLOCK_ROWS + row,
							 &slot->tts_isnull[attno - 1]);
	batch_count_read(scan);
}

static const Vector *
block_columns_runs(Batch *batch, AttrNumber attno, BatchRuns *runs)
{
	BlockScan  *scan = (BlockScan *) batch;
	BlockColumn *column = &scan->run_columns[attno - 1];
	ColumnReader *tag;
	uint32		first = scan->block * CODEC_BLOCK_ROWS;
	uint32		run;
	int			n = 0;

	if (scan->mode != BLOCK_SEGMENT)
		return NULL;
	tag = &scan->reader->readers[attno - 1];
	if (!tag->present || tag->data.encoding != CODEC_SERIES)
		return NULL;
	segment_reader_load_series(scan->reader);
	run = segment_reader_find_run(scan->reader, first);
	do
	{
		uint32		end = scan->reader->run_start[run + n + 1] - first;

		if (n == MAX_BATCH_RUNS)
			return NULL;
		runs->ends[n++] = Min(end, (uint32) batch->n);
	} while (runs->ends[n - 1] < batch->n);
	runs->n = n;
	batch_runs_column(scan, attno, column, run, n);
	return &column->vector;
}

static void
block_columns_identify(Batch *batch, int row, TupleTableSlot *slot)
{
	slot->tts_tableOid = batch->relid;
	blockscan_tid((BlockScan *) batch, row, &slot->tts_tid);
}

const BatchOps block_columns_ops = {
	.column = block_columns_get,
	.run_column = block_columns_runs,
	.is_by_value = block_columns_are_by_value,
	.fetch_value = block_columns_fetch,
	.store_identity = block_columns_identify,
};
