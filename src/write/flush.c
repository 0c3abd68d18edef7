/*
 * flush.c
 *	  Hot rows become segments.
 *
 * A flush is one transaction's work.  In rounds of up to a segment's rows:
 * collect rows from heap pages, sort them, reserve virtual row numbers, mark
 * every collected row as moved, write the segments, insert index entries.
 *
 * Marking is what a key-changing update does: xmax = our transaction,
 * HEAP_KEYS_UPDATED, t_ctid = the row's virtual TID; all rows of a page (and
 * the visibility map bit, if it was set) in one generic WAL record.  Hence:
 *
 * - Each snapshot sees a row once.  Until we commit, everybody sees the hot
 *   row and nobody the directory row; a snapshot taken after sees the
 *   directory row and not the hot row; one taken before goes on seeing the
 *   hot row, which VACUUM may not remove while that snapshot is held.  It
 *   does not matter when the row's inserter committed: a snapshot that does
 *   not see the inserter sees neither (it is older than our commit).
 * - An abort or a crash undoes everything by itself: the marks carry an
 *   aborted xmax, the directory row an aborted xmin.
 * - A session that wants to lock, update or delete a marked row waits for us,
 *   as for any update in progress, and finds the virtual TID in t_ctid.
 * - A row that changed between collecting and marking is not marked; its copy
 *   in the segment is born dead (a bitmap that the directory row names).
 *   "Changed" is certain: the row is looked at again under the buffer's
 *   exclusive lock and must still be live, unlocked and of the same xmin.
 *   Its line pointer cannot have been reused, because our snapshot keeps
 *   rows that were deleted after we began from being pruned.
 * - Logical decoding sees generic WAL and rows inserted with NO_LOGICAL, that
 *   is, nothing.
 *
 * Locks: RowExclusiveLock on the table, a page lock that admits one flush at
 * a time, then buffer locks one heap page (and its map page) at a time.
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "access/heapam.h"
#include "access/heaptoast.h"
#include "access/multixact.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/visibilitymap.h"
#include "access/xact.h"
#include "catalog/pg_am_d.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "storage/predicate.h"
#include "storage/procarray.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "option/ours.h"
#include "option/settings.h"
#include "segment/segment_builder.h"
#include "segment/segment_sort.h"
#include "segment/segment_write.h"
#include "write/asowner.h"
#include "write/flush.h"
#include "write/flush_index.h"
#include "write/hotstats.h"
#include "write/pageitem.h"
#include "write/progress.h"
#include "write/size.h"
#include "write/spec.h"

/* No page has this number: it names the lock, nothing else. */
#define FLUSH_LOCK_PAGE (InvalidBlockNumber - 1)

/* Where a collected row came from. */
typedef struct FlushSource
{
	BlockNumber block;
	OffsetNumber offset;
	TransactionId xmin;
} FlushSource;

typedef struct FlushState
{
	Relation	rel;
	Store	   *store;
	SegmentBuilder *builder;
	MemoryContext round;		/* reset after each round */
	TransactionId xid;
	CommandId	cid;
	BlockNumber next_block;		/* where collecting goes on */
	BlockNumber end_block;
	FlushSource *sources;		/* one per row in the builder */
	uint32		capacity;
	Progress   *progress;
	/* of this round: */
	SegmentPlan *plan;
	uint32	   *position;		/* row -> place in plan->order */
	uint32	   *piece_block;	/* first virtual block of each piece */
	uint8	   *dead;			/* by place in plan->order */
	uint32		moved;
} FlushState;

/*
 * May this row move?  Caller holds a lock on the buffer.  Rows whose inserter
 * is still running, that are dead, or that somebody has locked stay.
 */
