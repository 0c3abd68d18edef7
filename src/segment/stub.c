/*
 * stub.c
 *	  Stubs: where single segment rows are locked, deleted and replaced.
 *
 * A stub is a row of the TOAST relation whose key is the number of a segment
 * row, split over chunk_id and chunk_seq.  It comes into being, visible to
 * everybody, when somebody first locks, deletes or updates the segment row,
 * and says that this is alive (which is why nothing has to be undone when that
 * somebody rolls back).  From then on it is locked where a heap's row would
 * be, and replaced by a version that says "gone" where a heap's row would be
 * deleted or updated.  A row that nobody has locked before is deleted by
 * inserting "gone" alone; many of a virtual block, by one stub for the block.
 * So it has what heapam gives every row: waiting, lock
 * modes, savepoints, two-phase commit, and visibility.  A segment row is there
 * for a snapshot unless the version of its stub that the snapshot sees says
 * otherwise (segment invariant 11).
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/multixact.h"
#include "access/stratnum.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/procarray.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"

#include "segment/stub.h"

StaticAssertDecl(sizeof(StubData) == 8, "format 3.3");
StaticAssertDecl(sizeof(StubBlockData) == 48, "format 3.3");
StaticAssertDecl(lengthof(((StubBlockData *) NULL)->rows) * 8 >= ROWID_ROWS,
				 "a bit for each row of a block");

/* Virtual blocks whose rows' block stubs are under one id. */
#define STUB_ID_BLOCKS (1U << 22)

/* Where a stub is. */
typedef struct StubKey
{
	Oid			id;
	int32		seq;
} StubKey;

static inline StubKey
stub_key(uint64 number)
{
	StubKey		key = {STORE_ID_STUBS + (Oid) (number >> 31),
	(int32) (number & PG_INT32_MAX)};

	return key;
}

static inline StubKey
stub_block_key(uint64 number)
{
	uint32		block = (uint32) (number / ROWID_ROWS);
	StubKey		key = {STORE_ID_BLOCK_STUBS + block / STUB_ID_BLOCKS,
	(int32) (number % ((uint64) STUB_ID_BLOCKS * ROWID_ROWS))};

	return key;
}

static uint64
stub_number(const StoreChunk *chunk)
{
	if (chunk->id < STORE_ID_BLOCK_STUBS)
		return ((uint64) (chunk->id - STORE_ID_STUBS) << 31) +
			(uint32) chunk->seq;
	return (uint64) (chunk->id - STORE_ID_BLOCK_STUBS) * STUB_ID_BLOCKS *
		ROWID_ROWS + (uint32) chunk->seq;
}

/* Three keys for first .. last, and some beside them if they are far apart. */
static void
stub_set_keys(StubKey first, StubKey last, ScanKey key)
{
	bool		one = first.id == last.id;

	ScanKeyInit(&key[0], 1, BTGreaterEqualStrategyNumber, F_OIDGE,
				ObjectIdGetDatum(first.id));
	ScanKeyInit(&key[1], 1, BTLessEqualStrategyNumber, F_OIDLE,
				ObjectIdGetDatum(last.id));
	if (one)
		ScanKeyInit(&key[0], 1, BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(first.id));
	if (one)
		ScanKeyInit(&key[1], 2, BTGreaterEqualStrategyNumber, F_INT4GE,
					Int32GetDatum(first.seq));
	ScanKeyInit(&key[2], 2, BTLessEqualStrategyNumber, F_INT4LE,
				Int32GetDatum(one ? last.seq : PG_INT32_MAX));
}

/* Begin a scan over stubs with keys first .. last, and some others. */
static void
stub_begin_range(ChunkScan *scan, Store *store, Snapshot snapshot,
				 StubKey first, StubKey last)
{
	ScanKeyData key[3];

	stub_set_keys(first, last, key);
	chunkscan_begin(scan, store, snapshot, key, 3);
}

const char *
stub_take_apart(Store *store, HeapTuple tuple, uint64 *number,
				StubBlockData *data)
{
	StoreChunk	chunk;
	const char *damage = store_take_apart(store, tuple, &chunk);
	bool		sound = false;

	*number = stub_number(&chunk);
	if (damage != NULL)
		return damage;
	if (chunk.id < STORE_ID_BLOCK_STUBS && chunk.len == sizeof(StubData))
	{
		memcpy(&data->stub, chunk.data, sizeof(StubData));
		sound = data->stub.state <= STUB_MOVED_PARTITION;
	}
	else if (chunk.id >= STORE_ID_BLOCK_STUBS &&
			 chunk.len == sizeof(StubBlockData))
	{
		memcpy(data, chunk.data, sizeof(StubBlockData));
		sound = data->stub.state == STUB_BLOCK &&
			stub_block_has(data, (uint32) (*number % ROWID_ROWS));
	}
	if (!sound || data->stub.version != STUB_VERSION)
		return "stub of a row is malformed";
	return NULL;
}

