/*
 * slot.c
 *	  Slots that hold hot rows as heap's do, and segment rows lazily.
 *
 * A slot is in one of two modes:
 *
 *	  heap mode		reader == NULL.  Everything is TTSOpsBufferHeapTuple's
 *					business: a row in a buffer, a materialised copy, a
 *					virtual row that the executor stored, or nothing.
 *	  segment mode	reader != NULL.  The row is a position in a reader.  There
 *					is no tuple and no buffer; attributes are filled from
 *					decoded vectors when asked for.
 *
 * A slot in segment mode is linked with the owner of its reader, because
 * heap's slots keep what they show valid by a buffer pin, which outlives the
 * scan, and callers rely on that: they may keep a slot over table_endscan, or
 * pass another slot for the next row.  Before the reader moves to another row
 * for another slot, or closes, the owner calls slot_detach, which turns the
 * row into a materialised copy (heap mode).  At most one slot refers to an
 * owner at a time.  After an error neither side is touched again: slots and
 * readers are then freed with their memory contexts, without callbacks.
 *
 * heapam checks for slot->tts_ops == &TTSOpsBufferHeapTuple, so our slot wears
 * heap's operations during such a call.  If heapam throws meanwhile, the slot
 * keeps them; it is in heap mode then (lending clears segment mode), our extra
 * fields are idle, and heap's operations treat it correctly for as long as it
 * lives.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/transam.h"
#include "utils/memutils.h"

#include "compat/slotops.h"
#include "table/slot.h"

typedef struct RustsTupleTableSlot
{
	BufferHeapTupleTableSlot base;
	SegmentReader *reader;		/* not NULL: segment mode */
	uint32		row;
	SlotOwner  *owner;
	void	   *companion;		/* NULL: none */
	SlotCompanionEnd end_companion;
} RustsTupleTableSlot;

#define HEAP_OPS (&TTSOpsBufferHeapTuple)

/* A block of a column that takes more is not copied (SlotOwner.copies). */
#define SLOT_MAX_COPY (256 * 1024)

/* Stands in for the null array of a column block without nulls. */
static const bool no_nulls[CODEC_BLOCK_ROWS];

static inline bool
slot_is_ours(TupleTableSlot *slot)
{
	return slot->tts_ops == &slot_ops_rusts;
}

static inline void
slot_set_ops(TupleTableSlot *slot, const TupleTableSlotOps *ops)
{
	/* const only to stop accidents: slots are allocated, not defined const */
	*((const TupleTableSlotOps **) &slot->tts_ops) = ops;
}

/* Break the link with the owner and leave segment mode. */
static inline void
slot_unlink(RustsTupleTableSlot *rslot)
{
	if (rslot->owner != NULL)
		rslot->owner->slot = NULL;
	rslot->owner = NULL;
	rslot->reader = NULL;
}

/* Bytes of a by-reference value. */
static inline Size
slot_value_size(Form_pg_attribute attribute, Datum value)
{
	return att_addlength_datum((Size) 0, attribute->attlen, value);
}

/*
 * Is value i of a block neither NULL nor the one before it?  Copies share the
 * bytes of values that are one and the same.
 */
static inline bool
slot_value_is_new(const SegmentVector *vector, int i)
{
	if (vector->isnull != NULL &&
		(vector->isnull[i] || (i > 0 && vector->isnull[i - 1])))
		return !vector->isnull[i];
	return i == 0 || vector->values[i] != vector->values[i - 1];
}

/* Copy the arrays of a decoded block, whose values stay where they are. */
static void
slot_copy_arrays(SlotOwner *owner, const SegmentVector *vector,
				 SlotColumn *column)
{
	Size		values = vector->n * sizeof(Datum);
	Size		isnull = vector->isnull != NULL ? vector->n * sizeof(bool) : 0;

	column->values = memcpy(palloc(values + isnull), vector->values, values);
	column->isnull = no_nulls;
	if (isnull > 0)
		column->isnull = memcpy((char *) column->values + values,
								vector->isnull, isnull);
	owner->bytes += values + isnull;
}

/*
 * Copy a decoded block of a column, and the bytes its values are, into the
 * owner's context; false: it is too large.
 */
