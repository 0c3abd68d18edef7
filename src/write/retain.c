/*
 * retain.c
 *	  Rows that are too old are dropped.
 *
 * A segment all of whose rows have times in the range goes by its directory
 * row, like a segment that a compaction has replaced (compact.c has the
 * argument about those who are at one of its rows: then it stays).  Whoever
 * finds such a row under an older snapshot and wants to change it is told that
 * it was deleted.  Of a segment that reaches beyond the range, rows are deleted
 * one by one.  Rows without a time stay.
 *
 * No trigger fires, so a table that foreign keys refer to is left alone: to
 * honour them would be a DELETE, row by row, with what it does to other tables.
 * Nothing of it is decoded, but with rusts.decode_retention (retain_decode.c).
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/heap.h"
#include "catalog/pg_type_d.h"
#include "common/int.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/predicate.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "compat/tablestats.h"
#include "option/options.h"
#include "segment/moves.h"
#include "segment/segment_reader.h"
#include "write/progress.h"
#include "write/retain.h"
#include "write/retain_decode.h"
#include "write/rowchange.h"
#include "write/segment_drop.h"
#include "write/size.h"

typedef struct RetainState
{
	Relation	rel;
	Store	   *store;
	AttrNumber	time_attnum;
	Oid			time_type;
	const RetainRange *range;
	CommandId	cid;
	Progress   *progress;
	RetainDecode *decode;		/* NULL: nothing is decoded */
	int64		dropped;
} RetainState;

static bool
retain_in_range(const RetainRange *range, int64 value)
{
	return value >= range->low && value < range->high;
}

/* Do the times of a segment say that all of it is in the range?  Some of it? */
static bool
retain_covers(const RetainRange *range, const DirectoryEntry *entry)
{
	return (entry->d.flags & DIRECTORY_HAS_TIME) != 0 &&
		retain_in_range(range, entry->d.min_time) &&
		retain_in_range(range, entry->d.max_time);
}

static bool
retain_touches(const RetainRange *range, const DirectoryEntry *entry)
{
	return (entry->d.flags & DIRECTORY_HAS_TIME) != 0 &&
		entry->d.min_time < range->high && entry->d.max_time >= range->low;
}

/* Are there rows without a time? */
static bool
retain_has_nulls(const RetainState *state, const DirectoryEntry *entry)
{
	int			i;

	for (i = 0; i < entry->d.nsummaries; i++)
		if (entry->summaries[i].attnum == state->time_attnum)
			return entry->summaries[i].null_count > 0;
	return true;				/* nobody knows */
}

/* ---------- whole segments ---------- */

/* Drop a segment; false, and nothing done: somebody is at one of its rows. */
static bool
retain_drop_segment(RetainState *state, DirectoryEntry *entry)
{
	MovesSegment moves = {entry->d.first_block, entry->d.rows};

	if (state->decode != NULL)
		retain_decode_expect(state->decode, entry);
	if (!segment_drop(state->store, &entry, 1, state->cid,
					  state->decode != NULL ? retain_decode_visit : NULL,
					  state->decode))
		return false;
	if (state->decode != NULL)
		retain_decode_segment(state->decode, state->store, entry);
	moves_write(state->store, &moves, state->cid);
	progress_add(state->progress, entry->d.rows - directory_entry_dead(entry),
				 entry->d.stream_length);
	return true;
}

/* ---------- single rows ---------- */

/* Delete a row, unless somebody has it locked. */
static bool
retain_drop_row(RetainState *state, uint64 number)
{
	RowChange	change = {state->rel, state->store, number, state->cid};
	TM_FailureData tmfd;

	if (rowchange_lock(&change, LockTupleExclusive, LockWaitSkip,
					   &tmfd) != TM_Ok)
		return false;
	rowchange_end(&change, STUB_DELETED, NULL);
	return true;
}

/* A value of the time column as a number. */
static int64
retain_time(const RetainState *state, Datum value)
{
	if (state->time_type == DATEOID)
		return DatumGetInt32(value);
	return DatumGetInt64(value);
}

