/*
 * ordertags.c
 *	  A scan's rows by tags, and by time within equal tags.
 *
 * There are two merges.  The outer one is of sources: each open segment is a
 * source, with its runs in the order of their tags, and so are the collected
 * rows (hot ones, and those of segments that cannot be taken run by run),
 * sorted by tags and time.  It gives groups of rows with equal tags.  The
 * inner one merges the streams of a group by time:
 *
 *	segment A	| host 1 | host 2 | host 3 |
 *	segment B	| host 1 | host 3 |				group "host 1": A's and B's
 *	collected	| host 1 | host 1 | host 2 |	first run, two collected rows
 *
 * A segment has several runs in a group when more tags tell its series apart
 * than the order is by.  These, and a run whose times are not in order, are
 * sorted by time.  When time does not matter, they just follow each other.
 *
 * Runs that have nothing in common in time, as most have, cost the inner merge
 * a comparison or two a row.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/sortsupport.h"
#include "utils/typcache.h"

#include "scan/ordertags.h"
#include "scan/scanorder.h"
#include "segment/segment_series.h"

/* An open segment, or the collected rows. */
typedef struct TagSource
{
	BlockScan  *part;			/* NULL: the collected rows */
	SegmentTag *tags;			/* of the part, as TagOrder has them */
	OrderStream *collected;
	uint32	   *runs;			/* those that pass, in the order wanted */
	uint32		nruns;			/* of the collected rows: 1, none left: 0 */
	uint32		next;
} TagSource;

typedef struct TagColumn
{
	AttrNumber	attno;
	SortSupportData compare;
} TagColumn;

struct TagOrder
{
	OrderBase  *base;
	int			ntags;
	TagColumn  *tags;
	TagSource  *sources;
	int			nsources;
	binaryheap *heap;			/* of sources with something left */
	TagSource **members;		/* sources of the current group */
	int			nmembers;
	TagSource  *leader;			/* member whose run tells the group's tags */
	uint32		leader_run;		/* leader NULL: the group is a single row */
	OrderMerge *merge;			/* the group's streams */
};

/* ---------- tags ---------- */

/* The i-th tag of a source: of a run, or of the current collected row. */
static Datum
source_tag(const TagOrder *order, const TagSource *source, uint32 run, int i,
		   bool *isnull)
{
	int64		code;

	if (source->part == NULL)
		return orderstream_value(source->collected, order->tags[i].attno,
								 isnull);
	code = source->tags[i].codes[run];
	*isnull = code == 0;
	return code == 0 ? (Datum) 0 : source->tags[i].dictionary.values[code - 1];
}

static int
ordertags_compare(TagOrder *order, const TagSource *a, uint32 run_a,
				  const TagSource *b, uint32 run_b)
{
	int			i;

	for (i = 0; i < order->ntags; i++)
	{
		TagColumn  *tag = &order->tags[i];
		bool		null_a;
		bool		null_b;
		Datum		value_a = source_tag(order, a, run_a, i, &null_a);
		Datum		value_b = source_tag(order, b, run_b, i, &null_b);
		int			result;

		/* runs of one segment mostly differ in what comes last */
		if (!null_a && !null_b && value_a == value_b)
			continue;
		result = ApplySortComparator(value_a, null_a, value_b, null_b,
									 &tag->compare);
		if (result != 0)
			return result;
	}
	return 0;
}

static uint32
source_run(const TagSource *source)
{
	return source->part != NULL ? source->runs[source->next] : 0;
}

/* binaryheap keeps the largest on top. */
static int
source_compare(Datum a, Datum b, void *arg)
{
	const TagSource *x = (TagSource *) DatumGetPointer(a);
	const TagSource *y = (TagSource *) DatumGetPointer(b);

	return ordertags_compare(arg, y, source_run(y), x, source_run(x));
}

