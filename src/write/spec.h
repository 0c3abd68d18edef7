/*
 * spec.h
 *	  How a table's options become a segment specification.
 */
#ifndef RUSTS_SPEC_H
#define RUSTS_SPEC_H

#include "segment/segment_builder.h"
#include "utils/rel.h"

/* Fill spec for new (hot tier) segments; in the current memory context. */
extern void spec_for_table(Relation rel, SegmentSpec *spec);

#endif							/* RUSTS_SPEC_H */
