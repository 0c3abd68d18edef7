/*
 * segment_cache.c
 *	  What this backend remembers of segments, besides values.
 *
 * A query that wants few values of a segment spends its time on the way to
 * them: header, block positions, zone maps, dictionaries, series index.  They
 * never change (segment invariant 9 says why a cached segment is the right
 * one), so a backend keeps them, up to rusts.segment_cache_size, and gives up
 * the least recently used segments first.
 *
 * Readers share what is here: a pin keeps a segment while a reader exists.  A
 * pin hangs on the reader's memory context, which an error deletes as surely
 * as the normal end does, so there is nothing to clean up at abort.
 *
 * A part is read and checked in a context of the reader's, and moves here as a
 * whole when it is complete; what turns out to be damaged goes with the
 * reader.  A part that is too large for the cache stays the reader's own.
 */
#include "postgres.h"

#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "segment/segment_cache.h"

/* No part may take more than this fraction of the cache. */
#define LARGEST_FRACTION 4

int			segment_cache_size = 16 * 1024;

typedef struct CacheSlot
{
	SegmentCacheKey key;		/* must be first */
	CachedSegment *segment;
} CacheSlot;

static MemoryContext cache_context;
static HTAB *cache_table;
static dlist_head cache_list = DLIST_STATIC_INIT(cache_list);
static Size cache_bytes;		/* listed or pinned */

static void
cache_init(void)
{
	HASHCTL		control;

	if (cache_context == NULL)
		cache_context = AllocSetContextCreate(CacheMemoryContext,
											  "rusts segment cache",
											  ALLOCSET_SMALL_SIZES);
	control.keysize = sizeof(SegmentCacheKey);
	control.entrysize = sizeof(CacheSlot);
	control.hcxt = cache_context;
	cache_table = hash_create("rusts segments", 64, &control,
							  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static void
cache_free(CachedSegment *segment)
{
	cache_bytes -= segment->bytes;
	MemoryContextDelete(segment->context);
}

/* Lookups shall not find it any more; freed now or with the last pin. */
static void
cache_unlist(CachedSegment *segment)
{
	hash_search(cache_table, &segment->key, HASH_REMOVE, NULL);
	dlist_delete(&segment->node);
	segment->listed = false;
	if (segment->pins == 0)
		cache_free(segment);
}

/* Give up segments that nobody uses until no more than limit is left. */
static void
cache_trim(Size limit)
{
	dlist_node *node = dlist_is_empty(&cache_list) ? NULL :
		dlist_tail_node(&cache_list);

	while (node != NULL && cache_bytes > limit)
	{
		CachedSegment *segment = dlist_container(CachedSegment, node, node);

		node = dlist_has_prev(&cache_list, node) ?
			dlist_prev_node(&cache_list, node) : NULL;
		if (segment->pins == 0)
			cache_unlist(segment);
	}
}

static Size
cache_limit(void)
{
	return (Size) segment_cache_size * 1024;
}

static bool
cache_make_room(Size bytes)
{
	if (bytes > cache_limit() / LARGEST_FRACTION)
		return false;
	cache_trim(cache_limit() - bytes);
	return cache_bytes + bytes <= cache_limit();
}

/* ---------- pins ---------- */

static void
cache_unpin(void *arg)
{
	CachedSegment *segment = ((SegmentCachePin *) arg)->segment;

	if (--segment->pins > 0)
		return;
	if (!segment->listed)
		cache_free(segment);
	else
		cache_trim(cache_limit());
}

static void
cache_pin(CachedSegment *segment, MemoryContext context, SegmentCachePin *pin)
{
	segment->pins++;
	pin->segment = segment;
	pin->callback.func = cache_unpin;
	pin->callback.arg = pin;
	MemoryContextRegisterResetCallback(context, &pin->callback);
}

/* ---------- the cache ---------- */

static void
cache_set_key(SegmentCacheKey *key, Store *store, const DirectoryEntryData *d)
{
	StaticAssertStmt(sizeof(SegmentCacheKey) == 4 * sizeof(uint32),
					 "a hash key of bytes must have no padding");
	key->locator = compat_rel_locator(store->toast);
	key->first_block = d->first_block;
}

bool
segment_cache_find(Store *store, const DirectoryEntryData *d,
				   MemoryContext context, SegmentCachePin *pin)
{
	SegmentCacheKey key;
	CacheSlot  *slot;

	pin->segment = NULL;
	if (cache_table == NULL)
		return false;
	if (segment_cache_size == 0)
	{
		cache_trim(0);
		return false;
	}
	cache_set_key(&key, store, d);
	slot = hash_search(cache_table, &key, HASH_FIND, NULL);
	if (slot == NULL)
		return false;

	/* a table made and truncated in one transaction starts numbers anew */
	if (memcmp(&slot->segment->d, d, sizeof(*d)) != 0)
	{
		cache_unlist(slot->segment);
		return false;
	}
	dlist_move_head(&cache_list, &slot->segment->node);
	cache_pin(slot->segment, context, pin);
	return true;
}

/* A segment with its header and nothing else, in the current context. */
static CachedSegment *
cache_make_segment(const DirectoryEntryData *d,
				   const SegmentHeaderData *header,
				   const SegmentColumnData *columns)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "rusts cached segment",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	CachedSegment *segment = palloc0(sizeof(CachedSegment));
	int			n = header->ncolumns;

	segment->context = context;
	segment->d = *d;
	segment->header = *header;
	segment->columns = palloc(Max(1, n) * sizeof(SegmentColumnData));
	memcpy(segment->columns, columns, n * sizeof(SegmentColumnData));
	segment->metas = palloc0(Max(1, n) * sizeof(struct ColumnMeta *));
	segment->dictionaries = palloc0(Max(1, n) * sizeof(void *));
	segment->bytes = MemoryContextMemAllocated(context, true);
	MemoryContextSwitchTo(old);
	return segment;
}

bool
segment_cache_enter(Store *store, const DirectoryEntryData *d,
					const SegmentHeaderData *header,
					const SegmentColumnData *columns,
					MemoryContext context, SegmentCachePin *pin)
{
	CachedSegment *segment;
	CacheSlot  *slot;

	if (segment_cache_size == 0)
		return false;
	if (cache_table == NULL)
		cache_init();
	segment = cache_make_segment(d, header, columns);
	if (!cache_make_room(segment->bytes))
	{
		MemoryContextDelete(segment->context);
		return false;
	}
	cache_set_key(&segment->key, store, d);
	slot = hash_search(cache_table, &segment->key, HASH_ENTER, NULL);
	slot->segment = segment;
	MemoryContextSetParent(segment->context, cache_context);
	segment->listed = true;
	dlist_push_head(&cache_list, &segment->node);
	cache_bytes += segment->bytes;
	cache_pin(segment, context, pin);
	return true;
}

bool
segment_cache_keep(CachedSegment *segment, MemoryContext part)
{
	Size		bytes = MemoryContextMemAllocated(part, true);

	if (!cache_make_room(bytes))
		return false;
	MemoryContextSetParent(part, segment->context);
	segment->bytes += bytes;
	cache_bytes += bytes;
	return true;
}
