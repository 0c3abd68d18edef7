/*
 * store.c
 *	  Chunks: bytes in the table's TOAST relation.
 *
 * A stream is a run of chunks (chunk_id, 0), (chunk_id, 1), ...; every chunk
 * but the last carries STORE_CHUNK_PAYLOAD bytes, so that an offset in the
 * stream names its chunk.  A chunk's data is a CRC32C over key and payload,
 * then the payload (format 2.1).
 *
 * A chunk id belongs to one writer: it is drawn from the OID counter and
 * checked against the index, and the directory row that names it is written by
 * the same (sub)transaction.  A session that sees the directory row may
 * therefore read the chunks without asking for their visibility (segment
 * invariant 2), which is why streams are read with SnapshotAny.
 *
 * Everything is inserted with HEAP_INSERT_NO_LOGICAL: logical decoding would
 * take our rows for pieces of a user's TOAST value.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/generic_xlog.h"
#include "access/hio.h"
#include "access/table.h"
#include "access/toast_internals.h"
#include "catalog/catalog.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "port/pg_crc32c.h"
#include "storage/bufmgr.h"
#include "storage/freespace.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "codec/crc32c.h"
#include "compat/compat.h"
#include "compat/readahead.h"
#include "segment/store.h"

/* Tuple header, two keys, varlena header and checksum must fit the page. */
StaticAssertDecl(MAXALIGN(SizeofHeapTupleHeader) + 8 + VARHDRSZ +
				 sizeof(pg_crc32c) + STORE_CHUNK_PAYLOAD <= MaxHeapTupleSize,
				 "a chunk must fit one page");

/* chunk_id and chunk_seq, in front of the data */
#define STORE_KEY_SIZE (sizeof(Oid) + sizeof(int32))

#define STORE_INSERT_OPTIONS (HEAP_INSERT_NO_LOGICAL | HEAP_INSERT_SKIP_FSM)

/*
 * Does the table have a TOAST relation?  One that was a heap without one gets
 * it at the end of ALTER TABLE ... SET ACCESS METHOD.
 */
bool
store_exists(Relation rel)
{
	return OidIsValid(rel->rd_rel->reltoastrelid);
}

/* Open the TOAST relation and its indexes; NULL when there is none. */
Store *
store_open(Relation rel, LOCKMODE lockmode)
{
	Store	   *store;

	Assert(CheckRelationLockedByMe(rel, AccessShareLock, true));
	if (!store_exists(rel))
		return NULL;
	store = palloc0(sizeof(Store));
	store->context = CurrentMemoryContext;
	store->owner = CurrentResourceOwner;
	store->toast = table_open(rel->rd_rel->reltoastrelid, lockmode);
	store->relid = RelationGetRelid(rel);
	store->lockmode = lockmode;
	store->valid = toast_open_indexes(store->toast, lockmode,
									  &store->indexes, &store->nindexes);
	return store;
}

static void
store_close_with(Store *store, LOCKMODE lockmode)
{
	if (store->scan != NULL)
	{
		index_endscan(store->scan);
		ExecDropSingleTupleTableSlot(store->slot);
	}
	toast_close_indexes(store->indexes, store->nindexes, lockmode);
	table_close(store->toast, lockmode);
	pfree(store);
}

void
store_close(Store *store)
{
	store_close_with(store, store->lockmode);
}

void
store_close_keep_locks(Store *store)
{
	store_close_with(store, NoLock);
}

void
store_report_corruption(Store *store, int64 segment, const char *column,
						const char *what)
{
	const char *table = get_rel_name(store->relid);

	if (table == NULL)
		table = RelationGetRelationName(store->toast);
	if (segment < 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("segment storage of table \"%s\" is damaged: %s",
						table, what),
				 errhint("Run rusts.verify to find out what is affected.")));
	if (column == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("segment " INT64_FORMAT " of table \"%s\" is damaged: %s",
						segment, table, what),
				 errhint("Run rusts.verify to find out what else is affected.")));
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("column \"%s\" in segment " INT64_FORMAT " of table \"%s\" is damaged: %s",
					column, segment, table, what),
			 err_generic_string(PG_DIAG_COLUMN_NAME, column),
			 errhint("Run rusts.verify to find out what else is affected.")));
}