static bool
slot_copy_vector(SlotOwner *owner, Form_pg_attribute attribute,
				 const SegmentVector *vector, SlotColumn *column)
{
	Size		size = MAXALIGN(vector->n * (sizeof(Datum) + sizeof(bool)));
	Datum	   *values;
	bool	   *isnull;
	char	   *data;
	int			i;

	for (i = 0; i < vector->n; i++)
	{
		if (slot_value_is_new(vector, i))
			size += MAXALIGN(slot_value_size(attribute, vector->values[i]));
		if (size > SLOT_MAX_COPY)
			return false;
	}

	values = palloc(size);
	isnull = (bool *) (values + vector->n);
	data = (char *) values +
		MAXALIGN(vector->n * (sizeof(Datum) + sizeof(bool)));
	memcpy(values, vector->values, vector->n * sizeof(Datum));
	memcpy(isnull, vector->isnull != NULL ? vector->isnull : no_nulls,
		   vector->n * sizeof(bool));
	for (i = 0; i < vector->n; i++)
	{
		Size		len;

		if (isnull[i])
			continue;
		if (!slot_value_is_new(vector, i))
		{
			values[i] = values[i - 1];
			continue;
		}
		len = slot_value_size(attribute, values[i]);
		memcpy(data, DatumGetPointer(values[i]), len);
		values[i] = PointerGetDatum(data);
		data += MAXALIGN(len);
	}
	column->values = values;
	column->isnull = isnull;
	owner->bytes += size;
	return true;
}

/* Decode the next column of the owner's block. */
static void
slot_load_column(RustsTupleTableSlot *rslot, SlotOwner *owner)
{
	TupleDesc	desc = rslot->base.base.base.tts_tupleDescriptor;
	SlotColumn *column = &owner->columns[owner->nloaded];
	SegmentVector vector;

	if (owner->once ||
		segment_reader_by_value(rslot->reader, (AttrNumber) (owner->nloaded + 1)))
	{
		column->values = NULL;
		owner->by_value = true;
		owner->nloaded++;
		return;
	}
	segment_reader_block(rslot->reader, (AttrNumber) (owner->nloaded + 1),
						 owner->block, &vector);
	column->values = vector.values;
	column->isnull = vector.isnull != NULL ? vector.isnull : no_nulls;
	if (!owner->copies)
		;						/* they stay until the next block */
	else if (TupleDescAttr(desc, owner->nloaded)->attbyval ||
			 segment_reader_has_codes(rslot->reader,
									  (AttrNumber) (owner->nloaded + 1)))
		slot_copy_arrays(owner, &vector, column);
	else if (!slot_copy_vector(owner, TupleDescAttr(desc, owner->nloaded),
							   &vector, column))
	{
		column->values = NULL;
		owner->by_value = true;
	}
	owner->nloaded++;
}

/*
 * Make columns 0 .. natts - 1 of the slot's block available.  What is loaded
 * is always a prefix, because slots are filled by prefixes.
 */
static void
slot_load_columns(RustsTupleTableSlot *rslot, SlotOwner *owner, int natts)
{
	MemoryContext old = MemoryContextSwitchTo(owner->context);

	if (natts > owner->ncolumns)
	{
		int			n = Max(natts,
							rslot->base.base.base.tts_tupleDescriptor->natts);

		if (owner->columns == NULL)
			owner->columns = palloc(n * sizeof(SlotColumn));
		else
			owner->columns = repalloc(owner->columns, n * sizeof(SlotColumn));
		owner->ncolumns = n;
	}
	while (owner->nloaded < natts)
		slot_load_column(rslot, owner);
	MemoryContextSwitchTo(old);
}

/* Another block's are needed from now on. */
static inline void
slot_forget_columns(SlotOwner *owner)
{
	owner->nloaded = 0;
	owner->by_value = false;
}

/* Columns of the row that are read row by row. */
static void
slot_fill_by_value(RustsTupleTableSlot *rslot, int from, int natts)
{
	TupleTableSlot *slot = &rslot->base.base.base;
	SlotOwner  *owner = rslot->owner;
	MemoryContext old = MemoryContextSwitchTo(owner->context);
	int			attr;

	for (attr = from; attr < natts; attr++)
	{
		if (owner->columns[attr].values == NULL)
			slot->tts_values[attr] =
				segment_reader_value(rslot->reader, (AttrNumber) (attr + 1),
									 rslot->row, &slot->tts_isnull[attr]);
	}
	MemoryContextSwitchTo(old);
}