static bool
flush_row_movable(HeapTuple tuple, Buffer buffer)
{
	TransactionId dead_after;
	HeapTupleHeader header = tuple->t_data;

	/*
	 * A transaction that keeps one snapshot would see its own directory row,
	 * and through it rows that were committed after that snapshot.
	 */
	if (IsolationUsesXactSnapshot() &&
		!TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(header)) &&
		XidInMVCCSnapshot(HeapTupleHeaderGetXmin(header), GetActiveSnapshot()))
		return false;
	if (HeapTupleSatisfiesVacuumHorizon(tuple, buffer,
										&dead_after) != HEAPTUPLE_LIVE)
		return false;
	if (header->t_infomask & HEAP_XMAX_INVALID)
		return true;
	if (header->t_infomask & HEAP_XMAX_IS_MULTI)
		return !MultiXactIdIsRunning(HeapTupleHeaderGetRawXmax(header),
									 HEAP_XMAX_IS_LOCKED_ONLY(header->t_infomask));
	return !TransactionIdIsInProgress(HeapTupleHeaderGetRawXmax(header));
}

/* ---------- collecting ---------- */

static void
flush_remember_source(FlushState *state, HeapTuple tuple)
{
	uint32		row = segment_builder_rows(state->builder);
	FlushSource *source;

	if (row == state->capacity)
	{
		state->capacity = Max(1024, state->capacity * 2);
		if (state->sources == NULL)
			state->sources = palloc_extended(state->capacity *
											 sizeof(FlushSource),
											 MCXT_ALLOC_HUGE);
		else
			state->sources = repalloc_huge(state->sources, state->capacity *
										   sizeof(FlushSource));
	}
	source = &state->sources[row];
	source->block = ItemPointerGetBlockNumber(&tuple->t_self);
	source->offset = ItemPointerGetOffsetNumber(&tuple->t_self);
	source->xmin = HeapTupleHeaderGetRawXmin(tuple->t_data);
}

static bool
flush_round_full(FlushState *state)
{
	return segment_builder_full(state->builder) ||
		segment_builder_memory(state->builder) >
		(Size) settings_flush_memory * 1024;
}

/*
 * Take the movable rows of one page.  Visibility is decided under the content
 * lock; the values are read after it is released, which the pin allows (they
 * do not change), so that detoasting takes no lock under ours.
 * Returns false when the round is full before the page is done.
 */
static bool
flush_collect_page(FlushState *state, BlockNumber block, Datum *values,
				   bool *isnull)
{
	OffsetNumber movable[MaxHeapTuplesPerPage];
	TupleDesc	desc = RelationGetDescr(state->rel);
	Buffer		buffer;
	Page		page;
	HeapTupleData tuple;
	OffsetNumber offset;
	int			n = 0;
	int			i;

	buffer = ReadBuffer(state->rel, block);
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	page = BufferGetPage(buffer);
	for (offset = FirstOffsetNumber; offset <= PageGetMaxOffsetNumber(page);
		 offset++)
		if (pageitem_tuple(state->rel, page, block, offset, &tuple) &&
			flush_row_movable(&tuple, buffer))
			movable[n++] = offset;
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);

	for (i = 0; i < n && !flush_round_full(state); i++)
	{
		if (!pageitem_tuple(state->rel, page, block, movable[i], &tuple))
			continue;
		flush_remember_source(state, &tuple);
		heap_deform_tuple(&tuple, desc, values, isnull);
		segment_builder_append(state->builder, values, isnull);
	}
	ReleaseBuffer(buffer);
	return i == n;
}

/* Fill the builder; false when nothing was left to collect. */
static bool
flush_collect(FlushState *state)
{
	int			natts = RelationGetDescr(state->rel)->natts;
	Datum	   *values = palloc(natts * sizeof(Datum));
	bool	   *isnull = palloc(natts * sizeof(bool));

	while (state->next_block < state->end_block && !flush_round_full(state))
	{
		CHECK_FOR_INTERRUPTS();
		if (!flush_collect_page(state, state->next_block, values, isnull))
			break;
		state->next_block++;
	}
	pfree(values);
	pfree(isnull);
	return segment_builder_rows(state->builder) > 0;
}

/* ---------- marking ---------- */

/* Virtual TID of a row of this round. */
static void
flush_virtual_tid(FlushState *state, uint32 row, ItemPointer tid)
{
	uint32		place = state->position[row];
	int			low = 0;
	int			high = state->plan->npieces;

	while (high - low > 1)
	{
		int			mid = low + (high - low) / 2;

		if (state->plan->start[mid] <= place)
			low = mid;
		else
			high = mid;
	}
	rowid_set(tid, state->piece_block[low], place - state->plan->start[low]);
}

