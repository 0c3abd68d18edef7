/*
 * orderbuffer.c
 *	  Rows in memory, column by column, to be given out by time.
 *
 * Pairs of a time and a row number are sorted, by digits, lowest first: a
 * slice of time has few.  The columns stay where they are, and a row's values
 * are picked from them when it leaves.  That beats sorting tuples as long as
 * the columns fit into the processor's caches, so there is room for 128 K rows
 * at most, and for less when work_mem says so.
 *
 * By-reference values are copied, unless they are in the dictionary of a
 * segment that stays open.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "scan/orderbuffer.h"
#include "vector/selection.h"

#define BUFFER_MAX_ROWS (128 * 1024)

/* What a copied value is expected to take. */
#define COPY_BYTES 32

#define DIGIT_BITS 11
#define DIGIT_MASK ((1 << DIGIT_BITS) - 1)

typedef struct OrderEntry
{
	uint64		key;			/* once sorted: above the lowest */
	uint32		row;
} OrderEntry;

struct OrderBuffer
{
	OrderBase  *base;
	MemoryContext context;
	MemoryContext copies;		/* by-reference values of the rows */
	Size		limit;			/* of these */
	int			capacity;
	int			n;
	int			next;			/* entry to be given out */
	OrderEntry *entries;
	OrderEntry *scratch;
	int64		low;
	ItemPointerData *tids;
	Datum	  **values;			/* per column of base->attnos */
	bool	  **isnull;
};

