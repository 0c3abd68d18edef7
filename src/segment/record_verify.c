/*
 * record_verify.c
 *	  Stubs and records of moved rows against the directory.
 *
 * Called by rusts.verify, while others write.  All is read under one MVCC
 * snapshot S, which is also the one that the directory was read under.  What
 * can be said of a record that S sees:
 *
 * - Its own segment is not in the directory: one (sub)transaction has deleted
 *   the directory row and inserted the record.
 * - Its numbers, and those of the segments it leads to, have been reserved.
 * - Each segment that it leads to is in the directory, with as many rows as the
 *   record says, or has a record of its own.  (That would be written after this
 *   one, so it is needed for no longer, and moves_expire looks at it first.)
 * - Its runs cover the rows of the segment, and lead to places that there are.
 *
 * And of a stub that S sees:
 *
 * - Its number has been reserved.  (The counter is read after the stub: one that
 *   says "alive" is seen by snapshots that are older.)
 * - If a segment in the directory, or one of which there is a record, has its
 *   block, then the segment has that row.
 * - It is the only version that S sees.  (Those of blocks have their own keys.)
 *
 * That its segment is there cannot be asked for.  "Alive" outlives a segment
 * that was rolled back after its rows were locked.  A prepared transaction holds
 * no snapshot, so records and stubs of a segment can expire before what it has
 * written beside them commits.  Neither means anything (segment invariant 11).
 */
#include "postgres.h"

#include "miscadmin.h"

#include "segment/guarded.h"
#include "segment/moves.h"
#include "segment/record_verify.h"
#include "segment/stub.h"

/* A record that is being looked at, and the others. */
typedef struct RecordMoves
{
	const RecordVerify *verify;
	List	   *records;
	const Moves *record;
} RecordMoves;

static bool
record_verify_reserved(const RecordVerify *verify, uint64 blocks)
{
	return blocks <= counter_peek(verify->store);
}

static const DirectoryEntry *
record_verify_segment(const RecordVerify *verify, uint32 block)
{
	return directory_list_find(unconstify(DirectoryList *, verify->list),
							   block);
}

/* ---------- records of moved rows ---------- */

static const Moves *
record_verify_find(List *records, uint32 block)
{
	ListCell   *cell;

	foreach(cell, records)
	{
		const Moves *record = lfirst(cell);

		if (block >= record->first_block &&
			block - record->first_block < rowid_blocks(record->d.rows))
			return record;
	}
	return NULL;
}

/* How many rows has a segment that a record leads to?  -1: unknown. */
static int64
record_verify_piece(RecordMoves *moves, uint32 block)
{
	const DirectoryEntry *entry = record_verify_segment(moves->verify, block);
	const Moves *next = record_verify_find(moves->records, block);

	if (entry != NULL && entry->d.first_block == block)
		return entry->d.rows;
	if (next != NULL && next->first_block == block)
		return next->d.rows;
	return -1;
}

static void
record_verify_put(RecordMoves *moves, const char *what)
{
	moves->verify->report(moves->verify->arg, moves->record->first_block,
						  psprintf("record of moved rows: %s", what));
}

static void
record_verify_record(void *arg)
{
	RecordMoves *moves = arg;
	const Moves *record = moves->record;
	int64		places = 0;
	int			p;

	if (!record_verify_reserved(moves->verify, (uint64) record->first_block +
								rowid_blocks(record->d.rows)))
		record_verify_put(moves, "row numbers were never reserved");
	if (record_verify_segment(moves->verify, record->first_block) != NULL)
		record_verify_put(moves, "the segment is there");
	for (p = 0; p < record->d.npieces; p++)
	{
		int64		rows = record_verify_piece(moves, record->pieces[p][1]);

		if (rows < 0)
			record_verify_put(moves, "it leads to a segment that is not there");
		if (record->pieces[p][0] != places)
			record_verify_put(moves, "places do not agree with the rows of a segment");
		if (rows < 0)
			return;
		places += rows;
	}
	if (moves_count_places(moves->verify->store, record) > places)
		record_verify_put(moves, "it leads to rows that a segment does not have");
}

static void
record_verify_guarded(RecordMoves *moves)
{
	ErrorData  *error = guarded_run(record_verify_record, moves);

	if (error == NULL)
		return;
	if (error->sqlerrcode != ERRCODE_DATA_CORRUPTED &&
		error->sqlerrcode != ERRCODE_INDEX_CORRUPTED)
		ReThrowError(error);
	record_verify_put(moves, error->message);
	FreeErrorData(error);
}

void
record_verify_moves(const RecordVerify *verify)
{
	RecordMoves moves = {verify};
	ListCell   *cell;

	moves.records = moves_list(verify->store, verify->snapshot,
							   verify->report, verify->arg);
	foreach(cell, moves.records)
	{
		CHECK_FOR_INTERRUPTS();
		moves.record = lfirst(cell);
		record_verify_guarded(&moves);
	}
}

/* ---------- stubs ---------- */

/* What is wrong with the stub of a row?  NULL: nothing. */
static const char *
record_verify_stub(const RecordVerify *verify, List *records, uint64 number,
				   const StubBlockData *data)
{
	uint32		block = (uint32) (number / ROWID_ROWS);
	const DirectoryEntry *entry = record_verify_segment(verify, block);
	const Moves *record;
	uint32		row;

	/* of a block's rows, the last one tells */
	for (row = ROWID_ROWS - 1; data->stub.state == STUB_BLOCK; row--)
	{
		number = rowid_number_of_block(block) + row;
		if (stub_block_has(data, row))
			break;
	}
	if (data->stub.state == STUB_UPDATED &&
		data->stub.offset == InvalidOffsetNumber)
		return "it leads to no row";
	if (entry != NULL)
		return number - rowid_number_of_block(entry->d.first_block) <
			entry->d.rows ? NULL : "its segment has no such row";
	if (!record_verify_reserved(verify, (uint64) block + 1))
		return "its row number was never reserved";
	record = record_verify_find(records, block);
	if (record != NULL && number - rowid_number_of_block(record->first_block) >=
		record->d.rows)
		return "its segment had no such row";
	return NULL;
}

static void
record_verify_put_stub(const RecordVerify *verify, uint64 number,
					   const char *what)
{
	const DirectoryEntry *entry =
	record_verify_segment(verify, (uint32) (number / ROWID_ROWS));

	verify->report(verify->arg, entry != NULL ? entry->d.first_block : -1,
				   psprintf("stub of row " UINT64_FORMAT ": %s", number, what));
}

void
record_verify_stubs(const RecordVerify *verify)
{
	List	   *records = moves_list(verify->store, verify->snapshot, NULL, NULL);
	uint64		last = PG_UINT64_MAX;
	ChunkScan	scan;
	HeapTuple	tuple;

	stub_begin_all(&scan, verify->store, verify->snapshot);
	while ((tuple = chunkscan_next(&scan, ForwardScanDirection)) != NULL)
	{
		StubBlockData data;
		uint64		number;
		const char *damage = stub_take_apart(verify->store, tuple, &number,
											 &data);

		CHECK_FOR_INTERRUPTS();
		if (damage == NULL)
			damage = number == last ? "there is another" :
				record_verify_stub(verify, records, number, &data);
		if (damage != NULL)
			record_verify_put_stub(verify, number, damage);
		last = number;
	}
	chunkscan_end(&scan);
}
