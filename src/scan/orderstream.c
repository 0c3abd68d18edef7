/*
 * orderstream.c
 *	  Sorted streams of a scan's rows, and merging them by time.
 *
 * Times are compared as numbers: the key of a row is its time, with all bits
 * turned over when later times come first, so that a smaller key is always the
 * earlier row.  NULLs have a rank of their own before or after all others.
 *
 * Rows that must be sorted go into PostgreSQL's tuplesort, which spills what
 * exceeds work_mem; there is none before the first row.  They carry their TID
 * along as a last column, for nodes that lock or update rows.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "block/block_hot.h"
#include "scan/orderbuffer.h"
#include "scan/orderstream.h"
#include "segment/value.h"
#include "vector/selection.h"

static bool orderstream_next(OrderStream *stream);

/* ---------- what they share ---------- */

OrderBase *
orderstream_base(BlockScan *scan, const ScanOrderPlan *plan,
				 const AttrNumber *attnos, int nattnos)
{
	OrderBase  *base = palloc0(sizeof(OrderBase));
	int			i;

	base->scan = scan;
	base->plan = *plan;
	base->nattnos = nattnos;
	base->attnos = palloc(Max(1, nattnos) * sizeof(AttrNumber));
	memcpy(base->attnos, attnos, nattnos * sizeof(AttrNumber));
	base->positions = palloc0((scan->desc->natts + 1) * sizeof(int));
	base->desc = CreateTemplateTupleDesc(nattnos + 1);
	for (i = 0; i < nattnos; i++)
	{
		TupleDescCopyEntry(base->desc, i + 1, scan->desc, attnos[i]);
		base->positions[attnos[i]] = i + 1;
	}
	TupleDescInitEntry(base->desc, nattnos + 1, "ctid", TIDOID, -1, 0);
	base->context = AllocSetContextCreate(CurrentMemoryContext,
										  "rusts ordered scan",
										  ALLOCSET_DEFAULT_SIZES);
	return base;
}

void
orderstream_reset(OrderBase *base)
{
	while (base->sorts != NIL)
		orderstream_end(linitial(base->sorts));
	MemoryContextReset(base->context);
}

OrderKey
orderstream_key(const OrderBase *base, Datum value, bool isnull)
{
	OrderKey	key;
	int			typlen = TupleDescAttr(base->scan->desc,
									   base->plan.time - 1)->attlen;

	key.rank = 0;
	key.value = 0;
	if (isnull)
		key.rank = base->plan.time_desc ? -1 : 1;
	else
		key.value = (int64) value_normalize(value, typlen);
	if (base->plan.time_desc)
		key.value = ~key.value;
	return key;
}

/* ---------- rows of a segment ---------- */

static void
part_set_key(OrderStream *stream)
{
	OrderBase  *base = stream->base;
	const Vector *vector;
	int			at;
	Datum		value;

	if (base->plan.time == 0)
		return;
	vector = batch_column(&stream->part->batch, base->plan.time);
	at = vector->constant ? 0 : stream->row;
	value = vector->values[at];
	if (vector->dictionary != NULL && !(vector->isnull && vector->isnull[at]))
		value = vector->dictionary[value];
	stream->key = orderstream_key(base, value,
								  vector->isnull && vector->isnull[at]);
}

/* The last row at or before "from" that is selected, or -1. */
static inline int
selected_before(const uint64 *selected, int from)
{
	int			w = from >> 6;
	uint64		word;

	if (from < 0)
		return -1;
	word = selected[w] & (~UINT64CONST(0) >> (63 - (from & 63)));
	while (word == 0)
	{
		if (--w < 0)
			return -1;
		word = selected[w];
	}
	return w * 64 + pg_leftmost_one_pos64(word);
}

/* The selected row after (before, when descending) stream->row. */
static bool
part_step(OrderStream *stream)
{
	const uint64 *selected = stream->part->batch.selected;

	if (!stream->part->backwards)
	{
		stream->row = selection_next(selected, stream->row + 1);
		return stream->row < BATCH_ROWS;
	}
	stream->row = selected_before(selected, stream->row - 1);
	return stream->row >= 0;
}

static bool
part_advance(OrderStream *stream)
{
	BlockScan  *part = stream->part;

	for (;;)
	{
		if (stream->in_batch && part_step(stream))
			break;
		stream->in_batch = false;
		if (!blockscan_next_block(part))
			return false;
		if (!blockscan_filter(part))
			continue;
		stream->in_batch = true;
		stream->row = part->backwards ? BATCH_ROWS : -1;
	}
	part_set_key(stream);
	return true;
}

OrderStream *
orderstream_of_part(OrderBase *base, BlockScan *part)
{
	OrderStream *stream = MemoryContextAllocZero(base->context,
												 sizeof(OrderStream));

	stream->base = base;
	stream->part = part;
	stream->advance = orderstream_next;
	return stream;
}