OrderBuffer *
orderbuffer_create(OrderBase *base)
{
	MemoryContext context = AllocSetContextCreate(base->context,
												  "rusts rows by time",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	OrderBuffer *buffer = palloc0(sizeof(OrderBuffer));
	Size		row = 2 * sizeof(OrderEntry) + sizeof(ItemPointerData) +
	base->nattnos * (sizeof(Datum) + sizeof(bool));
	Size		bytes = (Size) work_mem * 1024;
	int			byref = 0;
	int			i;

	for (i = 0; i < base->nattnos; i++)
		byref += !TupleDescAttr(base->desc, i)->attbyval;
	buffer->base = base;
	buffer->context = context;
	buffer->copies = AllocSetContextCreate(context, "rusts copied values",
										   ALLOCSET_DEFAULT_SIZES);
	buffer->capacity = Min(bytes / (row + byref * COPY_BYTES),
						   BUFFER_MAX_ROWS);
	buffer->capacity = Max(buffer->capacity, 2 * BATCH_ROWS);
	buffer->limit = Max(bytes, buffer->capacity * row) -
		buffer->capacity * row + 8 * 1024;
	buffer->entries = palloc(buffer->capacity * sizeof(OrderEntry));
	buffer->scratch = palloc(buffer->capacity * sizeof(OrderEntry));
	buffer->tids = palloc(buffer->capacity * sizeof(ItemPointerData));
	buffer->values = palloc(Max(1, base->nattnos) * sizeof(Datum *));
	buffer->isnull = palloc(Max(1, base->nattnos) * sizeof(bool *));
	for (i = 0; i < base->nattnos; i++)
	{
		buffer->values[i] = palloc(buffer->capacity * sizeof(Datum));
		buffer->isnull[i] = palloc(buffer->capacity * sizeof(bool));
	}
	MemoryContextSwitchTo(old);
	return buffer;
}

void
orderbuffer_free(OrderBuffer *buffer)
{
	MemoryContextDelete(buffer->context);
}

int
orderbuffer_capacity(const OrderBuffer *buffer)
{
	return buffer->capacity;
}

int
orderbuffer_rows(const OrderBuffer *buffer)
{
	return buffer->n;
}

void
orderbuffer_reset(OrderBuffer *buffer)
{
	buffer->n = 0;
	buffer->next = 0;
	MemoryContextReset(buffer->copies);
}

/* ---------- adding ---------- */

/* Append a column's values of the rows. */
static void
orderbuffer_put_column(OrderBuffer *buffer, int column, const Vector *vector,
					   const uint16 *rows, int n, bool copy)
{
	Form_pg_attribute attribute = TupleDescAttr(buffer->base->desc, column);
	Datum	   *values = buffer->values[column] + buffer->n;
	bool	   *isnull = buffer->isnull[column] + buffer->n;
	int			i;

	if (vector->isnull == NULL)
		memset(isnull, false, n);
	else
		for (i = 0; i < n; i++)
			isnull[i] = vector->isnull[vector->constant ? 0 : rows[i]];
	if (vector->constant)
		for (i = 0; i < n; i++)
			values[i] = vector->values[0];
	else
		for (i = 0; i < n; i++)
			values[i] = vector->values[rows[i]];
	if (vector->dictionary != NULL)
		for (i = 0; i < n; i++)
			values[i] = isnull[i] ? (Datum) 0 : vector->dictionary[values[i]];
	if (attribute->attbyval || (vector->dictionary != NULL && !copy))
		return;
	for (i = 0; i < n; i++)
		if (!isnull[i])
			values[i] = datumCopy(values[i], false, attribute->attlen);
}

bool
orderbuffer_put(OrderBuffer *buffer, BlockScan *scan, bool copy)
{
	OrderBase  *base = buffer->base;
	Batch	   *batch = &scan->batch;
	int			time = base->positions[base->plan.time] - 1;
	MemoryContext old;
	uint16		rows[BATCH_ROWS];
	int			n;
	int			i;

	if (batch->nselected > buffer->capacity - buffer->n ||
		MemoryContextMemAllocated(buffer->copies, false) > buffer->limit)
		return false;
	n = selection_to_rows(batch->selected, rows);
	old = MemoryContextSwitchTo(buffer->copies);
	for (i = 0; i < base->nattnos; i++)
		orderbuffer_put_column(buffer, i,
							   batch_column(batch, base->attnos[i]), rows, n,
							   copy);
	MemoryContextSwitchTo(old);
	for (i = 0; i < n; i++)
	{
		int			row = buffer->n + i;

		buffer->entries[row].key =
			orderstream_key(base, buffer->values[time][row], false).value;
		buffer->entries[row].row = row;
		blockscan_tid(scan, rows[i], &buffer->tids[row]);
	}
	buffer->n += n;
	return true;
}

void
orderbuffer_spill(OrderBuffer *buffer, OrderStream *sort)
{
	int			natts = buffer->base->nattnos;
	Datum	   *values = palloc(Max(1, natts) * sizeof(Datum));
	bool	   *isnull = palloc(Max(1, natts) * sizeof(bool));
	int			row;
	int			i;

	for (row = 0; row < buffer->n; row++)
	{
		for (i = 0; i < natts; i++)
		{
			values[i] = buffer->values[i][row];
			isnull[i] = buffer->isnull[i][row];
		}
		orderstream_put_row(sort, values, isnull, &buffer->tids[row]);
	}
	pfree(values);
	pfree(isnull);
	orderbuffer_reset(buffer);
}

/* ---------- giving out ---------- */

/* One pass of a radix sort: by the digit at "shift", stable. */
static void
orderbuffer_sort_digit(const OrderEntry *from, OrderEntry *to, int n,
					   int shift)
{
	uint32		start[1 << DIGIT_BITS] = {0};
	uint32		sum = 0;
	int			i;

	for (i = 0; i < n; i++)
		start[(from[i].key >> shift) & DIGIT_MASK]++;
	for (i = 0; i <= DIGIT_MASK; i++)
	{
		uint32		count = start[i];

		start[i] = sum;
		sum += count;
	}
	for (i = 0; i < n; i++)
		to[start[(from[i].key >> shift) & DIGIT_MASK]++] = from[i];
}

void
orderbuffer_sort(OrderBuffer *buffer)
{
	OrderEntry *entries = buffer->entries;
	uint64		high = 0;
	int			shift;
	int			i;

	if (buffer->n == 0)
		return;
	buffer->low = entries[0].key;
	for (i = 1; i < buffer->n; i++)
		buffer->low = Min(buffer->low, (int64) entries[i].key);
	for (i = 0; i < buffer->n; i++)
	{
		entries[i].key -= (uint64) buffer->low;
		high = Max(high, entries[i].key);
	}
	for (shift = 0; shift < 64 && high >> shift != 0; shift += DIGIT_BITS)
	{
		orderbuffer_sort_digit(buffer->entries, buffer->scratch, buffer->n,
							   shift);
		entries = buffer->entries;
		buffer->entries = buffer->scratch;
		buffer->scratch = entries;
	}
}

bool
orderbuffer_next(OrderBuffer *buffer, OrderKey *key)
{
	if (buffer->next >= buffer->n)
		return false;
	key->rank = 0;
	key->value = (int64) (buffer->entries[buffer->next++].key +
						  (uint64) buffer->low);
	return true;
}

void
orderbuffer_store(OrderBuffer *buffer, TupleTableSlot *slot)
{
	const OrderBase *base = buffer->base;
	uint32		row = buffer->entries[buffer->next - 1].row;
	int			i;

	for (i = 0; i < base->nattnos; i++)
	{
		slot->tts_values[base->attnos[i] - 1] = buffer->values[i][row];
		slot->tts_isnull[base->attnos[i] - 1] = buffer->isnull[i][row];
	}
	slot->tts_tid = buffer->tids[row];
}
