/*
 * batch.h
 *	  Up to 1,024 rows of a table at a time, column by column.
 *
 * A batch is one block of a segment, or as many hot rows.  It starts with a
 * selection: rows that are live and in range.  Filters narrow the selection;
 * a column is decoded when it is first asked for, so that a filter that
 * leaves nothing spares the other columns.
 */
#ifndef RUSTS_BATCH_H
#define RUSTS_BATCH_H

#include "codec/codec.h"
#include "executor/tuptable.h"

#define BATCH_ROWS CODEC_BLOCK_ROWS
#define BATCH_WORDS (BATCH_ROWS / 64)

/* How the Datums of a vector are to be read. */
typedef enum VectorKind
{
	VECTOR_INT,					/* by value, int64 order is the type's order */
	VECTOR_FLOAT8,				/* bits of a double */
	VECTOR_FLOAT4,				/* a float4 Datum */
	VECTOR_DATUM				/* any other type */
} VectorKind;

/*
 * Values of n rows.  Rows that are not selected hold anything that is safe to
 * read for by-value kinds, and must not be followed as pointers.  values[i]
 * of a NULL is unspecified.
 */
typedef struct Vector
{
	const Datum *values;
	const bool *isnull;			/* NULL: no row is NULL */
	bool		constant;		/* values[0], isnull[0] hold for all rows */

	/*
	 * Not NULL: values are codes, dictionary[code] is the value.  serial
	 * differs for every dictionary that lives during a scan, for caches.
	 * sorted: its entries ascend, compared as bytes.
	 */
	const Datum *dictionary;
	uint32		entries;
	bool		sorted;
	uint64		serial;
} Vector;

typedef struct Batch Batch;

/* The series runs that a batch's rows belong to: run i ends before ends[i]. */
typedef struct BatchRuns
{
	int			n;
	uint16		ends[BATCH_ROWS];
} BatchRuns;

/*
 * Where the columns of a batch come from; attno > 0.
 *
 * column: a vector that is valid until the next batch.
 * run_column: a tag column with a row for each of the batch's runs, or NULL when
 * the batch is not of a segment in which the column is a tag, or has many runs.
 * is_by_value: long strings that have not been read as a vector; fetch_value
 * gets them one by one, each valid until the next or until the column is read.
 * store_identity: give a slot a row's tableoid and ctid.
 */
typedef struct BatchOps
{
	const Vector *(*column) (Batch *batch, AttrNumber attno);
	const Vector *(*run_column) (Batch *batch, AttrNumber attno,
								 BatchRuns *runs);
	bool		(*is_by_value) (Batch *batch, AttrNumber attno);
	void		(*fetch_value) (Batch *batch, int row, TupleTableSlot *slot,
								AttrNumber attno);
	void		(*store_identity) (Batch *batch, int row, TupleTableSlot *slot);
} BatchOps;

struct Batch
{
	const BatchOps *ops;
	int			n;				/* rows, selected or not */
	int			nselected;
	uint64		selected[BATCH_WORDS];	/* bits at and after n are 0 */
	MemoryContext memory;		/* reset before each batch */
	Oid			relid;
};

static inline const Vector *
batch_column(Batch *batch, AttrNumber attno)
{
	return batch->ops->column(batch, attno);
}

static inline const Vector *
batch_run_column(Batch *batch, AttrNumber attno, BatchRuns *runs)
{
	return batch->ops->run_column(batch, attno, runs);
}

static inline bool
batch_is_by_value(Batch *batch, AttrNumber attno)
{
	return batch->ops->is_by_value(batch, attno);
}

static inline void
batch_fetch_value(Batch *batch, int row, TupleTableSlot *slot, AttrNumber attno)
{
	batch->ops->fetch_value(batch, row, slot, attno);
}

static inline void
batch_store_identity(Batch *batch, int row, TupleTableSlot *slot)
{
	batch->ops->store_identity(batch, row, slot);
}

/* Store one value of a vector, by index into the slot's arrays. */
static inline void
batch_store_value(const Vector *vector, int row, TupleTableSlot *slot,
				  int attr)
{
	int			at = vector->constant ? 0 : row;
	bool		isnull = vector->isnull != NULL && vector->isnull[at];

	slot->tts_isnull[attr] = isnull;
	if (isnull)
		slot->tts_values[attr] = (Datum) 0;
	else
		slot->tts_values[attr] = vector->dictionary == NULL ?
			vector->values[at] : vector->dictionary[vector->values[at]];
}

/*
 * Store row i's columns attnos[0 .. n) into a virtual slot of the table's
 * descriptor; other attributes are not touched.  For expressions that are
 * evaluated row by row.
 */
extern void batch_store_row(Batch *batch, int row, TupleTableSlot *slot,
							const AttrNumber *attnos, int n);

static inline bool
batch_row_selected(const Batch *batch, int row)
{
	return (batch->selected[row >> 6] >> (row & 63)) & 1;
}

#endif							/* RUSTS_BATCH_H */