/* ---------- collected rows ---------- */

/* What tuplesort wants to know of its keys. */
typedef struct SortKeys
{
	int			n;
	AttrNumber *attnos;
	Oid		   *operators;
	Oid		   *collations;
	bool	   *nulls_first;
} SortKeys;

static void
sort_add_key(OrderBase *base, SortKeys *keys, AttrNumber attno, bool desc)
{
	Form_pg_attribute attribute = TupleDescAttr(base->scan->desc, attno - 1);
	TypeCacheEntry *cache = lookup_type_cache(attribute->atttypid,
											  TYPECACHE_LT_OPR |
											  TYPECACHE_GT_OPR);

	keys->attnos[keys->n] = base->positions[attno];
	keys->operators[keys->n] = desc ? cache->gt_opr : cache->lt_opr;
	keys->collations[keys->n] = attribute->attcollation;
	keys->nulls_first[keys->n++] = desc;
}

static void
sort_begin(OrderStream *stream)
{
	OrderBase  *base = stream->base;
	MemoryContext old = MemoryContextSwitchTo(base->context);
	int			n = list_length(base->plan.tags) + 1;
	SortKeys	keys;
	ListCell   *cell;

	keys.n = 0;
	keys.attnos = palloc(n * sizeof(AttrNumber));
	keys.operators = palloc(n * sizeof(Oid));
	keys.collations = palloc(n * sizeof(Oid));
	keys.nulls_first = palloc(n * sizeof(bool));
	if (stream->by_tags)
		foreach(cell, base->plan.tags)
			sort_add_key(base, &keys, lfirst_int(cell), base->plan.tags_desc);
	if (base->plan.time != 0)
		sort_add_key(base, &keys, base->plan.time, base->plan.time_desc);
	stream->slot = MakeSingleTupleTableSlot(base->desc, &TTSOpsMinimalTuple);
	stream->row_slot = MakeSingleTupleTableSlot(base->desc, &TTSOpsVirtual);
	stream->sort = tuplesort_begin_heap(base->desc, keys.n, keys.attnos,
										keys.operators, keys.collations,
										keys.nulls_first, work_mem, NULL,
										TUPLESORT_NONE);
	pfree(keys.attnos);
	pfree(keys.operators);
	pfree(keys.collations);
	pfree(keys.nulls_first);

	/* outlives the context, to be found by orderstream_reset */
	MemoryContextSwitchTo(GetMemoryChunkContext(base));
	base->sorts = lappend(base->sorts, stream);
	MemoryContextSwitchTo(old);
}

OrderStream *
orderstream_of_sort(OrderBase *base, bool by_tags)
{
	OrderStream *stream = MemoryContextAllocZero(base->context,
												 sizeof(OrderStream));

	stream->base = base;
	stream->by_tags = by_tags;
	stream->advance = orderstream_next;
	return stream;
}

void
orderstream_put(OrderStream *stream, BlockScan *scan)
{
	OrderBase  *base = stream->base;
	Batch	   *batch = &scan->batch;
	int			natts = base->nattnos;
	const Vector **vectors = palloc(Max(1, natts) * sizeof(Vector *));
	Datum	   *values = palloc(Max(1, natts) * sizeof(Datum));
	bool	   *isnull = palloc(Max(1, natts) * sizeof(bool));
	ItemPointerData tid;
	int			row;
	int			i;

	for (i = 0; i < natts; i++)
		vectors[i] = batch_column(batch, base->attnos[i]);
	for (SELECTION_EACH(row, batch->selected))
	{
		for (i = 0; i < natts; i++)
		{
			const Vector *vector = vectors[i];
			int			at = vector->constant ? 0 : row;

			isnull[i] = vector->isnull != NULL && vector->isnull[at];
			values[i] = isnull[i] ? (Datum) 0 :
				vector->dictionary == NULL ? vector->values[at] :
				vector->dictionary[vector->values[at]];
		}
		blockscan_tid(scan, row, &tid);
		orderstream_put_row(stream, values, isnull, &tid);
	}
	pfree(vectors);
	pfree(values);
	pfree(isnull);
}

void
orderstream_put_row(OrderStream *stream, const Datum *values,
					const bool *isnull, ItemPointer tid)
{
	OrderBase  *base = stream->base;
	TupleTableSlot *slot;

	if (stream->sort == NULL)
		sort_begin(stream);
	slot = stream->row_slot;
	ExecClearTuple(slot);
	memcpy(slot->tts_values, values, base->nattnos * sizeof(Datum));
	memcpy(slot->tts_isnull, isnull, base->nattnos * sizeof(bool));
	slot->tts_values[base->nattnos] = PointerGetDatum(tid);
	slot->tts_isnull[base->nattnos] = false;
	ExecStoreVirtualTuple(slot);
	tuplesort_puttupleslot(stream->sort, slot);
}

