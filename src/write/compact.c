/*
 * compact.c
 *	  Segments are merged and written anew.
 *
 * A compaction is one transaction's work: it reads segments of one partition
 * window, writes their rows that are there into new ones under new numbers,
 * makes index entries for these, and at its end removes the old segments by
 * deleting their directory rows, leaving records of where the rows went
 * (moves.c).
 *
 * Each snapshot sees a row once: one from before our commit the old directory
 * row, with the stubs that it sees, and none of the new; one from after it only
 * the new.  An abort or a crash undoes everything by itself.
 *
 * What happens to rows meanwhile.  A row that is deleted or updated, by a
 * transaction that has committed, after it was copied, is in the new segment,
 * and gets a stub there that says the same; if that transaction is still in
 * progress, or holds a row lock, the old segments stay and the new ones are
 * given up.  That is decided after the old directory rows are marked as
 * deleted.  Whoever locks a row of theirs from then on finds the mark, waits
 * for us, and is led to the row's new place (rowchange.c has the argument).
 * The marks are the last thing that is done, so nobody waits for long; and we
 * wait for nobody.
 *
 * Logical decoding sees nothing of it: what is inserted is not logged for it,
 * and deletions in a TOAST relation are passed over.
 *
 * Locks: RowExclusiveLock on the table, a page lock that admits one at a time who
 * takes segments out (segment_drop.c).
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/predicate.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "option/options.h"
#include "segment/moves.h"
#include "segment/segment_builder.h"
#include "segment/segment_reader.h"
#include "segment/segment_sort.h"
#include "segment/segment_write.h"
#include "segment/stub.h"
#include "write/asowner.h"
#include "write/compact.h"
#include "write/compactplan.h"
#include "write/flush_index.h"
#include "write/progress.h"
#include "write/segment_drop.h"
#include "write/size.h"
#include "write/spec.h"

/* A segment that is being written anew. */
typedef struct CompactSource
{
	DirectoryEntry *entry;
	uint32	   *place;			/* of each row among the new ones; MOVES_GONE */
} CompactSource;

/* The work on one group; what is in its context goes when it is written. */
typedef struct Compaction
{
	Relation	rel;
	Store	   *store;
	CommandId	cid;
	CompactGroup *group;
	Progress   *progress;
	int64		rows;			/* as progress counts them */
	int64		bytes;
	int			npieces;		/* 0: no row is left */
	uint32	   *piece_block;	/* first virtual block of each */
	MemoryContext context;
	CompactSource *sources;		/* in the context, as the plan */
	SegmentPlan *plan;
} Compaction;

typedef struct CompactState
{
	Relation	rel;
	Store	   *store;
	bool		full;
	int			most;
	Progress   *progress;
	int64		written;		/* segments, anew */
} CompactState;

/* ---------- copying ---------- */

/* Append the rows of a source that are there; place: their append positions. */
static void
compact_read_source(Compaction *work, CompactSource *source,
					SegmentBuilder *builder)
{
	TupleDesc	desc = RelationGetDescr(work->rel);
	uint32		rows = source->entry->d.rows;
	Datum	   *values = palloc(desc->natts * sizeof(Datum));
	bool	   *isnull = palloc(desc->natts * sizeof(bool));
	SegmentReader *reader;
	uint32		row;
	int			i;

	source->place = palloc_extended(rows * sizeof(uint32), MCXT_ALLOC_HUGE);
	reader = segment_reader_open(work->store, source->entry, desc, true,
								 CurrentMemoryContext);
	for (row = 0; row < rows; row++)
	{
		CHECK_FOR_INTERRUPTS();
		source->place[row] = MOVES_GONE;
		if (segment_reader_row_dead(reader, row))
			continue;
		for (i = 0; i < desc->natts; i++)
			values[i] = segment_reader_value(reader, i + 1, row, &isnull[i]);
		source->place[row] = segment_builder_rows(builder);
		segment_builder_append(builder, values, isnull);
	}
	segment_reader_close(reader);
	pfree(values);
	pfree(isnull);
}

/* From append positions to places in the sorted order. */
static void
compact_set_places(Compaction *work)
{
	uint32	   *position = palloc_extended(work->plan->nrows * sizeof(uint32),
										   MCXT_ALLOC_HUGE);
	uint32		i;
	int			s;

	for (i = 0; i < work->plan->nrows; i++)
		position[work->plan->order[i]] = i;
	for (s = 0; s < work->group->n; s++)
	{
		CompactSource *source = &work->sources[s];

		for (i = 0; i < source->entry->d.rows; i++)
			if (source->place[i] != MOVES_GONE)
				source->place[i] = position[source->place[i]];
	}
	pfree(position);
}