static void
ordertags_prepare(TagOrder *order)
{
	OrderBase  *base = order->base;
	ListCell   *cell;

	order->tags = palloc0(list_length(base->plan.tags) * sizeof(TagColumn));
	foreach(cell, base->plan.tags)
	{
		TagColumn  *tag = &order->tags[order->ntags++];
		Form_pg_attribute attribute;
		TypeCacheEntry *cache;

		tag->attno = lfirst_int(cell);
		attribute = TupleDescAttr(base->scan->desc, tag->attno - 1);
		cache = lookup_type_cache(attribute->atttypid,
								  TYPECACHE_LT_OPR | TYPECACHE_GT_OPR);
		tag->compare.ssup_cxt = CurrentMemoryContext;
		tag->compare.ssup_collation = attribute->attcollation;
		tag->compare.ssup_nulls_first = base->plan.tags_desc;
		PrepareSortSupportFromOrderingOp(base->plan.tags_desc ?
										 cache->gt_opr : cache->lt_opr,
										 &tag->compare);
	}
}

/* ---------- sources ---------- */

/* Does the open segment keep all tags in its series index? */
static bool
part_has_tags(const TagOrder *order, BlockScan *part)
{
	int			i;

	for (i = 0; i < order->ntags; i++)
		if (!segment_series_is_tag(part->reader, order->tags[i].attno))
			return false;
	return true;
}

static void
source_load_tags(const TagOrder *order, TagSource *source)
{
	int			i;

	source->tags = palloc(Max(1, order->ntags) * sizeof(SegmentTag));
	for (i = 0; i < order->ntags; i++)
		segment_reader_tag(source->part->reader, order->tags[i].attno,
						   &source->tags[i]);
}

typedef struct RunSort
{
	TagOrder   *order;
	TagSource  *source;
} RunSort;

static int
run_compare(const void *a, const void *b, void *arg)
{
	RunSort    *sort = arg;
	uint32		x = *(const uint32 *) a;
	uint32		y = *(const uint32 *) b;
	int			result = ordertags_compare(sort->order, sort->source, x,
										   sort->source, y);

	return result != 0 ? result : x < y ? -1 : x > y;
}

/* The runs that pass, in the order of their tags. */
static void
source_find_runs(TagOrder *order, TagSource *source)
{
	BlockScan  *part = source->part;
	const uint32 *starts = segment_series_starts(part->reader);
	RunSort		sort = {order, source};
	uint32		series = segment_series_count(part->reader);
	bool		sorted = true;
	int			range = 0;
	uint32		i;

	source->runs = palloc_extended(series * sizeof(uint32), MCXT_ALLOC_HUGE);
	for (i = 0; i < series && range < part->nranges; i++)
	{
		while (range < part->nranges &&
			   part->ranges[range].end <= starts[i])
			range++;
		if (range < part->nranges &&
			part->ranges[range].start <= starts[i])
			source->runs[source->nruns++] = i;
	}
	if (order->base->plan.tags_desc)
		for (i = 0; i < source->nruns / 2; i++)
		{
			uint32		swap = source->runs[i];

			source->runs[i] = source->runs[source->nruns - 1 - i];
			source->runs[source->nruns - 1 - i] = swap;
		}
	for (i = 1; i < source->nruns && sorted; i++)
		sorted = ordertags_compare(order, source, source->runs[i - 1],
								   source, source->runs[i]) <= 0;
	if (!sorted)
		qsort_arg(source->runs, source->nruns, sizeof(uint32), run_compare,
				  &sort);
}

/* Make a source of a segment; else its rows go to the collected ones. */
static void
ordertags_add_segment(TagOrder *order, const DirectoryEntry *entry,
					  OrderStream *collected)
{
	OrderBase  *base = order->base;
	BlockScan  *part = blockscan_clone(base->scan, base->context);
	TagSource  *source;

	if (!blockscan_enter_segment(part, entry))
	{
		blockscan_close_clone(base->scan, part);
		return;
	}
	if (order->nsources > SCANORDER_MAX_SEGMENTS ||
		!part_has_tags(order, part))
	{
		orderstream_put_part(collected, part);
		blockscan_close_clone(base->scan, part);
		return;
	}
	part->backwards = base->plan.time_desc && base->plan.time != 0;
	source = &order->sources[order->nsources++];
	source->part = part;
	source_load_tags(order, source);
	source_find_runs(order, source);
}