/* Checksum of a chunk: its key, so that a misplaced one shows, and its data. */
static pg_crc32c
store_checksum(Oid chunk_id, int32 chunk_seq, const char *data, uint32 len)
{
	pg_crc32c	crc;
	uint32		key[2];

	key[0] = chunk_id;
	key[1] = (uint32) chunk_seq;
	INIT_CRC32C(crc);
	COMP_CRC32C(crc, key, sizeof(key));
	if (crc32c_available())
		crc = crc32c_extend(crc, data, len);
	else
		COMP_CRC32C(crc, data, len);
	FIN_CRC32C(crc);
	return crc;
}

/* Where a chunk goes, and how. */
typedef struct ChunkTarget
{
	Oid			chunk_id;
	int32		chunk_seq;
	CommandId	cid;
	int			options;
	BulkInsertState bistate;
} ChunkTarget;

/* Complete a buffer that has room for the checksum in front of its data. */
static void
store_fill_chunk(Oid chunk_id, int32 chunk_seq, struct varlena *buffer,
				 uint32 len, Datum *values)
{
	char	   *data = VARDATA(buffer);
	pg_crc32c	crc = store_checksum(chunk_id, chunk_seq,
									 data + sizeof(crc), len);

	memcpy(data, &crc, sizeof(crc));
	SET_VARSIZE(buffer, VARHDRSZ + sizeof(crc) + len);
	values[0] = ObjectIdGetDatum(chunk_id);
	values[1] = Int32GetDatum(chunk_seq);
	values[2] = PointerGetDatum(buffer);
}

HeapTuple
store_form_tuple(Store *store, Oid chunk_id, int32 chunk_seq,
				 const char *data, uint32 len)
{
	struct varlena *buffer = palloc(VARHDRSZ + sizeof(pg_crc32c) + len);
	Datum		values[3];
	bool		isnull[3] = {false, false, false};
	HeapTuple	tuple;

	Assert(len <= STORE_CHUNK_PAYLOAD);
	memcpy(VARDATA(buffer) + sizeof(pg_crc32c), data, len);
	store_fill_chunk(chunk_id, chunk_seq, buffer, len, values);
	tuple = heap_form_tuple(RelationGetDescr(store->toast), values, isnull);
	pfree(buffer);
	return tuple;
}

/* Make index entries for a tuple of these values. */
static void
store_index_values(Store *store, HeapTuple tuple, Datum *values, bool *isnull)
{
	int			i;

	for (i = 0; i < store->nindexes; i++)
	{
		Relation	index = store->indexes[i];

		if (index->rd_index->indisready)
			index_insert(index, values, isnull, &tuple->t_self, store->toast,
						 index->rd_index->indisunique ?
						 UNIQUE_CHECK_YES : UNIQUE_CHECK_NO,
						 false, NULL);
	}
}

void
store_index_tuple(Store *store, HeapTuple tuple)
{
	Datum		values[3];
	bool		isnull[3];

	heap_deform_tuple(tuple, RelationGetDescr(store->toast), values, isnull);
	store_index_values(store, tuple, values, isnull);
}

/* Form and insert one chunk. */
static ItemPointerData
store_insert_buffer(Store *store, const ChunkTarget *target,
					struct varlena *buffer, uint32 len)
{
	Datum		values[3];
	bool		isnull[3] = {false, false, false};
	ItemPointerData tid;
	HeapTuple	tuple;