/* Fill attributes up to natts of a slot in segment mode. */
static void
slot_fill(RustsTupleTableSlot *rslot, int natts)
{
	TupleTableSlot *slot = &rslot->base.base.base;
	SlotOwner  *owner = rslot->owner;
	uint32		i = rslot->row % CODEC_BLOCK_ROWS;
	const SlotColumn *columns;
	Datum	   *values = slot->tts_values;
	bool	   *isnull = slot->tts_isnull;
	int			from = slot->tts_nvalid;
	int			attr;

	Assert(owner->slot == slot && owner->reader == rslot->reader &&
		   owner->block == rslot->row / CODEC_BLOCK_ROWS);
	Assert(natts <= slot->tts_tupleDescriptor->natts);
	if (unlikely(natts > owner->nloaded))
		slot_load_columns(rslot, owner, natts);

	columns = owner->columns;
	if (unlikely(owner->by_value))
	{
		for (attr = from; attr < natts; attr++)
		{
			if (columns[attr].values == NULL)
				continue;
			values[attr] = columns[attr].values[i];
			isnull[attr] = columns[attr].isnull[i];
		}
		slot_fill_by_value(rslot, from, natts);
	}
	else
	{
		for (attr = from; attr < natts; attr++)
		{
			values[attr] = columns[attr].values[i];
			isnull[attr] = columns[attr].isnull[i];
		}
	}
	slot->tts_nvalid = (AttrNumber) natts;
}

static void
slot_fill_all(RustsTupleTableSlot *rslot)
{
	TupleTableSlot *slot = &rslot->base.base.base;

	if (slot->tts_nvalid < slot->tts_tupleDescriptor->natts)
		slot_fill(rslot, slot->tts_tupleDescriptor->natts);
}

/*
 * heap_form_tuple leaves a composite value's header.  Make it a stored row's:
 * inserted by the transaction that wrote the segment, never deleted.
 */
static void
slot_set_header(HeapTuple tuple, TransactionId xmin, const ItemPointerData *tid,
				Oid relid)
{
	HeapTupleHeader header = tuple->t_data;

	header->t_infomask &= ~HEAP_XACT_MASK;
	header->t_infomask |= HEAP_XMAX_INVALID;
	HeapTupleHeaderSetXmin(header, xmin);
	HeapTupleHeaderSetXmax(header, InvalidTransactionId);
	HeapTupleHeaderSetCmin(header, FirstCommandId);
	header->t_ctid = *tid;
	tuple->t_self = *tid;
	tuple->t_tableOid = relid;
}

/* The row of a slot in segment mode as a tuple in the current context. */
static HeapTuple
slot_form_tuple(RustsTupleTableSlot *rslot)
{
	TupleTableSlot *slot = &rslot->base.base.base;
	HeapTuple	tuple;

	slot_fill_all(rslot);
	tuple = heap_form_tuple(slot->tts_tupleDescriptor, slot->tts_values,
							slot->tts_isnull);
	slot_set_header(tuple, segment_reader_entry(rslot->reader)->xmin,
					&slot->tts_tid, slot->tts_tableOid);
	return tuple;
}

static void
slot_init(TupleTableSlot *slot)
{
	RustsTupleTableSlot *rslot = (RustsTupleTableSlot *) slot;

	HEAP_OPS->init(slot);
	rslot->reader = NULL;
	rslot->owner = NULL;
	rslot->companion = NULL;
}

void *
slot_companion(TupleTableSlot *slot)
{
	Assert(slot_is_ours(slot));
	return ((RustsTupleTableSlot *) slot)->companion;
}

void
slot_set_companion(TupleTableSlot *slot, void *companion,
				   SlotCompanionEnd end)
{
	RustsTupleTableSlot *rslot = (RustsTupleTableSlot *) slot;

	Assert(slot_is_ours(slot));
	rslot->companion = companion;
	rslot->end_companion = end;
}

bool
slot_is_segment_row(TupleTableSlot *slot)
{
	return slot_is_ours(slot) &&
		((RustsTupleTableSlot *) slot)->reader != NULL;
}

static void
slot_release(TupleTableSlot *slot)
{
	RustsTupleTableSlot *rslot = (RustsTupleTableSlot *) slot;

	if (rslot->companion != NULL)
		rslot->end_companion(rslot->companion);
	HEAP_OPS->release(slot);
}

static void
slot_clear(TupleTableSlot *slot)
{
	slot_unlink((RustsTupleTableSlot *) slot);
	HEAP_OPS->clear(slot);
}

static void
slot_getsomeattrs_rusts(TupleTableSlot *slot, int natts)
{
	RustsTupleTableSlot *rslot = (RustsTupleTableSlot *) slot;

	if (rslot->reader != NULL)
		slot_fill(rslot, natts);
	else
		HEAP_OPS->getsomeattrs(slot, natts);
}

