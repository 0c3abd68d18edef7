/*
 * moves.c
 *	  Where the rows of a segment went that is no longer there.
 *
 * A compaction gives rows new numbers.  Sessions whose snapshots are older know
 * the old ones and must be led to the rows when they want to change them.  So
 * the transaction that deletes a directory row leaves a record under
 * STORE_ID_MOVES, whose chunk_seq is the segment's first virtual block: the
 * segments that have the rows now, and a stream that says for each row its
 * place among them.
 *
 * Rows keep their order as a rule, so the stream is a sequence of runs: a
 * varint of twice the length, plus 1 for rows that were gone; for the others
 * the zigzag varint of their first place less the one after the run before.
 *
 * A record is needed as long as a snapshot sees the segment.  When it is
 * deleted, the stubs of the segment's rows are, too.
 *
 * Who came to a row by an old snapshot has locked its stub before being led to
 * the new place, and holds that lock to the end of the transaction, maybe long
 * after the snapshot is gone.  Deleting the stub would wait for that, so its
 * record stays until then.  No lock comes between the look at it and the
 * deletion, because nobody knows the number any more.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/transam.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"

#include "codec/codec_bytes.h"
#include "segment/chunkscan.h"
#include "segment/moves.h"
#include "segment/stub.h"

StaticAssertDecl(sizeof(MovesData) == 16, "format 3.4");
StaticAssertDecl(sizeof(MovesData) + MOVES_MAX_PIECES * 2 * sizeof(uint32) <=
				 STORE_CHUNK_PAYLOAD, "a record is one chunk");

/* ---------- writing ---------- */

static void
moves_put_varint(StringInfo out, uint64 v)
{
	uint8		bytes[10];

	appendBinaryStringInfo(out, (char *) bytes,
						   (int) (codec_put_varint(bytes, v) - bytes));
}

/* The places of a segment's rows as runs. */
static void
moves_encode(const MovesSegment *segment, StringInfo out)
{
	int64		expected = 0;
	uint32		row = 0;

	while (row < segment->rows)
	{
		uint32		first = segment->place[row];
		bool		gone = first == MOVES_GONE;
		uint32		end = row + 1;

		while (end < segment->rows &&
			   segment->place[end] == (gone ? MOVES_GONE : first + (end - row)))
			end++;
		moves_put_varint(out, ((uint64) (end - row) << 1) | (gone ? 1 : 0));
		if (!gone)
		{
			int64		step = (int64) first - expected;

			moves_put_varint(out, ((uint64) step << 1) ^ (uint64) (step >> 63));
			expected = (int64) first + (end - row);
		}
		row = end;
	}
}

void
moves_write(Store *store, const MovesSegment *segment, CommandId cid)
{
	MovesData	data = {MOVES_VERSION, segment->npieces, segment->rows};
	StringInfoData record;
	StringInfoData runs;
	int			p;

	if (segment->npieces > MOVES_MAX_PIECES)
		elog(ERROR, "a segment's rows went to too many segments");
	if (segment->place != NULL)
	{
		StoreWriter *writer;

		initStringInfo(&runs);
		moves_encode(segment, &runs);
		writer = store_writer_begin(store, cid);
		data.chunk_id = writer->chunk_id;
		data.length = runs.len;
		store_writer_append(writer, runs.data, runs.len);
		store_writer_end(writer);
		pfree(runs.data);
	}
	initStringInfo(&record);
	appendBinaryStringInfo(&record, (char *) &data, sizeof(data));
	for (p = 0; p < segment->npieces; p++)
	{
		appendBinaryStringInfo(&record, (char *) &segment->start[p],
							   sizeof(uint32));
		appendBinaryStringInfo(&record, (char *) &segment->piece_block[p],
							   sizeof(uint32));
	}
	store_insert(store, STORE_ID_MOVES, (int32) segment->first_block,
				 record.data, record.len, cid, 0);
	pfree(record.data);
}

