/*
 * ordertags.h
 *	  A scan's rows by tags, and by time within equal tags.
 */
#ifndef RUSTS_ORDERTAGS_H
#define RUSTS_ORDERTAGS_H

#include "scan/orderstream.h"

typedef struct TagOrder TagOrder;

/* In base->context, and gone with it, but for ordertags_end. */
extern TagOrder *ordertags_begin(OrderBase *base);
extern OrderStream *ordertags_next(TagOrder *order);
extern void ordertags_count(TagOrder *order);
extern void ordertags_end(TagOrder *order);

#endif							/* RUSTS_ORDERTAGS_H */
