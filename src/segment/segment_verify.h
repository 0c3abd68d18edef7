/*
 * segment_verify.h
 *	  Values of a segment against its metadata.
 */
#ifndef RUSTS_SEGMENT_VERIFY_H
#define RUSTS_SEGMENT_VERIFY_H

#include "segment/segment_reader.h"

/*
 * Read and check everything.  Calls report(arg, attnum or 0, message) for each
 * thing wrong that does not throw by itself.
 */
typedef void (*SegmentReport) (void *arg, AttrNumber attnum,
							   const char *message);
extern void segment_verify(SegmentReader *reader, SegmentReport report,
						   void *arg);

#endif							/* RUSTS_SEGMENT_VERIFY_H */