/* ---------- reading ---------- */

/* NULL, or what is wrong with the record; first_block is its key's. */
static const char *
moves_take_apart(Store *store, HeapTuple tuple, Moves *moves)
{
	StoreChunk	chunk;
	const char *damage = store_take_apart(store, tuple, &chunk);

	moves->first_block = (uint32) chunk.seq;
	if (damage != NULL)
		return damage;
	if (chunk.len < sizeof(MovesData))
		return "record of moved rows is malformed";
	memcpy(&moves->d, chunk.data, sizeof(MovesData));
	if (moves->d.version != MOVES_VERSION ||
		moves->d.npieces > MOVES_MAX_PIECES ||
		OidIsValid(moves->d.chunk_id) != (moves->d.npieces > 0) ||
		chunk.len != sizeof(MovesData) +
		moves->d.npieces * 2 * sizeof(uint32))
		return "record of moved rows is malformed";
	memcpy(moves->pieces, chunk.data + sizeof(MovesData),
		   moves->d.npieces * 2 * sizeof(uint32));
	return NULL;
}

static void
moves_decode(Store *store, HeapTuple tuple, Moves *moves)
{
	const char *damage = moves_take_apart(store, tuple, moves);

	if (damage != NULL)
		store_report_corruption(store, moves->first_block, NULL, damage);
}

Oid
moves_stream(Store *store, HeapTuple tuple)
{
	Moves	   *moves = palloc(sizeof(Moves));
	Oid			chunk_id;

	moves_decode(store, tuple, moves);
	chunk_id = moves->d.chunk_id;
	pfree(moves);
	return chunk_id;
}

/* A walk over the runs of a record. */
typedef struct MovesRuns
{
	CodecReader reader;
	uint32		row;			/* of the run */
	uint32		length;
	bool		gone;
	int64		place;			/* of its first row */
	int64		expected;		/* of the next run's */
} MovesRuns;

static void
moves_begin_runs(Store *store, const Moves *moves, MovesRuns *runs)
{
	char	   *bytes = palloc(Max(moves->d.length, 1));
	StorePlace	place = {STORE_APART};
	StoreStream stream = {moves->d.chunk_id, moves->d.length, &place,
	moves->first_block, NULL};

	memset(runs, 0, sizeof(*runs));
	if (moves->d.length > 0)
		store_read(store, &stream, 0, moves->d.length, bytes);
	runs->reader.pos = (const uint8_t *) bytes;
	runs->reader.end = runs->reader.pos + moves->d.length;
}

static bool
moves_next_run(Store *store, const Moves *moves, MovesRuns *runs)
{
	uint64		head;
	uint64		step = 0;

	runs->row += runs->length;
	if (runs->row >= moves->d.rows || runs->reader.pos == runs->reader.end)
		return false;
	if (codec_get_varint(&runs->reader, &head) != CODEC_OK ||
		(head >> 1) == 0 || (head >> 1) > moves->d.rows - runs->row ||
		((head & 1) == 0 &&
		 codec_get_varint(&runs->reader, &step) != CODEC_OK))
		store_report_corruption(store, moves->first_block, NULL,
								"record of moved rows is malformed");
	runs->length = (uint32) (head >> 1);
	runs->gone = (head & 1) != 0;
	if (!runs->gone)
	{
		runs->place = runs->expected +
			(int64) ((step >> 1) ^ (~(step & 1) + 1));
		runs->expected = runs->place + runs->length;
	}
	return true;
}

/* The number of the row at a place. */
static uint64
moves_number(const Moves *moves, int64 place)
{
	int			p = moves->d.npieces - 1;

	while (p > 0 && moves->pieces[p][0] > place)
		p--;
	return rowid_number_of_block(moves->pieces[p][1]) +
		(uint64) (place - moves->pieces[p][0]);
}

