/*
 * column_buffer.c
 *	  One column of rows on their way into segments.
 *
 * A tag column is always a dictionary, whatever its type.  Another
 * by-reference column begins as one and turns into plain references when it
 * has too many distinct values; its bytes are in the arena either way.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "segment/column_buffer.h"

/* A dictionary beyond this must save at least half of the entries. */
#define DICT_FREE_ENTRIES 1024
#define DICT_MAX_ENTRIES 65536

/*
 * Nor may one be so large, in bytes, without that: who wants one entry reads
 * and decompresses all of them.
 */
#define DICT_FREE_BYTES (1024 * 1024)

/* A larger arena is not kept for the next rows. */
#define ARENA_KEEP ((Size) 64 * 1024 * 1024)

/* Stop appending when one column's bytes reach this. */
#define ARENA_LIMIT ((Size) 1 << 30)

void
column_buffer_start(SegmentBuilder *builder, ColumnBuffer *column)
{
	MemoryContext context = builder->context;

	column->values = NULL;
	column->codes = NULL;
	column->refs = NULL;
	column->nulls = NULL;
	column->null_count = 0;
	column->rank = NULL;
	column->by_rank = NULL;
	column->order = NULL;
	memset(&column->arena, 0, sizeof(column->arena));
	if (!column->is_tag && column->type.kind != VALUE_BYTES)
		column->mode = COLUMN_VALUES;
	else if (!column->is_tag && builder->spec.encoding != NULL &&
			 builder->spec.encoding[column->attribute->attnum - 1] ==
			 CODEC_BYTES_PLAIN)
		column->mode = COLUMN_REFS;
	else
	{
		column->mode = COLUMN_CODES;
		dict_init(&column->dict, context);
	}
}

void
column_buffer_restart(SegmentBuilder *builder, ColumnBuffer *column)
{
	if (column->nulls != NULL)
		pfree(column->nulls);
	column->nulls = NULL;
	column->null_count = 0;
	column->arena.used = 0;
	if (column->arena.size > ARENA_KEEP)
	{
		pfree(column->arena.data);
		memset(&column->arena, 0, sizeof(column->arena));
	}
	if (column->mode == COLUMN_CODES)
		dict_clear(&column->dict);
}

static void *
column_buffer_resize(MemoryContext context, void *old, Size size)
{
	return old == NULL ? MemoryContextAllocHuge(context, size) :
		repalloc_huge(old, size);
}

void
column_buffer_grow(SegmentBuilder *builder, ColumnBuffer *column,
				   uint32 capacity)
{
	MemoryContext context = builder->context;

	switch (column->mode)
	{
		case COLUMN_VALUES:
			column->values = column_buffer_resize(context, column->values,
												  capacity * sizeof(Datum));
			break;
		case COLUMN_CODES:
			column->codes = column_buffer_resize(context, column->codes,
												 capacity * sizeof(uint32));
			break;
		case COLUMN_REFS:
			column->refs = column_buffer_resize(context, column->refs,
												capacity * sizeof(BytesRef));
			break;
	}
	if (column->nulls != NULL)
		column->nulls = repalloc_huge(column->nulls, capacity * sizeof(bool));
}

/* The dictionary does not pay: keep references to every row's bytes. */
static void
column_buffer_give_up_dict(SegmentBuilder *builder, ColumnBuffer *column)
{
	uint32		i;

	column->refs = MemoryContextAllocHuge(builder->context,
										  builder->capacity * sizeof(BytesRef));
	for (i = 0; i < builder->rows; i++)
	{
		BytesRef  *ref = &column->refs[i];

		if (column_buffer_is_null(column, i))
		{
			ref->offset = 0;
			ref->len = 0;
		}
		else
		{
			DictEntry  *entry = &column->dict.entries[column->codes[i]];

			ref->offset = entry->offset;
			ref->len = entry->len;
		}
	}
	pfree(column->codes);
	pfree(column->dict.entries);
	pfree(column->dict.table);
	column->codes = NULL;
	column->mode = COLUMN_REFS;
}

static void
column_buffer_append_null(SegmentBuilder *builder, ColumnBuffer *column)
{
	uint32		row = builder->rows;

	if (column->nulls == NULL)
	{
		column->nulls = MemoryContextAllocHuge(builder->context,
											   builder->capacity);
		memset(column->nulls, 0, row);
	}
	column->nulls[row] = true;
	column->null_count++;
	switch (column->mode)
	{
		case COLUMN_VALUES:
			column->values[row] = 0;
			break;
		case COLUMN_CODES:
			column->codes[row] = 0;
			break;
		case COLUMN_REFS:
			column->refs[row].offset = 0;
			column->refs[row].len = 0;
			break;
	}
}

