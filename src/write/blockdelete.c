/*
 * blockdelete.c
 *	  Delete many rows of a segment at once.
 *
 * A statement that deletes a range of rows would write a stub for each.  Here
 * it writes one for those of them that are in a virtual block (STUB_BLOCK in
 * stub.h), which costs about as much as one for a row.  What rowchange.c says
 * of a row that is deleted without having had a stub holds for each of them:
 *
 * Whoever wants one of the rows finds the block's stub under the block's page
 * lock, which is held here while it is seen which rows have stubs and ours is
 * inserted.  If our transaction is in progress it is waited for; if it rolls
 * back, the rows have no stub again.  Rows that have one of their own, or one
 * by another command, are left to rowchange.c, which can wait and follow.  So
 * the stubs that are alive at a time never have a row in common, and their keys,
 * the numbers of their first rows, are unique.
 *
 * The directory row is looked at when the stubs are there, as rowchange.c does
 * and for its reasons.  If the segment is not there any more, the stubs are
 * withdrawn as if they had never been inserted, and the rows are left to
 * rowchange.c, which finds where they have gone.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/procarray.h"

#include "codec/codec.h"
#include "segment/stub.h"
#include "vector/selection.h"
#include "write/blockdelete.h"
#include "write/rowchange.h"

/* A batch's rows lie in so many virtual blocks at most. */
#define BLOCKDELETE_BLOCKS (CODEC_BLOCK_ROWS / ROWID_ROWS + 2)

/* Has the transaction that inserted a version rolled back? */
static bool
blockdelete_aborted(HeapTupleHeader header)
{
	TransactionId xmin = HeapTupleHeaderGetRawXmin(header);

	if (HeapTupleHeaderXminCommitted(header))
		return false;
	return HeapTupleHeaderXminInvalid(header) ||
		(!TransactionIdIsCurrentTransactionId(xmin) &&
		 !TransactionIdIsInProgress(xmin) &&
		 !TransactionIdDidCommit(xmin));
}

/* Leave out the rows of a stub. */
static void
blockdelete_leave_out(void *arg, HeapTuple tuple, uint64 number,
					  const StubBlockData *data)
{
	StubBlockData *block = arg;
	uint32		row = (uint32) (number % ROWID_ROWS);
	int			i;

	if (blockdelete_aborted(tuple->t_data))
		return;
	if (data->stub.state == STUB_BLOCK)
		for (i = 0; i < lengthof(block->rows); i++)
			block->rows[i] &= ~data->rows[i];
	else
		block->rows[row >> 3] &= ~(1 << (row & 7));
}

/* Insert the stub for one virtual block; false: no row is left. */
static bool
blockdelete_insert(Store *store, uint32 block, StubBlockData *data,
				   CommandId cid, ItemPointer tid)
{
	bool		any = false;
	int			i;

	rowchange_lock_block(store, block);
	stub_visit_versions(store, block, blockdelete_leave_out, data);
	for (i = 0; i < lengthof(data->rows); i++)
		any |= data->rows[i] != 0;
	if (any)
		*tid = stub_insert_block(store, block, data, cid);
	rowchange_unlock_block(store, block);
	return any;
}

int
blockdelete_rows(Store *store, const DirectoryEntry *entry, uint32 first,
				 uint64 *selected, CommandId cid)
{
	uint64		number = rowid_number_of_block(entry->d.first_block) + first;
	uint64		done[SELECTION_WORDS] = {0};
	ItemPointerData tids[BLOCKDELETE_BLOCKS];
	int			n = 0;
	int			row = selection_next(selected, 0);
	int			i;

	rowchange_note();
	while (row < CODEC_BLOCK_ROWS)
	{
		uint32		block = (uint32) ((number + row) / ROWID_ROWS);
		uint64		begin = rowid_number_of_block(block);
		StubBlockData data = {{0}};

		for (; row < CODEC_BLOCK_ROWS && number + row < begin + ROWID_ROWS;
			 row = selection_next(selected, row + 1))
			stub_block_add(&data, (uint32) (number + row - begin));
		Assert(n < BLOCKDELETE_BLOCKS);
		if (!blockdelete_insert(store, block, &data, cid, &tids[n]))
			continue;
		n++;
		for (i = 0; i < ROWID_ROWS; i++)
			if (stub_block_has(&data, i))
				selection_add(done, (int) (begin + i - number));
	}
	if (n == 0)
		return 0;
	if (!rowchange_in_segment(store, entry->d.first_block))
	{
		for (i = 0; i < n; i++)
			heap_abort_speculative(store->toast, &tids[i]);
		return 0;
	}
	for (i = 0; i < SELECTION_WORDS; i++)
		selected[i] &= ~done[i];
	return selection_count(done);
}
