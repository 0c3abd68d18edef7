/*
 * parallel.c
 *	  Shared state of a parallel scan: heap's blocks, then segment rows.
 *
 * The descriptor begins with heap's, which heapam hands out block by block as
 * for any table.  Behind it is one number: every segment row below it has been
 * claimed by some participant.  To claim, a participant looks up the first
 * segment with rows at or after the number in its own directory list and moves
 * the number to the end of what it takes, by compare-and-exchange.
 *
 * Nothing but row numbers is shared, so the lists need not be equal.  They are
 * under an MVCC snapshot; in an index build under SnapshotAny one participant
 * may still list a segment that has become surely dead for another.  Its rows
 * are then claimed or not, and both are right.  A participant that starts late
 * or does not take part (parallel_leader_participation = off) is not missed.
 */
#include "postgres.h"

#include "access/relscan.h"
#include "port/atomics.h"

#include "table/parallel.h"

/* A unit: 64 blocks, decoded in order by one participant. */
#define PARALLEL_UNIT_ROWS (64 * CODEC_BLOCK_ROWS)

typedef struct ParallelScanData
{
	ParallelBlockTableScanDescData heap;	/* must be first */
	pg_atomic_uint64 claimed;
} ParallelScanData;

Size
parallel_scan_estimate(Relation rel)
{
	return sizeof(ParallelScanData);
}

Size
parallel_scan_initialize(Relation rel, ParallelTableScanDesc pscan)
{
	ParallelScanData *shared = (ParallelScanData *) pscan;

	(void) table_block_parallelscan_initialize(rel, pscan);
	pg_atomic_init_u64(&shared->claimed, 0);
	return sizeof(ParallelScanData);
}

void
parallel_scan_reinitialize(Relation rel, ParallelTableScanDesc pscan)
{
	ParallelScanData *shared = (ParallelScanData *) pscan;

	table_block_parallelscan_reinitialize(rel, pscan);
	pg_atomic_write_u64(&shared->claimed, 0);
}

bool
parallel_scan_claim(ParallelTableScanDesc pscan, SegmentCursor *cursor)
{
	ParallelScanData *shared = (ParallelScanData *) pscan;
	uint64		claimed = pg_atomic_read_u64(&shared->claimed);

	cursor_load(cursor);
	for (;;)
	{
		int			i = cursor_search(cursor, claimed);
		DirectoryEntryData *d;
		uint64		base;
		uint64		low;
		uint64		high;

		if (i >= cursor->list->n)
			return false;
		d = &cursor->list->entries[i].d;
		base = rowid_number_of_block(d->first_block);
		low = Max(base, claimed);
		high = Min(low + PARALLEL_UNIT_ROWS, base + d->rows);
		if (pg_atomic_compare_exchange_u64(&shared->claimed, &claimed, high))
		{
			cursor_set_range(cursor, low, high);
			return true;
		}
	}
}
