/*
 * orderbuffer.h
 *	  Rows in memory, column by column, to be given out by time.
 */
#ifndef RUSTS_ORDERBUFFER_H
#define RUSTS_ORDERBUFFER_H

#include "scan/orderstream.h"

typedef struct OrderBuffer OrderBuffer;

/* Create a buffer in a context of its own below base->context. */
extern OrderBuffer *orderbuffer_create(OrderBase *base);
extern void orderbuffer_free(OrderBuffer *buffer);
/* How many rows fit, if values are of their expected size. */
extern int	orderbuffer_capacity(const OrderBuffer *buffer);
extern int	orderbuffer_rows(const OrderBuffer *buffer);
extern void orderbuffer_reset(OrderBuffer *buffer);

/*
 * Add the rows of the scan's batch; false: they do not fit, none was added.
 * copy: values in dictionaries will not stay as long as the rows.
 */
extern bool orderbuffer_put(OrderBuffer *buffer, BlockScan *scan, bool copy);
/* Put the rows into a sort instead. */
extern void orderbuffer_spill(OrderBuffer *buffer, OrderStream *sort);
extern void orderbuffer_sort(OrderBuffer *buffer);
/* The next row becomes the current one; false: there is none. */
extern bool orderbuffer_next(OrderBuffer *buffer, OrderKey *key);
/* Store the current row, as orderstream_store does. */
extern void orderbuffer_store(OrderBuffer *buffer, TupleTableSlot *slot);

#endif							/* RUSTS_ORDERBUFFER_H */
