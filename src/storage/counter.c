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
 * for the moment; overwriting needs only the buffer's content lock.  Whoever
 * reserves holds a lock on the table's row numbers, which does not conflict
 * with itself, until the transaction ends: VACUUM must know whether a block
 * without a directory row is still going to get one.
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

#include "storage/counter.h"

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

static bool
counter_find(Store *store, ItemPointer tid)
{
	ScanKeyData key[1];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyInit(&key[0], 1, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(STORE_ID_COUNTER));
	scan = systable_beginscan_ordered(store->toast,
									  store->indexes[store->valid],
									  SnapshotSelf, 1, key);
	tuple = systable_getnext_ordered(scan, ForwardScanDirection);
	if (tuple != NULL)
	{
		*tid = tuple->t_self;
		found = true;
	}
	systable_endscan_ordered(scan);
	return found;
}

static void
counter_create(Store *store, ItemPointer tid)
{
	CounterData data = {1, 0};

	LockPage(store->toast, COUNTER_LOCK_PAGE, ExclusiveLock);
	if (!counter_find(store, tid))
	{
		store_insert(store, STORE_ID_COUNTER, 0, (char *) &data, sizeof(data),
					 GetCurrentCommandId(true), HEAP_INSERT_FROZEN);
		if (!counter_find(store, tid))
			elog(ERROR, "counter row not found after its insertion");
	}
	UnlockPage(store->toast, COUNTER_LOCK_PAGE, ExclusiveLock);
}

/* Address of checksum and data inside the counter tuple on a page (image). */
static char *
counter_payload(Store *store, Page page, OffsetNumber offset)
{
	ItemId		item = PageGetItemId(page, offset);
	HeapTupleHeader header;
	struct varlena *chunk;

	if (!ItemIdIsNormal(item))
		store_report_corruption(store, -1, NULL, "the counter row is gone");
	header = (HeapTupleHeader) PageGetItem(page, item);
	chunk = (struct varlena *) ((char *) header + header->t_hoff +
								sizeof(Oid) + sizeof(int32));
	if (ItemIdGetLength(item) < header->t_hoff + sizeof(Oid) + sizeof(int32) +
		VARHDRSZ + sizeof(pg_crc32c) + sizeof(CounterData) ||
		VARSIZE(chunk) != VARHDRSZ + sizeof(pg_crc32c) + sizeof(CounterData))
		store_report_corruption(store, -1, NULL, "the counter row is malformed");
	return VARDATA(chunk);
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

static void
counter_load(Store *store, char *payload, CounterData *data)
{
	pg_crc32c	crc;

	memcpy(&crc, payload, sizeof(crc));
	memcpy(data, payload + sizeof(crc), sizeof(*data));
	if (!EQ_CRC32C(crc, counter_checksum(data)) || data->version != 1)
		store_report_corruption(store, -1, NULL, "the counter row is malformed");
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

	counter_lock_tag(store, &tag);
	(void) LockAcquire(&tag, RowExclusiveLock, false, false);
	if (!counter_find(store, &tid))
		counter_create(store, &tid);

	buffer = ReadBuffer(store->toast, ItemPointerGetBlockNumber(&tid));
	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	xlog = GenericXLogStart(store->toast);
	image = GenericXLogRegisterBuffer(xlog, buffer, 0);
	payload = counter_payload(store, image, ItemPointerGetOffsetNumber(&tid));
	counter_load(store, payload, &data);
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

	if (!counter_find(store, &tid))
		return 0;
	buffer = ReadBuffer(store->toast, ItemPointerGetBlockNumber(&tid));
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	counter_load(store, counter_payload(store, BufferGetPage(buffer),
										ItemPointerGetOffsetNumber(&tid)),
				 &data);
	UnlockReleaseBuffer(buffer);
	return data.next_block;
}
