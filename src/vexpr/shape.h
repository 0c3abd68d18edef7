/*
 * shape.h
 *	  Small questions about the planner's expressions.
 */
#ifndef RUSTS_SHAPE_H
#define RUSTS_SHAPE_H

#include "nodes/nodes.h"

/* The node without relabelling, which leaves a value's bits; NULL for NULL. */
extern Node *shape_strip(Node *node);
/* timestamptz, timestamp or date */
extern bool shape_is_time(Oid type);
/* The elements of an array, palloc'd, and their type; returns how many. */
extern int	shape_array(Datum array, Datum **elements, bool **nulls, Oid *type);

#endif							/* RUSTS_SHAPE_H */