static uint64
retain_drop_rows(RetainState *state, const DirectoryEntry *entry)
{
	uint64		first = rowid_number_of_block(entry->d.first_block);
	SegmentReader *reader;
	uint64		dropped = 0;
	int64		row;

	reader = segment_reader_open(state->store, entry,
								 RelationGetDescr(state->rel), true,
								 CurrentMemoryContext);
	for (row = segment_reader_next_live(reader, 0); row < entry->d.rows;
		 row = segment_reader_next_live(reader, row + 1))
	{
		bool		isnull;
		Datum		value;

		CHECK_FOR_INTERRUPTS();
		value = segment_reader_value(reader, state->time_attnum, (uint32) row,
									 &isnull);
		if (!isnull &&
			retain_in_range(state->range, retain_time(state, value)) &&
			retain_drop_row(state, first + row))
		{
			dropped++;
			progress_add(state->progress, 1, 0);
			if (state->decode != NULL)
				retain_decode_row(state->decode, reader, (uint32) row);
		}
	}
	segment_reader_close(reader);
	return dropped;
}

/* ---------- all of it ---------- */

static uint64
retain_drop_entry(RetainState *state, DirectoryEntry *entry, bool exact)
{
	if (retain_covers(state->range, entry) && !retain_has_nulls(state, entry))
		return retain_drop_segment(state, entry) ?
			entry->d.rows - directory_entry_dead(entry) : 0;
	return exact ? retain_drop_rows(state, entry) : 0;
}

static int
retain_compare(const void *a, const void *b)
{
	const DirectoryEntry *first = *(DirectoryEntry *const *) a;
	const DirectoryEntry *second = *(DirectoryEntry *const *) b;

	if (first->d.partition != second->d.partition)
		return first->d.partition < second->d.partition ? -1 : 1;
	return first->d.first_block < second->d.first_block ? -1 : 1;
}

/* The rows of segments that are in the range as a whole. */
static int64
retain_rows(RetainState *state, const DirectoryList *list)
{
	int64		rows = 0;
	int			i;

	for (i = 0; i < list->n; i++)
		if (retain_covers(state->range, &list->entries[i]))
			rows += list->entries[i].d.rows -
				directory_entry_dead(&list->entries[i]);
	return rows;
}

static bool
retain_wants(void *arg, const DirectoryEntry *entry)
{
	return retain_touches(arg, entry);
}

static void
retain_run(RetainState *state, bool exact, RetainReport report, void *arg)
{
	DirectoryList *list;
	DirectoryEntry **entries;
	uint64		rows = 0;
	int			i;

	list = directory_load_filtered(state->store, GetActiveSnapshot(),
								   retain_wants,
								   unconstify(RetainRange *, state->range));
	entries = palloc(Max(list->n, 1) * sizeof(DirectoryEntry *));
	for (i = 0; i < list->n; i++)
		entries[i] = &list->entries[i];
	qsort(entries, list->n, sizeof(DirectoryEntry *), retain_compare);
	if (!exact)
		state->progress->rows_total = retain_rows(state, list);
	progress_enter(state->progress, PHASE_DROPPING_ROWS);
	for (i = 0; i < list->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		rows += retain_drop_entry(state, entries[i], exact);
		if (i + 1 < list->n &&
			entries[i + 1]->d.partition == entries[i]->d.partition)
			continue;
		state->dropped += rows;
		if (rows > 0 && report != NULL)
			report(arg, entries[i]->d.partition, rows);
		rows = 0;
	}
}

/* False: the table has no segments, or no time. */
static bool
retain_begin(RetainState *state, const RetainRange *range)
{
	TableOptions *options = options_get(state->rel);

	state->time_attnum = options->time_attnum;
	state->time_type = options->time_type;
	state->range = range;
	return store_exists(state->rel) && options->time_attnum > 0;
}