	store_fill_chunk(target->chunk_id, target->chunk_seq, buffer, len, values);
	tuple = heap_form_tuple(RelationGetDescr(store->toast), values, isnull);
	heap_insert(store->toast, tuple, target->cid, target->options,
				target->bistate);
	store_index_values(store, tuple, values, isnull);
	tid = tuple->t_self;
	heap_freetuple(tuple);
	return tid;
}

/* Insert a row under a reserved id. */
ItemPointerData
store_insert(Store *store, Oid chunk_id, int32 chunk_seq, const char *data,
			 uint32 len, CommandId cid, int options)
{
	ChunkTarget target;
	struct varlena *buffer;
	ItemPointerData tid;

	Assert(len <= STORE_CHUNK_PAYLOAD);
	buffer = palloc(VARHDRSZ + sizeof(pg_crc32c) + len);
	memcpy(VARDATA(buffer) + sizeof(pg_crc32c), data, len);
	target.chunk_id = chunk_id;
	target.chunk_seq = chunk_seq;
	target.cid = cid;
	target.options = options | HEAP_INSERT_NO_LOGICAL;
	target.bistate = NULL;
	tid = store_insert_buffer(store, &target, buffer, len);
	pfree(buffer);
	return tid;
}

/*
 * Freeze a row that has its index entries.  Had it been inserted frozen
 * (HEAP_INSERT_FROZEN), an error or a crash between the row and its entries
 * would leave a row that is there and that no index has.  So it is an ordinary
 * row of this transaction until then, and dead if that ends before.
 */
static void
store_freeze(Store *store, const ItemPointerData *tid)
{
	Buffer		buffer = ReadBuffer(store->toast, ItemPointerGetBlockNumber(tid));
	GenericXLogState *xlog;
	Page		image;
	ItemId		item;

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	xlog = GenericXLogStart(store->toast);
	image = GenericXLogRegisterBuffer(xlog, buffer, 0);
	item = PageGetItemId(image, ItemPointerGetOffsetNumber(tid));
	HeapTupleHeaderSetXminFrozen((HeapTupleHeader) PageGetItem(image, item));
	GenericXLogFinish(xlog);
	UnlockReleaseBuffer(buffer);
}

ItemPointerData
store_insert_for_all(Store *store, Oid chunk_id, int32 chunk_seq,
					 const char *data, uint32 len, CommandId cid)
{
	ItemPointerData tid = store_insert(store, chunk_id, chunk_seq, data, len,
									   cid, 0);

	store_freeze(store, &tid);
	return tid;
}

bool
store_delete_row(Store *store, const ItemPointerData *tid, CommandId cid)
{
	ItemPointerData self = *tid;
	TM_FailureData tmfd;

	return heap_delete(store->toast, &self, cid, InvalidSnapshot, true, &tmfd,
					   false) == TM_Ok;
}

void
store_delete_stream(Store *store, Oid chunk_id, CommandId cid)
{
	ScanKeyData key[1];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key[0], 1, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(chunk_id));
	scan = systable_beginscan_ordered(store->toast,
									  store->indexes[store->valid],
									  SnapshotSelf, 1, key);
	while ((tuple = systable_getnext_ordered(scan, ForwardScanDirection)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		(void) store_delete_row(store, &tuple->t_self, cid);
	}
	systable_endscan_ordered(scan);
}

/*
 * The three attributes are at fixed places, so they are taken by hand: tuple
 * header and varlena length come from disk like all the rest, and nothing
 * behind the tuple's end may be read because they say so.
 */
