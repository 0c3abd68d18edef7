/*
 * tablestats.h
 *	  Counters of rows that are alive, shared and not yet reported; backends.
 */
#ifndef RUSTS_TABLESTATS_H
#define RUSTS_TABLESTATS_H

#include "utils/backend_status.h"
#include "utils/pgstat_internal.h"
#include "utils/rel.h"

/* PostgreSQL 16 says that it counts, from 1 (upstream 8dfa37b797). */
#if PG_VERSION_NUM >= 160000
#define compat_backend_status(i) pgstat_get_local_beentry_by_index(i)
#else
#define compat_backend_status(i) pgstat_fetch_stat_local_beentry(i)
#endif

/* PostgreSQL 16 renamed the counters of a table (upstream 36bffc6d73). */
#if PG_VERSION_NUM >= 160000
#define compat_pgstat_relid(status) ((status)->id)
#define compat_pgstat_live(entry) ((entry)->live_tuples)
#define compat_pgstat_forget_deltas(rel) \
	((rel)->pgstat_info->counts.delta_live_tuples = \
	 (rel)->pgstat_info->counts.delta_dead_tuples = 0)
#define compat_pgstat_count_update(rel) \
	pgstat_count_heap_update(rel, false, true)
#else
#define compat_pgstat_relid(status) ((status)->t_id)
#define compat_pgstat_live(entry) ((entry)->n_live_tuples)
#define compat_pgstat_forget_deltas(rel) \
	((rel)->pgstat_info->t_counts.t_delta_live_tuples = \
	 (rel)->pgstat_info->t_counts.t_delta_dead_tuples = 0)
#define compat_pgstat_count_update(rel) pgstat_count_heap_update(rel, false)
#endif

/* The row that has just been counted as inserted is none to the user. */
static inline void
compat_pgstat_forget_insert(Relation rel)
{
	if (pgstat_should_count_relation(rel))
		rel->pgstat_info->trans->tuples_inserted--;
}

/* Many rows at once were deleted, by the transaction at hand. */
static inline void
compat_pgstat_count_deletes(Relation rel, PgStat_Counter rows)
{
	if (rows == 0 || !pgstat_should_count_relation(rel))
		return;
	pgstat_count_heap_delete(rel);
	rel->pgstat_info->trans->tuples_deleted += rows - 1;
}

#endif							/* RUSTS_TABLESTATS_H */
