/*
 * outline.c
 *	  What the planner may know of a table's segments.
 *
 * Reading the directory for each plan would make planning cost grow with the
 * table's age, so a summary is kept in the relcache entry's rd_amcache, which
 * goes when the entry is invalidated.  A transaction that writes directory
 * rows sends that invalidation (size_invalidate) after its rows have become
 * visible.  Hence the summary must be of the latest state: what an old
 * snapshot sees would outlive its transaction.
 *
 * Long directories are sampled (directory_estimate), so the outline of a table
 * is never more than some 10 kB.  It is one chunk of memory, as the relcache
 * wants it; pointers in it are set when it is copied.
 *
 * How many series and dictionary entries there are is read from the header of
 * the largest segment when asked for, and is unknown if it is damaged.
 */
#include "postgres.h"

#include <math.h>

#include "storage/bufmgr.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "option/options.h"
#include "segment/guarded.h"
#include "segment/segment_reader.h"
#include "segment/segment_series.h"
#include "write/outline.h"

/* A segment, or a sampled one. */
typedef struct OutlinePiece
{
	int64		partition;
	OutlineSpan span;
} OutlinePiece;

/* An outline in the making. */
typedef struct OutlineDraft
{
	Outline    *outline;
	OutlinePiece *pieces;
	int			npieces;
	int			capacity;
	uint32		largest_rows;
} OutlineDraft;

/* ---------- drawing ---------- */

static void
draft_add_summaries(OutlineDraft *draft, const DirectoryEntry *entry,
					double weight)
{
	int			i;

	for (i = 0; i < entry->d.nsummaries; i++)
	{
		const DirectorySummaryData *summary = &entry->summaries[i];
		OutlineColumn *column;

		if (summary->attnum < 1 || summary->attnum > draft->outline->natts)
			continue;
		column = &draft->outline->columns[summary->attnum - 1];
		column->nulls += weight * summary->null_count;
		if ((summary->flags & SUMMARY_HAS_MINMAX) == 0 ||
			(summary->flags & SUMMARY_IS_FLOAT) != 0)
			continue;
		column->min = column->has_range ? Min(column->min, summary->min) :
			summary->min;
		column->max = column->has_range ? Max(column->max, summary->max) :
			summary->max;
		column->has_range = true;
	}
}

/* A DirectoryVisit. */
static void
draft_add(void *arg, const DirectoryEntry *entry, double weight)
{
	OutlineDraft *draft = arg;
	OutlinePiece *piece;

	if (entry->d.rows > draft->largest_rows)
	{
		draft->largest_rows = entry->d.rows;
		draft->outline->largest = entry->d.first_block;
	}
	draft_add_summaries(draft, entry, weight);
	if ((entry->d.flags & DIRECTORY_HAS_TIME) == 0)
		return;
	if (draft->npieces == draft->capacity)
	{
		draft->capacity *= 2;
		draft->pieces = repalloc(draft->pieces,
								 draft->capacity * sizeof(OutlinePiece));
	}
	piece = &draft->pieces[draft->npieces++];
	piece->partition = entry->d.partition;
	piece->span.from = entry->d.min_time;
	piece->span.to = entry->d.max_time;
	piece->span.rows = weight * (entry->d.rows - entry->d.dead_rows);
	piece->span.windows = Max(1, weight);
}

static int
piece_compare(const void *a, const void *b)
{
	const OutlinePiece *x = a;
	const OutlinePiece *y = b;

	if (x->partition != y->partition)
		return x->partition < y->partition ? -1 : 1;
	if (x->span.from != y->span.from)
		return x->span.from < y->span.from ? -1 : 1;
	return 0;
}

/* Segments of one window become one span. */
static void
draft_finish(OutlineDraft *draft)
{
	Outline    *outline = draft->outline;
	int			i;

	qsort(draft->pieces, draft->npieces, sizeof(OutlinePiece), piece_compare);
	outline->spans = palloc(Max(1, draft->npieces) * sizeof(OutlineSpan));
	for (i = 0; i < draft->npieces; i++)
	{
		const OutlinePiece *piece = &draft->pieces[i];
		OutlineSpan *span;

		if (i == 0 || piece->partition != piece[-1].partition)
		{
			outline->spans[outline->nspans++] = piece->span;
			continue;
		}
		span = &outline->spans[outline->nspans - 1];
		span->to = Max(span->to, piece->span.to);
		span->rows += piece->span.rows;
		span->windows = Max(span->windows, piece->span.windows);
	}
}

/* In the current memory context. */
static Outline *
outline_draw(Relation rel, Snapshot snapshot)
{
	Outline    *outline = palloc0(sizeof(Outline));
	OutlineDraft draft = {outline};
	DirectoryTotals sum;
	Store	   *store;

	outline->natts = RelationGetDescr(rel)->natts;
	outline->time = options_get(rel)->time_attnum;
	outline->columns = palloc0(outline->natts * sizeof(OutlineColumn));
	outline->spans = NULL;
	if (!store_exists(rel))
		return outline;
	store = store_open(rel, AccessShareLock);
	if (RelationGetNumberOfBlocks(store->toast) > 0)
	{
		draft.capacity = 64;
		draft.pieces = palloc(draft.capacity * sizeof(OutlinePiece));
		directory_estimate(store, snapshot, &sum, draft_add, &draft);
		draft_finish(&draft);
		outline->totals.segments = (int) rint(sum.segments);
		outline->totals.rows = sum.rows;
		outline->totals.pages = ceil(sum.bytes / BLCKSZ);
	}
	store_close(store);
	return outline;
}