const char *
store_take_apart(Store *store, HeapTuple tuple, StoreChunk *chunk)
{
	uint32		hoff = tuple->t_data->t_hoff;
	const char *key = (const char *) tuple->t_data + hoff;
	const char *data = key + STORE_KEY_SIZE;
	uint32		room;
	pg_crc32c	crc;

	chunk->id = InvalidOid;
	chunk->seq = 0;
	chunk->len = 0;
	chunk->data = NULL;
	if (hoff != MAXALIGN(SizeofHeapTupleHeader) ||
		HeapTupleHasNulls(tuple) ||
		tuple->t_len < hoff + STORE_KEY_SIZE + VARHDRSZ + sizeof(crc))
		return "malformed chunk";
	memcpy(&chunk->id, key, sizeof(Oid));
	memcpy(&chunk->seq, key + sizeof(Oid), sizeof(int32));
	room = tuple->t_len - hoff - STORE_KEY_SIZE;
	if (VARATT_IS_EXTENDED(data) || VARSIZE(data) > room ||
		VARSIZE(data) < VARHDRSZ + sizeof(crc))
		return "malformed chunk";
	chunk->len = VARSIZE(data) - VARHDRSZ - sizeof(crc);
	chunk->data = VARDATA(data) + sizeof(crc);
	memcpy(&crc, VARDATA(data), sizeof(crc));
	if (!EQ_CRC32C(crc, store_checksum(chunk->id, chunk->seq, chunk->data,
									   chunk->len)))
		return psprintf("checksum of chunk (%u, %d) does not match",
						chunk->id, chunk->seq);
	return NULL;
}

/* ---------- streams ---------- */

/* Begin a stream under a fresh id. */
StoreWriter *
store_writer_begin(Store *store, CommandId cid)
{
	StoreWriter *writer = palloc0(sizeof(StoreWriter));

	writer->store = store;
	writer->cid = cid;
	writer->chunk_id = GetNewOidWithIndex(store->toast,
										  RelationGetRelid(store->indexes[store->valid]),
										  1);
	writer->bistate = GetBulkInsertState();
	writer->buffer = palloc(VARHDRSZ + sizeof(pg_crc32c) +
							STORE_CHUNK_PAYLOAD);
	return writer;
}

/* How much room is there in a page? */
static Size
store_page_room(Relation rel, BlockNumber block)
{
	Buffer		buffer = ReadBuffer(rel, block);
	Size		room;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	room = PageIsNew(BufferGetPage(buffer)) ? 0 :
		PageGetHeapFreeSpace(BufferGetPage(buffer));
	UnlockReleaseBuffer(buffer);
	return room;
}

/*
 * Each chunk has a page of its own, as far as it can, so that those of a stream
 * lie side by side: one that VACUUM has emptied, or else a new one at the end.
 * The free space map may be wrong, about the end of the relation, too.
 */
static void
store_writer_choose_page(StoreWriter *writer)
{
	Relation	toast = writer->store->toast;
	BlockNumber block = GetPageWithFreeSpace(toast, MaxHeapTupleSize);

	while (block != InvalidBlockNumber &&
		   block < RelationGetNumberOfBlocks(toast))
	{
		Size		room = store_page_room(toast, block);

		CHECK_FOR_INTERRUPTS();
		if (room >= MaxHeapTupleSize)
		{
			ReleaseBulkInsertStatePin(writer->bistate);
			writer->bistate->current_buf = ReadBuffer(toast, block);
			return;
		}
		block = RecordAndGetPageWithFreeSpace(toast, block, room,
											  MaxHeapTupleSize);
	}
}

static void
store_writer_flush(StoreWriter *writer)
{
	uint64		seq = (writer->length - 1) / STORE_CHUNK_PAYLOAD;
	ChunkTarget target;

	if (seq > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("segment is too large")));
	store_writer_choose_page(writer);
	target.chunk_id = writer->chunk_id;
	target.chunk_seq = (int32) seq;
	target.cid = writer->cid;
	target.options = STORE_INSERT_OPTIONS;
	target.bistate = writer->bistate;
	store_insert_buffer(writer->store, &target,
						(struct varlena *) writer->buffer, writer->fill);
	writer->fill = 0;
}

