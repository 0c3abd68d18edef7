/*
 * aggfill.c
 *	  Groups, as many as memory holds at a time.
 *
 * When the groups outgrow hash_mem (and MIN_MEMORY), they go to disk with their
 * states, and states of one group are combined when all has been read
 * (aggspill.c).  A partial node emits the groups it has and starts with none:
 * whoever combines them does not mind seeing a group twice.
 *
 * Transition functions have no states that could be combined.  With one of them
 * the groups at hand stay, and go on taking their rows, while rows of other
 * groups go to disk (rowspill.c); when all has been read, and the groups have
 * been emitted, each part of the hash space that was written is read as if it
 * were the table.  So it is in PostgreSQL's hash aggregation, and the table is
 * read once.  A few groups whose states alone outgrow memory simply grow.
 * Rows of a group stay in their order.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "agg/aggdistinct.h"
#include "agg/aggread.h"
#include "agg/aggresult.h"
#include "agg/aggspill.h"
#include "agg/aggstate.h"
#include "agg/aggstream.h"
#include "agg/aggteam.h"
#include "segment/segment_format.h"

/*
 * What groups may take even where hash_mem is smaller.  With work_mem at its
 * minimum memory would hold a few hundred groups, and many more parts than the
 * files of one cut would be needed, to save less memory than the scan below takes
 * for a few columns (a frame of blocks has up to SEGMENT_FRAME_BYTES each).  In
 * bytes, not in groups: a floor of so many groups would bound nothing, for the
 * state of a transition function may have any size.
 */
#define MIN_MEMORY ((Size) 4 * SEGMENT_FRAME_BYTES)

Size
aggfill_memory_limit(void)
{
	return Max(get_hash_memory_limit(), MIN_MEMORY);
}

static bool
fill_partial(AggFill *fill)
{
	if (fill->exhausted)
		return false;
	aggread_reset(fill);
	aggread_begin_groups(fill);
	fill->exhausted = aggread_table(fill);
	fill->batches++;
	return true;
}

/* ---------- states from elsewhere ---------- */

/* Read rows of a partial node; true: that was all, false: memory ran out. */
static bool
read_partial(AggFill *fill)
{
	TupleTableSlot *slot;

	while (slot = ExecProcNode(fill->child), !TupIsNull(slot))
	{
		StringInfoData buffer = {0};
		uint32		group;

		slot_getallattrs(slot);
		group = aggkeys_lookup_row(fill->keys, slot->tts_values,
								   slot->tts_isnull);
		if (fill->nfuncs > 0)
		{
			bytea	   *states = DatumGetByteaPP(slot->tts_values[fill->nkeys]);

			buffer.data = VARDATA_ANY(states);
			buffer.len = buffer.maxlen = VARSIZE_ANY_EXHDR(states);
		}
		aggread_combine(fill, &group, 1, &buffer);
		if (aggread_is_full(fill))
			return false;
	}
	return true;
}

/* The same for groups on disk. */
static bool
read_spilled(AggFill *fill)
{
	bool		full = false;

	while (!full && aggspill_get(fill->spill, &fill->buffer))
	{
		MemoryContext old = MemoryContextSwitchTo(fill->row_memory);
		uint32		group;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(fill->row_memory);
		aggkeys_begin_restore(fill->keys);
		group = aggkeys_restore(fill->keys, &fill->buffer);
		aggread_combine(fill, &group, 1, &fill->buffer);
		MemoryContextSwitchTo(old);
		full = aggread_is_full(fill);
	}
	return !full;
}

/* Put all groups to disk.  Those that are out are forgotten. */
static void
spill_groups(AggFill *fill)
{
	uint32		group;
	int			i;

	for (group = 0; group < aggkeys_ngroups(fill->keys); group++)
	{
		CHECK_FOR_INTERRUPTS();
		if (aggstream_is_out(fill, group))
			continue;
		resetStringInfo(&fill->buffer);
		aggkeys_serialize(fill->keys, group, &fill->buffer);
		for (i = 0; i < fill->nfuncs; i++)
			aggresult_serialize(&fill->funcs[i], group, 1, &fill->buffer);
		aggspill_put(fill->spill, aggkeys_hash(fill->keys, group),
					 &fill->buffer);
	}
	aggread_reset(fill);
}

