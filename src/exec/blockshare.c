/*
 * blockshare.c
 *	  Who of a parallel scan's participants reads which rows.
 *
 * All participants have the same snapshot and evaluate the same filters when
 * they load the directory, hence they have the same list in the same order
 * and number its rows alike.  They share one number, the first row that is
 * nobody's yet; a piece is claimed by moving it.
 *
 * Pieces shrink as the end comes near.  Large ones spare a participant from
 * opening a segment that others read too, and keep the groups of an
 * aggregation over sorted rows apart; the small ones at the end let all finish
 * at about the same time, whoever came late.
 */
#include "postgres.h"

#include "access/tableam.h"

#include "exec/blockscan.h"
#include "exec/blockshare.h"

/* No piece is smaller, but for the last of a segment. */
#define PIECE_ROWS (32 * CODEC_BLOCK_ROWS)
/* Each participant would get this many pieces, were they all like the next. */
#define PIECES_LEFT 3

Size
blockshare_size(void)
{
	return sizeof(BlockScanShared);
}

void
blockshare_init(BlockScanShared *shared, Relation rel, int participants)
{
	memset(shared, 0, sizeof(*shared));
	pg_atomic_init_u64(&shared->next_row, 0);
	shared->participants = participants;
	SpinLockInit(&shared->mutex);
	(void) table_block_parallelscan_initialize(rel,
											   (ParallelTableScanDesc) &shared->heap);
}

void
blockshare_reinit(BlockScanShared *shared, Relation rel)
{
	pg_atomic_write_u64(&shared->next_row, 0);
	table_block_parallelscan_reinitialize(rel,
										  (ParallelTableScanDesc) &shared->heap);
}

/* ---------- rows ---------- */

/*
 * How many of left rows, of which segment_left belong to the segment, to
 * claim: a multiple of PIECE_ROWS, or all that is left of the segment.
 */
static uint64
blockshare_piece(const BlockScanShared *shared, uint64 left,
				 uint64 segment_left)
{
	uint64		share = left / (shared->participants * PIECES_LEFT);
	uint64		piece = Max(share / PIECE_ROWS, 1) * PIECE_ROWS;

	/* nor leave less than a piece */
	return piece + PIECE_ROWS > segment_left ? segment_left : piece;
}

bool
blockshare_claim(BlockScan *scan)
{
	DirectoryList *list = scan->cursor.list;
	uint64		row = pg_atomic_read_u64(&scan->shared->next_row);

	while (scan->next < list->n)
	{
		const DirectoryEntry *entry = &list->entries[scan->order[scan->next]];
		uint64		end = scan->rows_before + entry->d.rows;
		uint64		piece;

		if (row >= end)
		{
			scan->rows_before = end;
			scan->next++;
			continue;
		}
		piece = blockshare_piece(scan->shared, list->rows - row, end - row);
		if (!pg_atomic_compare_exchange_u64(&scan->shared->next_row, &row,
											row + piece))
			continue;			/* row is up to date now */
		scan->entry = entry;
		scan->low = (uint32) (row - scan->rows_before);
		scan->high = scan->low + (uint32) piece;
		return true;
	}
	return false;
}

/* ---------- counters ---------- */

void
blockshare_add(BlockScanCounters *to, const BlockScanCounters *from)
{
	uint64	   *sum = (uint64 *) to;
	const uint64 *add = (const uint64 *) from;
	uint64		segments = Max(to->segments, from->segments);
	uint64		left_out = Max(to->segments_left_out, from->segments_left_out);
	int			i;

	for (i = 0; i < sizeof(BlockScanCounters) / sizeof(uint64); i++)
		sum[i] += add[i];
	/* everybody lists all of them */
	to->segments = segments;
	to->segments_left_out = left_out;
}

void
blockshare_count_bytes(BlockScan *scan)
{
	if (scan->cursor.store == NULL)
		return;
	scan->counters.bytes += scan->cursor.store->bytes_read;
	scan->cursor.store->bytes_read = 0;
}

void
blockshare_report(BlockScan *scan)
{
	blockshare_count_bytes(scan);
	SpinLockAcquire(&scan->shared->mutex);
	blockshare_add(&scan->shared->counters, &scan->counters);
	SpinLockRelease(&scan->shared->mutex);
	memset(&scan->counters, 0, sizeof(scan->counters));
}

void
blockshare_take(BlockScan *scan)
{
	SpinLockAcquire(&scan->shared->mutex);
	blockshare_add(&scan->counters, &scan->shared->counters);
	memset(&scan->shared->counters, 0, sizeof(BlockScanCounters));
	SpinLockRelease(&scan->shared->mutex);
}