void
store_writer_append(StoreWriter *writer, const void *data, size_t len)
{
	const char *from = data;

	while (len > 0)
	{
		size_t		room = STORE_CHUNK_PAYLOAD - writer->fill;
		size_t		take = Min(len, room);

		memcpy(writer->buffer + VARHDRSZ + sizeof(pg_crc32c) + writer->fill,
			   from, take);
		writer->fill += take;
		writer->length += take;
		from += take;
		len -= take;
		if (writer->fill == STORE_CHUNK_PAYLOAD)
		{
			store_writer_flush(writer);
			CHECK_FOR_INTERRUPTS();
		}
	}
}

void
store_writer_end(StoreWriter *writer)
{
	if (writer->fill > 0)
		store_writer_flush(writer);
	FreeBulkInsertState(writer->bistate);
	pfree(writer->buffer);
	pfree(writer);
}

/*
 * The scan that all reads of streams share.  Beginning one costs more than a
 * small read.  Its references belong to the owner of the store's relations,
 * whoever reads first; buffer pins are given back by each read.
 */
static void
store_begin_scan(Store *store)
{
	MemoryContext context = MemoryContextSwitchTo(store->context);
	ResourceOwner owner = CurrentResourceOwner;

	CurrentResourceOwner = store->owner;
	store->slot = table_slot_create(store->toast, NULL);
	store->scan = compat_index_beginscan(store->toast,
										 store->indexes[store->valid],
										 SnapshotAny, 3, 0);
	CurrentResourceOwner = owner;
	MemoryContextSwitchTo(context);
}

/* Position the scan before chunks first .. last of a stream. */
static void
store_rescan(Store *store, Oid chunk_id, int32 first, int32 last)
{
	ScanKeyData key[3];

	if (store->scan == NULL)
		store_begin_scan(store);
	ScanKeyInit(&key[0], 1, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(chunk_id));
	ScanKeyInit(&key[1], 2, BTGreaterEqualStrategyNumber, F_INT4GE,
				Int32GetDatum(first));
	ScanKeyInit(&key[2], 2, BTLessEqualStrategyNumber, F_INT4LE,
				Int32GetDatum(last));
	index_rescan(store->scan, key, 3, NULL, 0);
}

/* Where a read stands. */
typedef struct StoreRead
{
	int32		expected;		/* the next chunk */
	int32		last;
	size_t		skip;			/* bytes of it to leave out */
	size_t		left;			/* bytes still wanted */
	char	   *out;
} StoreRead;

/* Take what is wanted of a chunk; false: it is not the one expected. */
static bool
store_take_chunk(const StoreStream *stream, const StoreChunk *chunk,
				 StoreRead *read)
{
	size_t		take;

	Assert(read->expected <= read->last);
	if (chunk->id != stream->chunk_id || chunk->seq != read->expected ||
		chunk->len > STORE_CHUNK_PAYLOAD || chunk->len < read->skip ||
		(chunk->seq < read->last && chunk->len != STORE_CHUNK_PAYLOAD))
		return false;
	take = Min(read->left, chunk->len - read->skip);
	memcpy(read->out, chunk->data + read->skip, take);
	read->out += take;
	read->left -= take;
	read->skip = 0;
	read->expected++;
	return true;
}

/* ---------- chunks side by side: README.md, invariant 10 ---------- */

static ItemPointerData
store_find_chunk(Store *store, Oid chunk_id, int32 chunk_seq)
{
	ItemPointerData found;
	ItemPointer tid;

	ItemPointerSetInvalid(&found);
	store_rescan(store, chunk_id, chunk_seq, chunk_seq);
	/* to the end, which gives back the pin */
	while ((tid = index_getnext_tid(store->scan, ForwardScanDirection)) != NULL)
		found = *tid;
	return found;
}

