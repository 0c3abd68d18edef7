/*
 * column_buffer.h
 *	  One column of rows on their way into segments.
 */
#ifndef RUSTS_COLUMN_BUFFER_H
#define RUSTS_COLUMN_BUFFER_H

#include "codec/codec.h"
#include "segment/dict.h"
#include "segment/segment_spec.h"
#include "segment/value.h"

typedef struct BytesRef
{
	uint64		offset;			/* in the arena */
	uint32		len;
} BytesRef;

typedef enum ColumnMode
{
	COLUMN_VALUES,				/* values[]: Datums passed by value */
	COLUMN_CODES,				/* codes[] into dict */
	COLUMN_REFS					/* refs[] into the arena */
} ColumnMode;

typedef struct ColumnBuffer
{
	Form_pg_attribute attribute;	/* in the builder's descriptor */
	ValueType	type;
	bool		is_tag;
	ColumnMode	mode;
	Datum	   *values;
	uint32	   *codes;
	BytesRef  *refs;
	bool	   *nulls;			/* NULL as long as there is none */
	uint32		null_count;
	Dict		dict;
	DictArena	arena;
	/* set by segment_sort for dictionary columns: */
	ValueOrder *order;
	uint32	   *rank;			/* code -> rank */
	uint32	   *by_rank;		/* rank -> code */
} ColumnBuffer;

struct SegmentBuilder
{
	MemoryContext context;
	TupleDesc	desc;
	SegmentSpec spec;
	int			ncolumns;		/* without dropped ones */
	ColumnBuffer *columns;
	ColumnBuffer **tags;		/* spec.ntags of them */
	ColumnBuffer *time;			/* or NULL */
	uint32		rows;
	uint32		capacity;
	Size		memory;
	bool		overfull;		/* an arena is near its limit */
};

extern void column_buffer_start(SegmentBuilder *builder, ColumnBuffer *column);
/* Empty a column, keeping its memory; a dictionary given up stays given up. */
extern void column_buffer_restart(SegmentBuilder *builder,
								  ColumnBuffer *column);
extern void column_buffer_grow(SegmentBuilder *builder, ColumnBuffer *column,
							   uint32 capacity);
extern void column_buffer_append(SegmentBuilder *builder,
								 ColumnBuffer *column, Datum value,
								 bool isnull);
/* Called when all rows are there: give up a dictionary that does not pay. */
extern void column_buffer_settle(SegmentBuilder *builder,
								 ColumnBuffer *column);
/* Datum of a dictionary entry, made in the current memory context. */
extern Datum column_buffer_entry(const ColumnBuffer *column, uint32 code);
/* Order the dictionary: fills order, rank and by_rank. */
extern void column_buffer_rank(ColumnBuffer *column);

static inline bool
column_buffer_is_null(const ColumnBuffer *column, uint32 row)
{
	return column->nulls != NULL && column->nulls[row];
}

#endif							/* RUSTS_COLUMN_BUFFER_H */
