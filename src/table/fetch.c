/*
 * fetch.c
 *	  Rows by TID: index scans, TID scans, row versions.
 *
 * A TID below ROWID_BASE is heapam's business.  A virtual TID names a row of
 * the segment whose range of virtual blocks covers it; the row is visible if
 * the segment's directory row is and the row was not born dead.
 *
 * A single fetch stores a copy into the slot.  An index scan jumps between
 * blocks, and decoding one costs as much as a thousand rows, so it keeps the
 * blocks it has been to, within a budget, each with the columns that were
 * asked for; its slots refer to them as a sequential scan's do.  At most one
 * slot refers to a fetch; it is made independent before the fetch goes on.
 * An UPDATE or a row lock fetches one row after another into the same slot,
 * which therefore has such a fetch as its companion, until the executor
 * releases it.
 *
 * Under an MVCC snapshot what a lookup found stays true, so the directory is
 * read once when lookups become many.  Every other snapshot type looks up each
 * time, and a dirty snapshot learns from directory_find whom to wait for.
 *
 * A virtual TID has no chain behind it (call_again is false) and is never
 * reported as dead to the index: entries of dropped segments are removed by
 * VACUUM (vacuum.c).
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/xact.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/predicate.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "segment/moves.h"
#include "table/fetch.h"
#include "table/moved.h"
#include "table/scan.h"
#include "write/pageitem.h"

/* Readers kept open: index order jumps between segments. */
#define FETCH_READERS 8
/*
 * Bytes of blocks kept, if work_mem is not more.  In time order, a scan is at
 * as many blocks at once as there are series; dropping what comes round again
 * would make it decode a block for each row.
 */
#define FETCH_KEEP_BYTES ((Size) 64 * 1024 * 1024)
/* What a block takes without the columns: its context, columns, hash entry. */
#define FETCH_BLOCK_BYTES ((Size) 2048)
/* Lookups in the directory before all of it is read. */
#define FETCH_PROBES 16

typedef struct FetchReader
{
	DirectoryEntry entry;
	SegmentReader *reader;		/* NULL: unused */
	TupleDesc	desc;
} FetchReader;

/* A block that is kept. */
typedef struct FetchBlockKey
{
	uint32		first_block;	/* of the segment */
	uint32		block;
} FetchBlockKey;

typedef struct FetchBlock
{
	FetchBlockKey key;			/* must be first */
	SlotOwner	owner;			/* in a memory context of its own */
	FetchReader *reader;
	dlist_node	lru;
} FetchBlock;

/* Are there stubs in the table? */
typedef enum FetchStubs
{
	FETCH_STUBS_UNKNOWN = 0,
	FETCH_STUBS_NONE,
	FETCH_STUBS_SOME
} FetchStubs;

struct SegmentFetch
{
	Relation	rel;
	Oid			relid;
	MemoryContext parent;
	MemoryContext context;		/* all below; NULL: nothing opened yet */
	Store	   *store;
	FetchReader readers[FETCH_READERS];
	int			victim;			/* next reader to replace */

	/* blocks that are kept, if any are to be */
	bool		keep_blocks;
	HTAB	   *blocks;
	dlist_head	lru;			/* most recently used first */
	FetchBlock *last;			/* that a slot may refer to, or NULL */
	FetchBlock *recent;			/* the first of lru, or NULL */
	Size		last_bytes;		/* of it, as counted in bytes */
	Size		bytes;			/* of all */
	bool		returns;		/* rows of a block were asked for again after
								 * rows of another */

	/* for an MVCC snapshot */
	Snapshot	snapshot;
	CommandId	curcid;
	bool		any_found;		/* current is from a lookup by another one */
	int			probes;
	DirectoryList *list;
	DirectoryEntry current;		/* last one found; nblocks 0: none */
	int			gone_probes;	/* rows of it whose stubs were asked for */
	bool		gone_known;		/* current.gone is there */
	FetchStubs	stubs;
};

SegmentFetch *
fetch_begin(Relation rel, bool keep_blocks)
{
	SegmentFetch *fetch = palloc0(sizeof(SegmentFetch));

	fetch->rel = rel;
	fetch->relid = RelationGetRelid(rel);
	fetch->parent = CurrentMemoryContext;
	fetch->keep_blocks = keep_blocks;
	dlist_init(&fetch->lru);
	return fetch;
}

