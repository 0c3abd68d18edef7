/*
 * segment_sort.c
 *	  Order rows by (partition, tags, time) and cut them into pieces.
 *
 * Rows that arrive together mostly arrive in time order and belong to one
 * partition and a modest number of series, so nothing is compared row by row
 * if it can be helped: rows get the number of their series, series are
 * sorted, a counting sort places the rows, and a series' run is sorted by
 * time only when it is not in order already.  All steps are stable.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "segment/column_buffer.h"
#include "segment/segment_sort.h"

/* Windows that no finite time falls into. */
#define PARTITION_MINUS_INFINITY PG_INT64_MIN
#define PARTITION_NULL (PG_INT64_MAX - 1)
#define PARTITION_INFINITY PG_INT64_MAX

/* ---------- grouping equal 64-bit keys ---------- */

/* Assigns group numbers 0, 1, ... to rows; a group is a distinct key. */
typedef struct Grouping
{
	uint32	   *group;			/* per row */
	int64	   *keys;			/* per group */
	uint32		n;
	uint32		capacity;
	uint32	   *table;			/* group + 1 */
	uint32		mask;
} Grouping;

static void
grouping_init(Grouping *grouping, uint32 rows)
{
	grouping->group = palloc_extended(rows * sizeof(uint32), MCXT_ALLOC_HUGE);
	grouping->n = 0;
	grouping->capacity = 64;
	grouping->mask = 127;
	grouping->keys = palloc(grouping->capacity * sizeof(int64));
	grouping->table = palloc0((grouping->mask + 1) * sizeof(uint32));
}

static void
grouping_free(Grouping *grouping)
{
	pfree(grouping->group);
	pfree(grouping->keys);
	pfree(grouping->table);
}

static inline uint32
grouping_slot(const Grouping *grouping, int64 key)
{
	uint64		hash = (uint64) key * UINT64CONST(0x9E3779B97F4A7C15);
	uint32		at = (uint32) (hash >> 32) & grouping->mask;

	while (grouping->table[at] != 0 &&
		   grouping->keys[grouping->table[at] - 1] != key)
		at = (at + 1) & grouping->mask;
	return at;
}