static void
store_find_place(Store *store, const StoreStream *stream)
{
	uint64		last = (stream->length - 1) / STORE_CHUNK_PAYLOAD;
	StorePlace *place = stream->place;
	ItemPointerData first;
	ItemPointerData end;

	place->layout = STORE_APART;
	if (stream->length == 0 || last > PG_INT32_MAX)
		return;
	first = end = store_find_chunk(store, stream->chunk_id, 0);
	if (last > 0)
		end = store_find_chunk(store, stream->chunk_id, (int32) last);
	if (!ItemPointerIsValid(&first) || !ItemPointerIsValid(&end) ||
		ItemPointerGetBlockNumber(&end) != ItemPointerGetBlockNumber(&first) + last)
		return;
	place->layout = STORE_SIDE_BY_SIDE;
	place->first = ItemPointerGetBlockNumber(&first);
	/* the only one is small, as a rule, and shares its page */
	place->offset = last > 0 ? FirstOffsetNumber :
		ItemPointerGetOffsetNumber(&first);
}

/* Take the chunk that is expected, if it is on its page. */
static bool
store_read_page(Store *store, const StoreStream *stream, StoreRead *read)
{
	HeapTupleData tuple;
	StoreChunk	chunk;
	Buffer		buffer;
	bool		right;

	ItemPointerSet(&tuple.t_self, stream->place->first + read->expected,
				   stream->place->offset);
	if (!heap_fetch(store->toast, SnapshotAny, &tuple, &buffer, false))
		return false;
	right = store_take_apart(store, &tuple, &chunk) == NULL &&
		store_take_chunk(stream, &chunk, read);
	ReleaseBuffer(buffer);
	return right;
}

/* What is not where it should be is left to the index, now and later. */
static void
store_read_pages(Store *store, const StoreStream *stream, StoreRead *read)
{
	CompatReadahead ahead;

	if (stream->place->layout != STORE_SIDE_BY_SIDE)
		return;
	compat_readahead_begin(&ahead, store->toast,
						   stream->place->first + read->expected,
						   stream->place->first + read->last + 1);
	while (read->left > 0 && stream->place->layout == STORE_SIDE_BY_SIDE)
	{
		Buffer		page;

		CHECK_FOR_INTERRUPTS();
		page = compat_readahead_page(&ahead);
		if (!store_read_page(store, stream, read))
			stream->place->layout = STORE_APART;
		if (BufferIsValid(page))
			ReleaseBuffer(page);
	}
	compat_readahead_end(&ahead);
}

/* ---------- chunks through the index ---------- */

static void
store_read_indexed(Store *store, const StoreStream *stream, StoreRead *read)
{
	store_rescan(store, stream->chunk_id, read->expected, read->last);
	while (index_getnext_slot(store->scan, ForwardScanDirection, store->slot))
	{
		bool		should_free;
		HeapTuple	tuple = ExecFetchSlotHeapTuple(store->slot, false,
												   &should_free);
		StoreChunk	chunk;
		const char *damage = store_take_apart(store, tuple, &chunk);

		Assert(!should_free);
		if (damage != NULL)
			store_report_corruption(store, stream->segment, stream->column,
									damage);
		if (!store_take_chunk(stream, &chunk, read))
			break;
	}
	ExecClearTuple(store->slot);
}

void
store_read(Store *store, const StoreStream *stream, uint64 offset, size_t len,
		   char *out)
{
	StoreRead	read;

	if (len == 0)
		return;
	Assert(stream->place != NULL);
	store->bytes_read += len;
	read.expected = (int32) (offset / STORE_CHUNK_PAYLOAD);
	read.last = (int32) ((offset + len - 1) / STORE_CHUNK_PAYLOAD);
	read.skip = offset % STORE_CHUNK_PAYLOAD;
	read.left = len;
	read.out = out;
	if (stream->place->layout == STORE_UNKNOWN)
		store_find_place(store, stream);
	if (offset <= stream->length && len <= stream->length - offset)
		store_read_pages(store, stream, &read);
	if (read.left > 0)
		store_read_indexed(store, stream, &read);
	if (read.left > 0)
		store_report_corruption(store, stream->segment, stream->column,
								psprintf("chunk (%u, %d) is missing or short",
										 stream->chunk_id, read.expected));
}