/* Make the slot that refers to a block, if one does, independent. */
static void
fetch_release_slot(SegmentFetch *fetch)
{
	if (fetch->last == NULL)
		return;
	slot_detach(&fetch->last->owner);
	/* columns may have been decoded since it was stored */
	fetch->bytes += fetch->last->owner.bytes - fetch->last_bytes;
	fetch->last = NULL;
}

void
fetch_end(SegmentFetch *fetch)
{
	int			i;

	fetch_release_slot(fetch);
	for (i = 0; i < FETCH_READERS; i++)
	{
		if (fetch->readers[i].reader != NULL)
			segment_reader_close(fetch->readers[i].reader);
	}
	if (fetch->store != NULL)
		store_close(fetch->store);
	if (fetch->context != NULL)
		MemoryContextDelete(fetch->context);
	pfree(fetch);
}

/* Open the store; false: the table cannot have segments. */
static bool
fetch_open(SegmentFetch *fetch)
{
	if (fetch->store != NULL)
		return true;
	if (!store_exists(fetch->rel))
		return false;
	if (fetch->context == NULL)
		fetch->context = AllocSetContextCreate(fetch->parent, "rusts fetch",
											   ALLOCSET_SMALL_SIZES);
	MemoryContextSwitchTo(fetch->context);
	fetch->store = store_open(fetch->rel, AccessShareLock);
	return true;
}

/* Is a virtual block in the segment that was found last? */
static inline bool
fetch_is_current(SegmentFetch *fetch, uint32 block)
{
	return fetch->current.d.nblocks > 0 &&
		block >= fetch->current.d.first_block &&
		block - fetch->current.d.first_block < fetch->current.d.nblocks;
}

/* Forget what was learnt under another snapshot. */
static void
fetch_use_snapshot(SegmentFetch *fetch, Snapshot snapshot)
{
	if (fetch->snapshot == snapshot && fetch->curcid == snapshot->curcid)
		return;
	fetch->snapshot = snapshot;
	fetch->curcid = snapshot->curcid;
	fetch->any_found = false;
	fetch->probes = 0;
	fetch->list = NULL;
	fetch->current.d.nblocks = 0;
	fetch->stubs = FETCH_STUBS_UNKNOWN;
}

/* The entry that covers a virtual block and is visible, or NULL. */
static DirectoryEntry *
fetch_find_entry(SegmentFetch *fetch, uint32 block, Snapshot snapshot)
{
	DirectoryEntry *current = &fetch->current;

	if (!IsMVCCSnapshot(snapshot))
	{
		bool		any = snapshot->snapshot_type == SNAPSHOT_ANY;

		/* what it has found once is there for any snapshot */
		if (any && fetch->any_found && fetch_is_current(fetch, block))
			return current;
		fetch->snapshot = NULL;
		fetch->list = NULL;
		fetch->any_found = directory_find(fetch->store, block, snapshot,
										  current);
		if (fetch->any_found)
			return current;
		current->d.nblocks = 0;
		return NULL;
	}

	fetch_use_snapshot(fetch, snapshot);
	if (fetch_is_current(fetch, block))
		return current;
	fetch->gone_probes = 0;
	fetch->gone_known = false;
	if (fetch->list == NULL && fetch->probes++ >= FETCH_PROBES)
		fetch->list = directory_load(fetch->store, snapshot);
	if (fetch->list != NULL)
	{
		DirectoryEntry *found = directory_list_find(fetch->list, block);

		if (found == NULL)
			return NULL;
		*current = *found;
		fetch->gone_known = true;
		return current;
	}
	if (directory_find(fetch->store, block, snapshot, current))
		return current;
	current->d.nblocks = 0;
	return NULL;
}

/* Let go of a block. */
static void
fetch_drop_block(SegmentFetch *fetch, FetchBlock *block)
{
	Assert(block != fetch->last && block->owner.slot == NULL);
	Assert(fetch->bytes >= block->owner.bytes);
	fetch->bytes -= block->owner.bytes;
	if (fetch->recent == block)
		fetch->recent = NULL;
	dlist_delete(&block->lru);
	MemoryContextDelete(block->owner.context);
	(void) hash_search(fetch->blocks, &block->key, HASH_REMOVE, NULL);
}