static uint32
compact_piece_rows(const SegmentPlan *plan, int p)
{
	return plan->start[p + 1] - plan->start[p];
}

static void
compact_count(Compaction *work, int64 rows, int64 bytes)
{
	work->rows += rows;
	work->bytes += bytes;
	progress_add(work->progress, rows, bytes);
}

static void
compact_write(Compaction *work, SegmentBuilder *builder)
{
	SegmentPlan *plan = work->plan;
	uint32		total = 0;
	uint32		first;
	int			p;

	for (p = 0; p < plan->npieces; p++)
		total += rowid_blocks(compact_piece_rows(plan, p));
	first = counter_reserve(work->store, total);
	work->npieces = plan->npieces;
	work->piece_block = MemoryContextAlloc(GetMemoryChunkContext(work),
										   plan->npieces * sizeof(uint32));
	for (p = 0; p < plan->npieces; p++)
	{
		work->piece_block[p] = first;
		compact_count(work, 0,
					  segment_write_finish(segment_write_piece(builder, plan,
															   p, work->store,
															   first,
															   work->cid),
										   NULL, 0));
		flush_index_insert(work->rel, work->store, first);
		compact_count(work, compact_piece_rows(plan, p), 0);
		first += rowid_blocks(compact_piece_rows(plan, p));
	}
}

/* Record where the rows of a source have gone. */
static void
compact_record_moves(Compaction *work, CompactSource *source)
{
	MovesSegment moves = {source->entry->d.first_block, source->entry->d.rows};

	if (work->plan != NULL)
	{
		moves.place = source->place;
		moves.npieces = work->npieces;
		moves.start = work->plan->start;
		moves.piece_block = work->piece_block;
	}
	moves_write(work->store, &moves, work->cid);
}

/* Write the rows of the group's segments into new ones. */
static void
compact_copy(Compaction *work)
{
	TableOptions *options = options_get(work->rel);
	SegmentBuilder *builder;
	SegmentSpec spec;
	int			s;

	spec_for_table(work->rel, &spec);
	if (work->group->tier == TIER_COLD)
	{
		spec.tier = TIER_COLD;
		spec.compression = options->cold_compression;
		spec.level = options->cold_level;
	}
	/* what was written under another setting stays together */
	for (s = 0; s < work->group->n; s++)
		spec.max_rows = Max(spec.max_rows, work->group->entries[s]->d.rows);
	builder = segment_builder_create(RelationGetDescr(work->rel), &spec,
									 CurrentMemoryContext);
	progress_enter(work->progress, PHASE_READING_SEGMENTS);
	for (s = 0; s < work->group->n; s++)
	{
		work->sources[s].entry = work->group->entries[s];
		compact_read_source(work, &work->sources[s], builder);
	}
	if (segment_builder_rows(builder) > 0)
	{
		progress_enter(work->progress, PHASE_SORTING_ROWS);
		work->plan = segment_sort(builder);
		compact_set_places(work);
		progress_enter(work->progress, PHASE_WRITING_SEGMENTS);
		compact_write(work, builder);
	}
	for (s = 0; s < work->group->n; s++)
		compact_record_moves(work, &work->sources[s]);
}

/* ---------- taking the place of the old segments ---------- */

/*
 * A row was gone between its copy and the removal of its segment, if not
 * before: so it is in the new one.
 */
static void
compact_take_late(void *arg, uint64 number, const StubData *data)
{
	Compaction *work = arg;
	uint64		moved_to;

	if (moves_find(work->store, number, &moved_to))
		stub_insert_gone(work->store, moved_to, data, work->cid);
}

/* The new segments are not needed. */
static void
compact_give_up(Compaction *work)
{
	DirectoryEntry entry;
	int			p;

	progress_add(work->progress, -work->rows, -work->bytes);
	CommandCounterIncrement();
	work->cid = GetCurrentCommandId(true);
	for (p = 0; p < work->group->n; p++)
		moves_delete(work->store, work->group->entries[p]->d.first_block,
					 work->cid);
	for (p = 0; p < work->npieces; p++)
	{
		if (!directory_find(work->store, work->piece_block[p], SnapshotSelf,
							&entry))
			elog(ERROR, "directory row of a new segment not found");
		(void) store_delete_row(work->store, &entry.self, work->cid);
		store_delete_stream(work->store, entry.d.chunk_id, work->cid);
	}
}

