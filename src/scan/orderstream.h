/*
 * orderstream.h
 *	  Sorted streams of a scan's rows, and merging them by time.
 *
 * A stream is either a part of a segment whose rows lie in order already, or
 * rows that were collected and sorted.  Its current row is valid until it
 * advances.
 */
#ifndef RUSTS_ORDERSTREAM_H
#define RUSTS_ORDERSTREAM_H

#include "block/blockscan.h"
#include "lib/binaryheap.h"
#include "utils/tuplesort.h"

/* The order wanted: by tags, then by time; either may be missing. */
typedef struct ScanOrderPlan
{
	List	   *tags;			/* attribute numbers */
	AttrNumber	time;			/* a column of VECTOR_INT kind, or 0 */
	bool		tags_desc;		/* descending: NULLs come first, else last */
	bool		time_desc;
} ScanOrderPlan;

/* What all streams of a scan share. */
typedef struct OrderBase
{
	BlockScan  *scan;
	ScanOrderPlan plan;
	int			nattnos;		/* the columns that a row consists of */
	AttrNumber *attnos;
	TupleDesc	desc;			/* of rows in sorts: attnos, and the TID */
	int		   *positions;		/* in desc, from 1, by attribute number */
	MemoryContext context;		/* of streams; they may be forgotten with it */
	List	   *sorts;			/* streams with a Tuplesortstate */
} OrderBase;

/* Where a row, or a bound, is in the order by time. */
typedef struct OrderKey
{
	int			rank;			/* separates NULLs, and what is unknown */
	int64		value;			/* smaller comes first */
} OrderKey;

typedef struct OrderStream OrderStream;
struct OrderBuffer;
struct OrderStream
{
	OrderBase  *base;
	OrderKey	key;			/* of the current row */
	bool		(*advance) (OrderStream *stream);

	/* of a segment */
	BlockScan  *part;
	int			row;
	bool		in_batch;

	/* collected rows */
	bool		by_tags;
	Tuplesortstate *sort;		/* NULL: no row yet */
	TupleTableSlot *slot;		/* the current row */
	TupleTableSlot *row_slot;	/* a row to be put in */

	/* made of others: where the current row is */
	OrderStream *inner;
	struct OrderBuffer *buffer;

	/* for the creator; load not NULL: key is a bound, to be replaced by load */
	bool		(*load) (OrderStream *stream);
	void	   *owner;
};

extern OrderBase *orderstream_base(BlockScan *scan, const ScanOrderPlan *plan,
								   const AttrNumber *attnos, int nattnos);
/* End all streams and forget what is in base->context. */
extern void orderstream_reset(OrderBase *base);

/*
 * A stream of the rows, as they lie there, of the segment that part has open
 * and positioned.
 */
extern OrderStream *orderstream_of_part(OrderBase *base, BlockScan *part);
/* A stream of rows put into it, by (tags, time) or by time only. */
extern OrderStream *orderstream_of_sort(OrderBase *base, bool by_tags);
/*
 * Add rows: those of the scan's batch; all that the part still has; one of
 * base->attnos; the hot rows.
 */
extern void orderstream_put(OrderStream *stream, BlockScan *scan);
extern void orderstream_put_part(OrderStream *stream, BlockScan *part);
extern void orderstream_put_row(OrderStream *stream, const Datum *values,
								const bool *isnull, ItemPointer tid);
extern void orderstream_put_hot(OrderStream *stream);
extern void orderstream_sort(OrderStream *stream);

/* The next row becomes the current one; false: there is none. */
static inline bool
orderstream_advance(OrderStream *stream)
{
	return stream->advance(stream);
}

/* A column of the current row of a sort. */
extern Datum orderstream_value(OrderStream *stream, AttrNumber attno,
							   bool *isnull);
/* Store the current row into the table's virtual slot, TID included. */
extern void orderstream_store(OrderStream *stream, TupleTableSlot *slot);
extern void orderstream_end(OrderStream *stream);
extern OrderKey orderstream_key(const OrderBase *base, Datum value,
								bool isnull);

static inline int
orderkey_compare(const OrderKey *a, const OrderKey *b)
{
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return a->value < b->value ? -1 : a->value > b->value;
}

/* ---------- merging ---------- */

typedef struct OrderMerge
{
	binaryheap *heap;			/* of streams */
	bool		given;			/* the first one's row was given out */
} OrderMerge;

extern OrderMerge *orderstream_merge_create(OrderBase *base, int capacity);
/* Add a stream that has a current row, or a load function. */
extern void orderstream_merge_add(OrderMerge *merge, OrderStream *stream);
/* The stream whose current row is next, or NULL. */
extern OrderStream *orderstream_merge_next(OrderMerge *merge);

#endif							/* RUSTS_ORDERSTREAM_H */