static void
fetch_close_reader(SegmentFetch *fetch, FetchReader *slot)
{
	dlist_mutable_iter iter;

	if (slot->reader == NULL)
		return;
	dlist_foreach_modify(iter, &fetch->lru)
	{
		FetchBlock *block = dlist_container(FetchBlock, lru, iter.cur);

		if (block->reader == slot)
			fetch_drop_block(fetch, block);
	}
	segment_reader_close(slot->reader);
	slot->reader = NULL;
}

/*
 * A reader for the entry.  What a segment holds never changes and its virtual
 * blocks are never given to another, so an open one serves all snapshots.
 */
static FetchReader *
fetch_reader(SegmentFetch *fetch, DirectoryEntry *entry, TupleDesc desc)
{
	FetchReader *slot;
	int			i;

	for (i = 0; i < FETCH_READERS; i++)
	{
		slot = &fetch->readers[i];
		if (slot->reader != NULL && slot->desc == desc &&
			slot->entry.d.first_block == entry->d.first_block &&
			slot->entry.xmin == entry->xmin)
			return slot;
	}

	slot = &fetch->readers[fetch->victim];
	fetch->victim = (fetch->victim + 1) % FETCH_READERS;
	fetch_close_reader(fetch, slot);
	slot->entry = *entry;
	slot->entry.ngone = 0;
	slot->desc = desc;
	slot->reader = segment_reader_open(fetch->store, &slot->entry, desc,
									   false, fetch->context);
	return slot;
}