/* ---------- keeping ---------- */

static Size
columns_size(const Outline *outline)
{
	return outline->natts * sizeof(OutlineColumn);
}

static Size
spans_size(const Outline *outline)
{
	return outline->nspans * sizeof(OutlineSpan);
}

/* A copy in one chunk of memory. */
static Outline *
outline_copy(const Outline *outline, MemoryContext context)
{
	char	   *chunk = MemoryContextAlloc(context, MAXALIGN(sizeof(Outline)) +
										   columns_size(outline) +
										   spans_size(outline));
	Outline    *copy = (Outline *) chunk;

	*copy = *outline;
	copy->columns = (OutlineColumn *) (chunk + MAXALIGN(sizeof(Outline)));
	copy->spans = (OutlineSpan *) ((char *) copy->columns +
								   columns_size(outline));
	memcpy(copy->columns, outline->columns, columns_size(outline));
	if (outline->nspans > 0)
		memcpy(copy->spans, outline->spans, spans_size(outline));
	return copy;
}

/* Keep it unless opening relations has rebuilt the entry and filled it. */
static void
outline_keep(Relation rel, const Outline *outline)
{
	if (rel->rd_amcache != NULL || IsInParallelMode())
		return;
	rel->rd_amcache = outline_copy(outline, CacheMemoryContext);
}

/* The outline as it is kept; where it cannot be, in the current context. */
static const Outline *
outline_find(Relation rel)
{
	Snapshot	snapshot;
	Outline    *outline;

	if (rel->rd_amcache != NULL)
		return rel->rd_amcache;
	/* a parallel worker plans under its leader's snapshot or not at all */
	snapshot = RegisterSnapshot(IsInParallelMode() ? GetActiveSnapshot() :
								GetLatestSnapshot());
	outline = outline_draw(rel, snapshot);
	UnregisterSnapshot(snapshot);
	outline_keep(rel, outline);
	return outline;
}

void
outline_totals(Relation rel, SegmentTotals *totals)
{
	*totals = outline_find(rel)->totals;
}

/* ---------- the largest segment ---------- */

static void
look_at_columns(Outline *outline, SegmentReader *reader)
{
	SegmentColumnInfo info;
	int			i;

	for (i = 0; segment_reader_column_info(reader, i, &info); i++)
		if (info.attnum >= 1 && info.attnum <= outline->natts)
			outline->columns[info.attnum - 1].entries = info.entries;
	outline->series = segment_series_count(reader);
}

typedef struct OutlineLook
{
	Relation	rel;
	Outline    *outline;
	Snapshot	snapshot;
} OutlineLook;

static void
outline_look(void *arg)
{
	OutlineLook *look = arg;
	Relation	rel = look->rel;
	Store	   *store = store_open(rel, AccessShareLock);
	DirectoryEntry entry;
	SegmentReader *reader;

	if (store == NULL)
		return;
	if (directory_find(store, look->outline->largest, look->snapshot, &entry))
	{
		reader = segment_reader_open(store, &entry, RelationGetDescr(rel),
									 false, CurrentMemoryContext);
		look_at_columns(look->outline, reader);
		segment_reader_close(reader);
	}
	store_close(store);
}

/*
 * A damaged segment concerns those who read it, not all who plan a query of the
 * table: then nothing is known.
 */
static void
outline_try_to_look(Relation rel, Outline *outline, Snapshot snapshot)
{
	OutlineLook look = {rel, outline, snapshot};
	ErrorData  *error;

	outline->looked = true;
	error = guarded_run(outline_look, &look);
	if (error == NULL)
		return;
	if (error->sqlerrcode != ERRCODE_DATA_CORRUPTED &&
		error->sqlerrcode != ERRCODE_INDEX_CORRUPTED)
		ReThrowError(error);
	FreeErrorData(error);
}

Outline *
outline_get(Relation rel, bool look)
{
	Outline    *outline = outline_copy(outline_find(rel), CurrentMemoryContext);
	Snapshot	snapshot;

	if (outline->totals.segments == 0)
		return NULL;
	/* no subtransaction can be had in a parallel worker */
	if (!look || outline->looked || IsInParallelMode())
		return outline;
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	outline_try_to_look(rel, outline, snapshot);
	UnregisterSnapshot(snapshot);
	/* the same outline, or a newer one that nobody has looked at */
	if (rel->rd_amcache != NULL &&
		((Outline *) rel->rd_amcache)->natts == outline->natts)
	{
		Outline    *kept = rel->rd_amcache;

		memcpy(kept->columns, outline->columns, columns_size(outline));
		kept->series = outline->series;
		kept->looked = true;
	}
	return outline;
}

bool
outline_get_column(Relation rel, AttrNumber attnum, Outline *head,
				   OutlineColumn *column)
{
	const Outline *outline = outline_find(rel);

	if (outline->totals.segments > 0 && !outline->looked)
		outline = outline_get(rel, true);
	if (outline->totals.segments == 0 || attnum < 1 ||
		attnum > outline->natts)
		return false;
	*head = *outline;
	head->columns = NULL;
	head->spans = NULL;
	*column = outline->columns[attnum - 1];
	return true;
}