uint64
stub_decode(Store *store, HeapTuple tuple, StubBlockData *data)
{
	uint64		number;
	const char *damage = stub_take_apart(store, tuple, &number, data);

	if (damage != NULL)
		store_report_corruption(store, -1, NULL, damage);
	return number;
}

/* ---------- one row ---------- */

void
stub_begin(StubScan *scan, Store *store, Snapshot snapshot, uint64 number)
{
	scan->number = number;
	scan->of_block = false;
	stub_begin_range(&scan->scan, store, snapshot, stub_key(number),
					 stub_key(number));
}

/* Go on with the stubs of the row's block, which begin at or before the row. */
static void
stub_turn_to_block(StubScan *scan)
{
	uint64		number = scan->number;
	ScanKeyData key[3];

	scan->of_block = true;
	stub_set_keys(stub_block_key(number - number % ROWID_ROWS),
				  stub_block_key(number), key);
	chunkscan_again(&scan->scan, key, 3);
}

HeapTuple
stub_next(StubScan *scan, StubData *data)
{
	uint32		row = (uint32) (scan->number % ROWID_ROWS);
	StubBlockData read;
	HeapTuple	tuple;

	for (;;)
	{
		tuple = chunkscan_next(&scan->scan, ForwardScanDirection);
		if (tuple == NULL && scan->of_block)
			return NULL;
		if (tuple == NULL)
		{
			stub_turn_to_block(scan);
			continue;
		}
		stub_decode(scan->scan.store, tuple, &read);
		*data = read.stub;
		if (!scan->of_block)
			return tuple;
		data->state = STUB_DELETED;
		if (stub_block_has(&read, row))
			return tuple;
	}
}

void
stub_end(StubScan *scan)
{
	chunkscan_end(&scan->scan);
}

void
stub_begin_all(ChunkScan *scan, Store *store, Snapshot snapshot)
{
	StubKey		first = {STORE_ID_STUBS, 0};
	StubKey		last = {STORE_ID_STUBS_END - 1, PG_INT32_MAX};

	stub_begin_range(scan, store, snapshot, first, last);
}

bool
stub_any(Store *store)
{
	ChunkScan	scan;
	bool		found;

	stub_begin_all(&scan, store, SnapshotAny);
	found = chunkscan_next(&scan, ForwardScanDirection) != NULL;
	chunkscan_end(&scan);
	return found;
}

/*
 * A snapshot of most types sees one version of a stub.  A dirty one also sees
 * "gone" of a transaction in progress, which is not gone yet.
 */
bool
stub_row_gone(Store *store, Snapshot snapshot, uint64 number)
{
	StubScan	scan;
	StubData	data;
	bool		dirty = snapshot->snapshot_type == SNAPSHOT_DIRTY;
	bool		gone = false;
	TransactionId ending = InvalidTransactionId;

	stub_begin(&scan, store, snapshot, number);
	while (stub_next(&scan, &data) != NULL)
	{
		if (data.state == STUB_ALIVE)
		{
			if (dirty && TransactionIdIsValid(snapshot->xmax))
				ending = snapshot->xmax;
		}
		else if (dirty && TransactionIdIsValid(snapshot->xmin))
			ending = snapshot->xmin;
		else
			gone = true;
	}
	stub_end(&scan);
	if (dirty)
	{
		snapshot->xmin = InvalidTransactionId;
		snapshot->xmax = gone ? InvalidTransactionId : ending;
	}
	return gone;
}

StubState
stub_row_state(Store *store, Snapshot snapshot, uint64 number,
			   StubData *data, TransactionId *xmin)
{
	StubScan	scan;
	HeapTuple	tuple;
	StubState	state = STUB_ALIVE;

	stub_begin(&scan, store, snapshot, number);
	tuple = stub_next(&scan, data);
	if (tuple != NULL)
	{
		*xmin = HeapTupleHeaderGetXmin(tuple->t_data);
		state = data->state;
	}
	stub_end(&scan);
	return state;
}

/* ---------- many rows ---------- */

/* Stubs of both kinds for a range of rows, in the order of their blocks. */
typedef struct StubRange
{
	Store	   *store;
	ChunkScan	scan[2];
	HeapTuple	tuple[2];		/* at hand; NULL: no more */
	uint64		number[2];		/* of these */
	StubBlockData data[2];
	uint64		low;
	uint64		high;
} StubRange;