static void
moves_begin_seen(ChunkScan *scan, Store *store, Snapshot snapshot,
				 ScanKey keys, int nkeys)
{
	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(STORE_ID_MOVES));
	chunkscan_begin(scan, store, snapshot, keys, nkeys);
}

static void
moves_begin(ChunkScan *scan, Store *store, ScanKey keys, int nkeys)
{
	moves_begin_seen(scan, store, SnapshotSelf, keys, nkeys);
}

bool
moves_find(Store *store, uint64 number, uint64 *moved_to)
{
	Moves	   *moves = palloc(sizeof(Moves));
	ScanKeyData key[2];
	ChunkScan	scan;
	HeapTuple	tuple;
	uint64		row;
	MovesRuns	runs;
	bool		found = false;

	ScanKeyInit(&key[1], 2, BTLessEqualStrategyNumber, F_INT4LE,
				Int32GetDatum((int32) (number / ROWID_ROWS)));
	moves_begin(&scan, store, key, 2);
	tuple = chunkscan_next(&scan, BackwardScanDirection);
	if (tuple != NULL)
		moves_decode(store, tuple, moves);
	chunkscan_end(&scan);
	if (tuple == NULL)
		return false;

	row = number - rowid_number_of_block(moves->first_block);
	if (row < moves->d.rows && moves->d.npieces > 0)
	{
		moves_begin_runs(store, moves, &runs);
		while (!found && moves_next_run(store, moves, &runs))
			found = row < (uint64) runs.row + runs.length;
		if (found && !runs.gone)
			*moved_to = moves_number(moves, runs.place + (row - runs.row));
		found = found && !runs.gone;
	}
	pfree(moves);
	return found;
}

/* Is the row one of this record's?  If so, which one was it? */
static bool
moves_source_of(Store *store, const Moves *moves, uint64 number,
				uint64 *moved_from)
{
	MovesRuns	runs;
	int			p;

	for (p = 0; p < moves->d.npieces; p++)
		if (rowid_number_of_block(moves->pieces[p][1]) <= number &&
			number - rowid_number_of_block(moves->pieces[p][1]) < PG_UINT32_MAX)
			break;
	if (p == moves->d.npieces)
		return false;
	moves_begin_runs(store, moves, &runs);
	while (moves_next_run(store, moves, &runs))
	{
		uint64		first;
		uint64		last;

		if (runs.gone)
			continue;
		first = moves_number(moves, runs.place);
		last = moves_number(moves, runs.place + runs.length - 1);
		if (number < first || number > last)
			continue;
		for (p = 0; p < (int) runs.length; p++)
			if (moves_number(moves, runs.place + p) == number)
			{
				*moved_from = rowid_number_of_block(moves->first_block) +
					runs.row + p;
				return true;
			}
	}
	return false;
}

