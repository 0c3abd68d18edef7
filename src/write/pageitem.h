/*
 * pageitem.h
 *	  Items of heap pages as tuples.
 */
#ifndef RUSTS_PAGEITEM_H
#define RUSTS_PAGEITEM_H

#include "access/htup.h"
#include "storage/bufpage.h"
#include "utils/rel.h"

/*
 * The tuple at an item of a page; false when there is none.  The buffer is
 * pinned and locked, or the page is the caller's copy.
 */
extern bool pageitem_tuple(Relation rel, Page page, BlockNumber block,
						   OffsetNumber offset, HeapTuple tuple);

#endif							/* RUSTS_PAGEITEM_H */
