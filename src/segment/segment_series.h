/*
 * segment_series.h
 *	  The series of an open segment: runs of rows with the same tags.
 */
#ifndef RUSTS_SEGMENT_SERIES_H
#define RUSTS_SEGMENT_SERIES_H

#include "access/attnum.h"
#include "segment/segment_vector.h"

/* Runs of the series index; 0: there are no tags. */
extern uint32 segment_series_count(const SegmentReader *segment);
extern bool segment_series_is_tag(const SegmentReader *segment,
								  AttrNumber attnum);

/*
 * The first row of each run, followed by the number of rows.  Stays until the
 * reader is closed.
 */
extern const uint32 *segment_series_starts(SegmentReader *segment);
/* The run that a row belongs to. */
extern uint32 segment_series_find_run(SegmentReader *segment, uint32 row);

#endif							/* RUSTS_SEGMENT_SERIES_H */