static void
source_close(TagOrder *order, TagSource *source)
{
	if (source->part == NULL)
		return;
	blockscan_close_clone(order->base->scan, source->part);
	source->part = NULL;
	pfree(source->runs);
	pfree(source->tags);
}

TagOrder *
ordertags_begin(OrderBase *base)
{
	MemoryContext old = MemoryContextSwitchTo(base->context);
	TagOrder   *order = palloc0(sizeof(TagOrder));
	DirectoryList *list = base->scan->cursor.list;
	int			capacity = Min(list->n, SCANORDER_MAX_SEGMENTS) + 1;
	OrderStream *collected = orderstream_of_sort(base, true);
	int			i;

	order->base = base;
	ordertags_prepare(order);
	order->sources = palloc0(capacity * sizeof(TagSource));
	order->members = palloc(capacity * sizeof(TagSource *));
	order->heap = binaryheap_allocate(capacity, source_compare, order);

	/* one for each member, and one for their rows to be sorted */
	order->merge = orderstream_merge_create(base, capacity + 1);
	order->sources[order->nsources++].collected = collected;
	orderstream_put_hot(collected);
	for (i = 0; i < list->n; i++)
		ordertags_add_segment(order, &list->entries[i], collected);
	orderstream_sort(collected);
	if (orderstream_advance(collected))
	{
		order->sources[0].nruns = 1;
		order->members[order->nmembers++] = &order->sources[0];
	}
	for (i = 1; i < order->nsources; i++)
		order->members[order->nmembers++] = &order->sources[i];
	MemoryContextSwitchTo(old);
	return order;
}

/* ---------- groups ---------- */

/* The collected rows as a stream of a group: the row after that, if it belongs. */
static bool
collected_advance(OrderStream *stream)
{
	TagOrder   *order = stream->owner;
	OrderStream *collected = order->sources[0].collected;

	if (!orderstream_advance(collected))
	{
		order->sources[0].nruns = 0;
		return false;
	}
	stream->key = collected->key;
	return order->leader != NULL &&
		ordertags_compare(order, &order->sources[0], 0, order->leader,
						  order->leader_run) == 0;
}

static void
group_add_collected(TagOrder *order)
{
	TagSource  *source = &order->sources[0];
	OrderStream *stream = MemoryContextAllocZero(order->base->context,
												 sizeof(OrderStream));

	stream->base = order->base;
	stream->owner = order;
	stream->inner = source->collected;
	stream->advance = collected_advance;
	stream->key = source->collected->key;
	orderstream_merge_add(order->merge, stream);
}

/* Do the times of a run go up from row to row? */
static bool
run_is_sorted(TagOrder *order, BlockScan *part, const BlockRange *run)
{
	OrderBase  *base = order->base;
	int			backwards = base->plan.time_desc ? -1 : 1;
	OrderKey	last = {0, 0};
	uint32		row = run->start;

	while (row < run->end)
	{
		SegmentVector vector;
		uint32		first = row - row % CODEC_BLOCK_ROWS;
		uint32		end = Min(run->end, first + CODEC_BLOCK_ROWS);

		CHECK_FOR_INTERRUPTS();
		segment_reader_block(part->reader, base->plan.time,
							 first / CODEC_BLOCK_ROWS, &vector);
		for (; row < end; row++)
		{
			OrderKey	key;

			key = orderstream_key(base, vector.values[row - first],
								  vector.isnull != NULL &&
								  vector.isnull[row - first]);
			if (row > run->start &&
				orderkey_compare(&last, &key) * backwards > 0)
				return false;
			last = key;
		}
	}
	return true;
}

