/*
 * segment_cache.h
 *	  What this backend remembers of segments, besides values.
 */
#ifndef RUSTS_SEGMENT_CACHE_H
#define RUSTS_SEGMENT_CACHE_H

#include "lib/ilist.h"

#include "compat/compat.h"
#include "segment/directory.h"
#include "segment/segment_format.h"

struct ColumnDictionary;
struct ColumnMeta;

typedef struct SegmentCacheKey
{
	CompatRelFileLocator locator;	/* of the TOAST relation */
	uint32		first_block;
} SegmentCacheKey;

/*
 * A segment's parts, as a reader decodes them.  A part that no reader has
 * needed yet is NULL; one that is set never changes, except for place, which
 * the store finds out.
 */
typedef struct CachedSegment
{
	SegmentCacheKey key;
	DirectoryEntryData d;		/* the segment's directory row */
	MemoryContext context;
	Size		bytes;			/* of context and what is below */
	int			pins;
	bool		listed;			/* lookups find it */
	dlist_node	node;			/* among the listed, the last used first */

	StorePlace	place;			/* of its chunks */
	SegmentHeaderData header;
	SegmentColumnData *columns; /* header.ncolumns, as stored */
	struct ColumnMeta **metas;	/* per column as stored */
	struct ColumnDictionary **dictionaries;
	uint32	   *run_start;
	int64	  **run_codes;
} CachedSegment;

/* A reader's hold on a cached segment; goes with a memory context. */
typedef struct SegmentCachePin
{
	CachedSegment *segment;		/* NULL: none */
	MemoryContextCallback callback;
} SegmentCachePin;

/* rusts.segment_cache_size, in kB; 0 switches the cache off. */
extern PGDLLIMPORT int segment_cache_size;

/*
 * Look up the segment that a visible directory row names.  When it is there,
 * it is pinned until context is reset or deleted.
 */
extern bool segment_cache_find(Store *store, const DirectoryEntryData *d,
							   MemoryContext context, SegmentCachePin *pin);
/*
 * Enter a segment, pinned likewise; false when there is no room.  The columns
 * are copied.
 */
extern bool segment_cache_enter(Store *store, const DirectoryEntryData *d,
								const SegmentHeaderData *header,
								const SegmentColumnData *columns,
								MemoryContext context, SegmentCachePin *pin);
/*
 * Move a context that holds a part into the cache; false when there is no
 * room: it stays where it is.
 */
extern bool segment_cache_keep(CachedSegment *segment, MemoryContext part);

#endif							/* RUSTS_SEGMENT_CACHE_H */
