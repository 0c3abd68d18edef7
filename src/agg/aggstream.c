/*
 * aggstream.c
 *	  Groups that are complete before the whole table has been read.
 *
 * A query that wants its groups in the order of time buckets gets the first
 * ones while the rest of the table is still to be read.  So they come sooner,
 * the rest is not read at all when a LIMIT is reached, and other participants
 * go on reading meanwhile.
 *
 * Hot rows are read first, then the segments in the order of the column that
 * the buckets are of.  Let T be the column's smallest value in the segments
 * that are left.  A bucket begins at or before the values in it, hence every
 * group to come has a key f(t) <= t, for a value t >= T.  When k < T is the
 * beginning of a bucket, f(t) >= k for every t >= T, for f(t) is the last
 * beginning up to t (or before t, as in some versions of date_bin).  So the
 * groups with keys below the largest key below T are complete.  In descending
 * order it is simpler: with T the largest value that is left, the groups with
 * keys above T are complete.
 *
 * Local time repeats itself when an offset from UTC changes, so that a bucket
 * of local time may begin after the values in it, and end after the next one
 * begins, by as much.  Keys of such buckets keep BUCKET_ZONE_SLACK away from
 * T.
 *
 * Participants that read in parallel take pieces in the same order.  Each
 * tells with its groups the row below which it has nothing left; the smallest
 * such row counts (aggteam_floor).
 */
#include "postgres.h"

#include "common/int.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/memutils.h"

#include "agg/aggresult.h"
#include "agg/aggsort.h"
#include "agg/aggstream.h"
#include "block/blockprune.h"
#include "option/settings.h"
#include "vexpr/bucket.h"

/* Fewer groups are handed out all at once. */
#define STREAM_GROUPS 100
/* Look when at least this share of the groups is new. */
#define LOOK_SHARE 16

/* ---------- planning ---------- */

/* A column, or the bucket of one. */
static bool
is_bucket(Node *key, AttrNumber *attno, bool *zoned)
{
	*zoned = false;
	if (IsA(key, Var) && ((Var *) key)->varattno > 0)
	{
		*attno = ((Var *) key)->varattno;
		return true;
	}
	return bucket_column(key, attno, zoned);
}

/* A list of integers: key, attno, desc, nulls_first, zoned. */
List *
aggstream_plan(List *keys, List *aggrefs, List *order, double groups)
{
	Node	   *key;
	int			number;
	AttrNumber	attno;
	bool		desc;
	bool		nulls_first;
	bool		zoned;
	ListCell   *cell;

	if (order == NIL || !settings_enable_ordered_scan || groups < STREAM_GROUPS)
		return NIL;
	foreach(cell, aggrefs)
		if (!aggresult_can_combine(lfirst_node(Aggref, cell)))
			return NIL;
	aggsort_read_first(order, &number, &desc, &nulls_first);
	key = list_nth(keys, number);
	if (vexpr_type_kind(exprType(key)) != VECTOR_INT ||
		!is_bucket(key, &attno, &zoned))
		return NIL;
	return list_make5_int(number, attno, desc, nulls_first, zoned);
}

/* ---------- reading ---------- */

/* What the plan says; none: nothing is handed out early. */
void
aggstream_create(AggStream *stream, AggTeam *team, List *plan)
{
	stream->team = team;
	stream->set = team->read->set;
	if (plan == NIL)
		return;
	stream->key = linitial_int(plan);
	stream->attno = (AttrNumber) lsecond_int(plan);
	stream->desc = lthird_int(plan);
	stream->nulls_first = lfourth_int(plan);
	stream->slack = list_nth_int(plan, 4) ? BUCKET_ZONE_SLACK : 0;
	aggread_order_by(team->read, stream->attno, stream->desc);
	aggread_set_look(team->read, aggstream_look, stream);
}

void
aggstream_forget_groups(AggStream *stream)
{
	if (stream->groups != NULL)
		pfree(stream->groups);
	stream->groups = NULL;
	stream->ngroups = 0;
}

void
aggstream_reset(AggStream *stream)
{
	aggstream_forget_groups(stream);
	stream->state = AGGSTREAM_UNKNOWN;
	stream->any = false;
	stream->segments = 0;
	stream->rows = 0;
	stream->looked = 0;
	stream->seen = 0;
	stream->any_key = false;
}

/* Who knows which groups have gone to disk? */
void
aggstream_stop(AggStream *stream)
{
	stream->state = AGGSTREAM_OFF;
}

/* Do the segments allow for it? */
static AggStreamState
find_state(const AggStream *stream, BlockScan *scan)
{
	int			i;

	/* the group of NULLs is the first, and complete with the hot rows */
	for (i = 0; stream->nulls_first && i < scan->cursor.list->n; i++)
		if (!blockprune_has_no_nulls(scan, i, stream->attno))
			return AGGSTREAM_OFF;
	return AGGSTREAM_ABLE;
}

