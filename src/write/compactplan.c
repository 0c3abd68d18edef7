/*
 * compactplan.c
 *	  Which segments of a table are to be written anew, and together?
 *
 * Segments of a window are sorted into classes by their rows, each class eight
 * times as large as the one before; eight segments of a class are merged.  So
 * there are at most seven of a class, and a row is written anew once a class:
 * seven times until a segment has half of the rows that it may have, and is
 * left alone.  A window of R rows thus has at most 7 * 7 segments and those of
 * half of rusts.segment_rows and more, of which there are 2 * R / segment_rows.
 *
 * A segment of which more than a tenth is gone is written anew, too.  When a
 * window is older than rusts.cold_after, or by rusts.compact(.., true), all that
 * is small is merged, and all that is not in the cold tier goes there if it is
 * due.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "option/options.h"
#include "option/settings.h"
#include "write/compactplan.h"

#define COMPACT_FANOUT 8
#define COMPACT_CLASSES 12		/* 8^12 > 2^32 */
#define COMPACT_GONE 0.1		/* share of rows */

typedef struct CompactPlan
{
	TableOptions *options;
	bool		full;
	int64		now;			/* in the unit of the time column */
	int64		cold_after;		/* -1: never */
	List	   *groups;
} CompactPlan;

static int
compactplan_class(const DirectoryEntry *entry)
{
	uint32		rows = entry->d.rows;
	int			class = 0;

	while (rows >= COMPACT_FANOUT)
	{
		rows /= COMPACT_FANOUT;
		class++;
	}
	return Min(class, COMPACT_CLASSES - 1);
}

static bool
compactplan_small(const CompactPlan *plan, const DirectoryEntry *entry)
{
	return entry->d.rows - directory_entry_dead(entry) <
		(uint32) plan->options->segment_rows / 2;
}

/* Is a window to be in the cold tier? */
static bool
compactplan_cold(const CompactPlan *plan, const DirectoryEntry *entry)
{
	return plan->cold_after >= 0 && plan->options->partition_interval > 0 &&
		(entry->d.flags & DIRECTORY_HAS_TIME) != 0 &&
		plan->now - plan->options->partition_interval - plan->cold_after >=
		entry->d.partition;
}

/* Cut the chosen segments of a window into groups of bounded size. */
static void
compactplan_cut(CompactPlan *plan, DirectoryEntry **chosen, int n,
				DirectoryTier tier)
{
	int			from = 0;

	while (from < n)
	{
		CompactGroup *group = palloc(sizeof(CompactGroup));
		uint64		rows = 0;
		uint64		bytes = 0;
		int			to = from;

		do
		{
			rows += chosen[to]->d.rows;
			bytes += chosen[to]->d.raw_bytes;
			to++;
		} while (to < n &&
				 rows + chosen[to]->d.rows <= (uint64) plan->options->segment_rows &&
				 bytes + chosen[to]->d.raw_bytes <=
				 (uint64) settings_flush_memory * 1024);
		group->tier = tier;
		group->n = to - from;
		group->entries = chosen + from;
		/* one that would only be copied stays as it is */
		if (group->n > 1 || directory_entry_dead(chosen[from]) > 0 ||
			chosen[from]->d.tier != tier)
			plan->groups = lappend(plan->groups, group);
		from = to;
	}
}

/* Choose among the segments of one window. */
static void
compactplan_window(CompactPlan *plan, DirectoryEntry **entries, int n)
{
	DirectoryEntry **chosen = palloc(n * sizeof(DirectoryEntry *));
	bool		cold = compactplan_cold(plan, entries[0]);
	int			in_class[COMPACT_CLASSES] = {0};
	int			nchosen = 0;
	int			nsmall = 0;
	int			i;

	for (i = 0; i < n; i++)
		if (compactplan_small(plan, entries[i]))
		{
			in_class[compactplan_class(entries[i])]++;
			nsmall++;
		}
	for (i = 0; i < n; i++)
	{
		const DirectoryEntry *entry = entries[i];
		double		gone = (double) directory_entry_dead(entry) / entry->d.rows;
		bool		small = compactplan_small(plan, entry);

		if (gone > (plan->full ? 0 : COMPACT_GONE) ||
			(cold && entry->d.tier != TIER_COLD) ||
			(small && nsmall > 1 && (plan->full || cold)) ||
			(small && in_class[compactplan_class(entry)] >= COMPACT_FANOUT))
			chosen[nchosen++] = entries[i];
	}
	compactplan_cut(plan, chosen, nchosen,
					cold || (nchosen > 0 && chosen[0]->d.tier == TIER_COLD) ?
					TIER_COLD : TIER_HOT);
}

static int
compactplan_compare(const void *a, const void *b)
{
	const DirectoryEntry *first = *(DirectoryEntry *const *) a;
	const DirectoryEntry *second = *(DirectoryEntry *const *) b;

	if (first->d.partition != second->d.partition)
		return first->d.partition < second->d.partition ? -1 : 1;
	if (first->d.min_time != second->d.min_time)
		return first->d.min_time < second->d.min_time ? -1 : 1;
	return first->d.first_block < second->d.first_block ? -1 : 1;
}

/* What time is it, as the time column counts? */
static void
compactplan_set_time(CompactPlan *plan)
{
	TimestampTz now = GetCurrentTimestamp();

	plan->cold_after = plan->options->cold_after;
	plan->now = now;
	if (plan->options->time_type == DATEOID)
	{
		plan->now = now / USECS_PER_DAY;
		plan->cold_after /= USECS_PER_DAY;
	}
	else if (plan->options->time_type != TIMESTAMPTZOID &&
			 plan->options->time_type != TIMESTAMPOID)
		plan->cold_after = -1;
}

List *
compactplan_make(Relation rel, DirectoryList *list, bool full)
{
	CompactPlan plan = {options_get(rel), full};
	DirectoryEntry **entries = palloc(Max(list->n, 1) * sizeof(DirectoryEntry *));
	int			from = 0;
	int			i;

	compactplan_set_time(&plan);
	for (i = 0; i < list->n; i++)
		entries[i] = &list->entries[i];
	qsort(entries, list->n, sizeof(DirectoryEntry *), compactplan_compare);
	for (i = 1; i <= list->n; i++)
	{
		if (i < list->n && entries[i]->d.partition == entries[from]->d.partition)
			continue;
		compactplan_window(&plan, entries + from, i - from);
		from = i;
	}
	return plan.groups;
}
