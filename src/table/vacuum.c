/*
 * vacuum.c
 *	  VACUUM of a rusts table.
 *
 * heapam vacuums the hot rows and their index entries; the TOAST relation, and
 * with it dropped segments, is vacuumed by PostgreSQL as any other's.  That
 * leaves two things that heapam cannot know:
 *
 * Stale index entries.  A flush that was rolled back, or the removal of a
 * segment, leaves index entries whose virtual TID names nothing.  They are
 * harmless, since virtual blocks are never used again, but they pile up.  An
 * entry is stale when its block was reserved (is below the counter) and no
 * segment that somebody could still see covers it.  A transaction that has
 * reserved blocks and not yet finished may have made entries without having
 * its directory row in place, so counter and directory are read while there
 * is none; if there is one, the entries are left for the next VACUUM.  When
 * the blocks of the directory add up to the counter, nothing can be stale.
 *
 * Statistics.  pg_class.reltuples and relpages count segment rows too, for
 * monitoring and autovacuum's ANALYZE threshold; heapam writes the numbers of
 * the hot part, so they are completed afterwards, those of the indexes too.
 * heapam guesses how many rows there are on pages that it has skipped from how
 * many there were on all pages before.  That fails where most pages were
 * emptied by flushes, so the rows of a hot part of the usual size are counted.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/multixact.h"
#include "access/visibilitymap.h"
#include "catalog/pg_class.h"
#include "commands/vacuum.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "storage/procarray.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "compat/compat.h"
#include "compat/tablestats.h"
#include "table/vacuum.h"
#include "write/pageitem.h"
#include "write/size.h"

typedef struct StaleCheck
{
	uint32		limit;			/* first block that was never reserved */
	DirectoryList *list;		/* all segments that are not surely dead */
	uint64		removed;
} StaleCheck;

/* IndexBulkDeleteCallback: is the entry stale? */
static bool
vacuum_is_stale(ItemPointer tid, void *arg)
{
	StaleCheck *check = (StaleCheck *) arg;

	if (!rowid_is_virtual(tid) || rowid_block(tid) >= check->limit ||
		directory_list_find(check->list, rowid_block(tid)) != NULL)
		return false;
	check->removed++;
	return true;
}

/* Learn what is stale; false: nothing, or it cannot be told now. */
static bool
vacuum_find_stale(Store *store, StaleCheck *check)
{
	bool		stale = false;

	if (RelationGetNumberOfBlocks(store->toast) == 0 ||
		!counter_try_quiesce(store))
		return false;
	check->limit = counter_peek(store);
	check->list = directory_load(store, SnapshotAny);
	counter_end_quiesce(store);
	stale = check->list->nblocks < check->limit;
	check->removed = 0;
	return stale;
}

static void
vacuum_clean_index(Relation rel, Relation index, StaleCheck *check,
				   BufferAccessStrategy bstrategy)
{
	IndexVacuumInfo info = {0};
	IndexBulkDeleteResult *stats;

	info.index = index;
	compat_set_heaprel(&info, rel);
	info.estimated_count = true;
	info.message_level = DEBUG2;
	info.num_heap_tuples = (double) check->list->rows;
	info.strategy = bstrategy;
	stats = index_bulk_delete(&info, NULL, vacuum_is_stale, check);
	stats = index_vacuum_cleanup(&info, stats);
	if (stats != NULL)
		pfree(stats);
}

static void
vacuum_clean_indexes(Relation rel, VacuumParams *params,
					 BufferAccessStrategy bstrategy)
{
	Store	   *store;
	StaleCheck	check;
	Relation   *indexes;
	int			nindexes;
	int			i;

	if (!rel->rd_rel->relhasindex || !store_exists(rel) ||
		params->index_cleanup == VACOPTVALUE_DISABLED)
		return;
	store = store_open(rel, AccessShareLock);
	if (vacuum_find_stale(store, &check))
	{
		vac_open_indexes(rel, RowExclusiveLock, &nindexes, &indexes);
		for (i = 0; i < nindexes; i++)
		{
			CHECK_FOR_INTERRUPTS();
			vacuum_clean_index(rel, indexes[i], &check, bstrategy);
		}
		vac_close_indexes(nindexes, indexes, NoLock);
		if (check.removed > 0)
			ereport((params->options & VACOPT_VERBOSE) ? INFO : DEBUG1,
					(errmsg("table \"%s\": removed " UINT64_FORMAT " index entries of segment rows that no longer exist",
							RelationGetRelationName(rel), check.removed)));
	}
	store_close(store);
}

/* pg_class.reltuples, as it has just been left. */
static double
vacuum_reltuples(Relation rel)
{
	HeapTuple	tuple;
	double		rows;

	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(RelationGetRelid(rel)));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u",
			 RelationGetRelid(rel));
	rows = ((Form_pg_class) GETSTRUCT(tuple))->reltuples;
	ReleaseSysCache(tuple);
	return rows;
}

static void
vacuum_totals(Relation rel, SegmentTotals *totals)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());

	size_segment_totals(rel, snapshot, totals);
	UnregisterSnapshot(snapshot);
}

/*
 * heapam scales the density that pg_class records by the blocks it has not
 * looked at, so it is shown the hot part's numbers.  The relcache entry may be
 * rebuilt meanwhile and then has the catalog's again; an estimate is off then.
 */