/* Mark one row in the page image; the page itself tells whether it may be. */
static bool
flush_mark_row(FlushState *state, uint32 row, Buffer buffer, Page image)
{
	FlushSource *source = &state->sources[row];
	HeapTupleData tuple;
	HeapTupleHeader header;
	ItemPointerData tid;

	if (!pageitem_tuple(state->rel, BufferGetPage(buffer), source->block,
						  source->offset, &tuple) ||
		HeapTupleHeaderGetRawXmin(tuple.t_data) != source->xmin ||
		!flush_row_movable(&tuple, buffer))
		return false;
	header = (HeapTupleHeader) PageGetItem(image,
										   PageGetItemId(image, source->offset));
	/* Hint bits may just have been set on the page. */
	header->t_infomask = tuple.t_data->t_infomask;
	header->t_infomask &= ~(HEAP_XMAX_BITS | HEAP_MOVED);
	header->t_infomask2 |= HEAP_KEYS_UPDATED;
	HeapTupleHeaderClearHotUpdated(header);
	HeapTupleHeaderSetXmax(header, state->xid);
	HeapTupleHeaderSetCmax(header, state->cid, false);
	flush_virtual_tid(state, row, &tid);
	header->t_ctid = tid;
	return true;
}

/* Clear a page's bits in (the image of) its visibility map page. */
static void
flush_clear_map(GenericXLogState *xlog, Buffer map_buffer, BlockNumber block)
{
	const int	per_byte = 8 / BITS_PER_HEAPBLOCK;
	const int	per_page = (BLCKSZ - MAXALIGN(SizeOfPageHeaderData)) * per_byte;
	uint32		at = block % per_page;
	Page		map;

	LockBuffer(map_buffer, BUFFER_LOCK_EXCLUSIVE);
	map = GenericXLogRegisterBuffer(xlog, map_buffer, 0);
	/* A map page looks like one big hole, which generic WAL would zero. */
	((PageHeader) map)->pd_lower = ((PageHeader) map)->pd_upper;
	PageGetContents(map)[at / per_byte] &=
		~(VISIBILITYMAP_VALID_BITS << (at % per_byte * BITS_PER_HEAPBLOCK));
}

/* Pin and lock a heap page, with its map page pinned if a bit is set. */
static Buffer
flush_lock_page(FlushState *state, BlockNumber block, Buffer *map_buffer)
{
	Buffer		buffer;

	buffer = ReadBuffer(state->rel, block);
	if (PageIsAllVisible(BufferGetPage(buffer)))
		visibilitymap_pin(state->rel, block, map_buffer);
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	while (PageIsAllVisible(BufferGetPage(buffer)) &&
		   !visibilitymap_pin_ok(block, *map_buffer))
	{
		/* It became all-visible in between; do no I/O under the lock. */
		LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
		visibilitymap_pin(state->rel, block, map_buffer);
		LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	}
	return buffer;
}

/*
 * TOAST values of a moved row go with it: the segment has its own copy.  An
 * old snapshot that still sees the row sees them too.
 */
static void
flush_delete_toast(FlushState *state, BlockNumber block, OffsetNumber *offsets,
				   int n)
{
	Buffer		buffer;
	int			i;

	buffer = ReadBuffer(state->rel, block);
	for (i = 0; i < n; i++)
	{
		HeapTupleData tuple;

		if (pageitem_tuple(state->rel, BufferGetPage(buffer), block,
							 offsets[i], &tuple))
			heap_toast_delete(state->rel, &tuple, false);
	}
	ReleaseBuffer(buffer);
}

