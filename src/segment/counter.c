/*
 * counter.c
 *	  Virtual row numbers: reserved once, never reused.
 *
 * Index entries of an aborted flush or a dropped segment stay until VACUUM; a
 * second row under the same TID would be returned for them.  So the counter
 * must survive an abort: it is one row in TOAST, inserted frozen (visible to
 * all, whatever becomes of its transaction) and overwritten in place through
 * generic WAL, which replays without our library.
 *
 * Locks: creating the row takes a heavyweight page lock on the TOAST relation
 * for the moment; overwriting needs only the buffer's content lock.  A
 * transaction that reserves holds a lock on the table's row numbers, which
 * does not conflict with itself, until it ends: VACUUM must know whether a
 * block without a directory row is still going to get one.
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "access/genam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "port/pg_crc32c.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"

#include "segment/counter.h"

/* No page has this number: it names the lock, nothing else. */
#define COUNTER_LOCK_PAGE (InvalidBlockNumber - 1)

/* Blocks 0x80000000 .. 0xFFFFFFFE */
#define COUNTER_LIMIT 0x7FFFFFFFU

/* On disk (format 2.3): the counter row's data behind its checksum. */
typedef struct CounterData
{
	uint32		version;
	uint32		next_block;
} CounterData;

StaticAssertDecl(sizeof(CounterData) == 8, "format 2.3");

/* Find the first row of a reserved id, if a snapshot sees one. */
static bool
counter_find_row(Store *store, Oid chunk_id, Snapshot snapshot,
				 ItemPointer tid)
{
	ScanKeyData key[1];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyInit(&key[0], 1, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(chunk_id));
	scan = systable_beginscan_ordered(store->toast,
									  store->indexes[store->valid],
									  snapshot, 1, key);
	tuple = systable_getnext_ordered(scan, ForwardScanDirection);
	if (tuple != NULL)
	{
		*tid = tuple->t_self;
		found = true;
	}
	systable_endscan_ordered(scan);
	return found;
}

static bool
counter_find(Store *store, ItemPointer tid)
{
	return counter_find_row(store, STORE_ID_COUNTER, SnapshotSelf, tid);
}

/*
 * The counter is older than any directory row.  Where there is one of these,
 * even a dead one, a missing counter was lost: beginning anew would give out
 * numbers twice.
 */
static void
counter_create(Store *store, ItemPointer tid)
{
	CounterData data = {1, 0};

	LockPage(store->toast, COUNTER_LOCK_PAGE, ExclusiveLock);
	if (!counter_find(store, tid))
	{
		if (counter_find_row(store, STORE_ID_DIRECTORY, SnapshotAny, tid))
			store_report_corruption(store, -1, NULL, "the counter row is gone");
		store_insert_for_all(store, STORE_ID_COUNTER, 0, (char *) &data,
							 sizeof(data), GetCurrentCommandId(true));
		if (!counter_find(store, tid))
			elog(ERROR, "counter row not found after its insertion");
	}
	UnlockPage(store->toast, COUNTER_LOCK_PAGE, ExclusiveLock);
}

/*
 * Find the counter inside its tuple on a page (image): returns the address of
 * checksum and data, and the data.
 */
static char *
counter_load(Store *store, Page page, OffsetNumber offset, CounterData *data)
{
	ItemId		item = PageGetItemId(page, offset);
	HeapTupleData tuple;
	StoreChunk	chunk;

	if (!ItemIdIsNormal(item) ||
		ItemIdGetLength(item) < MAXALIGN(SizeofHeapTupleHeader) ||
		ItemIdGetOffset(item) + ItemIdGetLength(item) > BLCKSZ)
		store_report_corruption(store, -1, NULL, "the counter row is gone");
	tuple.t_data = (HeapTupleHeader) PageGetItem(page, item);
	tuple.t_len = ItemIdGetLength(item);
	if (store_take_apart(store, &tuple, &chunk) != NULL ||
		chunk.id != STORE_ID_COUNTER || chunk.len != sizeof(CounterData))
		store_report_corruption(store, -1, NULL, "the counter row is malformed");
	memcpy(data, chunk.data, sizeof(*data));
	if (data->version != 1)
		store_report_corruption(store, -1, NULL, "the counter row is malformed");
	return unconstify(char *, chunk.data) - sizeof(pg_crc32c);
}

static pg_crc32c
counter_checksum(const CounterData *data)
{
	Oid			id = STORE_ID_COUNTER;
	int32		seq = 0;
	pg_crc32c	crc;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, &id, sizeof(id));
	COMP_CRC32C(crc, &seq, sizeof(seq));
	COMP_CRC32C(crc, data, sizeof(*data));
	FIN_CRC32C(crc);
	return crc;
}

/*
 * The lock on a table's row numbers.  Nobody else locks a pg_class row as an
 * object, so the tag cannot meet another's; it survives PREPARE.
 */
static void
counter_lock_tag(Store *store, LOCKTAG *tag)
{
	SET_LOCKTAG_OBJECT(*tag, store->toast->rd_lockInfo.lockRelId.dbId,
					   RelationRelationId, store->relid, 1);
}

bool
counter_try_quiesce(Store *store)
{
	LOCKTAG		tag;

	counter_lock_tag(store, &tag);
	return LockAcquire(&tag, ShareLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

void
counter_end_quiesce(Store *store)
{
	LOCKTAG		tag;

	counter_lock_tag(store, &tag);
	(void) LockRelease(&tag, ShareLock, false);
}

uint32
counter_reserve(Store *store, uint32 nblocks)
{
	LOCKTAG		tag;
	ItemPointerData tid;
	Buffer		buffer;
	Page		image;
	GenericXLogState *xlog;
	CounterData data;
	pg_crc32c	crc;
	char	   *payload;
	uint32		first;

	Assert(nblocks > 0);
	counter_lock_tag(store, &tag);
	(void) LockAcquire(&tag, RowExclusiveLock, false, false);
	if (!counter_find(store, &tid))
		counter_create(store, &tid);

	buffer = ReadBuffer(store->toast, ItemPointerGetBlockNumber(&tid));
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	xlog = GenericXLogStart(store->toast);
	image = GenericXLogRegisterBuffer(xlog, buffer, 0);
	payload = counter_load(store, image, ItemPointerGetOffsetNumber(&tid),
						   &data);
	first = data.next_block;
	if (nblocks > COUNTER_LIMIT - first)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("table has used up its segment row numbers"),
				 errhint("Copy it into a new table.")));
	data.next_block = first + nblocks;
	crc = counter_checksum(&data);
	memcpy(payload, &crc, sizeof(crc));
	memcpy(payload + sizeof(crc), &data, sizeof(data));
	GenericXLogFinish(xlog);
	UnlockReleaseBuffer(buffer);
	return first;
}

uint32
counter_peek(Store *store)
{
	ItemPointerData tid;
	Buffer		buffer;
	CounterData data;
	bool		used;

	/* looked for first: whoever inserts one has made the counter before */
	used = counter_find_row(store, STORE_ID_DIRECTORY, SnapshotAny, &tid);
	if (!counter_find(store, &tid))
	{
		if (used)
			store_report_corruption(store, -1, NULL, "the counter row is gone");
		return 0;
	}
	buffer = ReadBuffer(store->toast, ItemPointerGetBlockNumber(&tid));
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	(void) counter_load(store, BufferGetPage(buffer),
						ItemPointerGetOffsetNumber(&tid), &data);
	UnlockReleaseBuffer(buffer);
	return data.next_block;
}