/* Count the segments that nobody has anything to read of any more. */
static int
count_done(AggStream *stream, BlockScan *scan)
{
	const DirectoryList *list = scan->cursor.list;
	uint64		floor;

	if (scan->shared == NULL)
		return scan->next;
	floor = aggteam_floor(stream->team);
	while (stream->segments < list->n)
	{
		int			entry = scan->order[stream->segments];
		uint64		rows = stream->rows + list->entries[entry].d.rows;

		if (rows > floor)
			break;
		stream->rows = rows;
		stream->segments++;
	}
	return stream->segments;
}

static AggKeyValues
bucket_values(const AggStream *stream)
{
	return aggkeys_values(stream->set->keys, stream->key);
}

/* The largest key below a limit that some key is below. */
static int64
last_key_below(const AggStream *stream, int64 limit)
{
	AggKeyValues keys = bucket_values(stream);
	uint32		n = aggkeys_ngroups(stream->set->keys);
	int64		last = PG_INT64_MIN;
	uint32		group;

	for (group = 0; group < n; group++)
	{
		Size		i = (Size) group * keys.step;

		if (!keys.nulls[i] && keys.values[i] < limit)
			last = Max(last, keys.values[i]);
	}
	return last;
}

/*
 * Does the order have a key before a limit?  No group is looked at twice: there
 * may be as many segments without one as there are segments.
 */
static bool
has_key_before(AggStream *stream, int64 limit)
{
	AggKeyValues keys = bucket_values(stream);
	uint32		n = aggkeys_ngroups(stream->set->keys);

	for (; stream->seen < n; stream->seen++)
	{
		Size		i = (Size) stream->seen * keys.step;

		if (keys.nulls[i])
			continue;
		if (!stream->any_key || (stream->desc ? keys.values[i] > stream->first :
								 keys.values[i] < stream->first))
			stream->first = keys.values[i];
		stream->any_key = true;
	}
	return stream->any_key &&
		(stream->desc ? stream->first > limit : stream->first < limit);
}

/*
 * Groups before the bound are complete when so many segments are done.  Either
 * way there is a key before it: with the width NULL, say, all keys are, and the
 * group of NULLs is no longer that of the hot rows alone.
 */
static bool
find_bound(AggStream *stream, const BlockScan *scan, int done, int64 *bound)
{
	int64		rest;

	if (!blockprune_order_bound(scan, done, stream->attno, stream->desc, &rest))
		return false;
	if (stream->desc)
		return !pg_add_s64_overflow(rest, stream->slack, bound) &&
			has_key_before(stream, *bound);
	if (pg_sub_s64_overflow(rest, stream->slack, &rest) ||
		!has_key_before(stream, rest))
		return false;
	*bound = last_key_below(stream, rest);
	return true;
}

/* Does the order have a group before the bound?  NULLs are all alike. */
static inline bool
is_before(const AggStream *stream, const AggKeyValues *keys, uint32 group,
		  int64 bound)
{
	Size		i = (Size) group * keys->step;

	if (keys->nulls[i])
		return stream->nulls_first;
	return stream->desc ? keys->values[i] > bound : keys->values[i] < bound;
}

bool
aggstream_is_out(const AggStream *stream, uint32 group)
{
	AggKeyValues keys;

	if (!stream->any)
		return false;
	keys = bucket_values(stream);
	return is_before(stream, &keys, group, stream->bound);
}

/* Hand out what is not out yet, up to a bound; NULL: all of it. */
static void
hand_out(AggStream *stream, const int64 *bound)
{
	AggKeyValues keys = bucket_values(stream);
	uint32		n = aggkeys_ngroups(stream->set->keys);
	uint32		group;

	stream->groups = MemoryContextAllocHuge(stream->set->query_memory,
											(Size) Max(n, 1) * sizeof(uint32));
	for (group = 0; group < n; group++)
		if (!(stream->any && is_before(stream, &keys, group, stream->bound)) &&
			(bound == NULL || is_before(stream, &keys, group, *bound)))
			stream->groups[stream->ngroups++] = group;
	if (bound == NULL)
		return;
	/* nothing that comes later is before what is out */
	Assert(!stream->any || (stream->desc ? *bound <= stream->bound :
							*bound >= stream->bound));
	stream->any = true;
	stream->bound = *bound;
	stream->streamed += stream->ngroups;
	if (stream->ngroups == 0)
		aggstream_forget_groups(stream);
}

bool
aggstream_look(void *arg)
{
	AggStream  *stream = arg;
	BlockScan  *scan = stream->team->read->scan->scan;
	uint32		n = aggkeys_ngroups(stream->set->keys);
	int			done;
	int64		bound;

	Assert(stream->groups == NULL);
	if (stream->state == AGGSTREAM_OFF ||
		n - stream->looked < n / LOOK_SHARE + 1)
		return false;
	if (stream->state == AGGSTREAM_UNKNOWN)
		stream->state = find_state(stream, scan);
	if (stream->state == AGGSTREAM_OFF)
		return false;
	done = count_done(stream, scan);
	if (done == 0 || done == scan->cursor.list->n ||
		!find_bound(stream, scan, done, &bound))
		return false;
	CHECK_FOR_INTERRUPTS();
	stream->looked = n;
	hand_out(stream, &bound);
	return stream->ngroups > 0;
}

void
aggstream_finish(AggStream *stream)
{
	if (stream->any && stream->state == AGGSTREAM_ABLE)
		hand_out(stream, NULL);
}
