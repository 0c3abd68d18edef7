/*
 * retain_decode.c
 *	  Rows that retention drops, for logical decoding.
 *
 * With rusts.decode_retention, and where there is anything to decode, each row
 * that is dropped leaves what a deleted row of a segment leaves: an image that
 * is inserted and deleted at once (reheat.c).  The segment itself goes as ever,
 * and the images follow, in the same transaction.
 *
 * A subscriber must be told of each row once.  A row that somebody has deleted
 * or updated was told of by that: a second deletion, by the old key, would take
 * the new version from the subscriber.  Some have done so since the directory
 * was read, and their stubs are found when the segment is dropped, after its
 * directory row is marked (segment_drop.c).  From then on nobody adds any.  So
 * what was visited there is left out.
 */
#include "postgres.h"

#include "catalog/catalog.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "option/settings.h"
#include "segment/stub.h"
#include "write/reheat.h"
#include "write/retain_decode.h"

struct RetainDecode
{
	Relation	rel;
	CommandId	cid;
	TupleTableSlot *slot;
	MemoryContext row_context;	/* reset after each row */
	uint64		first;			/* of the segment that is being dropped */
	uint8	   *ended;			/* a bit a row of it */
};

RetainDecode *
retain_decode_begin(Relation rel, CommandId cid)
{
	RetainDecode *decode;

	if (!settings_decode_retention || !RelationIsLogicallyLogged(rel))
		return NULL;
	CheckCmdReplicaIdentity(rel, CMD_DELETE);
	decode = palloc0(sizeof(RetainDecode));
	decode->rel = rel;
	decode->cid = cid;
	decode->slot = MakeSingleTupleTableSlot(RelationGetDescr(rel),
											&TTSOpsVirtual);
	decode->row_context = AllocSetContextCreate(CurrentMemoryContext,
												"rusts decoded row",
												ALLOCSET_DEFAULT_SIZES);
	return decode;
}

void
retain_decode_end(RetainDecode *decode)
{
	if (decode == NULL)
		return;
	ExecDropSingleTupleTableSlot(decode->slot);
	MemoryContextDelete(decode->row_context);
	pfree(decode);
}

void
retain_decode_row(RetainDecode *decode, SegmentReader *reader, uint32 row)
{
	TupleTableSlot *slot = decode->slot;
	MemoryContext old = MemoryContextSwitchTo(decode->row_context);
	int			i;

	ExecClearTuple(slot);
	for (i = 0; i < slot->tts_tupleDescriptor->natts; i++)
		slot->tts_values[i] = segment_reader_value(reader, i + 1, row,
												   &slot->tts_isnull[i]);
	ExecStoreVirtualTuple(slot);
	reheat_delete(decode->rel, slot, decode->cid);
	ExecClearTuple(slot);
	MemoryContextSwitchTo(old);
	MemoryContextReset(decode->row_context);
}

void
retain_decode_expect(RetainDecode *decode, const DirectoryEntry *entry)
{
	decode->first = rowid_number_of_block(entry->d.first_block);
	decode->ended = palloc0((entry->d.rows + 7) / 8);
}

void
retain_decode_visit(void *arg, uint64 number, const StubData *data)
{
	RetainDecode *decode = arg;
	uint64		row = number - decode->first;

	decode->ended[row / 8] |= 1 << (row % 8);
}

void
retain_decode_segment(RetainDecode *decode, Store *store,
					  const DirectoryEntry *entry)
{
	SegmentReader *reader;
	int64		row;

	reader = segment_reader_open(store, entry, RelationGetDescr(decode->rel),
								 true, CurrentMemoryContext);
	for (row = segment_reader_next_live(reader, 0); row < entry->d.rows;
		 row = segment_reader_next_live(reader, row + 1))
	{
		CHECK_FOR_INTERRUPTS();
		if ((decode->ended[row / 8] & (1 << (row % 8))) == 0)
			retain_decode_row(decode, reader, (uint32) row);
	}
	segment_reader_close(reader);
	pfree(decode->ended);
	decode->ended = NULL;
}
