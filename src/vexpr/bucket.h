/*
 * bucket.h
 *	  Time buckets of a column.
 */
#ifndef RUSTS_BUCKET_H
#define RUSTS_BUCKET_H

#include "access/attnum.h"
#include "nodes/nodes.h"

/*
 * Is a node the start of a time bucket of a column, that is, the last start up
 * to the time in the column?  *zoned: buckets are of local time; when clocks
 * are put back, a start can be after times in its bucket, and before those of
 * the bucket before.  The width is the function's first argument.
 */
extern bool bucket_column(Node *node, AttrNumber *attno, bool *zoned);

#endif							/* RUSTS_BUCKET_H */