/*
 * Memory is full.  What shares all bits of the hash cannot be cut further: go on
 * regardless.  Groups that are not out yet have to wait for the end.
 */
static void
make_room(AggFill *fill)
{
	if (fill->spill == NULL)
		fill->spill = aggspill_create(fill->query_memory, fill->limit);
	if (!aggspill_can_put(fill->spill))
		fill->limit = SIZE_MAX;
	else if (fill->can_combine)
		spill_groups(fill);
	else
		aggread_freeze(fill);
}

/*
 * Read what is below the node, or a part that was put to disk, to its end; false:
 * there are groups to emit before.
 */
static bool
read_whole(AggFill *fill)
{
	for (;;)
	{
		bool		done;

		if (fill->spill != NULL && aggspill_is_reading(fill->spill))
			done = fill->can_combine ? read_spilled(fill) : aggread_rows(fill);
		else if (fill->mode == AGGNODE_FINAL)
			done = read_partial(fill);
		else if (fill->in_team)
			done = aggteam_read(fill);
		else
			done = aggread_table(fill);
		if (done)
			return true;
		if (fill->stream.groups != NULL)
			return false;
		make_room(fill);
	}
}

/* Begin with the table, or the next part of what was put to disk. */
static bool
begin_reading(AggFill *fill)
{
	if (fill->batches == 0)
		aggteam_begin(fill);
	else if (fill->spill == NULL || !aggspill_next(fill->spill))
		return false;
	else
		aggread_reset(fill);
	fill->batches++;
	return true;
}

/* The next groups, complete. */
static bool
fill_complete(AggFill *fill)
{
	if (!fill->paused && !begin_reading(fill))
		return false;
	for (;;)
	{
		fill->limit = aggfill_memory_limit();
		aggread_begin_groups(fill);
		fill->paused = !read_whole(fill);
		if (fill->paused)
			return true;
		if (!fill->can_combine || fill->spill == NULL ||
			!aggspill_has_put(fill->spill))
			break;
		/* the states of the groups at hand may be incomplete */
		spill_groups(fill);
		(void) aggspill_next(fill->spill);
		fill->batches++;
	}
	aggread_finish(fill);
	aggstream_finish(fill);
	return true;
}

bool
aggfill_has_more(const AggFill *fill)
{
	return fill->spill != NULL &&
		(aggspill_has_put(fill->spill) || !aggspill_is_last(fill->spill));
}

int64
aggfill_disk(const AggFill *fill)
{
	int64		disk = fill->disk;
	int			i;

	if (fill->spill != NULL)
		disk += aggspill_bytes(fill->spill);
	for (i = 0; i < fill->nfuncs; i++)
		if (fill->funcs[i].kind == AGG_DISTINCT)
			disk += aggdistinct_disk(&fill->funcs[i]);
	return disk;
}

void
aggfill_end(AggFill *fill)
{
	int			i;

	for (i = 0; i < fill->nfuncs; i++)
		aggstate_forget(&fill->funcs[i]);
	if (fill->spill == NULL)
		return;
	fill->disk += aggspill_bytes(fill->spill);
	aggspill_end(fill->spill);
	fill->spill = NULL;
}

void
aggfill_begin(AggFill *fill)
{
	aggfill_shutdown(fill);
	/* what is left of a shared scan cannot be read again */
	if (fill->workers > 0)
		scannode_share(fill->scan, NULL);
	aggread_reset(fill);
	aggstream_reset(&fill->stream);
	aggfill_end(fill);
	fill->limit = aggfill_memory_limit();
	fill->batches = 0;
	fill->exhausted = fill->paused = fill->in_segment = false;
}

void
aggfill_shutdown(AggFill *fill)
{
	if (fill->in_team)
		aggteam_leave(fill);
}

uint32
aggfill_count(const AggFill *fill)
{
	return fill->stream.groups != NULL ? fill->stream.ngroups :
		aggkeys_ngroups(fill->keys);
}

bool
aggfill_next(AggFill *fill)
{
	bool		result;

	aggstream_forget_groups(&fill->stream);
	if (fill->mode == AGGNODE_PARTIAL)
		result = fill_partial(fill);
	else
		result = fill_complete(fill);
	if (result)
		fill->ngroups += aggfill_count(fill);
	else
	{
		aggfill_shutdown(fill);
		aggread_reset(fill);
	}
	return result;
}