void
orderstream_put_part(OrderStream *stream, BlockScan *part)
{
	while (blockscan_next_block(part))
		if (blockscan_filter(part))
			orderstream_put(stream, part);
}

void
orderstream_put_hot(OrderStream *stream)
{
	BlockScan  *scan = stream->base->scan;

	while (block_hot_next_batch(scan))
		if (blockscan_filter(scan))
			orderstream_put(stream, scan);
}

void
orderstream_sort(OrderStream *stream)
{
	if (stream->sort != NULL)
		tuplesort_performsort(stream->sort);
}

Datum
orderstream_value(OrderStream *stream, AttrNumber attno, bool *isnull)
{
	int			i = stream->base->positions[attno] - 1;

	*isnull = stream->slot->tts_isnull[i];
	return stream->slot->tts_values[i];
}

static bool
sort_advance(OrderStream *stream)
{
	OrderBase  *base = stream->base;
	bool		isnull;
	Datum		time;

	if (stream->sort == NULL ||
		!tuplesort_gettupleslot(stream->sort, true, false, stream->slot,
								NULL))
		return false;
	slot_getallattrs(stream->slot);
	if (base->plan.time != 0)
	{
		time = orderstream_value(stream, base->plan.time, &isnull);
		stream->key = orderstream_key(base, time, isnull);
	}
	return true;
}

/* ---------- any stream ---------- */

/* The default of advance. */
static bool
orderstream_next(OrderStream *stream)
{
	CHECK_FOR_INTERRUPTS();
	return stream->part != NULL ? part_advance(stream) : sort_advance(stream);
}

void
orderstream_store(OrderStream *stream, TupleTableSlot *slot)
{
	OrderBase  *base;
	int			i;

	while (stream->inner != NULL)
		stream = stream->inner;
	base = stream->base;
	if (stream->buffer != NULL)
	{
		orderbuffer_store(stream->buffer, slot);
		return;
	}
	if (stream->part != NULL)
	{
		batch_store_row(&stream->part->batch, stream->row, slot, base->attnos,
						base->nattnos);
		blockscan_tid(stream->part, stream->row, &slot->tts_tid);
		return;
	}
	for (i = 0; i < base->nattnos; i++)
	{
		slot->tts_values[base->attnos[i] - 1] = stream->slot->tts_values[i];
		slot->tts_isnull[base->attnos[i] - 1] = stream->slot->tts_isnull[i];
	}
	slot->tts_tid = *(ItemPointer)
		DatumGetPointer(stream->slot->tts_values[base->nattnos]);
}

void
orderstream_end(OrderStream *stream)
{
	if (stream->sort != NULL)
	{
		stream->base->sorts = list_delete_ptr(stream->base->sorts, stream);
		ExecDropSingleTupleTableSlot(stream->slot);
		ExecDropSingleTupleTableSlot(stream->row_slot);
		tuplesort_end(stream->sort);
	}
	pfree(stream);
}

/* ---------- merging ---------- */

/* binaryheap keeps the largest on top. */
static int
merge_compare(Datum a, Datum b, void *arg)
{
	return orderkey_compare(&((OrderStream *) DatumGetPointer(b))->key,
							&((OrderStream *) DatumGetPointer(a))->key);
}

OrderMerge *
orderstream_merge_create(OrderBase *base, int capacity)
{
	MemoryContext old = MemoryContextSwitchTo(base->context);
	OrderMerge *merge = palloc0(sizeof(OrderMerge));

	merge->heap = binaryheap_allocate(Max(1, capacity), merge_compare, NULL);
	MemoryContextSwitchTo(old);
	return merge;
}

void
orderstream_merge_add(OrderMerge *merge, OrderStream *stream)
{
	binaryheap_add(merge->heap, PointerGetDatum(stream));
}

/* The first stream has moved on, or is at its end. */
static void
ordermerge_settle(OrderMerge *merge, OrderStream *stream, bool more)
{
	if (more)
	{
		if (merge->heap->bh_size > 1)
			binaryheap_replace_first(merge->heap, PointerGetDatum(stream));
		return;
	}
	(void) binaryheap_remove_first(merge->heap);
	orderstream_end(stream);
}

OrderStream *
orderstream_merge_next(OrderMerge *merge)
{
	OrderStream *stream;

	while (!binaryheap_empty(merge->heap))
	{
		stream = (OrderStream *) DatumGetPointer(binaryheap_first(merge->heap));
		if (stream->load != NULL)
		{
			bool		(*load) (OrderStream *stream) = stream->load;

			stream->load = NULL;
			ordermerge_settle(merge, stream, load(stream));
		}
		else if (merge->given)
		{
			merge->given = false;
			ordermerge_settle(merge, stream, orderstream_advance(stream));
		}
		else
		{
			merge->given = true;
			return stream;
		}
	}
	return NULL;
}
