/*
 * size.c
 *	  Sizes and the planner's estimates.
 *
 * relation_size is the main fork's true size, because heapam, VACUUM and
 * relation extension depend on it, with one exception.  ANALYZE takes a table
 * for empty if it has no blocks to sample (up to PostgreSQL 16 without asking
 * the access method), and that is the normal state of a flushed table.  So a
 * table without heap blocks claims one for as long as this backend analyzes
 * it; analyze.c knows and reads no heap block then.  The progress report says
 * what is analyzed, hence this needs track_activities, which is on by default.
 *
 * Estimates: pg_class.reltuples and relpages count hot and segment rows
 * together (vacuum.c, ANALYZE), so heap's way to scale them by the current
 * number of heap blocks is wrong as soon as there are segments.  Then hot rows
 * are estimated from column widths and the counters of hotstats, and segment
 * rows are taken from the directory, where they are exact.  A table without
 * segments is estimated as heap would, number for number.
 */
#include "postgres.h"

#include <math.h>

#include "access/heapam.h"
#include "access/xact.h"
#include "commands/progress.h"
#include "optimizer/plancat.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/backend_status.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "segment/counter.h"
#include "write/hotstats.h"
#include "write/outline.h"
#include "write/size.h"

static bool
size_is_being_analyzed(Relation rel)
{
	return MyBEEntry != NULL &&
		MyBEEntry->st_progress_command == PROGRESS_COMMAND_ANALYZE &&
		MyBEEntry->st_progress_command_target == RelationGetRelid(rel);
}

bool
size_is_inflated(Relation rel)
{
	return size_is_being_analyzed(rel) &&
		table_block_relation_size(rel, MAIN_FORKNUM) == 0;
}

uint64
size_relation_size(Relation rel, ForkNumber fork)
{
	uint64		size = table_block_relation_size(rel, fork);

	if (size == 0 && fork == MAIN_FORKNUM && size_is_being_analyzed(rel) &&
		store_exists(rel))
		return BLCKSZ;
	return size;
}

bool
size_had_segments(Relation rel)
{
	Store	   *store;
	bool		result;

	if (!store_exists(rel))
		return false;
	store = store_open(rel, AccessShareLock);
	result = RelationGetNumberOfBlocks(store->toast) > 0 &&
		counter_peek(store) > 0;
	store_close(store);
	return result;
}

void
size_segment_totals(Relation rel, Snapshot snapshot, SegmentTotals *totals)
{
	DirectoryTotals sum = {0};
	Store	   *store;

	memset(totals, 0, sizeof(*totals));
	if (!store_exists(rel))
		return;
	store = store_open(rel, AccessShareLock);
	if (RelationGetNumberOfBlocks(store->toast) > 0)
		directory_sum(store, snapshot, &sum);
	store_close(store);
	totals->segments = (int) rint(sum.segments);
	totals->rows = sum.rows;
	totals->pages = ceil(sum.bytes / BLCKSZ);
}

void
size_planner_totals(Relation rel, SegmentTotals *totals)
{
	outline_totals(rel, totals);
}

bool
size_planner_has_segments(Relation rel)
{
	SegmentTotals totals;

	size_planner_totals(rel, &totals);
	return totals.segments > 0;
}

void
size_invalidate(Relation rel)
{
	CacheInvalidateRelcache(rel);
}

/* Rows that this transaction has inserted; those in segments too. */
static double
size_own_rows(Relation rel)
{
	PgStat_TableXactStatus *trans;
	double		rows = 0;

	if (rel->pgstat_info == NULL)
		return 0;
	for (trans = rel->pgstat_info->trans; trans != NULL; trans = trans->upper)
		rows += trans->tuples_inserted;
	return rows;
}

/*
 * Hot rows when pg_class cannot be believed: as many as fit into the pages, but
 * not more than are known to have come since the last flush.  After one the
 * pages are full of rows that have gone, until VACUUM gets to them.
 */
static double
size_estimate_hot_rows(Relation rel, int32 *attr_widths, BlockNumber pages)
{
	int32		width;
	double		rows;
	HotStats	stats;

	if (pages == 0)
		return 0;
	width = get_rel_data_width(rel, attr_widths) +
		MAXALIGN(SizeofHeapTupleHeader) + sizeof(ItemIdData);
	rows = (double) pages * ((BLCKSZ - SizeOfPageHeaderData) / width);
	if (hotstats_get(RelationGetRelid(rel), &stats))
		rows = Min(rows, stats.rows + size_own_rows(rel));
	return rows;
}

void
size_relation_estimate_size(Relation rel, int32 *attr_widths,
							BlockNumber *pages, double *tuples,
							double *allvisfrac)
{
	SegmentTotals totals;
	BlockNumber hot_pages;

	size_planner_totals(rel, &totals);
	if (totals.segments == 0)
	{
		GetHeapamTableAmRoutine()->relation_estimate_size(rel, attr_widths,
														  pages, tuples,
														  allvisfrac);
		return;
	}

	hot_pages = RelationGetNumberOfBlocks(rel);
	*tuples = totals.rows + size_estimate_hot_rows(rel, attr_widths,
												   hot_pages);
	*pages = (BlockNumber) Min(hot_pages + totals.pages, MaxBlockNumber);
	/* segment rows are never answered from the index alone */
	*allvisfrac = *pages == 0 ? 0 :
		(double) Min((BlockNumber) rel->rd_rel->relallvisible, hot_pages) /
		*pages;
}
