/*
 * pageitem.h
 *	  Items of heap pages as tuples.
 */
#ifndef RUSTS_PAGEITEM_H
#define RUSTS_PAGEITEM_H

#include "access/htup_details.h"
#include "storage/bufpage.h"
#include "utils/rel.h"

/*
 * The tuple at an item of a page; false when there is none.  The buffer is
 * pinned and locked, or the page is the caller's copy.
 */
static inline bool
pageitem_tuple(Relation rel, Page page, BlockNumber block,
			   OffsetNumber offset, HeapTuple tuple)
{
	ItemId		item;

	if (offset < FirstOffsetNumber || offset > PageGetMaxOffsetNumber(page))
		return false;
	item = PageGetItemId(page, offset);
	if (!ItemIdIsNormal(item))
		return false;
	tuple->t_data = (HeapTupleHeader) PageGetItem(page, item);
	tuple->t_len = ItemIdGetLength(item);
	tuple->t_tableOid = RelationGetRelid(rel);
	ItemPointerSet(&tuple->t_self, block, offset);
	return true;
}

#endif							/* RUSTS_PAGEITEM_H */
