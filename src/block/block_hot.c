/*
 * block_hot.c
 *	  Batches of rows that are in no segment: hot rows, rows from a file.
 *
 * A row is taken apart when it is added; by-reference values are copied into
 * the batch's memory.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "block/block_columns.h"
#include "block/block_hot.h"
#include "table/moved.h"
#include "vector/selection.h"

/* ---------- rows from anywhere ---------- */

void
block_hot_begin_rows(BlockScan *scan, const Bitmapset *attnos)
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

		block_columns_reserve(scan, column);
		memset(&column->vector, 0, sizeof(column->vector));
		column->vector.values = column->values;
		column->batch = scan->batch_number;
	}
}

static void
hot_add_value(BlockColumn *column, int row, Datum value, bool isnull)
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
block_hot_add_row(BlockScan *scan, const Bitmapset *attnos,
				  const Datum *values, const bool *isnull,
				  const ItemPointerData *tid)
{
	int			row = scan->batch.n++;
	int			attno = -1;
	int			i = 0;

	while ((attno = bms_next_member(attnos, attno)) >= 0)
	{
		hot_add_value(&scan->columns[attno - 1], row, values[i], isnull[i]);
		i++;
	}
	scan->hot_tids[row] = *tid;
	selection_add(scan->batch.selected, row);
	scan->batch.nselected++;
}

/* ---------- hot rows ---------- */

/* Append the row in hot_slot. */
static void
hot_add_row(BlockScan *scan)
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
		hot_add_value(column, row, value, isnull);
	}
	scan->hot_tids[row] = slot->tts_tid;
}

/* The next row into hot_slot; false: there is none. */
static bool
hot_next(BlockScan *scan)
{
	/* after the last one heapam would start again */
	while (!scan->hot_done)
	{
		scan->hot_done = !heap_getnextslot(scan->heap, ForwardScanDirection,
										   scan->hot_slot);
		if (scan->hot_done)
			break;
		if (!moved_and_gone(scan->heap->rs_rd, scan->hot_slot,
							scan->heap->rs_snapshot))
			return true;
		scan->counters.rows_deleted++;
	}
	return false;
}

bool
block_hot_next_batch(BlockScan *scan)
{
	Batch	   *batch = &scan->batch;
	MemoryContext old;

	CHECK_FOR_INTERRUPTS();
	/* no room is made where there is no row, which is so in many partitions */
	if (!hot_next(scan))
		return false;
	block_hot_begin_rows(scan, scan->needed);
	old = MemoryContextSwitchTo(batch->memory);
	do
		hot_add_row(scan);
	while (batch->n < scan->hot_batch && hot_next(scan));
	MemoryContextSwitchTo(old);
	scan->hot_batch = Min(scan->hot_batch * 4, BATCH_ROWS);
	scan->counters.hot_rows += batch->n;
	batch->nselected = batch->n;
	scan->full = scan->nfilters == 0;
	selection_set_range(batch->selected, 0, batch->n);
	return true;
}