/* Remove the old segments, or else the new ones. */
static bool
compact_finish(Compaction *work)
{
	if (segment_drop(work->store, work->group->entries, work->group->n,
					 work->cid, compact_take_late, work))
		return true;
	compact_give_up(work);
	return false;
}

/* ---------- all of it ---------- */

static Compaction *
compact_begin_group(CompactState *state, CompactGroup *group)
{
	Compaction *work = palloc0(sizeof(Compaction));
	MemoryContext old;

	work->rel = state->rel;
	work->store = state->store;
	work->cid = GetCurrentCommandId(true);
	work->group = group;
	work->progress = state->progress;
	work->context = AllocSetContextCreate(CurrentMemoryContext,
										  "rusts compaction of a group",
										  ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(work->context);
	work->sources = palloc0(group->n * sizeof(CompactSource));
	compact_copy(work);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work->context);
	return work;
}

/* Is somebody at a row of the group?  Then there is no use in copying it. */
static bool
compact_in_use(CompactState *state, CompactGroup *group)
{
	int			i;

	for (i = 0; i < group->n; i++)
		if (segment_drop_in_use(state->store, group->entries[i], NULL, NULL))
			return true;
	return false;
}

/* The rows of the groups that are likely to be done. */
static int64
compact_rows(List *groups, int most)
{
	int64		rows = 0;
	ListCell   *cell;
	int			i;

	foreach(cell, groups)
	{
		CompactGroup *group = lfirst(cell);

		if (foreach_current_index(cell) >= most)
			break;
		for (i = 0; i < group->n; i++)
			rows += group->entries[i]->d.rows -
				directory_entry_dead(group->entries[i]);
	}
	return rows;
}

static void
compact_run(void *arg)
{
	CompactState *state = arg;
	DirectoryList *list = directory_load(state->store, GetActiveSnapshot());
	List	   *groups = compactplan_make(state->rel, list, state->full);
	List	   *works = NIL;
	ListCell   *cell;

	if (groups != NIL)
		TransferPredicateLocksToHeapRelation(state->rel);
	state->progress->rows_total = compact_rows(groups, state->most);
	foreach(cell, groups)
	{
		if (list_length(works) < state->most &&
			!compact_in_use(state, lfirst(cell)))
			works = lappend(works, compact_begin_group(state, lfirst(cell)));
	}
	CommandCounterIncrement();
	progress_enter(state->progress, PHASE_REPLACING_SEGMENTS);
	foreach(cell, works)
	{
		Compaction *work = lfirst(cell);

		work->cid = GetCurrentCommandId(true);
		if (compact_finish(work))
			state->written += work->group->n;
	}
	if (groups != NIL)
		TransferPredicateLocksToHeapRelation(state->rel);
}

/* Compact what is worth it; the table has segment storage. */
static int64
compact_run_alone(CompactState *state, bool wait)
{
	Relation	rel = state->rel;
	MemoryContext context;
	MemoryContext old;

	if (!segment_drop_begin(rel, wait))
		return -1;
	PushActiveSnapshot(GetLatestSnapshot());
	context = AllocSetContextCreate(CurrentMemoryContext, "rusts compaction",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	state->store = store_open(rel, RowExclusiveLock);
	moves_expire(state->store, GetCurrentCommandId(true));
	asowner_run(rel, compact_run, state);
	store_close_keep_locks(state->store);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	PopActiveSnapshot();
	if (state->written > 0)
		size_invalidate(rel);
	/* The index entries of where the rows were are dead. */
	if (rel->rd_rel->relhasindex)
		pgstat_update_heap_dead_tuples(rel,
									   -(int) Min(state->progress->rows_done,
												  PG_INT32_MAX));
	return state->written;
}

int64
compact_relation(Relation rel, bool full, int most, bool wait,
				 Progress *progress)
{
	CompactState state = {rel, NULL, full, most, progress};
	int64		written = 0;

	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_STATE),
				 errmsg("cannot compact in a transaction that keeps its snapshot"),
				 errhint("Use isolation level READ COMMITTED.")));
	progress_begin(progress, rel, OPERATION_COMPACTION, -1);
	if (store_exists(rel))
		written = compact_run_alone(&state, wait);
	progress_end(progress);
	return written;
}