bool
retain_is_referenced(Relation rel)
{
	return heap_truncate_find_FKs(list_make1_oid(RelationGetRelid(rel))) != NIL;
}

static void
retain_check(Relation rel)
{
	if (retain_is_referenced(rel))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot drop old rows of table \"%s\", which is referenced in a foreign key constraint",
						RelationGetRelationName(rel)),
				 errhint("Use DELETE.")));
	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_STATE),
				 errmsg("cannot drop old rows in a transaction that keeps its snapshot"),
				 errhint("Use isolation level READ COMMITTED.")));
}

int64
retain_drop(Relation rel, const RetainRange *range, bool exact,
			Progress *progress, RetainReport report, void *arg)
{
	RetainState state = {rel};
	bool		decoded;

	progress_begin(progress, rel, OPERATION_RETENTION, -1);
	state.progress = progress;
	if (!retain_begin(&state, range))
	{
		progress_end(progress);
		return 0;
	}
	retain_check(rel);
	/* the worker, which drops whole segments, comes again */
	if (!segment_drop_begin(rel, exact))
	{
		progress_end(progress);
		return 0;
	}
	PushActiveSnapshot(GetLatestSnapshot());
	state.store = store_open(rel, RowExclusiveLock);
	state.cid = GetCurrentCommandId(true);
	state.decode = retain_decode_begin(rel, state.cid);
	TransferPredicateLocksToHeapRelation(rel);
	retain_run(&state, exact, report, arg);
	decoded = state.decode != NULL;
	retain_decode_end(state.decode);
	store_close_keep_locks(state.store);
	PopActiveSnapshot();
	/* dead, too: their index entries wait for VACUUM; heapam counts images */
	if (!decoded)
		compat_pgstat_count_deletes(rel, state.dropped);
	if (state.dropped > 0)
		size_invalidate(rel);
	progress_end(progress);
	return state.dropped;
}

bool
retain_due(Relation rel, const RetainRange *range)
{
	RetainState state = {rel};
	DirectoryList *list;
	bool		due = false;
	int			i;

	if (!retain_begin(&state, range))
		return false;
	state.store = store_open(rel, AccessShareLock);
	list = directory_load_filtered(state.store, GetActiveSnapshot(),
								   retain_wants,
								   unconstify(RetainRange *, range));
	for (i = 0; i < list->n && !due; i++)
		due = retain_covers(range, &list->entries[i]) &&
			!retain_has_nulls(&state, &list->entries[i]);
	store_close(state.store);
	return due;
}

/* The largest time in segments; PG_INT64_MIN: there is none. */
static int64
retain_newest(Relation rel)
{
	int64		newest = PG_INT64_MIN;
	DirectoryList *list;
	Store	   *store;
	int			i;

	if (!store_exists(rel))
		return newest;
	store = store_open(rel, AccessShareLock);
	list = directory_load(store, GetActiveSnapshot());
	for (i = 0; i < list->n; i++)
		if (list->entries[i].d.flags & DIRECTORY_HAS_TIME)
			newest = Max(newest, list->entries[i].d.max_time);
	store_close(store);
	return newest;
}

/* What time is it, as the time column counts?  PG_INT64_MIN: nobody knows. */
int64
retain_now(Relation rel)
{
	switch (options_get(rel)->time_type)
	{
		case TIMESTAMPTZOID:
		case TIMESTAMPOID:
			return GetCurrentTimestamp();
		case DATEOID:
			return GetCurrentTimestamp() / USECS_PER_DAY;
		case INT8OID:
			return retain_newest(rel);
		default:
			return PG_INT64_MIN;
	}
}

bool
retain_policy_range(Relation rel, RetainRange *range)
{
	int64		age = options_get(rel)->drop_after;
	int64		now;

	if (age <= 0)
		return false;
	now = retain_now(rel);
	range->low = PG_INT64_MIN;
	return now != PG_INT64_MIN && !pg_sub_s64_overflow(now, age, &range->high);
}