static int
range_compare(const void *a, const void *b)
{
	const BlockRange *x = a;
	const BlockRange *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/*
 * Position a member on its runs of the group, which it has then done with;
 * false: their rows must be sorted.
 */
static bool
group_take_runs(TagOrder *order, TagSource *source)
{
	const uint32 *starts = segment_series_starts(source->part->reader);
	uint32		first = source->next;
	uint32		n;
	uint32		i;
	BlockRange *ranges;
	bool		in_order;

	do
		source->next++;
	while (source->next < source->nruns &&
		   ordertags_compare(order, source, source->runs[first], source,
							 source->runs[source->next]) == 0);
	n = source->next - first;
	ranges = palloc_extended(n * sizeof(BlockRange), MCXT_ALLOC_HUGE);
	for (i = 0; i < n; i++)
	{
		uint32		run = source->runs[first + i];

		ranges[i].start = starts[run];
		ranges[i].end = starts[run + 1];
	}
	if (n > 1)
		qsort(ranges, n, sizeof(BlockRange), range_compare);
	blockscan_set_ranges(source->part, ranges, n);
	in_order = order->base->plan.time == 0 ||
		(n == 1 && run_is_sorted(order, source->part, &ranges[0]));
	pfree(ranges);
	return in_order;
}

static void
group_add_stream(TagOrder *order, OrderStream *stream)
{
	if (orderstream_advance(stream))
		orderstream_merge_add(order->merge, stream);
	else
		orderstream_end(stream);
}

/* Take the sources whose next tags are the smallest. */
static void
group_find_members(TagOrder *order)
{
	TagSource  *first = (TagSource *)
	DatumGetPointer(binaryheap_first(order->heap));
	TagSource  *next = first;

	order->leader = NULL;
	order->nmembers = 0;
	do
	{
		if (order->leader == NULL && next->part != NULL)
		{
			order->leader = next;
			order->leader_run = source_run(next);
		}
		order->members[order->nmembers++] = next;
		(void) binaryheap_remove_first(order->heap);
		if (binaryheap_empty(order->heap))
			return;
		next = (TagSource *) DatumGetPointer(binaryheap_first(order->heap));
	} while (ordertags_compare(order, first, source_run(first), next,
							   source_run(next)) == 0);
}

/* Members of the last group that have something left go on. */
static void
group_return_members(TagOrder *order)
{
	int			i;

	for (i = 0; i < order->nmembers; i++)
	{
		TagSource  *source = order->members[i];

		if (source->next < source->nruns)
			binaryheap_add(order->heap, PointerGetDatum(source));
		else
			source_close(order, source);
	}
	order->nmembers = 0;
}

static bool
ordertags_next_group(TagOrder *order)
{
	OrderStream *sorted = NULL;
	int			i;

	group_return_members(order);
	if (binaryheap_empty(order->heap))
		return false;
	group_find_members(order);
	for (i = 0; i < order->nmembers; i++)
	{
		TagSource  *source = order->members[i];

		if (source->part == NULL)
			group_add_collected(order);
		else if (group_take_runs(order, source))
			group_add_stream(order, orderstream_of_part(order->base,
														source->part));
		else
		{
			if (sorted == NULL)
				sorted = orderstream_of_sort(order->base, false);
			orderstream_put_part(sorted, source->part);
		}
	}
	if (sorted != NULL)
	{
		orderstream_sort(sorted);
		group_add_stream(order, sorted);
	}
	return true;
}

OrderStream *
ordertags_next(TagOrder *order)
{
	OrderStream *stream;

	for (;;)
	{
		stream = orderstream_merge_next(order->merge);
		if (stream != NULL)
			return stream;
		if (!ordertags_next_group(order))
			return NULL;
	}
}

/* ---------- life ---------- */

void
ordertags_count(TagOrder *order)
{
	int			i;

	for (i = 1; i < order->nsources; i++)
		if (order->sources[i].part != NULL)
			blockscan_take_counters(order->base->scan,
									order->sources[i].part);
}

void
ordertags_end(TagOrder *order)
{
	int			i;

	for (i = 1; i < order->nsources; i++)
		source_close(order, &order->sources[i]);
}
