/*
 * pageitem.c
 *	  Items of heap pages as tuples.
 */
#include "postgres.h"

#include "access/htup_details.h"

#include "write/pageitem.h"

bool
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
