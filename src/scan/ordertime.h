/*
 * ordertime.h
 *	  A scan's rows by time.
 */
#ifndef RUSTS_ORDERTIME_H
#define RUSTS_ORDERTIME_H

#include "scan/orderstream.h"

typedef struct TimeOrder TimeOrder;

/* Begin, in base->context; call ordertime_end before that is reset. */
extern TimeOrder *ordertime_begin(OrderBase *base);
extern OrderStream *ordertime_next(TimeOrder *order);
extern void ordertime_count(TimeOrder *order);
extern void ordertime_end(TimeOrder *order);

#endif							/* RUSTS_ORDERTIME_H */
