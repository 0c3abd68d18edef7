/*
 * ingest_shape.h
 *	  Which column takes which tag or field: once for all lines of a shape.
 */
#ifndef RUSTS_INGEST_SHAPE_H
#define RUSTS_INGEST_SHAPE_H

#include "ingest/ingest_pass.h"

typedef struct Shape
{
	uint64		number;			/* of the parser; the hash key */
	TargetRefusal refusal;		/* reason NULL: lines are taken */
	Target	   *target;			/* NULL: something is needed first, or busy */
	Bitmapset  *used;			/* columns, by attnum */
	bool		as_statement;
	AttrNumber *tags;			/* as in the item; 0: left out */
	AttrNumber *fields;
} Shape;

/*
 * The shape of a line, from this pass's memory or looked up.  What is missing
 * is added to the group's needs, and the pass is incomplete then.
 */
extern Shape *ingest_shape_find(Pass *pass, const WireItem *item);

/* The size of an entry of Pass.tables. */
extern Size ingest_shape_table_size(void);

#endif							/* RUSTS_INGEST_SHAPE_H */
