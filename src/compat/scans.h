/*
 * scans.h
 *	  Callbacks of table access methods that read by blocks.
 */
#ifndef RUSTS_SCANS_H
#define RUSTS_SCANS_H

#include "access/tableam.h"
#include "nodes/tidbitmap.h"
#include "storage/bufmgr.h"

/*
 * PostgreSQL 17 lets the access method take the blocks that ANALYZE sampled
 * from a stream (upstream 041b96802e); before, it was told each of them.
 */
#if PG_VERSION_NUM >= 170000
#include "storage/read_stream.h"

#define COMPAT_ANALYZE_STREAMS 1
typedef ReadStream *CompatSample;
#define compat_analyze_next_block(routine, scan, sample) \
	(routine)->scan_analyze_next_block(scan, sample)
#else
#define COMPAT_ANALYZE_STREAMS 0
typedef struct CompatSample
{
	BlockNumber blockno;
	BufferAccessStrategy strategy;
} CompatSample;
#define compat_analyze_next_block(routine, scan, sample) \
	(routine)->scan_analyze_next_block(scan, (sample).blockno, (sample).strategy)
#endif

/*
 * PostgreSQL 18 lets the access method iterate over a bitmap and read ahead
 * (upstream 2b73a8cd33), and has no callback for its pages (c3953226a0).
 */
#if PG_VERSION_NUM >= 180000
#define COMPAT_SCAN_ITERATES_BITMAP 1
#define COMPAT_SET_BITMAP_NEXT_BLOCK(routine, function) ((void) 0)
#else
#define COMPAT_SCAN_ITERATES_BITMAP 0
#define COMPAT_SET_BITMAP_NEXT_BLOCK(routine, function) \
	((routine)->scan_bitmap_next_block = (function))
#endif

#endif							/* RUSTS_SCANS_H */
