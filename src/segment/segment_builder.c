/*
 * segment_builder.c
 *	  Rows on their way into segments: column buffers in memory.
 *
 * Columns of a builder grow together, by doubling.  The memory figure is what
 * the rows take, so that callers can keep within a budget and an empty builder
 * counts as nothing; its arrays may be up to twice as large.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "segment/column_buffer.h"
#include "segment/segment_builder.h"

#define BUILDER_FIRST_CAPACITY 1024

static void
segment_builder_copy_spec(SegmentBuilder *builder, const SegmentSpec *spec)
{
	int			natts = builder->desc->natts;

	builder->spec = *spec;
	builder->spec.tags = palloc(Max(1, spec->ntags) * sizeof(AttrNumber));
	memcpy(builder->spec.tags, spec->tags, spec->ntags * sizeof(AttrNumber));
	if (spec->encoding != NULL)
	{
		builder->spec.encoding = palloc(natts);
		memcpy(builder->spec.encoding, spec->encoding, natts);
	}
}

SegmentBuilder *
segment_builder_create(TupleDesc desc, const SegmentSpec *spec,
					   MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent,
												  "rusts segment builder",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	SegmentBuilder *builder = palloc0(sizeof(SegmentBuilder));
	int			i;
	int			t;

	builder->context = context;
	builder->desc = CreateTupleDescCopy(desc);
	segment_builder_copy_spec(builder, spec);
	builder->columns = palloc0(Max(1, desc->natts) * sizeof(ColumnBuffer));
	builder->tags = palloc0(Max(1, spec->ntags) * sizeof(ColumnBuffer *));
	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(builder->desc, i);
		ColumnBuffer *column = &builder->columns[builder->ncolumns];

		if (attribute->attisdropped)
			continue;
		builder->ncolumns++;
		column->attribute = attribute;
		column->type = value_type(attribute);
		for (t = 0; t < spec->ntags; t++)
			if (spec->tags[t] == i + 1)
			{
				column->is_tag = true;
				builder->tags[t] = column;
			}
		if (spec->time_attnum == i + 1)
			builder->time = column;
	}
	for (i = 0; i < builder->ncolumns; i++)
		column_buffer_start(builder, &builder->columns[i]);
	MemoryContextSwitchTo(old);
	return builder;
}

void
segment_builder_destroy(SegmentBuilder *builder)
{
	MemoryContextDelete(builder->context);
}

/*
 * Empty the builder.  Its arrays stay: the next rows will need them, and
 * getting memory from the system again costs as much as filling it.
 */
void
segment_builder_reset(SegmentBuilder *builder)
{
	int			i;

	builder->rows = 0;
	builder->memory = 0;
	builder->overfull = false;
	for (i = 0; i < builder->ncolumns; i++)
		column_buffer_restart(builder, &builder->columns[i]);
}

static void
segment_builder_grow(SegmentBuilder *builder)
{
	uint32		capacity = builder->capacity == 0 ? BUILDER_FIRST_CAPACITY :
	builder->capacity * 2;
	int			i;

	capacity = Min(capacity, Max(builder->spec.max_rows, 1));
	for (i = 0; i < builder->ncolumns; i++)
		column_buffer_grow(builder, &builder->columns[i], capacity);
	builder->capacity = capacity;
}

void
segment_builder_append(SegmentBuilder *builder, const Datum *values,
					   const bool *isnull)
{
	int			i;

	Assert(!segment_builder_full(builder));
	if (builder->rows == builder->capacity)
		segment_builder_grow(builder);
	for (i = 0; i < builder->ncolumns; i++)
	{
		ColumnBuffer *column = &builder->columns[i];
		int			at = column->attribute->attnum - 1;

		column_buffer_append(builder, column, values[at], isnull[at]);
	}
	builder->rows++;
	builder->memory += builder->ncolumns * sizeof(Datum);
}

uint32
segment_builder_rows(SegmentBuilder *builder)
{
	return builder->rows;
}

Size
segment_builder_memory(SegmentBuilder *builder)
{
	return builder->memory;
}

bool
segment_builder_full(SegmentBuilder *builder)
{
	return builder->overfull || builder->rows >= builder->spec.max_rows;
}
