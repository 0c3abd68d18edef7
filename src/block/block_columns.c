/*
 * block_columns.c
 *	  The columns of a batch: of a block, of a run index, of rows.
 *
 * Columns come from three sources.  A block's column comes from the segment's
 * reader, as codes where it is kept as codes.  A batch of series runs has a
 * row for each run, and only tag columns.  Hot rows are taken apart when the
 * batch is filled (block_hot.c), because their buffers do not stay pinned; so
 * are rows that come from a file.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "block/block_columns.h"
#include "segment/segment_series.h"
#include "vector/selection.h"

/* Two attributes of different segments never share a serial. */
static uint64
batch_serial(BlockScan *scan, AttrNumber attno)
{
	return ((uint64) scan->entry->d.first_block << 16) | (uint16) attno;
}

static void
set_dictionary(BlockScan *scan, AttrNumber attno,
			   const SegmentDictionary *dictionary, Vector *vector)
{
	vector->dictionary = dictionary->values;
	vector->entries = dictionary->entries;
	vector->sorted = dictionary->sorted;
	vector->serial = batch_serial(scan, attno);
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
	SegmentDictionary dictionary;

	memset(vector, 0, sizeof(*vector));
	if (segment_reader_has_codes(scan->reader, attno))
	{
		segment_reader_codes(scan->reader, attno, scan->block, &block,
							 &dictionary);
		set_dictionary(scan, attno, &dictionary, vector);
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
	SegmentTag	tag;
	bool		nulls = false;
	int			i;

	block_columns_reserve(scan, column);
	segment_reader_tag(scan->reader, attno, &tag);
	for (i = 0; i < n; i++)
	{
		int64		code = tag.codes[first + i];

		column->isnull[i] = code == 0;
		column->values[i] = code == 0 ? 0 : code - 1;
		nulls |= code == 0;
	}
	memset(&column->vector, 0, sizeof(column->vector));
	column->vector.values = column->values;
	column->vector.isnull = nulls ? column->isnull : NULL;
	set_dictionary(scan, attno, &tag.dictionary, &column->vector);
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
	const uint32 *starts;
	uint32		first = scan->block * CODEC_BLOCK_ROWS;
	uint32		run;
	int			n = 0;

	if (scan->mode != BLOCK_SEGMENT ||
		!segment_series_is_tag(scan->reader, attno))
		return NULL;
	starts = segment_series_starts(scan->reader);
	run = segment_series_find_run(scan->reader, first);
	do
	{
		uint32		end = starts[run + n + 1] - first;

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
