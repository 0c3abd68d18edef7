/*
 * aggfill.c
 *	  Groups, as many as memory holds at a time.
 *
 * When the groups outgrow hash_mem (and a minimum), they go to disk with their
 * states, and states of one group are combined when all has been read
 * (aggspill.c).  A partial node emits the groups it has and starts with none:
 * the node that combines them may see a group twice.
 *
 * States of transition functions cannot be combined.  With such a function the
 * groups at hand stay, and go on taking their rows, while rows of other groups
 * go to disk (rowspill.c); when all has been read, and the groups have been
 * emitted, each part of the hash space that was written is read as if it were
 * the table.  PostgreSQL's hash aggregation does the same; the table is read
 * once.  A few groups whose states alone outgrow memory simply grow.  Rows of
 * a group stay in their order.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "agg/aggfill.h"
#include "agg/aggspill.h"

void
aggfill_create(AggFill *fill, CustomScanState *node, PlanState *child,
			   int workers)
{
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;
	ScanNode   *scan = NULL;
	TupleDesc	desc = NULL;

	fill->mode = intVal(list_nth(plan->custom_private, AGG_PRIVATE_MODE));
	fill->child = child;
	if (fill->mode != AGGNODE_FINAL)
	{
		scan = scannode_of(child);
		if (scan == NULL)
			elog(ERROR, "unexpected plan below a vectorised aggregation");
		desc = RelationGetDescr(scan->css.ss.ss_currentRelation);
		blockscan_need(scan->scan, (Node *) plan->custom_scan_tlist);
	}
	initStringInfo(&fill->buffer);
	agggroups_create(&fill->set, node, desc);
	aggread_create(&fill->read, &fill->set, scan, plan);
	aggteam_create(&fill->team, &fill->read, plan, workers);
	aggstream_create(&fill->stream, &fill->team,
					 list_nth(plan->custom_private, AGG_PRIVATE_STREAM));
	aggfill_begin(fill);
}

static bool
fill_partial(AggFill *fill)
{
	if (fill->exhausted)
		return false;
	/* no group waits for its other states */
	Assert(fill->spill == NULL);
	aggread_reset(&fill->read);
	agggroups_begin(&fill->set);
	fill->exhausted = aggread_table(&fill->read);
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
		group = aggkeys_lookup_row(fill->set.keys, slot->tts_values,
								   slot->tts_isnull);
		if (fill->set.nfuncs > 0)
		{
			Datum		value = slot->tts_values[fill->set.nkeys];
			bytea	   *states = DatumGetByteaPP(value);

			buffer.data = VARDATA_ANY(states);
			buffer.len = buffer.maxlen = VARSIZE_ANY_EXHDR(states);
		}
		agggroups_combine(&fill->set, &group, 1, &buffer);
		if (agggroups_is_full(&fill->set))
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
		MemoryContext old = MemoryContextSwitchTo(fill->set.row_memory);
		uint32		group;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(fill->set.row_memory);
		aggkeys_begin_restore(fill->set.keys);
		group = aggkeys_restore(fill->set.keys, &fill->buffer);
		agggroups_combine(&fill->set, &group, 1, &fill->buffer);
		MemoryContextSwitchTo(old);
		full = agggroups_is_full(&fill->set);
	}
	return !full;
}

/* Put all groups to disk.  Those that are out are forgotten. */
static void
spill_groups(AggFill *fill)
{
	uint32		group;

	for (group = 0; group < aggkeys_ngroups(fill->set.keys); group++)
	{
		CHECK_FOR_INTERRUPTS();
		if (aggstream_is_out(&fill->stream, group))
			continue;
		resetStringInfo(&fill->buffer);
		aggkeys_serialize(fill->set.keys, group, &fill->buffer);
		agggroups_serialize(&fill->set, group, 1, &fill->buffer);
		aggspill_put(fill->spill, aggkeys_hash(fill->set.keys, group),
					 &fill->buffer);
	}
	aggread_reset(&fill->read);
}

/*
 * Memory is full.  What shares all bits of the hash cannot be cut further: go on
 * regardless.  Groups that are not out yet have to wait for the end.
 */
static void
make_room(AggFill *fill)
{
	if (fill->spill == NULL)
	{
		fill->spill = aggspill_create(fill->set.query_memory,
									  fill->set.limit);
		aggstream_stop(&fill->stream);
	}
	if (!aggspill_can_put(fill->spill))
		agggroups_set_limit(&fill->set, SIZE_MAX);
	else if (fill->set.can_combine)
		spill_groups(fill);
	else
		aggread_freeze(&fill->read, fill->spill);
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
			done = fill->set.can_combine ? read_spilled(fill) :
				aggread_rows(&fill->read);
		else if (fill->mode == AGGNODE_FINAL)
			done = read_partial(fill);
		else if (fill->team.active)
			done = aggteam_read(&fill->team);
		else
			done = aggread_table(&fill->read);
		if (done)
			return true;
		if (fill->stream.groups != NULL)
			return false;
		Assert(agggroups_is_full(&fill->set));
		make_room(fill);
	}
}

/* Begin with the table, or the next part of what was put to disk. */
static bool
begin_reading(AggFill *fill)
{
	if (fill->batches == 0)
		aggteam_begin(&fill->team);
	else if (fill->spill == NULL || !aggspill_next(fill->spill))
		return false;
	else
		aggread_reset(&fill->read);
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
		agggroups_set_limit(&fill->set, agggroups_memory_limit());
		agggroups_begin(&fill->set);
		fill->paused = !read_whole(fill);
		if (fill->paused)
			return true;
		if (!fill->set.can_combine || fill->spill == NULL ||
			!aggspill_has_put(fill->spill))
			break;
		/* the states of the groups at hand may be incomplete */
		spill_groups(fill);
		(void) aggspill_next(fill->spill);
		fill->batches++;
	}
	agggroups_finish(&fill->set);
	aggstream_finish(&fill->stream);
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
	int64		disk = fill->disk + agggroups_disk(&fill->set);

	if (fill->spill != NULL)
		disk += aggspill_bytes(fill->spill);
	return disk;
}

void
aggfill_end(AggFill *fill)
{
	agggroups_end(&fill->set);
	if (fill->spill == NULL)
		return;
	fill->disk += aggspill_bytes(fill->spill);
	aggspill_end(fill->spill);
	fill->spill = NULL;
}

void
aggfill_begin(AggFill *fill)
{
	aggteam_rescan(&fill->team);
	aggread_rescan(&fill->read);
	aggread_reset(&fill->read);
	aggstream_reset(&fill->stream);
	aggfill_end(fill);
	agggroups_set_limit(&fill->set, agggroups_memory_limit());
	fill->batches = 0;
	fill->exhausted = fill->paused = false;
}

void
aggfill_shutdown(AggFill *fill)
{
	if (fill->team.active)
		aggteam_leave(&fill->team);
}

uint32
aggfill_count(const AggFill *fill)
{
	return fill->stream.groups != NULL ? fill->stream.ngroups :
		aggkeys_ngroups(fill->set.keys);
}

bool
aggfill_next(AggFill *fill)
{
	bool		result;

	/* in the middle of the table, or at its end */
	Assert(!fill->paused || !fill->exhausted);
	Assert(!fill->paused || fill->stream.groups != NULL);
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
		aggread_reset(&fill->read);
	}
	return result;
}
