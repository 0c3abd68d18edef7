/*
 * blockshare.c
 *	  Which participant of a parallel scan reads which rows.
 *
 * All participants have the same snapshot and evaluate the same filters when
 * they load the directory, hence they have the same list in the same order and
 * number its rows alike.  They share one number, the first row that is not
 * claimed yet; a participant claims a piece by moving it.
 *
 * Pieces shrink as the end comes near.  Large ones, of several segments, spare
 * a participant from opening a segment that others read too, and keep the
 * groups of an aggregation apart, by series or by time; the small ones at the
 * end let all participants finish at about the same time, even those that came
 * late.
 */
#include "postgres.h"

#include "access/tableam.h"

#include "block/blockscan.h"
#include "block/blockshare.h"

/* No piece is smaller, but for a whole segment or the end of one, */
#define PIECE_ROWS (8 * CODEC_BLOCK_ROWS)
/* nor than what is read in so many microseconds: going elsewhere takes a few. */
#define PIECE_US 30
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
 * What is not worth a piece, going by how long the last one took.  What is
 * skipped says nothing of what comes.  Who gave rows away meanwhile was slow,
 * and gets small ones.
 */
static uint64
blockshare_least(const BlockScan *scan, instr_time now)
{
	const BlockScanCounters *then = &scan->piece_counters;
	double		blocks = scan->counters.blocks - then->blocks;
	double		skipped = scan->counters.blocks_pruned - then->blocks_pruned +
		scan->counters.blocks_metadata - then->blocks_metadata;
	double		rows;

	if (scan->piece_rows == 0 || blocks == skipped)
		return PIECE_ROWS;
	INSTR_TIME_SUBTRACT(now, scan->piece_since);
	rows = scan->piece_rows * (1 - skipped / blocks) * PIECE_US /
		Max(INSTR_TIME_GET_MICROSEC(now), 1);
	return Max(PIECE_ROWS, (uint64) rows);
}

/*
 * Where the piece that begins at a row ends: at a multiple of PIECE_ROWS in its
 * segment, so that no block has two readers, or with a segment.
 */
static uint64
blockshare_piece_end(const BlockScan *scan, uint64 row, uint64 least)
{
	DirectoryList *list = scan->cursor.list;
	uint64		left = list->rows - row;
	int			participants = scan->shared->participants;
	uint64		share = Max(left / (participants * PIECES_LEFT),
							Min(least, left / participants));
	uint64		end = row + Max(share, PIECE_ROWS);
	uint64		start = scan->rows_before;
	uint64		next = start;
	int			i = scan->next;

	if (end >= list->rows)
		return list->rows;
	for (; next <= end; i++)
	{
		start = next;
		next += list->entries[scan->order[i]].d.rows;
	}
	/* the end of a segment nearby spares somebody from opening it too */
	if (next - end <= share / 2)
		return next;
	if (start > row && end - start <= share / 2)
		return start;
	end = start + (end - start) / PIECE_ROWS * PIECE_ROWS;
	/* nor leave less than that */
	return next - end < PIECE_ROWS ? next : end;
}

static bool
blockshare_claim_piece(BlockScan *scan)
{
	uint64		row = pg_atomic_read_u64(&scan->shared->next_row);
	instr_time	now;
	uint64		least;

	INSTR_TIME_SET_CURRENT(now);
	least = blockshare_least(scan, now);
	while (row < scan->cursor.list->rows)
	{
		uint64		end = blockshare_piece_end(scan, row, least);

		if (pg_atomic_compare_exchange_u64(&scan->shared->next_row, &row, end))
		{
			scan->piece_row = row;
			scan->piece_end = end;
			scan->piece_rows = end - row;
			scan->piece_since = now;
			scan->piece_counters = scan->counters;
			return true;
		}
		/* row is up to date now */
	}
	return false;
}

bool
blockshare_claim(BlockScan *scan)
{
	DirectoryList *list = scan->cursor.list;
	const DirectoryEntry *entry;

	if (scan->piece_row == scan->piece_end && !blockshare_claim_piece(scan))
		return false;
	for (;;)
	{
		entry = &list->entries[scan->order[scan->next]];
		if (scan->piece_row < scan->rows_before + entry->d.rows)
			break;
		scan->rows_before += entry->d.rows;
		scan->next++;
	}
	scan->entry = entry;
	scan->low = (uint32) (scan->piece_row - scan->rows_before);
	scan->high = (uint32) Min(scan->piece_end - scan->rows_before,
							  entry->d.rows);
	scan->piece_row = scan->rows_before + scan->high;
	return true;
}

uint64
blockshare_floor(BlockScan *scan, bool reading)
{
	if (!scan->hot_done)
		return 0;
	if (reading)
		return scan->rows_before;
	if (scan->piece_row < scan->piece_end)
		return scan->piece_row;
	return pg_atomic_read_u64(&scan->shared->next_row);
}

uint64
blockshare_close(BlockScanShared *shared)
{
	return pg_atomic_exchange_u64(&shared->next_row, PG_UINT64_MAX);
}

void
blockshare_go_on(BlockScan *scan, uint64 row, BlockScanShared *copy)
{
	*copy = *scan->shared;
	pg_atomic_write_u64(&copy->next_row, row);
	copy->participants = 1;
	/* others may have read them */
	scan->hot_done = true;
	scan->shared = copy;
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