static Datum
slot_getsysattr_rusts(TupleTableSlot *slot, int attnum, bool *isnull)
{
	RustsTupleTableSlot *rslot = (RustsTupleTableSlot *) slot;

	if (rslot->reader == NULL)
		return HEAP_OPS->getsysattr(slot, attnum, isnull);

	*isnull = false;
	switch (attnum)
	{
		case SelfItemPointerAttributeNumber:
			return PointerGetDatum(&slot->tts_tid);
		case TableOidAttributeNumber:
			return ObjectIdGetDatum(slot->tts_tableOid);
		case MinTransactionIdAttributeNumber:
			return TransactionIdGetDatum(segment_reader_entry(rslot->reader)->xmin);
		case MaxTransactionIdAttributeNumber:
			return TransactionIdGetDatum(InvalidTransactionId);
		case MinCommandIdAttributeNumber:
		case MaxCommandIdAttributeNumber:
			return CommandIdGetDatum(FirstCommandId);
	}
	elog(ERROR, "invalid system attribute number %d", attnum);
	return (Datum) 0;			/* keep the compiler quiet */
}

#if COMPAT_SLOT_TELLS_XACT
static bool
slot_is_current_xact_rusts(TupleTableSlot *slot)
{
	RustsTupleTableSlot *rslot = (RustsTupleTableSlot *) slot;

	if (rslot->reader == NULL)
		return HEAP_OPS->is_current_xact_tuple(slot);
	return TransactionIdIsCurrentTransactionId(segment_reader_entry(rslot->reader)->xmin);
}
#endif

static void
slot_materialize(TupleTableSlot *slot)
{
	RustsTupleTableSlot *rslot = (RustsTupleTableSlot *) slot;
	MemoryContext old;

	if (rslot->reader == NULL)
	{
		HEAP_OPS->materialize(slot);
		return;
	}

	old = MemoryContextSwitchTo(slot->tts_mcxt);
	rslot->base.base.tuple = slot_form_tuple(rslot);
	MemoryContextSwitchTo(old);
	slot_unlink(rslot);
	slot->tts_flags |= TTS_FLAG_SHOULDFREE;

	/* what was filled points into the reader */
	slot->tts_nvalid = 0;
	rslot->base.base.off = 0;
}

static void
slot_copyslot(TupleTableSlot *dst, TupleTableSlot *src)
{
	RustsTupleTableSlot *rdst = (RustsTupleTableSlot *) dst;
	RustsTupleTableSlot *rsrc = (RustsTupleTableSlot *) src;
	HeapTuple	tuple;
	MemoryContext old;

	if (rdst->reader != NULL)
		ExecClearTuple(dst);
	if (!slot_is_ours(src) || rsrc->reader == NULL)
	{
		HEAP_OPS->copyslot(dst, src);
		return;
	}

	ExecClearTuple(dst);
	old = MemoryContextSwitchTo(dst->tts_mcxt);
	tuple = slot_form_tuple(rsrc);
	MemoryContextSwitchTo(old);
	rdst->base.base.tuple = tuple;
	dst->tts_flags &= ~TTS_FLAG_EMPTY;
	dst->tts_flags |= TTS_FLAG_SHOULDFREE;
	dst->tts_tid = src->tts_tid;
	dst->tts_tableOid = src->tts_tableOid;
}

static HeapTuple
slot_get_heap_tuple(TupleTableSlot *slot)
{
	RustsTupleTableSlot *rslot = (RustsTupleTableSlot *) slot;

	if (rslot->reader != NULL)
		slot_materialize(slot);
	return HEAP_OPS->get_heap_tuple(slot);
}

static HeapTuple
slot_copy_heap_tuple(TupleTableSlot *slot)
{
	RustsTupleTableSlot *rslot = (RustsTupleTableSlot *) slot;

	if (rslot->reader == NULL)
		return HEAP_OPS->copy_heap_tuple(slot);
	return slot_form_tuple(rslot);
}

static MinimalTuple
slot_copy_minimal_tuple(TupleTableSlot *slot COMPAT_EXTRA_PARAMETER)
{
	RustsTupleTableSlot *rslot = (RustsTupleTableSlot *) slot;

	if (rslot->reader == NULL)
		return HEAP_OPS->copy_minimal_tuple(slot COMPAT_EXTRA);
	slot_fill_all(rslot);
	return heap_form_minimal_tuple(slot->tts_tupleDescriptor,
								   slot->tts_values, slot->tts_isnull
								   COMPAT_EXTRA);
}