static void
column_buffer_append_bytes(SegmentBuilder *builder, ColumnBuffer *column,
						   const char *bytes, uint32 len)
{
	uint32		row = builder->rows;
	Size		before = column->arena.used;

	if (column->mode == COLUMN_CODES)
	{
		uint32		n;

		column->codes[row] = dict_code(&column->dict, &column->arena, bytes,
									   len);
		n = column->dict.n;
		if (n > DICT_FREE_ENTRIES && !column->is_tag &&
			(n > row / 2 || n > DICT_MAX_ENTRIES))
		{
			column_buffer_give_up_dict(builder, column);
			column->refs[row].offset = dict_arena_add(&column->arena,
													  builder->context,
													  bytes, len);
			column->refs[row].len = len;
		}
	}
	else
	{
		column->refs[row].offset = dict_arena_add(&column->arena,
												  builder->context,
												  bytes, len);
		column->refs[row].len = len;
	}
	builder->memory += column->arena.used - before;
	if (column->arena.used > ARENA_LIMIT)
		builder->overfull = true;
}

void
column_buffer_append(SegmentBuilder *builder, ColumnBuffer *column,
					 Datum value, bool isnull)
{
	const char *bytes;
	void	   *copy;
	uint32		len;

	if (isnull)
	{
		column_buffer_append_null(builder, column);
		return;
	}
	if (column->nulls != NULL)
		column->nulls[builder->rows] = false;
	if (column->mode == COLUMN_VALUES)
	{
		column->values[builder->rows] = value_normalize(value,
														column->type.typlen);
		return;
	}
	if (column->type.byval)
	{
		value = value_normalize(value, column->type.typlen);
		column_buffer_append_bytes(builder, column, (char *) &value,
								   sizeof(Datum));
		return;
	}
	bytes = value_bytes(value, column->type.typlen, &len, &copy);
	column_buffer_append_bytes(builder, column, bytes, len);
	if (copy != NULL)
		pfree(copy);
}

Datum
column_buffer_entry(const ColumnBuffer *column, uint32 code)
{
	const DictEntry *entry = &column->dict.entries[code];
	const char *bytes = column->arena.data + entry->offset;
	Datum		value;

	if (column->type.byval)
	{
		memcpy(&value, bytes, sizeof(Datum));
		return value;
	}
	return value_make_datum(column->type.typlen, bytes, entry->len,
							palloc(value_datum_size(column->type.typlen,
													entry->len)));
}

/*
 * Whether long strings come again is known when all rows are there: a few
 * documents at the start fill the dictionary, whatever follows.
 */
void
column_buffer_settle(SegmentBuilder *builder, ColumnBuffer *column)
{
	uint32		values = builder->rows - column->null_count;

	if (column->mode == COLUMN_CODES && !column->is_tag &&
		column->arena.used > DICT_FREE_BYTES && column->dict.n > values / 2)
		column_buffer_give_up_dict(builder, column);
}

typedef struct RankContext
{
	ValueOrder *order;
	Datum	   *datums;
} RankContext;

static int
column_buffer_compare(const void *a, const void *b, void *arg)
{
	RankContext *context = arg;

	return value_order_compare(context->order,
							   context->datums[*(const uint32 *) a],
							   context->datums[*(const uint32 *) b]);
}

void
column_buffer_rank(ColumnBuffer *column)
{
	uint32		n = column->dict.n;
	RankContext context;
	uint32		i;

	context.order = column->order = value_order_create(column->attribute);
	context.datums = palloc_extended(Max(n, 1) * sizeof(Datum),
									 MCXT_ALLOC_HUGE);
	column->rank = palloc_extended(Max(n, 1) * sizeof(uint32),
								   MCXT_ALLOC_HUGE);
	column->by_rank = palloc_extended(Max(n, 1) * sizeof(uint32),
									  MCXT_ALLOC_HUGE);
	for (i = 0; i < n; i++)
	{
		context.datums[i] = column_buffer_entry(column, i);
		column->by_rank[i] = i;
	}
	qsort_arg(column->by_rank, n, sizeof(uint32), column_buffer_compare,
			  &context);
	for (i = 0; i < n; i++)
		column->rank[column->by_rank[i]] = i;
}