/* The next of a kind; for a range over several ids there are some beside it. */
static void
stub_range_advance(StubRange *range, int kind)
{
	ChunkScan  *scan = &range->scan[kind];

	CHECK_FOR_INTERRUPTS();
	while ((range->tuple[kind] = chunkscan_next(scan, ForwardScanDirection)) != NULL)
	{
		range->number[kind] = stub_decode(range->store, range->tuple[kind],
										  &range->data[kind]);
		if (range->number[kind] >= range->low &&
			range->number[kind] <= range->high)
			return;
	}
}

/* low is rounded down to a block's first row. */
static void
stub_range_begin(StubRange *range, Store *store, Snapshot snapshot,
				 uint64 low, uint64 high)
{
	range->store = store;
	range->low = low - low % ROWID_ROWS;
	range->high = high;
	stub_begin_range(&range->scan[0], store, snapshot, stub_key(range->low),
					 stub_key(high));
	stub_begin_range(&range->scan[1], store, snapshot,
					 stub_block_key(range->low), stub_block_key(high));
	stub_range_advance(range, 0);
	stub_range_advance(range, 1);
}

/* Which kind has the stub whose block comes first?  -1: none has any. */
static int
stub_range_first(const StubRange *range)
{
	if (range->tuple[0] == NULL || range->tuple[1] == NULL)
		return range->tuple[0] != NULL ? 0 : range->tuple[1] != NULL ? 1 : -1;
	return range->number[1] / ROWID_ROWS < range->number[0] / ROWID_ROWS;
}

static void
stub_range_end(StubRange *range)
{
	chunkscan_end(&range->scan[0]);
	chunkscan_end(&range->scan[1]);
}

/* Visit the rows of a block's bitmap that lie within low .. high. */
static bool
stub_visit_block(const StubBlockData *block, uint64 first,
				 const uint64 *within, StubVisit visit, void *arg)
{
	uint32		row;

	for (row = 0; row < ROWID_ROWS; row++)
	{
		uint64		number = first + row;

		if (block->rows[row >> 3] == 0)
			row |= 7;
		else if (stub_block_has(block, row) && number >= within[0] &&
				 number <= within[1] && !visit(arg, number))
			return false;
	}
	return true;
}

/* Rows of a block are gathered from all its stubs, and are in order that way. */
void
stub_visit_gone(Store *store, Snapshot snapshot, uint64 low, uint64 high,
				StubVisit visit, void *arg)
{
	const uint64 within[2] = {low, high};
	StubRange	range;
	bool		more = true;
	int			kind;

	stub_range_begin(&range, store, snapshot, low, high);
	while (more && (kind = stub_range_first(&range)) >= 0)
	{
		uint64		first = range.number[kind] - range.number[kind] % ROWID_ROWS;
		StubBlockData block = {{0}};
		int			i;

		for (; range.tuple[0] != NULL && range.number[0] - first < ROWID_ROWS;
			 stub_range_advance(&range, 0))
			if (range.data[0].stub.state != STUB_ALIVE)
				stub_block_add(&block, (uint32) (range.number[0] - first));
		for (; range.tuple[1] != NULL && range.number[1] - first < ROWID_ROWS;
			 stub_range_advance(&range, 1))
			for (i = 0; i < lengthof(block.rows); i++)
				block.rows[i] |= range.data[1].rows[i];
		more = stub_visit_block(&block, first, within, visit, arg);
	}
	stub_range_end(&range);
}

void
stub_visit_versions(Store *store, uint32 block, StubVersion visit, void *arg)
{
	uint64		first = rowid_number_of_block(block);
	StubRange	range;
	int			kind;

	stub_range_begin(&range, store, SnapshotAny, first,
					 first + ROWID_ROWS - 1);
	while ((kind = stub_range_first(&range)) >= 0)
	{
		visit(arg, range.tuple[kind], range.number[kind], &range.data[kind]);
		stub_range_advance(&range, kind);
	}
	stub_range_end(&range);
}

HeapTuple
stub_form_tuple(Store *store, uint64 number, StubState state,
				const ItemPointerData *successor)
{
	StubKey		key = stub_key(number);
	StubData	data = {STUB_VERSION, state};

	if (state == STUB_UPDATED)
	{
		data.block = ItemPointerGetBlockNumber(successor);
		data.offset = ItemPointerGetOffsetNumber(successor);
	}
	return store_form_tuple(store, key.id, key.seq, (char *) &data,
							sizeof(data));
}

ItemPointerData
stub_insert(Store *store, uint64 number, CommandId cid)
{
	StubKey		key = stub_key(number);
	StubData	data = {STUB_VERSION, STUB_ALIVE};

	return store_insert_for_all(store, key.id, key.seq, (char *) &data,
								sizeof(data), cid);
}

