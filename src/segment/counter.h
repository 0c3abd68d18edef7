/*
 * counter.h
 *	  Virtual row numbers: reserved once, never reused.
 */
#ifndef RUSTS_COUNTER_H
#define RUSTS_COUNTER_H

#include "segment/store.h"

/* A segment row's TID: block >= ROWID_BASE, offsets 1 .. ROWID_ROWS. */
#define ROWID_BASE 0x80000000U
#define ROWID_ROWS 291			/* what tidbitmap accepts */

static inline bool
rowid_is_virtual(const ItemPointerData *tid)
{
	BlockNumber block = ItemPointerGetBlockNumberNoCheck(tid);

	/* InvalidBlockNumber marks a row moved to another partition. */
	return block >= ROWID_BASE && block != InvalidBlockNumber;
}

/*
 * Row numbers: virtual block * ROWID_ROWS + offset - 1.  They order segment
 * rows as their TIDs do and are dense within a segment, so that a range of
 * rows is a pair of numbers.
 */
#define ROWID_NUMBER_MAX ((uint64) PG_UINT32_MAX * ROWID_ROWS)

static inline uint64
rowid_number_of_block(uint32 block)
{
	return (uint64) block * ROWID_ROWS;
}

/* Row `row` of the segment that begins at virtual block first_block. */
static inline void
rowid_set(ItemPointer tid, uint32 first_block, uint32 row)
{
	ItemPointerSet(tid, ROWID_BASE + first_block + row / ROWID_ROWS,
				   (OffsetNumber) (row % ROWID_ROWS + 1));
}

static inline void
rowid_set_number(ItemPointer tid, uint64 number)
{
	rowid_set(tid, (uint32) (number / ROWID_ROWS),
			  (uint32) (number % ROWID_ROWS));
}

/* Virtual block of a virtual TID. */
static inline uint32
rowid_block(const ItemPointerData *tid)
{
	return ItemPointerGetBlockNumberNoCheck(tid) - ROWID_BASE;
}

/* Row number of a virtual TID. */
static inline uint64
rowid_number(const ItemPointerData *tid)
{
	return rowid_number_of_block(rowid_block(tid)) +
		ItemPointerGetOffsetNumberNoCheck(tid) - 1;
}

static inline uint32
rowid_blocks(uint32 rows)
{
	return (rows + ROWID_ROWS - 1) / ROWID_ROWS;
}

/*
 * Reserve nblocks virtual blocks; returns the first.  Survives an abort.
 * Until the end of the (sub)transaction other sessions can tell that it has
 * reserved.
 */
extern uint32 counter_reserve(Store *store, uint32 nblocks);
/*
 * Keep other sessions from reserving until counter_end_quiesce.  False,
 * without waiting, if a transaction that has reserved blocks is in progress.
 */
extern bool counter_try_quiesce(Store *store);
extern void counter_end_quiesce(Store *store);
/*
 * The first block that was never reserved; 0 when none ever was.  An error
 * when there are segments and no counter.
 */
extern uint32 counter_peek(Store *store);

#endif							/* RUSTS_COUNTER_H */