/* Mark rows [from, to) of the round, all of one page. */
static void
flush_mark_page(FlushState *state, uint32 from, uint32 to, Buffer *map_buffer)
{
	BlockNumber block = state->sources[from].block;
	OffsetNumber toasted[MaxHeapTuplesPerPage];
	int			ntoasted = 0;
	Buffer		buffer = flush_lock_page(state, block, map_buffer);
	bool		all_visible = PageIsAllVisible(BufferGetPage(buffer));
	GenericXLogState *xlog = GenericXLogStart(state->rel);
	Page		image = GenericXLogRegisterBuffer(xlog, buffer, 0);
	uint32		marked = 0;
	uint32		row;

	for (row = from; row < to; row++)
	{
		OffsetNumber offset = state->sources[row].offset;
		HeapTupleHeader header;

		if (!flush_mark_row(state, row, buffer, image))
		{
			uint32		place = state->position[row];

			state->dead[place >> 3] |= 1 << (place & 7);
			continue;
		}
		marked++;
		header = (HeapTupleHeader) PageGetItem(image,
											   PageGetItemId(image, offset));
		if (header->t_infomask & HEAP_HASEXTERNAL)
			toasted[ntoasted++] = offset;
	}
	if (marked == 0)
		GenericXLogAbort(xlog);
	else
	{
		PageSetPrunable(image, state->xid);
		if (all_visible)
		{
			PageClearAllVisible(image);
			flush_clear_map(xlog, *map_buffer, block);
		}
		GenericXLogFinish(xlog);
		if (all_visible)
			LockBuffer(*map_buffer, BUFFER_LOCK_UNLOCK);
	}
	UnlockReleaseBuffer(buffer);
	state->moved += marked;
	if (ntoasted > 0)
		flush_delete_toast(state, block, toasted, ntoasted);
}

static void
flush_mark(FlushState *state)
{
	uint32		rows = state->plan->nrows;
	Buffer		map_buffer = InvalidBuffer;
	uint32		from = 0;

	while (from < rows)
	{
		uint32		to = from + 1;

		CHECK_FOR_INTERRUPTS();
		while (to < rows &&
			   state->sources[to].block == state->sources[from].block)
			to++;
		flush_mark_page(state, from, to, &map_buffer);
		from = to;
	}
	if (BufferIsValid(map_buffer))
		ReleaseBuffer(map_buffer);
}

/* ---------- writing ---------- */

static void
flush_reserve(FlushState *state)
{
	SegmentPlan *plan = state->plan;
	uint32		total = 0;
	uint32		first;
	int			p;

	state->piece_block = palloc(plan->npieces * sizeof(uint32));
	for (p = 0; p < plan->npieces; p++)
		total += rowid_blocks(plan->start[p + 1] - plan->start[p]);
	first = counter_reserve(state->store, total);
	for (p = 0; p < plan->npieces; p++)
	{
		state->piece_block[p] = first;
		first += rowid_blocks(plan->start[p + 1] - plan->start[p]);
	}
}

/* Dead rows of a piece as a bitmap of its own; returns how many. */
static uint32
flush_piece_dead(FlushState *state, int p, uint8 *bitmap)
{
	uint32		from = state->plan->start[p];
	uint32		rows = state->plan->start[p + 1] - from;
	uint32		n = 0;
	uint32		i;

	memset(bitmap, 0, (rows + 7) / 8);
	for (i = 0; i < rows; i++)
	{
		uint32		place = from + i;

		if (state->dead[place >> 3] & (1 << (place & 7)))
		{
			bitmap[i >> 3] |= 1 << (i & 7);
			n++;
		}
	}
	return n;
}

static void
flush_write(FlushState *state)
{
	SegmentPlan *plan = state->plan;
	uint8	   *bitmap = palloc((plan->nrows + 7) / 8);
	int			p;

	for (p = 0; p < plan->npieces; p++)
	{
		uint32		ndead = flush_piece_dead(state, p, bitmap);
		SegmentWriter *writer;

		if (ndead == plan->start[p + 1] - plan->start[p])
			continue;			/* every row changed in the meantime */
		writer = segment_write_piece(state->builder, plan, p, state->store,
									 state->piece_block[p], state->cid);
		progress_add(state->progress, 0,
					 segment_write_finish(writer, bitmap, ndead));
		flush_index_insert(state->rel, state->store, state->piece_block[p]);
		progress_add(state->progress,
					 plan->start[p + 1] - plan->start[p] - ndead, 0);
	}
}

