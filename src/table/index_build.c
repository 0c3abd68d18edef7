/*
 * index_build.c
 *	  Feed a table's rows to an index that is being built.
 *
 * heapam's own code feeds the hot rows, with all its rules about HOT chains
 * and rows in progress.  That code insists on a relation whose access method
 * is heap, so it gets a view of the table that says so (heapview.c), and the
 * scan that a parallel build passes is exchanged for its child.  Index
 * expressions and predicates see the table itself, with all its rows.
 *
 * Segment rows follow, in TID order.  What makes a segment's rows part of the
 * index is the same as for hot rows:
 *
 * - in an ordinary build, every segment that is not surely dead, since an old
 *	 snapshot may still look for it; the lock on the table keeps other sessions
 *	 from adding segments.  Rows of one that only old snapshots see are passed
 *	 as not alive, so that they do not count for uniqueness;
 * - in a concurrent build, the segments that the snapshot of the build sees.
 *
 * New BRIN indexes are refused (brin.c).  What there is of them gets hot rows
 * only: a range of their blocks would otherwise have to cover the gap up to the
 * virtual blocks.
 */
#include "postgres.h"

#include "access/tableam.h"
#include "catalog/pg_am_d.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"

#include "option/brin.h"
#include "table/heapview.h"
#include "table/index_build.h"
#include "table/index_rows.h"
#include "table/parallel.h"
#include "table/scan.h"
#include "write/progress.h"

/* Rows of segments from one report of progress to the next. */
#define INDEX_BUILD_REPORT_ROWS 1024

/* A build: the arguments of the callback that go together. */
typedef struct IndexBuild
{
	Relation	table;
	Relation	index;
	IndexInfo  *info;
	bool		allow_sync;
	bool		anyvisible;
	bool		progress;
	BlockNumber start;
	BlockNumber nblocks;
	IndexBuildCallback callback;
	void	   *callback_state;
} IndexBuild;

/* Hot rows, by heapam.  heap_scan is NULL or a child scan, which it ends. */
static double
index_build_hot(IndexBuild *build, TableScanDesc heap_scan)
{
	Relation	view = heapview_open(build->table);
	double		rows;

	if (heap_scan != NULL)
		heapview_take_scan(view, heap_scan);
	rows = view->rd_tableam->index_build_range_scan(view, build->index,
													build->info,
													build->allow_sync,
													build->anyvisible,
													build->progress,
													build->start,
													build->nblocks,
													build->callback,
													build->callback_state,
													heap_scan);
	heapview_close(view);
	return rows;
}

/* What of the cursor's current segment is alive. */
typedef struct IndexBuildAlive
{
	bool		all;
	const DirectoryEntry *entry;	/* NULL: nothing */
	uint32		next;			/* of its rows that are gone */
} IndexBuildAlive;

/* The cursor is in a new segment.  In a concurrent build live is NULL. */
static void
index_build_enter(SegmentCursor *cursor, DirectoryList *live,
				  IndexBuildAlive *alive)
{
	DirectoryEntry *entry = &cursor->list->entries[cursor->entry];

	alive->all = live == NULL;
	alive->entry = live == NULL ? NULL :
		directory_list_find(live, entry->d.first_block);
	alive->next = 0;
}

/*
 * Is the cursor's current row alive, as opposed to visible to old snapshots
 * only?  Rows come in order.
 */
static inline bool
index_build_alive(SegmentCursor *cursor, IndexBuildAlive *alive)
{
	const DirectoryEntry *entry = alive->entry;

	if (entry == NULL)
		return alive->all;
	while (alive->next < entry->ngone &&
		   entry->gone[alive->next] < cursor->row)
		alive->next++;
	return alive->next >= entry->ngone ||
		entry->gone[alive->next] > cursor->row;
}

/* Segment rows, all or (pscan not NULL) those this participant claims. */
static double
index_build_cursor(IndexBuild *build, SegmentCursor *cursor,
				   DirectoryList *live, ParallelTableScanDesc pscan)
{
	IndexRows	rows;
	double		count = 0;
	int64		done = 0;
	int64		total = cursor->list->rows;
	int			entry = -1;
	IndexBuildAlive segment = {true};

	index_rows_begin(&rows, build->table, build->info);
	if (pscan != NULL)
		cursor_set_range(cursor, 0, 0);
	for (;;)
	{
		bool		alive;

		CHECK_FOR_INTERRUPTS();
		if (!cursor_next(cursor, rows.slot))
		{
			if (pscan != NULL && parallel_scan_claim(pscan, cursor))
				continue;
			break;
		}
		if (cursor->entry != entry)
		{
			entry = cursor->entry;
			index_build_enter(cursor, live, &segment);
		}
		if (build->progress && done++ % INDEX_BUILD_REPORT_ROWS == 0)
			progress_index(done - 1, total);
		alive = index_build_alive(cursor, &segment);
		if (alive)
			count += 1;
		if (index_rows_form(&rows))
			build->callback(build->index, &rows.slot->tts_tid, rows.values,
							rows.isnull, alive, build->callback_state);
	}
	index_rows_end(&rows);
	if (build->progress)
		progress_index(total, total);
	return count;
}

static double
index_build_segments(IndexBuild *build, Snapshot snapshot,
					 ParallelTableScanDesc pscan)
{
	SegmentCursor cursor;
	SegmentCursor live;
	double		count = 0;

	cursor_init(&cursor, build->table, snapshot);
	cursor_init(&live, build->table, SnapshotSelf);
	cursor_load(&cursor);
	if (cursor.list->n > 0)
	{
		if (!IsMVCCSnapshot(snapshot))
			cursor_load(&live);
		count = index_build_cursor(build, &cursor, live.list, pscan);
	}
	cursor_close(&live);
	cursor_close(&cursor);
	return count;
}

double
index_build_range_scan(Relation table, Relation index, IndexInfo *info,
					   bool allow_sync, bool anyvisible, bool progress,
					   BlockNumber start, BlockNumber nblocks,
					   IndexBuildCallback callback, void *callback_state,
					   TableScanDesc sscan)
{
	RustsScan	scan = (RustsScan) sscan;
	ParallelTableScanDesc pscan = scan ? scan->base.rs_parallel : NULL;
	TableScanDesc heap_scan = scan ? scan->heap : NULL;
	IndexBuild	build = {table, index, info, allow_sync, anyvisible, progress,
	start, nblocks, callback, callback_state};
	Snapshot	snapshot;
	double		count;

	brin_check_build(table, index);
	/* heapam ends the scan it is given and with it the scan's snapshot */
	if (scan != NULL)
		snapshot = scan->base.rs_snapshot;
	else
		snapshot = info->ii_Concurrent ? GetTransactionSnapshot() : SnapshotAny;
	if (IsMVCCSnapshot(snapshot))
		snapshot = RegisterSnapshot(snapshot);

	if (progress)
		progress_index(0, -1);
	count = index_build_hot(&build, heap_scan);
	if (scan != NULL)
		scan_free_wrapper(scan);
	if (index->rd_rel->relam != BRIN_AM_OID)
		count += index_build_segments(&build, snapshot, pscan);

	if (IsMVCCSnapshot(snapshot))
		UnregisterSnapshot(snapshot);
	return count;
}