ItemPointerData
stub_insert_gone(Store *store, uint64 number, const StubData *data,
				 CommandId cid)
{
	StubKey		key = stub_key(number);

	return store_insert(store, key.id, key.seq, (char *) data, sizeof(*data),
						cid, 0);
}

ItemPointerData
stub_insert_block(Store *store, uint32 block, StubBlockData *data,
				  CommandId cid)
{
	uint64		number = rowid_number_of_block(block);
	StubKey		key;
	uint32		row = 0;

	while (!stub_block_has(data, row))
		row++;
	Assert(row < ROWID_ROWS);
	key = stub_block_key(number + row);
	data->stub.version = STUB_VERSION;
	data->stub.state = STUB_BLOCK;
	return store_insert(store, key.id, key.seq, (char *) data, sizeof(*data),
						cid, 0);
}

void
stub_delete(Store *store, uint64 low, uint64 high, CommandId cid)
{
	StubRange	range;
	int			kind;

	Assert(low % ROWID_ROWS == 0);
	stub_range_begin(&range, store, SnapshotSelf, low, high);
	while ((kind = stub_range_first(&range)) >= 0)
	{
		(void) store_delete_row(store, &range.tuple[kind]->t_self, cid);
		stub_range_advance(&range, kind);
	}
	stub_range_end(&range);
}

/* Does a transaction in progress, not ours, hold or replace this version? */
static bool
stub_is_held(HeapTuple tuple, Buffer buffer)
{
	HeapTupleHeader header = tuple->t_data;
	TransactionId xmax;
	uint16		infomask;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	xmax = HeapTupleHeaderGetRawXmax(header);
	infomask = header->t_infomask;
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	if (infomask & HEAP_XMAX_INVALID)
		return false;
	if (infomask & HEAP_XMAX_IS_MULTI)
		return MultiXactIdIsRunning(xmax, HEAP_XMAX_IS_LOCKED_ONLY(infomask));
	return TransactionIdIsInProgress(xmax);
}

bool
stub_locked(Store *store, uint64 low, uint64 high)
{
	SnapshotData dirty;
	StubKey		keys[2][2] = {{stub_key(low), stub_key(high)},
	{stub_block_key(low), stub_block_key(high)}};
	ChunkScan	scan;
	HeapTuple	tuple;
	StubBlockData data;
	bool		locked = false;
	int			kind;

	InitDirtySnapshot(dirty);
	for (kind = 0; kind < 2 && !locked; kind++)
	{
		stub_begin_range(&scan, store, &dirty, keys[kind][0], keys[kind][1]);
		while (!locked &&
			   (tuple = chunkscan_next(&scan, ForwardScanDirection)) != NULL)
		{
			uint64		number = stub_decode(store, tuple, &data);

			CHECK_FOR_INTERRUPTS();
			if (number >= low && number <= high)
				locked = TransactionIdIsValid(dirty.xmin) ||
					stub_is_held(tuple, chunkscan_buffer(&scan));
		}
		chunkscan_end(&scan);
	}
	return locked;
}

static void
stub_show_block(const StubBlockData *block, uint64 first, StubEnded visit,
				void *arg)
{
	StubData	deleted = {STUB_VERSION, STUB_DELETED};
	uint32		row;

	for (row = 0; row < ROWID_ROWS; row++)
		if (stub_block_has(block, row))
			visit(arg, first + row, &deleted);
}

bool
stub_in_use(Store *store, uint64 low, uint64 high, StubEnded visit, void *arg)
{
	SnapshotData dirty;
	StubKey		keys[2][2] = {{stub_key(low), stub_key(high)},
	{stub_block_key(low), stub_block_key(high)}};
	ChunkScan	scan;
	HeapTuple	tuple;
	StubBlockData data;
	bool		in_use = false;
	int			kind;

	Assert(low % ROWID_ROWS == 0);
	InitDirtySnapshot(dirty);
	for (kind = 0; kind < 2 && !in_use; kind++)
	{
		stub_begin_range(&scan, store, &dirty, keys[kind][0], keys[kind][1]);
		while (!in_use &&
			   (tuple = chunkscan_next(&scan, ForwardScanDirection)) != NULL)
		{
			uint64		number = stub_decode(store, tuple, &data);

			CHECK_FOR_INTERRUPTS();
			if (number < low || number > high)
				continue;
			if (data.stub.state == STUB_ALIVE)
				in_use = stub_is_held(tuple, chunkscan_buffer(&scan));
			else if (TransactionIdIsValid(dirty.xmin))
				in_use = true;
			else if (data.stub.state == STUB_BLOCK)
				stub_show_block(&data, number - number % ROWID_ROWS, visit,
								arg);
			else
				visit(arg, number, &data.stub);
		}
		chunkscan_end(&scan);
	}
	return in_use;
}
