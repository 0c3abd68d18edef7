/*
 * ordertags.h
 *	  A scan's rows by tags, and by time within equal tags.
 */
#ifndef RUSTS_ORDERTAGS_H
#define RUSTS_ORDERTAGS_H

#include "scan/orderstream.h"

typedef struct TagOrder TagOrder;

/* Begin, in base->context; call ordertags_end before that is reset. */
extern TagOrder *ordertags_begin(OrderBase *base);
extern OrderStream *ordertags_next(TagOrder *order);
extern void ordertags_count(TagOrder *order);
extern void ordertags_end(TagOrder *order);

#endif							/* RUSTS_ORDERTAGS_H */
