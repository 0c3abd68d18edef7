/*
 * batch.c
 *	  The columns of a batch: of a block, of a run index, of rows.
 *
 * Three sources, one face.  A block's column comes from the segment's reader,
 * as codes where it is kept as codes.  A batch of series runs has a row for
 * each run, and only tag columns.  Hot rows are taken apart when the batch is
 * filled, because their buffers do not stay pinned; rows that come from a file
 * (rowspill.c) likewise.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "exec/blockscan.h"
#include "storage/column_read.h"
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
static void
batch_reserve(BlockScan *scan, BlockColumn *column)
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
	batch_reserve(scan, column);
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

const Vector *
batch_column(Batch *batch, AttrNumber attno)
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

bool
batch_by_value(Batch *batch, AttrNumber attno)
{
	BlockScan  *scan = (BlockScan *) batch;

	return scan->mode == BLOCK_SEGMENT &&
		scan->columns[attno - 1].batch != scan->batch_number &&
		segment_reader_by_value(scan->reader, attno);
}

void
batch_fetch_value(Batch *batch, int row, TupleTableSlot *slot,
				  AttrNumber attno)
{
	BlockScan  *scan = (BlockScan *) batch;

	slot->tts_values[attno - 1] =
		segment_reader_value(scan->reader, attno,
							 scan->block * CODEC_BLOCK_ROWS + row,
							 &slot->tts_isnull[attno - 1]);
	batch_count_read(scan);
}

const Vector *
batch_run_column(Batch *batch, AttrNumber attno, BatchRuns *runs)
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

void
batch_store_row(Batch *batch, int row, TupleTableSlot *slot,
				const AttrNumber *attnos, int n)
{
	int			i;

	for (i = 0; i < n; i++)
	{
		if (batch_by_value(batch, attnos[i]))
			batch_fetch_value(batch, row, slot, attnos[i]);
		else
			batch_store_value(batch_column(batch, attnos[i]), row, slot,
							  attnos[i] - 1);
	}
}

void
batch_store_identity(Batch *batch, int row, TupleTableSlot *slot)
{
	slot->tts_tableOid = batch->relid;
	blockscan_tid((BlockScan *) batch, row, &slot->tts_tid);
}

/* ---------- rows ---------- */

void
blockscan_begin_rows(BlockScan *scan, const Bitmapset *attnos)
{
	int			attno = -1;

	if (scan->hot_tids == NULL)
		scan->hot_tids = MemoryContextAlloc(scan->context, BATCH_ROWS *
											sizeof(ItemPointerData));
	scan->mode = BLOCK_HOT;
	scan->batch_number++;
	MemoryContextReset(scan->batch.memory);
	scan->batch.n = scan->batch.nselected = 0;
	selection_clear(scan->batch.selected);
	while ((attno = bms_next_member(attnos, attno)) >= 0)
	{
		BlockColumn *column = &scan->columns[attno - 1];

		batch_reserve(scan, column);
		memset(&column->vector, 0, sizeof(column->vector));
		column->vector.values = column->values;
		column->batch = scan->batch_number;
	}
}

static void
batch_add_value(BlockColumn *column, int row, Datum value, bool isnull)
{
	if (isnull && column->vector.isnull == NULL)
	{
		memset(column->isnull, false, row);
		column->vector.isnull = column->isnull;
	}
	column->values[row] = isnull ? (Datum) 0 : value;
	if (column->vector.isnull != NULL)
		column->isnull[row] = isnull;
}

void
blockscan_add_row(BlockScan *scan, const Bitmapset *attnos,
				  const Datum *values, const bool *isnull,
				  const ItemPointerData *tid)
{
	int			row = scan->batch.n++;
	int			attno = -1;
	int			i = 0;

	while ((attno = bms_next_member(attnos, attno)) >= 0)
	{
		batch_add_value(&scan->columns[attno - 1], row, values[i], isnull[i]);
		i++;
	}
	scan->hot_tids[row] = *tid;
	selection_add(scan->batch.selected, row);
	scan->batch.nselected++;
}

/* ---------- hot rows ---------- */

/* Append the row in hot_slot. */
static void
batch_add_hot(BlockScan *scan)
{
	TupleTableSlot *slot = scan->hot_slot;
	int			row = scan->batch.n++;
	int			attno = -1;

	if (scan->last_needed > 0)
		slot_getsomeattrs(slot, scan->last_needed);
	while ((attno = bms_next_member(scan->needed, attno)) >= 0)
	{
		BlockColumn *column = &scan->columns[attno - 1];
		bool		isnull = slot->tts_isnull[attno - 1];
		Datum		value = slot->tts_values[attno - 1];

		if (!isnull && !column->typbyval)
			value = datumCopy(value, false, column->typlen);
		batch_add_value(column, row, value, isnull);
	}
	scan->hot_tids[row] = slot->tts_tid;
}

/* The next row into hot_slot; false: there is none. */
static bool
batch_next_hot(BlockScan *scan)
{
	/* after the last one heapam would start again */
	if (!scan->hot_done)
		scan->hot_done = !heap_getnextslot(scan->heap, ForwardScanDirection,
										   scan->hot_slot);
	return !scan->hot_done;
}

bool
blockscan_next_hot(BlockScan *scan)
{
	Batch	   *batch = &scan->batch;
	MemoryContext old;

	CHECK_FOR_INTERRUPTS();
	/* no room is made where there is no row, which is so in many partitions */
	if (!batch_next_hot(scan))
		return false;
	blockscan_begin_rows(scan, scan->needed);
	old = MemoryContextSwitchTo(batch->memory);
	do
		batch_add_hot(scan);
	while (batch->n < scan->hot_batch && batch_next_hot(scan));
	MemoryContextSwitchTo(old);
	scan->hot_batch = Min(scan->hot_batch * 4, BATCH_ROWS);
	scan->counters.hot_rows += batch->n;
	batch->nselected = batch->n;
	scan->full = scan->nfilters == 0;
	selection_set_range(batch->selected, 0, batch->n);
	return true;
}