static uint32
grouping_add(Grouping *grouping, int64 key)
{
	uint32		at = grouping_slot(grouping, key);
	uint32		i;

	if (grouping->table[at] != 0)
		return grouping->table[at] - 1;
	if (grouping->n == grouping->capacity)
	{
		grouping->capacity *= 2;
		grouping->keys = repalloc_huge(grouping->keys,
									   grouping->capacity * sizeof(int64));
		pfree(grouping->table);
		grouping->mask = grouping->capacity * 2 - 1;
		grouping->table = palloc_extended((Size) (grouping->mask + 1) *
										  sizeof(uint32),
										  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
		for (i = 0; i < grouping->n; i++)
			grouping->table[grouping_slot(grouping, grouping->keys[i])] = i + 1;
		at = grouping_slot(grouping, key);
	}
	grouping->keys[grouping->n] = key;
	grouping->table[at] = ++grouping->n;
	return grouping->n - 1;
}

/* ---------- partitions ---------- */

static bool
partition_is_infinite(const ColumnBuffer *time, int64 value)
{
	if (time->type.typlen == 4)
		return value == PG_INT32_MIN || value == PG_INT32_MAX;
	if (!time->type.ordered || time->type.summable)
		return false;			/* a bigint has no infinity */
	return value == PG_INT64_MIN || value == PG_INT64_MAX;
}

/* Start of the window that a row falls into. */
static int64
partition_of(const SegmentBuilder *builder, uint32 row)
{
	const ColumnBuffer *time = builder->time;
	int64		interval = builder->spec.partition_interval;
	int64		value;
	int64		rest;

	if (column_buffer_is_null(time, row))
		return PARTITION_NULL;
	value = (int64) time->values[row];
	if (partition_is_infinite(time, value))
		return value < 0 ? PARTITION_MINUS_INFINITY : PARTITION_INFINITY;
	rest = value % interval;
	if (rest < 0)
		rest += interval;
	if (value < PG_INT64_MIN + rest)
		return PG_INT64_MIN + 1;
	return value - rest;
}

/* ---------- series ---------- */

/*
 * Give every row the number of its tag combination: fold the tags one after
 * the other into groups of (group so far, code).
 */
static void
series_assign(SegmentBuilder *builder, Grouping *series)
{
	uint32		rows = builder->rows;
	uint32		i;
	int			t;

	grouping_init(series, rows);
	memset(series->group, 0, rows * sizeof(uint32));
	series->n = 1;
	for (t = 0; t < builder->spec.ntags; t++)
	{
		ColumnBuffer *tag = builder->tags[t];
		Grouping	next;
		int64		last_key = -1;
		uint32		last = 0;

		grouping_init(&next, rows);
		for (i = 0; i < rows; i++)
		{
			int64		code = column_buffer_is_null(tag, i) ? 0 :
			(int64) tag->codes[i] + 1;
			int64		key = ((int64) series->group[i] << 32) | code;

			if (key != last_key)
			{
				last = grouping_add(&next, key);
				last_key = key;
			}
			next.group[i] = last;
		}
		grouping_free(series);
		*series = next;
	}
}

typedef struct SeriesSort
{
	SegmentBuilder *builder;
	uint32	   *member;			/* some row of each series */
} SeriesSort;

static int
series_compare(const void *a, const void *b, void *arg)
{
	SeriesSort *sort = arg;
	uint32		row_a = sort->member[*(const uint32 *) a];
	uint32		row_b = sort->member[*(const uint32 *) b];
	int			t;

	for (t = 0; t < sort->builder->spec.ntags; t++)
	{
		ColumnBuffer *tag = sort->builder->tags[t];
		bool		null_a = column_buffer_is_null(tag, row_a);
		bool		null_b = column_buffer_is_null(tag, row_b);
		uint32		rank_a;
		uint32		rank_b;

		if (null_a || null_b)
		{
			if (null_a != null_b)
				return null_a ? 1 : -1;
			continue;
		}
		rank_a = tag->rank[tag->codes[row_a]];
		rank_b = tag->rank[tag->codes[row_b]];
		if (rank_a != rank_b)
			return rank_a < rank_b ? -1 : 1;
	}
	return 0;
}

/* Rank of each series in tag order. */
static uint32 *
series_rank(SegmentBuilder *builder, Grouping *series)
{
	SeriesSort	sort;
	uint32	   *sorted = palloc_extended(series->n * sizeof(uint32),
										 MCXT_ALLOC_HUGE);
	uint32	   *rank = palloc_extended(series->n * sizeof(uint32),
									   MCXT_ALLOC_HUGE);
	uint32		i;

	sort.builder = builder;
	sort.member = palloc_extended(series->n * sizeof(uint32), MCXT_ALLOC_HUGE);
	for (i = 0; i < builder->rows; i++)
		sort.member[series->group[i]] = i;
	for (i = 0; i < series->n; i++)
		sorted[i] = i;
	qsort_arg(sorted, series->n, sizeof(uint32), series_compare, &sort);
	for (i = 0; i < series->n; i++)
		rank[sorted[i]] = i;
	pfree(sorted);
	pfree(sort.member);
	return rank;
}

/* ---------- placing rows ---------- */

/*
 * Stable counting sort: rearrange `order` by key[order[i]] in 0 .. nkeys-1.
 * Returns where each key's rows begin (nkeys + 1 entries).
 */
static uint32 *
counting_sort(uint32 **order, uint32 rows, const uint32 *key, uint32 nkeys)
{
	uint32	   *start = palloc_extended((nkeys + 1) * sizeof(uint32),
										MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	uint32	   *next = palloc_extended((nkeys + 1) * sizeof(uint32),
									   MCXT_ALLOC_HUGE);
	uint32	   *sorted = palloc_extended(rows * sizeof(uint32),
										 MCXT_ALLOC_HUGE);
	uint32		i;

	for (i = 0; i < rows; i++)
		start[key[i] + 1]++;
	for (i = 0; i < nkeys; i++)
		start[i + 1] += start[i];
	memcpy(next, start, (nkeys + 1) * sizeof(uint32));
	for (i = 0; i < rows; i++)
	{
		uint32		row = (*order)[i];

		sorted[next[key[row]]++] = row;
	}
	pfree(next);
	pfree(*order);
	*order = sorted;
	return start;
}

static int
time_compare(const void *a, const void *b, void *arg)
{
	ColumnBuffer *time = arg;
	uint32		row_a = *(const uint32 *) a;
	uint32		row_b = *(const uint32 *) b;
	bool		null_a = column_buffer_is_null(time, row_a);
	bool		null_b = column_buffer_is_null(time, row_b);

	if (null_a != null_b)
		return null_a ? 1 : -1;
	if (!null_a && time->values[row_a] != time->values[row_b])
		return (int64) time->values[row_a] < (int64) time->values[row_b] ? -1 : 1;
	return row_a < row_b ? -1 : row_a > row_b;
}

/* Sort the rows order[0 .. n-1] of one series by time, if they are not. */
static void
sort_run_by_time(ColumnBuffer *time, uint32 *order, uint32 n)
{
	uint32		i;

	for (i = 1; i < n; i++)
		if (time_compare(&order[i - 1], &order[i], time) > 0)
		{
			qsort_arg(order, n, sizeof(uint32), time_compare, time);
			return;
		}
}

static int
compare_int64(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return x < y ? -1 : x > y;
}

/* Cut the sorted rows into partitions, in the order of their windows. */
static void
cut_partitions(SegmentBuilder *builder, SegmentPlan *plan)
{
	Grouping	windows;
	int64	   *sorted;
	uint32	   *rank;
	uint32	   *key;
	int64		last_window = 0;
	uint32		last = 0;
	uint32		i;

	grouping_init(&windows, builder->rows);
	for (i = 0; i < builder->rows; i++)
	{
		int64		window = partition_of(builder, i);

		if (i == 0 || window != last_window)
		{
			last = grouping_add(&windows, window);
			last_window = window;
		}
		windows.group[i] = last;
	}
	sorted = palloc_extended(windows.n * sizeof(int64), MCXT_ALLOC_HUGE);
	memcpy(sorted, windows.keys, windows.n * sizeof(int64));
	qsort(sorted, windows.n, sizeof(int64), compare_int64);
	rank = palloc_extended(windows.n * sizeof(uint32), MCXT_ALLOC_HUGE);
	for (i = 0; i < windows.n; i++)
	{
		int64	   *at = bsearch(&windows.keys[i], sorted, windows.n,
								 sizeof(int64), compare_int64);

		rank[i] = at - sorted;
	}
	plan->npieces = windows.n;
	plan->partition = sorted;
	key = windows.group;
	for (i = 0; i < builder->rows; i++)
		key[i] = rank[key[i]];
	plan->start = counting_sort(&plan->order, builder->rows, key, windows.n);
	pfree(rank);
	grouping_free(&windows);
}

/* Place rows in series order and time order within a series. */
static void
place_series(SegmentBuilder *builder, SegmentPlan *plan)
{
	Grouping	series;
	uint32	   *rank;
	uint32	   *start;
	uint32		i;

	series_assign(builder, &series);
	rank = series_rank(builder, &series);
	for (i = 0; i < builder->rows; i++)
		series.group[i] = rank[series.group[i]];
	start = counting_sort(&plan->order, builder->rows, series.group, series.n);
	if (builder->time != NULL)
		for (i = 0; i < series.n; i++)
		{
			CHECK_FOR_INTERRUPTS();
			sort_run_by_time(builder->time, plan->order + start[i],
							 start[i + 1] - start[i]);
		}
	plan->series = series.group;
	pfree(rank);
	pfree(start);
	pfree(series.keys);
	pfree(series.table);
}

/*
 * Make the plan; it and its arrays live in the current memory context.
 */
SegmentPlan *
segment_sort(SegmentBuilder *builder)
{
	SegmentPlan *plan = palloc0(sizeof(SegmentPlan));
	uint32		i;

	Assert(builder->rows > 0);
	for (i = 0; i < builder->ncolumns; i++)
	{
		column_buffer_settle(builder, &builder->columns[i]);
		if (builder->columns[i].mode == COLUMN_CODES)
			column_buffer_rank(&builder->columns[i]);
	}

	plan->nrows = builder->rows;
	plan->has_time = builder->time != NULL &&
		builder->time->mode == COLUMN_VALUES;
	plan->order = palloc_extended(builder->rows * sizeof(uint32),
								  MCXT_ALLOC_HUGE);
	for (i = 0; i < builder->rows; i++)
		plan->order[i] = i;
	if (!plan->has_time)
		builder->time = NULL;
	place_series(builder, plan);
	if (plan->has_time && builder->spec.partition_interval > 0)
		cut_partitions(builder, plan);
	else
	{
		plan->npieces = 1;
		plan->start = palloc(2 * sizeof(uint32));
		plan->start[0] = 0;
		plan->start[1] = builder->rows;
		plan->partition = palloc0(sizeof(int64));
	}
	Assert(plan->npieces > 0 && plan->start[0] == 0 &&
		   plan->start[plan->npieces] == plan->nrows);
	return plan;
}