const TupleTableSlotOps slot_ops_rusts = {
	.base_slot_size = sizeof(RustsTupleTableSlot),
	.init = slot_init,
	.release = slot_release,
	.clear = slot_clear,
	.getsomeattrs = slot_getsomeattrs_rusts,
	.getsysattr = slot_getsysattr_rusts,
#if COMPAT_SLOT_TELLS_XACT
	.is_current_xact_tuple = slot_is_current_xact_rusts,
#endif
	.materialize = slot_materialize,
	.copyslot = slot_copyslot,
	.get_heap_tuple = slot_get_heap_tuple,
	/* as heap's, it does not own minimal tuples */
	.get_minimal_tuple = NULL,
	.copy_heap_tuple = slot_copy_heap_tuple,
	.copy_minimal_tuple = slot_copy_minimal_tuple
};

/* A callback that a newer server adds would be NULL, and called. */
StaticAssertDecl(sizeof(TupleTableSlotOps) ==
				 sizeof(size_t) + COMPAT_SLOT_CALLBACKS * sizeof(void *),
				 "a callback of slots is missing from slot_ops_rusts");

const TupleTableSlotOps *
slot_lend_to_heap(TupleTableSlot *slot)
{
	const TupleTableSlotOps *ops = slot->tts_ops;

	if (ops == &slot_ops_rusts)
	{
		if (((RustsTupleTableSlot *) slot)->reader != NULL)
			slot_clear(slot);
		slot_set_ops(slot, HEAP_OPS);
	}
	return ops;
}

void
slot_take_back(TupleTableSlot *slot, const TupleTableSlotOps *ops)
{
	if (ops == &slot_ops_rusts)
		slot_set_ops(slot, ops);
}

/*
 * Put a formed tuple into any kind of slot.  The slot owns it afterwards.
 */
static void
slot_store_tuple(TupleTableSlot *slot, HeapTuple tuple)
{
	ItemPointerData tid = tuple->t_self;
	Oid			relid = tuple->t_tableOid;

	if (slot_is_ours(slot))
	{
		RustsTupleTableSlot *rslot = (RustsTupleTableSlot *) slot;

		ExecClearTuple(slot);
		rslot->base.base.tuple = tuple;
		slot->tts_flags &= ~TTS_FLAG_EMPTY;
		slot->tts_flags |= TTS_FLAG_SHOULDFREE;
	}
	else
		ExecForceStoreHeapTuple(tuple, slot, true);
	slot->tts_tid = tid;
	slot->tts_tableOid = relid;
}

void
slot_store_segment_copy(TupleTableSlot *slot, Oid relid,
						SegmentReader *reader, uint32 row)
{
	const DirectoryEntry *entry = segment_reader_entry(reader);
	MemoryContext old = MemoryContextSwitchTo(slot->tts_mcxt);
	HeapTuple	tuple = segment_reader_tuple(reader, row);
	ItemPointerData tid;

	rowid_set(&tid, entry->d.first_block, row);
	slot_set_header(tuple, entry->xmin, &tid, relid);
	MemoryContextSwitchTo(old);
	slot_store_tuple(slot, tuple);
}

void
slot_store_segment_row(TupleTableSlot *slot, Oid relid,
					   SegmentReader *reader, uint32 row, SlotOwner *owner)
{
	RustsTupleTableSlot *rslot = (RustsTupleTableSlot *) slot;
	uint32		block = row / CODEC_BLOCK_ROWS;

	if (unlikely(!slot_is_ours(slot)))
	{
		slot_store_segment_copy(slot, relid, reader, row);
		return;
	}

	if (unlikely(owner->slot != slot))
	{
		if (owner->slot != NULL)
			slot_detach(owner);
		ExecClearTuple(slot);
		rslot->owner = owner;
		owner->slot = slot;
	}
	if (unlikely(owner->reader != reader || owner->block != block))
	{
		owner->reader = reader;
		owner->block = block;
		slot_forget_columns(owner);
	}

	rslot->reader = reader;
	rslot->row = row;
	rowid_set(&slot->tts_tid, segment_reader_entry(reader)->d.first_block,
			  row);
	slot->tts_tableOid = relid;
	slot->tts_nvalid = 0;
	slot->tts_flags &= ~TTS_FLAG_EMPTY;
}

void
slot_owner_keep(SlotOwner *owner)
{
	owner->once = false;
	slot_forget_columns(owner);
}

void
slot_detach(SlotOwner *owner)
{
	if (owner->slot != NULL)
		slot_materialize(owner->slot);
	if (owner->copies)
		return;
	/* the next reader may well get the address of this one */
	owner->reader = NULL;
	slot_forget_columns(owner);
}