static void
fetch_create_blocks(SegmentFetch *fetch)
{
	HASHCTL		ctl;

	ctl.keysize = sizeof(FetchBlockKey);
	ctl.entrysize = sizeof(FetchBlock);
	ctl.hcxt = fetch->context;
	fetch->blocks = hash_create("rusts fetch blocks", 256, &ctl,
								HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * A row of a block that has been here before.  Columns are copied from the
 * second row on: of many blocks, a scan wants one row, and the copies cost
 * more memory than all else it does.  With the first block that comes round
 * again, the second look at it decodes it anew; from then on columns of all
 * new ones are copied at once.
 */
static FetchBlock *
fetch_again(SegmentFetch *fetch, FetchBlock *block)
{
	if (block->owner.once)
		slot_owner_keep(&block->owner);
	if (fetch->recent != block)
	{
		fetch->returns = true;
		dlist_move_head(&fetch->lru, &block->lru);
	}
	return fetch->recent = block;
}

/* The kept block of a row, made if need be; the most recently used now. */
static FetchBlock *
fetch_block(SegmentFetch *fetch, FetchReader *reader, uint32 row)
{
	FetchBlockKey key = {reader->entry.d.first_block, row / CODEC_BLOCK_ROWS};
	FetchBlock *block = fetch->recent;
	bool		found;

	/* neighbours in the index are neighbours in the segment, as a rule */
	if (block != NULL && block->reader == reader && block->key.block == key.block)
		return fetch_again(fetch, block);
	if (fetch->blocks == NULL)
		fetch_create_blocks(fetch);
	block = hash_search(fetch->blocks, &key, HASH_FIND, NULL);
	if (block != NULL && block->reader != reader)
	{
		/* decoded for another descriptor */
		fetch_drop_block(fetch, block);
		block = NULL;
	}
	if (block != NULL)
		return fetch_again(fetch, block);

	while (fetch->bytes > Max((Size) work_mem * 1024, FETCH_KEEP_BYTES) &&
		   !dlist_is_empty(&fetch->lru))
		fetch_drop_block(fetch, dlist_tail_element(FetchBlock, lru,
												   &fetch->lru));
	block = hash_search(fetch->blocks, &key, HASH_ENTER, &found);
	memset(&block->owner, 0, sizeof(block->owner));
	block->owner.context = AllocSetContextCreate(fetch->context,
												 "rusts fetch block",
												 ALLOCSET_SMALL_SIZES);
	block->owner.reader = reader->reader;
	block->owner.block = key.block;
	block->owner.copies = true;
	block->owner.once = !fetch->returns;
	block->owner.bytes = FETCH_BLOCK_BYTES;
	fetch->bytes += block->owner.bytes;
	block->reader = reader;
	dlist_push_head(&fetch->lru, &block->lru);
	return fetch->recent = block;
}

/* Store a row, by copy or as a reference to a block that is kept. */
static void
fetch_store(SegmentFetch *fetch, FetchReader *reader, uint32 row,
			TupleTableSlot *slot)
{
	Oid			relid = RelationGetRelid(fetch->rel);

	if (fetch->keep_blocks && slot->tts_ops == &slot_ops_rusts)
	{
		FetchBlock *block = fetch_block(fetch, reader, row);

		fetch->last = block;
		fetch->last_bytes = block->owner.bytes;
		slot_store_segment_row(slot, relid, reader->reader, row,
							   &block->owner);
	}
	else
		slot_store_segment_copy(slot, relid, reader->reader, row);
}

static bool
fetch_listed_gone(const DirectoryEntry *entry, uint32 row)
{
	uint32		low = 0;
	uint32		high = entry->ngone;

	while (low < high)
	{
		uint32		mid = low + (high - low) / 2;

		if (entry->gone[mid] < row)
			low = mid + 1;
		else
			high = mid;
	}
	return low < entry->ngone && entry->gone[low] == row;
}

/*
 * Has the row been deleted or replaced?  Stubs are asked for one by one, until
 * a segment has been asked for so many that it is better to know all.
 */
static bool
fetch_row_gone(SegmentFetch *fetch, DirectoryEntry *entry, uint32 row,
			   Snapshot snapshot)
{
	uint64		number = rowid_number_of_block(entry->d.first_block) + row;

	if (!IsMVCCSnapshot(snapshot))
	{
		TransactionId xmin = snapshot->xmin;
		TransactionId xmax = snapshot->xmax;

		if (snapshot->snapshot_type == SNAPSHOT_ANY ||
			snapshot->snapshot_type == SNAPSHOT_NON_VACUUMABLE)
			return false;
		if (stub_row_gone(fetch->store, snapshot, number))
			return true;
		if (snapshot->snapshot_type == SNAPSHOT_DIRTY)
		{
			/*
			 * Whoever is writing the segment, or taking it out: retention's
			 * rows are gone when it commits, a compaction's elsewhere, so who
			 * checks a unique key must wait and look again.
			 */
			snapshot->xmin = xmin;
			if (!TransactionIdIsValid(snapshot->xmax))
				snapshot->xmax = xmax;
		}
		return false;
	}

	if (fetch->gone_known)
		return fetch_listed_gone(entry, row);
	/* the second row of a scan is one of many, as a rule */
	if (fetch->stubs == FETCH_STUBS_UNKNOWN && fetch->gone_probes > 0)
		fetch->stubs = stub_any(fetch->store) ?
			FETCH_STUBS_SOME : FETCH_STUBS_NONE;
	if (fetch->stubs == FETCH_STUBS_NONE)
		return false;
	if (fetch->gone_probes++ < FETCH_PROBES)
		return stub_row_gone(fetch->store, snapshot, number);
	directory_entry_find_gone(fetch->store, snapshot, entry);
	fetch->gone_known = true;
	return fetch_listed_gone(entry, row);
}

/* fetch_row, in the fetch's own memory context. */
static bool
fetch_row_internal(SegmentFetch *fetch, ItemPointer tid, Snapshot snapshot,
				   TupleTableSlot *slot)
{
	OffsetNumber offset = ItemPointerGetOffsetNumberNoCheck(tid);
	uint32		block = rowid_block(tid);
	DirectoryEntry *entry;
	uint64		row;

	if (offset < FirstOffsetNumber || offset > ROWID_ROWS ||
		!fetch_open(fetch))
		return false;
	MemoryContextSwitchTo(fetch->context);

	entry = fetch_find_entry(fetch, block, snapshot);
	if (entry == NULL)
		return false;
	row = (uint64) (block - entry->d.first_block) * ROWID_ROWS + offset - 1;
	if (row >= entry->d.rows)
		return false;

	/* before the row is looked at (segment_row.c) */
	PredicateLockTID(fetch->rel, tid, snapshot, entry->xmin);
	if (fetch_row_gone(fetch, entry, (uint32) row, snapshot))
		return false;
	if (slot != NULL || entry->d.dead_rows > 0)
	{
		TupleDesc	desc = slot != NULL ? slot->tts_tupleDescriptor :
		RelationGetDescr(fetch->rel);
		FetchReader *reader = fetch_reader(fetch, entry, desc);

		if (segment_reader_row_dead(reader->reader, (uint32) row))
			return false;
		if (slot != NULL)
			fetch_store(fetch, reader, (uint32) row, slot);
	}
	return true;
}

bool
fetch_row(SegmentFetch *fetch, ItemPointer tid, Snapshot snapshot,
		  TupleTableSlot *slot)
{
	MemoryContext old = CurrentMemoryContext;
	ItemPointerData self = *tid;	/* may be the slot's own */
	bool		found;

	/* what the slot holds goes anyway; another slot's row must stay */
	if (slot != NULL)
		ExecClearTuple(slot);
	fetch_release_slot(fetch);
	Assert(fetch->last == NULL);
	found = fetch_row_internal(fetch, &self, snapshot, slot);
	MemoryContextSwitchTo(old);
	return found;
}

/* ---------- one row after another into the same slot ---------- */

/* The slot whose companion has fetched a row last, in this transaction. */
static TupleTableSlot *fetch_last_slot = NULL;

static void
fetch_forget_slot_xact(XactEvent event, void *arg)
{
	fetch_last_slot = NULL;
}

static void
fetch_forget_slot_subxact(SubXactEvent event, SubTransactionId subid,
						  SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		fetch_last_slot = NULL;
}

/* The slot is being released. */
static void
fetch_end_companion(void *companion)
{
	fetch_last_slot = NULL;
	fetch_end(companion);
}

/* The fetch that goes with a slot. */
static SegmentFetch *
fetch_companion(Relation rel, TupleTableSlot *slot)
{
	static bool registered = false;
	SegmentFetch *fetch = slot_companion(slot);
	MemoryContext old;

	if (!registered)
	{
		RegisterXactCallback(fetch_forget_slot_xact, NULL);
		RegisterSubXactCallback(fetch_forget_slot_subxact, NULL);
		registered = true;
	}
	if (fetch != NULL && fetch->relid == RelationGetRelid(rel))
	{
		fetch->rel = rel;
		return fetch;
	}
	ExecClearTuple(slot);
	if (fetch != NULL)
		fetch_end_companion(fetch);
	old = MemoryContextSwitchTo(slot->tts_mcxt);
	fetch = fetch_begin(rel, true);
	slot_set_companion(slot, fetch, fetch_end_companion);
	MemoryContextSwitchTo(old);
	return fetch;
}

bool
fetch_one(Relation rel, ItemPointer tid, Snapshot snapshot,
		  TupleTableSlot *slot)
{
	SegmentFetch *fetch;
	bool		found;

	if (slot != NULL && slot->tts_ops == &slot_ops_rusts)
	{
		fetch = fetch_companion(rel, slot);
		fetch_last_slot = slot;
		return fetch_row(fetch, tid, snapshot, slot);
	}
	fetch = fetch_begin(rel, false);
	found = fetch_row(fetch, tid, snapshot, slot);
	fetch_end(fetch);
	return found;
}

TupleTableSlot *
fetch_last(Relation rel, const ItemPointerData *tid)
{
	TupleTableSlot *slot = fetch_last_slot;

	if (slot == NULL || !slot_is_segment_row(slot) ||
		slot->tts_tableOid != RelationGetRelid(rel) ||
		!ItemPointerEquals(&slot->tts_tid, (ItemPointer) tid))
		return NULL;
	return slot;
}

/* An index fetch: heap's, and ours from the first virtual TID on. */
typedef struct RustsIndexFetch
{
	IndexFetchTableData base;
	IndexFetchTableData *heap;
	SegmentFetch *segments;
} RustsIndexFetch;

IndexFetchTableData *
fetch_index_begin(Relation rel)
{
	RustsIndexFetch *fetch = palloc0(sizeof(RustsIndexFetch));

	fetch->base.rel = rel;
	fetch->heap = GetHeapamTableAmRoutine()->index_fetch_begin(rel);
	fetch->segments = fetch_begin(rel, true);
	return &fetch->base;
}

/* Segments are kept: an inner index scan is reset for every outer row. */
void
fetch_index_reset(IndexFetchTableData *data)
{
	GetHeapamTableAmRoutine()->index_fetch_reset(((RustsIndexFetch *) data)->heap);
}

void
fetch_index_end(IndexFetchTableData *data)
{
	RustsIndexFetch *fetch = (RustsIndexFetch *) data;

	GetHeapamTableAmRoutine()->index_fetch_end(fetch->heap);
	fetch_end(fetch->segments);
	pfree(fetch);
}

bool
fetch_index_tuple(IndexFetchTableData *data, ItemPointer tid,
				  Snapshot snapshot, TupleTableSlot *slot, bool *call_again,
				  bool *all_dead)
{
	RustsIndexFetch *fetch = (RustsIndexFetch *) data;
	const TupleTableSlotOps *ops;
	bool		found;

	if (rowid_is_virtual(tid))
	{
		*call_again = false;
		if (all_dead != NULL)
			*all_dead = false;
		return fetch_row(fetch->segments, tid, snapshot, slot);
	}

	ops = slot_lend_to_heap(slot);
	found = GetHeapamTableAmRoutine()->index_fetch_tuple(fetch->heap, tid,
														 snapshot, slot,
														 call_again, all_dead);
	if (found && moved_and_gone(data->rel, slot, snapshot))
	{
		ExecClearTuple(slot);
		found = false;
	}
	slot_take_back(slot, ops);
	return found;
}

/*
 * Could the TID be a row's?  For virtual ones any row of any block is
 * possible; the fetch finds out.
 */
bool
fetch_tid_valid(TableScanDesc sscan, ItemPointer tid)
{
	if (ItemPointerIsValid(tid) && rowid_is_virtual(tid))
		return ItemPointerGetOffsetNumber(tid) <= ROWID_ROWS;
	return GetHeapamTableAmRoutine()->tuple_tid_valid(((RustsScan) sscan)->heap,
													  tid);
}

/* One step of fetch_latest_tid. */
typedef struct ChainLink
{
	ItemPointerData tid;		/* version to look at */
	TransactionId xmin;			/* that it must have, if valid */
	bool		visible;		/* out: to the snapshot */
	bool		more;			/* out: tid and xmin are the next link */
} ChainLink;

/* Look at one hot version of a row; heap's rules for following t_ctid. */
static void
fetch_chain_link(Relation rel, Snapshot snapshot, ChainLink *link)
{
	Buffer		buffer;
	BlockNumber block = ItemPointerGetBlockNumber(&link->tid);
	HeapTupleData tuple;
	HeapTupleHeader header;

	link->visible = link->more = false;
	buffer = ReadBuffer(rel, block);
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	if (!pageitem_tuple(rel, BufferGetPage(buffer), block,
						ItemPointerGetOffsetNumber(&link->tid), &tuple))
	{
		UnlockReleaseBuffer(buffer);
		return;
	}

	header = tuple.t_data;
	if (!TransactionIdIsValid(link->xmin) ||
		TransactionIdEquals(link->xmin, HeapTupleHeaderGetXmin(header)))
	{
		link->visible = HeapTupleSatisfiesVisibility(&tuple, snapshot, buffer);
		HeapCheckForSerializableConflictOut(link->visible, rel, &tuple, buffer,
											snapshot);
		if (!(header->t_infomask & HEAP_XMAX_INVALID) &&
			!HeapTupleHeaderIsOnlyLocked(header) &&
			!HeapTupleHeaderIndicatesMovedPartitions(header) &&
			!ItemPointerEquals(&link->tid, &header->t_ctid))
		{
			link->more = true;
			link->tid = header->t_ctid;
			link->xmin = HeapTupleHeaderGetUpdateXid(header);
		}
	}
	UnlockReleaseBuffer(buffer);
}

/* fetch_chain_link for a segment row. */
static void
fetch_segment_link(Relation rel, Snapshot snapshot, ChainLink *link)
{
	Store	   *store = store_open(rel, AccessShareLock);
	uint64		number = rowid_number(&link->tid);
	StubData	data;
	uint64		moved_to;

	link->visible = fetch_one(rel, &link->tid, snapshot, NULL);
	link->more = false;
	if (!link->visible &&
		stub_row_state(store, snapshot, number, &data,
					   &link->xmin) == STUB_UPDATED)
	{
		link->more = true;
		ItemPointerSet(&link->tid, data.block, data.offset);
	}
	else if (!link->visible && moves_find(store, number, &moved_to))
	{
		link->more = true;
		rowid_set_number(&link->tid, moved_to);
	}
	store_close(store);
}

/*
 * heap's own callback would read the block that a virtual t_ctid names, so
 * the chain is followed here.
 */
void
fetch_latest_tid(TableScanDesc sscan, ItemPointer tid)
{
	Relation	rel = sscan->rs_rd;
	Snapshot	snapshot = sscan->rs_snapshot;
	ChainLink	link;

	link.tid = *tid;
	link.xmin = InvalidTransactionId;
	do
	{
		ItemPointerData self = link.tid;

		CHECK_FOR_INTERRUPTS();
		if (rowid_is_virtual(&self))
			fetch_segment_link(rel, snapshot, &link);
		else
			fetch_chain_link(rel, snapshot, &link);
		if (link.visible)
			*tid = self;
	} while (link.more);
}

/* The row that a compaction has made this one from; false: none. */
static bool
fetch_segment_source(Relation rel, ItemPointer tid)
{
	Store	   *store = store_open(rel, AccessShareLock);
	uint64		number;
	bool		found;

	found = moves_find_source(store, rowid_number(tid), &number);
	store_close(store);
	if (found)
		rowid_set_number(tid, number);
	return found;
}

/*
 * A row that was moved after an MVCC snapshot was taken is visible if it was
 * where it came from: in other segments, and before that a hot row.
 */
bool
fetch_segment_row_visible(Relation rel, const ItemPointerData *tid,
						  Snapshot snapshot)
{
	ItemPointerData self = *tid;

	for (;;)
	{
		if (fetch_one(rel, &self, snapshot, NULL))
			return true;
		if (!IsMVCCSnapshot(snapshot))
			return false;
		if (!fetch_segment_source(rel, &self))
			return moved_from_visible(rel, &self, snapshot);
	}
}

/*
 * A transaction that keeps its snapshot may come with a TID that it learnt when
 * it locked the row, which was moved there after the snapshot was taken.
 */
bool
fetch_row_version(Relation rel, ItemPointer tid, Snapshot snapshot,
				  TupleTableSlot *slot)
{
	const TupleTableSlotOps *ops;
	bool		found;

	if (rowid_is_virtual(tid))
		return fetch_one(rel, tid, snapshot, slot) ||
			(IsolationUsesXactSnapshot() && IsMVCCSnapshot(snapshot) &&
			 fetch_segment_row_visible(rel, tid, snapshot) &&
			 fetch_one(rel, tid, SnapshotAny, slot));

	ops = slot_lend_to_heap(slot);
	found = GetHeapamTableAmRoutine()->tuple_fetch_row_version(rel, tid,
															   snapshot, slot);
	if (found && moved_and_gone(rel, slot, snapshot))
	{
		ExecClearTuple(slot);
		found = false;
	}
	slot_take_back(slot, ops);
	return found;
}

bool
fetch_satisfies_snapshot(Relation rel, TupleTableSlot *slot,
						 Snapshot snapshot)
{
	const TupleTableSlotOps *ops;
	bool		visible;

	if (rowid_is_virtual(&slot->tts_tid))
		return fetch_segment_row_visible(rel, &slot->tts_tid, snapshot);

	ops = slot_lend_to_heap(slot);
	visible = GetHeapamTableAmRoutine()->tuple_satisfies_snapshot(rel, slot,
																  snapshot) &&
		!moved_and_gone(rel, slot, snapshot);
	slot_take_back(slot, ops);
	return visible;
}
