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
 * inserting "gone" alone.  So it has what heapam gives every row: waiting, lock
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

static inline Oid
stub_chunk_id(uint64 number)
{
	return STORE_ID_STUBS + (Oid) (number >> 31);
}

static inline int32
stub_chunk_seq(uint64 number)
{
	return (int32) (number & PG_INT32_MAX);
}

/* Begin a scan over the stubs of rows low .. high, and some of others. */
static void
stub_begin_range(ChunkScan *scan, Store *store, Snapshot snapshot, uint64 low,
				 uint64 high)
{
	Oid			first = stub_chunk_id(low);
	Oid			last = stub_chunk_id(high);
	ScanKeyData key[4];

	ScanKeyInit(&key[0], 1, BTGreaterEqualStrategyNumber, F_OIDGE,
				ObjectIdGetDatum(first));
	ScanKeyInit(&key[1], 1, BTLessEqualStrategyNumber, F_OIDLE,
				ObjectIdGetDatum(last));
	if (first != last)
	{
		chunkscan_begin(scan, store, snapshot, key, 2);
		return;
	}
	ScanKeyInit(&key[0], 1, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(first));
	ScanKeyInit(&key[1], 2, BTGreaterEqualStrategyNumber, F_INT4GE,
				Int32GetDatum(stub_chunk_seq(low)));
	ScanKeyInit(&key[2], 2, BTLessEqualStrategyNumber, F_INT4LE,
				Int32GetDatum(stub_chunk_seq(high)));
	chunkscan_begin(scan, store, snapshot, key, 3);
}

void
stub_begin(ChunkScan *scan, Store *store, Snapshot snapshot, uint64 number)
{
	ScanKeyData key[2];

	ScanKeyInit(&key[0], 1, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(stub_chunk_id(number)));
	ScanKeyInit(&key[1], 2, BTEqualStrategyNumber, F_INT4EQ,
				Int32GetDatum(stub_chunk_seq(number)));
	chunkscan_begin(scan, store, snapshot, key, 2);
}

void
stub_begin_all(ChunkScan *scan, Store *store, Snapshot snapshot)
{
	stub_begin_range(scan, store, snapshot, 0, ROWID_NUMBER_MAX);
}

const char *
stub_take_apart(Store *store, HeapTuple tuple, uint64 *number, StubData *data)
{
	StoreChunk	chunk;
	const char *damage = store_take_apart(store, tuple, &chunk);

	*number = ((uint64) (chunk.id - STORE_ID_STUBS) << 31) + (uint32) chunk.seq;
	if (damage != NULL)
		return damage;
	if (chunk.len != sizeof(StubData))
		return "stub of a row is malformed";
	memcpy(data, chunk.data, sizeof(StubData));
	if (data->version != STUB_VERSION || data->state > STUB_MOVED_PARTITION)
		return "stub of a row is malformed";
	return NULL;
}

uint64
stub_decode(Store *store, HeapTuple tuple, StubData *data)
{
	uint64		number;
	const char *damage = stub_take_apart(store, tuple, &number, data);

	if (damage != NULL)
		store_report_corruption(store, -1, NULL, damage);
	return number;
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
	ChunkScan	scan;
	HeapTuple	tuple;
	StubData	data;
	bool		dirty = snapshot->snapshot_type == SNAPSHOT_DIRTY;
	bool		gone = false;
	TransactionId ending = InvalidTransactionId;

	stub_begin(&scan, store, snapshot, number);
	while ((tuple = chunkscan_next(&scan, ForwardScanDirection)) != NULL)
	{
		stub_decode(store, tuple, &data);
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
	chunkscan_end(&scan);
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
	ChunkScan	scan;
	HeapTuple	tuple;
	StubState	state = STUB_ALIVE;

	stub_begin(&scan, store, snapshot, number);
	tuple = chunkscan_next(&scan, ForwardScanDirection);
	if (tuple != NULL)
	{
		stub_decode(store, tuple, data);
		*xmin = HeapTupleHeaderGetXmin(tuple->t_data);
		state = data->state;
	}
	chunkscan_end(&scan);
	return state;
}

void
stub_visit_gone(Store *store, Snapshot snapshot, uint64 low, uint64 high,
				StubVisit visit, void *arg)
{
	ChunkScan	scan;
	HeapTuple	tuple;
	StubData	data;

	stub_begin_range(&scan, store, snapshot, low, high);
	while ((tuple = chunkscan_next(&scan, ForwardScanDirection)) != NULL)
	{
		uint64		number = stub_decode(store, tuple, &data);

		CHECK_FOR_INTERRUPTS();
		if (data.state != STUB_ALIVE && number >= low && number <= high &&
			!visit(arg, number))
			break;
	}
	chunkscan_end(&scan);
}

HeapTuple
stub_form_tuple(Store *store, uint64 number, StubState state,
				const ItemPointerData *successor)
{
	StubData	data = {STUB_VERSION, state};

	if (successor != NULL)
	{
		data.block = ItemPointerGetBlockNumber(successor);
		data.offset = ItemPointerGetOffsetNumber(successor);
	}
	return store_form_tuple(store, stub_chunk_id(number),
							stub_chunk_seq(number), (char *) &data,
							sizeof(data));
}

ItemPointerData
stub_insert(Store *store, uint64 number, CommandId cid)
{
	StubData	data = {STUB_VERSION, STUB_ALIVE};

	return store_insert_for_all(store, stub_chunk_id(number),
								stub_chunk_seq(number), (char *) &data,
								sizeof(data), cid);
}

ItemPointerData
stub_insert_gone(Store *store, uint64 number, const StubData *data,
				 CommandId cid)
{
	return store_insert(store, stub_chunk_id(number), stub_chunk_seq(number),
						(char *) data, sizeof(*data), cid, 0);
}

void
stub_delete(Store *store, uint64 low, uint64 high, CommandId cid)
{
	ChunkScan	scan;
	HeapTuple	tuple;
	StubData	data;

	stub_begin_range(&scan, store, SnapshotSelf, low, high);
	while ((tuple = chunkscan_next(&scan, ForwardScanDirection)) != NULL)
	{
		uint64		number = stub_decode(store, tuple, &data);

		CHECK_FOR_INTERRUPTS();
		if (number >= low && number <= high)
			(void) store_delete_row(store, &tuple->t_self, cid);
	}
	chunkscan_end(&scan);
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
stub_in_use(Store *store, uint64 low, uint64 high, StubEnded visit, void *arg)
{
	SnapshotData dirty;
	ChunkScan	scan;
	HeapTuple	tuple;
	StubData	data;
	bool		in_use = false;

	InitDirtySnapshot(dirty);
	stub_begin_range(&scan, store, &dirty, low, high);
	while (!in_use &&
		   (tuple = chunkscan_next(&scan, ForwardScanDirection)) != NULL)
	{
		uint64		number = stub_decode(store, tuple, &data);

		CHECK_FOR_INTERRUPTS();
		if (number < low || number > high)
			continue;
		if (data.state == STUB_ALIVE)
			in_use = stub_is_held(tuple, chunkscan_buffer(&scan));
		else if (TransactionIdIsValid(dirty.xmin))
			in_use = true;
		else
			visit(arg, number, &data);
	}
	chunkscan_end(&scan);
	return in_use;
}
