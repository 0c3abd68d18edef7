/*
 * reheat.c
 *	  Changes of segment rows as logical decoding wants to find them.
 *
 * Decoding reads the WAL records of heap's deletions and updates, old key or
 * old row included.  So the old image of a segment row is inserted as a hot
 * row, which decoding is told to pass over (NO_LOGICAL), and is then deleted or
 * updated by heapam.  Of the old image only those columns are there that the
 * replica identity wants or that say whether keys change.
 *
 * Nobody may ever see that image: whoever sees it sees the segment row too.
 * For other transactions it was inserted and deleted at once.  For our own it
 * must have been inserted and deleted by the same command, which heapam
 * refuses ("inserted after the scan started").  So heapam deletes it in the
 * name of the next command, and the command numbers are put right afterwards.
 * They mean nothing to anybody else, nor after a crash, so no WAL is needed for
 * that.  Nothing of this transaction reads the table in between.
 *
 * Long values of the image go to TOAST under the transaction's current
 * command number, and heapam would delete them under the same, which it refuses
 * for the same reason.  So the number is counted up in between, as
 * a trigger's statements count it up.
 *
 * An update that stays on the page and changes no indexed column would be a
 * HOT update, and the new version could only be found through index entries of
 * the old image.  There are none, so it is turned into an ordinary update.
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "access/heapam.h"
#include "access/heaptoast.h"
#include "access/sysattr.h"
#include "access/xact.h"
#include "nodes/bitmapset.h"
#include "storage/bufmgr.h"
#include "utils/relcache.h"

#include "compat/rowupdate.h"
#include "compat/tablestats.h"
#include "write/pageitem.h"
#include "write/reheat.h"

/* The columns of the old image, offset as system columns are there. */
static Bitmapset *
reheat_columns(Relation rel)
{
	Bitmapset  *identity;
	Bitmapset  *keys;

	identity = RelationGetIndexAttrBitmap(rel, INDEX_ATTR_BITMAP_IDENTITY_KEY);
	keys = RelationGetIndexAttrBitmap(rel, INDEX_ATTR_BITMAP_KEY);
	return bms_add_members(identity, keys);
}

/* Insert the old image. */
static void
reheat_insert(Relation rel, TupleTableSlot *old_slot, CommandId cid,
			  ItemPointer tid)
{
	TupleDesc	desc = RelationGetDescr(rel);
	bool		whole = rel->rd_rel->relreplident == REPLICA_IDENTITY_FULL;
	Bitmapset  *columns = whole ? NULL : reheat_columns(rel);
	Datum	   *values = palloc(desc->natts * sizeof(Datum));
	bool	   *isnull = palloc(desc->natts * sizeof(bool));
	HeapTuple	tuple;
	int			i;

	for (i = 0; i < desc->natts; i++)
	{
		isnull[i] = true;
		if (whole ||
			bms_is_member(i + 1 - FirstLowInvalidHeapAttributeNumber, columns))
			values[i] = slot_getattr(old_slot, i + 1, &isnull[i]);
	}
	tuple = heap_form_tuple(desc, values, isnull);
	tuple->t_tableOid = RelationGetRelid(rel);
	heap_insert(rel, tuple, cid, HEAP_INSERT_NO_LOGICAL, NULL);
	*tid = tuple->t_self;
	if (tuple->t_len > TOAST_TUPLE_THRESHOLD)
		CommandCounterIncrement();
	heap_freetuple(tuple);
	compat_pgstat_forget_insert(rel);
	bms_free(columns);
	pfree(values);
	pfree(isnull);
}

/* The tuple at a TID, in a buffer that is locked exclusively. */
static HeapTupleHeader
reheat_tuple(Relation rel, Page page, const ItemPointerData *tid)
{
	HeapTupleData tuple;

	if (!pageitem_tuple(rel, page, ItemPointerGetBlockNumber(tid),
						ItemPointerGetOffsetNumber(tid), &tuple))
		elog(ERROR, "row (%u,%u) of table \"%s\" is gone",
			 ItemPointerGetBlockNumber(tid), ItemPointerGetOffsetNumber(tid),
			 RelationGetRelationName(rel));
	return tuple.t_data;
}

/*
 * Put the command number of the image right, which the command that inserted
 * it has deleted, or that of the new version.
 */
static void
reheat_set_command(Relation rel, const ItemPointerData *tid, bool is_image,
				   CommandId cid)
{
	Buffer		buffer = ReadBuffer(rel, ItemPointerGetBlockNumber(tid));
	HeapTupleHeader header;
	bool		is_combo;

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	header = reheat_tuple(rel, BufferGetPage(buffer), tid);
	if (is_image)
	{
		HeapTupleHeaderAdjustCmax(header, &cid, &is_combo);
		HeapTupleHeaderSetCmax(header, cid, is_combo);
	}
	else
		HeapTupleHeaderSetCmin(header, cid);
	MarkBufferDirtyHint(buffer, true);
	UnlockReleaseBuffer(buffer);
}

void
reheat_delete(Relation rel, TupleTableSlot *old_slot, CommandId cid)
{
	ItemPointerData tid;
	TM_FailureData tmfd;
	TM_Result	result;

	reheat_insert(rel, old_slot, cid, &tid);
	result = heap_delete(rel, &tid, cid + 1, InvalidSnapshot, true, &tmfd,
						 false);
	if (result != TM_Ok)
		elog(ERROR, "image of a row of table \"%s\" cannot be deleted: %d",
			 RelationGetRelationName(rel), result);
	reheat_set_command(rel, &tid, true, cid);
}

/* ---------- update ---------- */

/* Make a HOT update an ordinary one; both versions are on one page. */
static void
reheat_cool(Relation rel, const ItemPointerData *old_tid,
			const ItemPointerData *tid)
{
	Buffer		buffer = ReadBuffer(rel, ItemPointerGetBlockNumber(tid));
	GenericXLogState *xlog;
	Page		image;

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	xlog = GenericXLogStart(rel);
	image = GenericXLogRegisterBuffer(xlog, buffer, 0);
	HeapTupleHeaderClearHotUpdated(reheat_tuple(rel, image, old_tid));
	HeapTupleHeaderClearHeapOnly(reheat_tuple(rel, image, tid));
	GenericXLogFinish(xlog);
	UnlockReleaseBuffer(buffer);
}

void
reheat_update(Relation rel, TupleTableSlot *old_slot, TupleTableSlot *slot,
			  CommandId cid)
{
	bool		should_free;
	HeapTuple	tuple = ExecFetchSlotHeapTuple(slot, true, &should_free);
	ItemPointerData old_tid;
	LockTupleMode mode;
	TM_FailureData tmfd;
	TM_Result	result;

	reheat_insert(rel, old_slot, cid, &old_tid);
	slot->tts_tableOid = tuple->t_tableOid = RelationGetRelid(rel);
	result = compat_heap_update(rel, &old_tid, tuple, cid + 1, &tmfd, &mode);
	if (result != TM_Ok)
		elog(ERROR, "image of a row of table \"%s\" cannot be updated: %d",
			 RelationGetRelationName(rel), result);
	slot->tts_tid = tuple->t_self;
	if (HeapTupleIsHeapOnly(tuple))
		reheat_cool(rel, &old_tid, &slot->tts_tid);
	reheat_set_command(rel, &old_tid, true, cid);
	reheat_set_command(rel, &slot->tts_tid, false, cid);
	if (should_free)
		pfree(tuple);
}
