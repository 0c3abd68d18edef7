/*
 * aggfill.c
 *	  Groups, as many as memory holds at a time.
 *
 * When the groups outgrow hash_mem (and PASS_MEMORY), they go to disk with
 * their states, and states of one group are combined when all has been read
 * (aggspill.c).  Transition functions have no states that could be combined:
 * with one of them the node starts again and makes several passes over the
 * table, each for the groups in one part of the hash space.  A partial node
 * emits the groups it has and starts with none: whoever combines them does not
 * mind seeing a group twice.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "exec/aggread.h"
#include "exec/aggspill.h"
#include "exec/aggstream.h"
#include "exec/aggteam.h"
#include "storage/segment_format.h"

/* Each time memory runs out, a part of the hash space is cut into so many. */
#define PART_SPLIT_BITS 2
#define PART_MAX_BITS 24

/*
 * What groups may take even where hash_mem is smaller.  With work_mem at its
 * minimum a pass would hold a few hundred groups, and thousands of passes
 * would read the table to save less memory than the scan below takes for a
 * few columns (a frame of blocks has up to SEGMENT_FRAME_BYTES each).  In
 * bytes, not in groups: a floor of so many groups would bound nothing, for the
 * state of a transition function may have any size.
 */
#define PASS_MEMORY ((Size) 4 * SEGMENT_FRAME_BYTES)

Size
aggfill_memory_limit(void)
{
	return Max(get_hash_memory_limit(), PASS_MEMORY);
}

/* ---------- passes ---------- */

/* Cut the part at hand into smaller ones, and take the first. */
static bool
split_part(AggFill *fill)
{
	uint32		mask = fill->part.mask;
	uint32		step = mask + 1;
	int			i;

	if (step >= (uint32) 1 << PART_MAX_BITS)
		return false;
	for (i = (1 << PART_SPLIT_BITS) - 1; i >= 0; i--)
	{
		AggPart    *part = palloc(sizeof(AggPart));

		part->mask = (step << PART_SPLIT_BITS) - 1;
		part->part = fill->part.part + i * step;
		if (i == 0)
			fill->part = *part;
		else
			fill->parts = lcons(part, fill->parts);
	}
	return true;
}

/* A pass over the table for the part at hand; split it when it is too much. */
static void
make_pass(AggFill *fill)
{
	for (;;)
	{
		fill->passes++;
		aggkeys_set_part(fill->keys, fill->part.mask, fill->part.part);
		aggread_begin_groups(fill);
		if (aggread_table(fill))
			return;
		if (!split_part(fill))
		{
			/* it cannot get any smaller: go on regardless */
			fill->limit = SIZE_MAX;
			if (aggread_table(fill))
				return;
		}
		aggread_rescan(fill);
	}
}

/* The next groups of a node that makes passes. */
static bool
fill_pass(AggFill *fill)
{
	if (fill->passes > 0)
	{
		if (fill->parts == NIL)
			return false;
		fill->part = *(AggPart *) linitial(fill->parts);
		fill->parts = list_delete_first(fill->parts);
		aggread_rescan(fill);
	}
	make_pass(fill);
	return true;
}

static bool
fill_partial(AggFill *fill)
{
	if (fill->exhausted)
		return false;
	aggread_reset(fill);
	aggread_begin_groups(fill);
	fill->exhausted = aggread_table(fill);
	fill->passes++;
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

/*
 * Put all groups to disk, unless they share all bits of the hash.  Those that
 * are out are forgotten, and the others have to wait for the end.
 */
static void
spill_groups(AggFill *fill)
{
	uint32		group;
	int			i;

	if (fill->spill == NULL)
		fill->spill = aggspill_create(fill->query_memory, fill->limit);
	if (!aggspill_can_put(fill->spill))
	{
		fill->limit = SIZE_MAX;
		return;
	}
	for (group = 0; group < aggkeys_ngroups(fill->keys); group++)
	{
		CHECK_FOR_INTERRUPTS();
		if (aggstream_is_out(fill, group))
			continue;
		resetStringInfo(&fill->buffer);
		aggkeys_serialize(fill->keys, group, &fill->buffer);
		for (i = 0; i < fill->nfuncs; i++)
			aggfunc_serialize(&fill->funcs[i], group, 1, &fill->buffer);
		aggspill_put(fill->spill, aggkeys_hash(fill->keys, group),
					 &fill->buffer);
	}
	aggread_reset(fill);
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
			done = read_spilled(fill);
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
		spill_groups(fill);
	}
}

/* Begin with the table, or the next part of what was put to disk. */
static bool
begin_reading(AggFill *fill)
{
	if (fill->passes == 0)
	{
		fill->passes = 1;
		aggteam_begin(fill);
	}
	else if (fill->spill == NULL || !aggspill_next(fill->spill))
		return false;
	else
		aggread_reset(fill);
	return true;
}

/* The next groups of a node whose states can be combined. */
static bool
fill_spilling(AggFill *fill)
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
		if (fill->spill == NULL || !aggspill_has_put(fill->spill))
		{
			aggstream_finish(fill);
			return true;
		}
		/* the states of the groups at hand may be incomplete */
		spill_groups(fill);
		(void) aggspill_next(fill->spill);
	}
}

bool
aggfill_has_more(const AggFill *fill)
{
	return fill->parts != NIL ||
		(fill->spill != NULL && !aggspill_is_last(fill->spill));
}

void
aggfill_end(AggFill *fill)
{
	if (fill->spill != NULL)
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
	fill->part.mask = fill->part.part = 0;
	fill->parts = NIL;
	fill->passes = 0;
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
	else if (fill->can_spill)
		result = fill_spilling(fill);
	else
		result = fill_pass(fill);
	if (result)
		fill->ngroups += aggfill_count(fill);
	else
	{
		aggfill_shutdown(fill);
		aggread_reset(fill);
	}
	return result;
}