/* Nothing leads back, so all records are looked at, which are few. */
bool
moves_find_source(Store *store, uint64 number, uint64 *moved_from)
{
	Moves	   *moves = palloc(sizeof(Moves));
	ScanKeyData key[1];
	ChunkScan	scan;
	HeapTuple	tuple;
	bool		found = false;

	moves_begin(&scan, store, key, 1);
	while (!found &&
		   (tuple = chunkscan_next(&scan, ForwardScanDirection)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		moves_decode(store, tuple, moves);
		found = moves_source_of(store, moves, number, moved_from);
	}
	chunkscan_end(&scan);
	pfree(moves);
	return found;
}

/* ---------- looking at all ---------- */

List *
moves_list(Store *store, Snapshot snapshot, MovesDamage damage, void *arg)
{
	List	   *records = NIL;
	ScanKeyData key[1];
	ChunkScan	scan;
	HeapTuple	tuple;

	moves_begin_seen(&scan, store, snapshot, key, 1);
	while ((tuple = chunkscan_next(&scan, ForwardScanDirection)) != NULL)
	{
		Moves	   *moves = palloc(sizeof(Moves));
		const char *what = moves_take_apart(store, tuple, moves);

		CHECK_FOR_INTERRUPTS();
		if (what == NULL)
			records = lappend(records, moves);
		else if (damage != NULL)
			damage(arg, moves->first_block,
				   psprintf("record of moved rows: %s", what));
	}
	chunkscan_end(&scan);
	return records;
}

int64
moves_count_places(Store *store, const Moves *moves)
{
	int64		end = 0;
	MovesRuns	runs;

	if (moves->d.npieces == 0)
		return 0;
	moves_begin_runs(store, moves, &runs);
	while (moves_next_run(store, moves, &runs))
	{
		if (!runs.gone && runs.place < 0)
			break;
		if (!runs.gone)
			end = Max(end, runs.expected);
	}
	if (runs.row != moves->d.rows || runs.reader.pos != runs.reader.end)
		store_report_corruption(store, moves->first_block, NULL,
								"record of moved rows is malformed");
	return end;
}

/* ---------- expiring ---------- */

/* Delete a record with its stream; false: somebody else has. */
static bool
moves_delete_record(Store *store, HeapTuple tuple, Moves *moves, CommandId cid)
{
	moves_decode(store, tuple, moves);
	if (!store_delete_row(store, &tuple->t_self, cid))
		return false;
	if (OidIsValid(moves->d.chunk_id))
		store_delete_stream(store, moves->d.chunk_id, cid);
	return true;
}

void
moves_delete(Store *store, uint32 first_block, CommandId cid)
{
	Moves	   *moves = palloc(sizeof(Moves));
	ScanKeyData key[2];
	ChunkScan	scan;
	HeapTuple	tuple;

	ScanKeyInit(&key[1], 2, BTEqualStrategyNumber, F_INT4EQ,
				Int32GetDatum((int32) first_block));
	moves_begin(&scan, store, key, 2);
	while ((tuple = chunkscan_next(&scan, ForwardScanDirection)) != NULL)
		(void) moves_delete_record(store, tuple, moves, cid);
	chunkscan_end(&scan);
	pfree(moves);
}

/* The rows of the segment of a record. */
static void
moves_range(const Moves *moves, uint64 *low, uint64 *high)
{
	*low = rowid_number_of_block(moves->first_block);
	*high = *low + moves->d.rows - 1;
}

/* Copies of the records that nobody needs, in the order of their deletion. */
static List *
moves_list_expired(Store *store)
{
	Moves	   *moves = palloc(sizeof(Moves));
	List	   *expired = NIL;
	ScanKeyData key[1];
	ChunkScan	scan;
	HeapTuple	tuple;
	uint64		low;
	uint64		high;

	/* backwards: none goes that an earlier one leads to, and that one stays */
	moves_begin(&scan, store, key, 1);
	while ((tuple = chunkscan_next(&scan, BackwardScanDirection)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (!GlobalVisCheckRemovableXid(store->toast,
										HeapTupleHeaderGetXmin(tuple->t_data)))
			continue;
		moves_decode(store, tuple, moves);
		moves_range(moves, &low, &high);
		if (!stub_locked(store, low, high))
			expired = lappend(expired, heap_copytuple(tuple));
		else
		{
			/* it stays, and with it all that it may lead to */
			list_free_deep(expired);
			expired = NIL;
		}
	}
	chunkscan_end(&scan);
	pfree(moves);
	return expired;
}

void
moves_expire(Store *store, CommandId cid)
{
	Moves	   *moves = palloc(sizeof(Moves));
	List	   *expired = moves_list_expired(store);
	ListCell   *cell;
	uint64		low;
	uint64		high;

	foreach(cell, expired)
	{
		CHECK_FOR_INTERRUPTS();
		if (!moves_delete_record(store, lfirst(cell), moves, cid))
			continue;
		moves_range(moves, &low, &high);
		stub_delete(store, low, high, cid);
	}
	list_free_deep(expired);
	pfree(moves);
}