/* One round; returns false when no rows were left. */
static bool
flush_round(FlushState *state)
{
	MemoryContext old;
	uint32		i;

	progress_enter(state->progress, PHASE_COLLECTING_ROWS);
	if (!flush_collect(state))
		return false;
	progress_enter(state->progress, PHASE_SORTING_ROWS);
	old = MemoryContextSwitchTo(state->round);
	state->cid = GetCurrentCommandId(true);
	state->plan = segment_sort(state->builder);
	state->position = palloc_extended(state->plan->nrows * sizeof(uint32),
									  MCXT_ALLOC_HUGE);
	for (i = 0; i < state->plan->nrows; i++)
		state->position[state->plan->order[i]] = i;
	state->dead = palloc0((state->plan->nrows + 7) / 8);
	flush_reserve(state);
	progress_enter(state->progress, PHASE_MARKING_ROWS);
	flush_mark(state);
	progress_enter(state->progress, PHASE_WRITING_SEGMENTS);
	flush_write(state);
	MemoryContextSwitchTo(old);
	MemoryContextReset(state->round);
	segment_builder_reset(state->builder);
	CommandCounterIncrement();
	return true;
}

static void
flush_run(void *arg)
{
	FlushState *state = arg;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "rusts flush",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	SegmentSpec spec;

	state->round = AllocSetContextCreate(context, "rusts flush round",
										 ALLOCSET_DEFAULT_SIZES);
	state->end_block = RelationGetNumberOfBlocks(state->rel);
	spec_for_table(state->rel, &spec);
	state->builder = segment_builder_create(RelationGetDescr(state->rel),
											&spec, context);
	if (state->end_block > 0)
	{
		state->xid = GetCurrentTransactionId();
		/* Row-level SIREAD locks would not find the moved rows again. */
		TransferPredicateLocksToHeapRelation(state->rel);
		while (flush_round(state))
			;
		TransferPredicateLocksToHeapRelation(state->rel);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/* How many rows are counted as hot, -1: they are not counted. */
static int64
flush_rows_expected(Relation rel)
{
	HotStats	stats;

	if (!hotstats_get(RelationGetRelid(rel), &stats) || stats.rows == 0)
		return -1;
	return (int64) stats.rows;
}

/* Move what can move; the table has segment storage. */
static int64
flush_run_alone(Relation rel, bool wait, Progress *progress)
{
	FlushState	state;

	memset(&state, 0, sizeof(state));
	if (wait)
		LockPage(rel, FLUSH_LOCK_PAGE, ExclusiveLock);
	else if (!ConditionalLockPage(rel, FLUSH_LOCK_PAGE, ExclusiveLock))
		return -1;
	PushActiveSnapshot(GetTransactionSnapshot());
	state.rel = rel;
	state.progress = progress;
	state.store = store_open(rel, RowExclusiveLock);
	asowner_run(rel, flush_run, &state);
	store_close_keep_locks(state.store);
	if (state.moved > 0)
		size_invalidate(rel);
	PopActiveSnapshot();
	/* The moved rows are dead hot rows now, until VACUUM trims them. */
	pgstat_update_heap_dead_tuples(rel, -(int) state.moved);
	hotstats_flushed(RelationGetRelid(rel), state.moved);
	return state.moved;
}

int64
flush_relation(Relation rel, bool wait, Progress *progress)
{
	int64		moved = 0;

	progress_begin(progress, rel, OPERATION_FLUSH, flush_rows_expected(rel));
	if (store_exists(rel))
		moved = flush_run_alone(rel, wait, progress);
	progress_end(progress);
	return moved;
}

int64
flush_table(Oid relid)
{
	Relation	rel = relation_open(relid, RowExclusiveLock);
	Progress	progress;
	int64		moved;

	if (!ours_is_table(rel))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a rusts table",
						RelationGetRelationName(rel))));
	if (!store_exists(rel))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has no segment storage",
						RelationGetRelationName(rel)),
				 errdetail("It was created without USING rusts and has neither a column of time nor a rusts.* parameter."),
				 errhint("Use ALTER TABLE ... SET (rusts.segment_rows = ...) or another rusts.* parameter.")));
	moved = flush_relation(rel, true, &progress);
	relation_close(rel, NoLock);
	return moved;
}
