/*
 * segment_sort.h
 *	  Rows of a builder in (partition, tags, time) order, cut into pieces.
 */
#ifndef RUSTS_SEGMENT_SORT_H
#define RUSTS_SEGMENT_SORT_H

#include "segment/segment_builder.h"

extern SegmentPlan *segment_sort(SegmentBuilder *builder);

#endif							/* RUSTS_SEGMENT_SORT_H */
