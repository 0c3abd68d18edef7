/*
 * rowspill.c
 *	  Rows of a batch put to disk, and batches of such rows.
 *
 * A row is kept as a tuple of the columns that expressions above the scan
 * read, and ends up in a batch again, as hot rows do, so that the code that is
 * given the batch sees no difference: keys, FILTERs and arguments are
 * evaluated when a group takes the row, as PostgreSQL does it.  The choice not
 * taken is to write their values: it spares a wide column of which little is
 * used, but writes a column once for each aggregate over it, and needs another
 * way into states than a batch.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/tupdesc.h"
#include "catalog/pg_type_d.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "utils/memutils.h"

#include "agg/rowspill.h"
#include "block/block_hot.h"
#include "vector/selection.h"

/* A batch of long rows may have fewer than others. */
#define BATCH_BYTES ((Size) 256 * 1024)

struct RowSpill
{
	BlockScan  *scan;
	Bitmapset  *attnos;
	int			n;				/* of these */
	bool		tids;			/* another column, the last */
	const Vector **vectors;		/* of attnos */
	TupleTableSlot *out;
	TupleTableSlot *in;
	StringInfoData record;
};

/* Does anything read ctid? */
static bool
reads_tid(List *exprs)
{
	List	   *vars = pull_var_clause((Node *) exprs,
									   PVC_RECURSE_AGGREGATES |
									   PVC_RECURSE_WINDOWFUNCS |
									   PVC_RECURSE_PLACEHOLDERS);
	ListCell   *cell;

	foreach(cell, vars)
		if (lfirst_node(Var, cell)->varattno == SelfItemPointerAttributeNumber)
			return true;
	return false;
}

static TupleDesc
row_desc(const RowSpill *rows)
{
	TupleDesc	desc = CreateTemplateTupleDesc(rows->n + rows->tids);
	int			attno = -1;
	int			i = 0;

	while ((attno = bms_next_member(rows->attnos, attno)) >= 0)
		TupleDescCopyEntry(desc, ++i, rows->scan->desc, attno);
	if (rows->tids)
		TupleDescInitEntry(desc, ++i, "ctid", TIDOID, -1, 0);
	return desc;
}

RowSpill *
rowspill_create(BlockScan *scan, List *exprs, EState *estate)
{
	RowSpill   *rows = palloc0(sizeof(RowSpill));
	TupleDesc	desc;

	rows->scan = scan;
	rows->attnos = blockscan_attnos(scan, (Node *) exprs);
	rows->n = bms_num_members(rows->attnos);
	rows->tids = reads_tid(exprs);
	rows->vectors = palloc0(Max(1, rows->n) * sizeof(Vector *));
	desc = row_desc(rows);
	rows->out = ExecInitExtraTupleSlot(estate, desc, &TTSOpsVirtual);
	rows->in = ExecInitExtraTupleSlot(estate, desc, &TTSOpsMinimalTuple);
	initStringInfo(&rows->record);
	return rows;
}

static MinimalTuple
form_row(RowSpill *rows, int row)
{
	TupleTableSlot *slot = rows->out;
	ItemPointerData tid;
	int			i;

	ExecClearTuple(slot);
	for (i = 0; i < rows->n; i++)
		batch_store_value(rows->vectors[i], row, slot, i);
	if (rows->tids)
	{
		blockscan_tid(rows->scan, row, &tid);
		slot->tts_values[i] = PointerGetDatum(&tid);
		slot->tts_isnull[i] = false;
	}
	ExecStoreVirtualTuple(slot);
	return ExecCopySlotMinimalTuple(slot);
}

void
rowspill_put(RowSpill *rows, AggSpill *files, const AggLeftOut *left_out)
{
	int			attno = -1;
	int			i = 0;
	int			row;

	while ((attno = bms_next_member(rows->attnos, attno)) >= 0)
		rows->vectors[i++] = batch_column(&rows->scan->batch, attno);
	for (SELECTION_EACH(row, left_out->rows))
	{
		MinimalTuple tuple = form_row(rows, row);
		StringInfoData record = {0};

		record.data = (char *) tuple;
		record.len = tuple->t_len;
		aggspill_put(files, left_out->hashes[row], &record);
		pfree(tuple);
	}
}

static void
add_row(RowSpill *rows)
{
	MinimalTuple tuple = palloc(rows->record.len);
	TupleTableSlot *slot = rows->in;
	ItemPointerData tid;

	memcpy(tuple, rows->record.data, rows->record.len);
	ExecStoreMinimalTuple(tuple, slot, false);
	slot_getallattrs(slot);
	ItemPointerSetInvalid(&tid);
	if (rows->tids)
		tid = *(ItemPointer) DatumGetPointer(slot->tts_values[rows->n]);
	block_hot_add_row(rows->scan, rows->attnos, slot->tts_values,
					  slot->tts_isnull, &tid);
}

bool
rowspill_next(RowSpill *rows, AggSpill *files)
{
	Batch	   *batch = &rows->scan->batch;
	MemoryContext old;
	Size		bytes = 0;

	CHECK_FOR_INTERRUPTS();
	Assert(rows->scan->hot_done && rows->scan->segments_done);
	/* the batch before, of which the slot still has a row, goes away */
	ExecClearTuple(rows->in);
	block_hot_begin_rows(rows->scan, rows->attnos);
	old = MemoryContextSwitchTo(batch->memory);
	while (batch->n < BATCH_ROWS && bytes < BATCH_BYTES &&
		   aggspill_get(files, &rows->record))
	{
		add_row(rows);
		bytes += rows->record.len;
	}
	MemoryContextSwitchTo(old);
	return batch->n > 0;
}