static void
vacuum_hot(Relation rel, VacuumParams *params, BufferAccessStrategy bstrategy,
		   const SegmentTotals *totals)
{
	Form_pg_class form = rel->rd_rel;
	float4		reltuples = form->reltuples;
	int32		relpages = form->relpages;

	if (totals->segments > 0)
	{
		form->reltuples = (float4) Max(reltuples - totals->rows, 0);
		form->relpages = (int32) Max(relpages - totals->pages, 0);
	}
	PG_TRY();
	{
		GetHeapamTableAmRoutine()->relation_vacuum(rel, params, bstrategy);
	}
	PG_CATCH();
	{
		rel->rd_rel->reltuples = reltuples;
		rel->rd_rel->relpages = relpages;
		PG_RE_THROW();
	}
	PG_END_TRY();
}

/*
 * Index AMs clamp their count of entries to the hot rows, which heapam takes
 * for all.  An index without predicate has an entry per row; one with keeps
 * the number that ANALYZE or the build has found, if that is larger.
 */
static void
vacuum_update_index(Relation index, double old_rows, double table_rows)
{
	double		rows = table_rows;

	if (RelationGetIndexPredicate(index) != NIL)
		rows = Min(Max(old_rows, vacuum_reltuples(index)), table_rows);
	vac_update_relstats(index, RelationGetNumberOfBlocks(index), rows, 0,
						COMPAT_ALL_FROZEN(0) false, InvalidTransactionId,
						InvalidMultiXactId, NULL, NULL, false);
}

/* What the catalog says of each index, in the order of the index list. */
static float4 *
vacuum_index_rows(List *indexes)
{
	float4	   *rows = palloc((list_length(indexes) + 1) * sizeof(float4));
	ListCell   *cell;

	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		rows[foreach_current_index(cell)] = index->rd_rel->reltuples;
		index_close(index, AccessShareLock);
	}
	return rows;
}

/* Hot parts of more pages (256 MB) are not counted. */
#define VACUUM_COUNT_PAGES 32768

/* The live rows of a page. */
static int
vacuum_count_page(Relation rel, BlockNumber block, TransactionId oldest,
				  BufferAccessStrategy bstrategy)
{
	Buffer		buffer = ReadBufferExtended(rel, MAIN_FORKNUM, block,
											RBM_NORMAL, bstrategy);
	OffsetNumber offset;
	HeapTupleData tuple;
	Page		page;
	int			n = 0;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	page = BufferGetPage(buffer);
	for (offset = FirstOffsetNumber; offset <= PageGetMaxOffsetNumber(page);
		 offset++)
		if (pageitem_tuple(rel, page, block, offset, &tuple) &&
			HeapTupleSatisfiesVacuum(&tuple, oldest, buffer) == HEAPTUPLE_LIVE)
			n++;
	UnlockReleaseBuffer(buffer);
	return n;
}

/* How many hot rows are there?  pg_class has heapam's guess. */
static double
vacuum_count_hot(Relation rel, BufferAccessStrategy bstrategy)
{
	BlockNumber nblocks = RelationGetNumberOfBlocks(rel);
	TransactionId oldest = GetOldestNonRemovableTransactionId(rel);
	BlockNumber block;
	double		rows = 0;

	if (nblocks > VACUUM_COUNT_PAGES)
		return Max(vacuum_reltuples(rel), 0);
	for (block = 0; block < nblocks; block++)
	{
		compat_vacuum_delay();
		rows += vacuum_count_page(rel, block, oldest, bstrategy);
	}
	return rows;
}

/*
 * heapam has just reported its own rows, in shared memory, as all there are:
 * they are replaced there.  What this session's earlier transactions have added
 * and removed and not yet reported is counted in both, so it must not be added
 * later.  (Without segments it is, as for any heap.)
 */
static void
vacuum_report_live(Relation rel, double rows)
{
	PgStat_EntryRef *entry;

	if (!pgstat_track_counts || !pgstat_should_count_relation(rel))
		return;
	compat_pgstat_forget_deltas(rel);
	entry = pgstat_get_entry_ref_locked(PGSTAT_KIND_RELATION, MyDatabaseId,
										RelationGetRelid(rel), false);
	compat_pgstat_live(&((PgStatShared_Relation *) entry->shared_stats)->stats) =
		(PgStat_Counter) rows;
	pgstat_unlock_entry(entry);
}

static void
vacuum_update_statistics(Relation rel, List *indexes, float4 *index_rows,
						 BufferAccessStrategy bstrategy)
{
	SegmentTotals totals;
	ListCell   *cell;
	double		rows;
	BlockNumber pages;
	BlockNumber all_visible;
	BlockNumber all_frozen;

	vacuum_totals(rel, &totals);
	if (totals.segments == 0)
		return;
	rows = vacuum_count_hot(rel, bstrategy) + totals.rows;
	vacuum_report_live(rel, rows);
	pages = RelationGetNumberOfBlocks(rel);
	visibilitymap_count(rel, &all_visible, &all_frozen);
	vac_update_relstats(rel,
						(BlockNumber) Min(pages + totals.pages, MaxBlockNumber),
						rows,
						Min(all_visible, pages),
						COMPAT_ALL_FROZEN(Min(all_frozen, pages))
						rel->rd_rel->relhasindex,
						InvalidTransactionId, InvalidMultiXactId, NULL, NULL,
						false);
	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), RowExclusiveLock);

		vacuum_update_index(index, index_rows[foreach_current_index(cell)],
							rows);
		index_close(index, NoLock);
	}
}

void
vacuum_relation(Relation rel, VacuumParams *params,
				BufferAccessStrategy bstrategy)
{
	List	   *indexes = RelationGetIndexList(rel);
	float4	   *index_rows = vacuum_index_rows(indexes);
	SegmentTotals totals;

	vacuum_totals(rel, &totals);
	vacuum_hot(rel, params, bstrategy, &totals);
	vacuum_clean_indexes(rel, params, bstrategy);
	vacuum_update_statistics(rel, indexes, index_rows, bstrategy);
}
