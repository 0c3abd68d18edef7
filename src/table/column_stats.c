/*
 * column_stats.c
 *	  Statistics of columns before the first ANALYZE.
 *
 * A table is usually queried as soon as it is loaded, and until autovacuum has
 * been there PostgreSQL assumes that each of its columns has 200 different
 * values.  Segments know better: the number of entries in the dictionary of a
 * column, a small range of integers, how many rows there are when.  So a
 * column without statistics gets some: a number of values and, where the
 * bounds of the values are known, a histogram.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_statistic.h"
#include "catalog/pg_type_d.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "segment/value.h"
#include "table/column_stats.h"
#include "table/planner.h"
#include "write/outline.h"

/* ---------- numbers of values ---------- */

/* A column, and what the segments say of it. */
typedef struct StatsColumn
{
	Oid			relid;
	AttrNumber	attnum;
	Oid			type;			/* base type */
	Outline		head;
	OutlineColumn column;
} StatsColumn;

static bool
is_time(const StatsColumn *of)
{
	return of->attnum == of->head.time;
}

/* How many values has a column?  0: who knows. */
static double
column_stats_distinct(const StatsColumn *of)
{
	const OutlineColumn *column = &of->column;
	double		rows = Max(1, of->head.totals.rows);
	double		range;

	if (of->type == BOOLOID)
		return 2;
	if (column->entries > 0)
		return column->entries;
	/* all series are measured at the same times, as a rule */
	if (is_time(of))
		return rows / Max(1, of->head.series);
	/* a few values next to each other; a wide range says nothing */
	range = column->has_range ? (double) column->max - column->min + 1 : 0;
	return range > DEFAULT_NUM_DISTINCT ? 0 : Min(range, rows - column->nulls);
}

/* ---------- histograms ---------- */

#define HISTOGRAM_BOUNDS 51

/* The time that so many rows are before. */
static int64
time_at(const Outline *outline, double rows)
{
	const OutlineSpan *span = outline->spans;
	double		time;
	int			i;

	for (i = 0; i < outline->nspans - 1 && rows > span->rows; i++)
		rows -= span++->rows;
	/* differences of two may be larger than any */
	time = span->from + Min(1, rows / Max(span->rows, 1)) *
		((double) span->to - span->from);
	if (time >= (double) span->to)
		return span->to;
	return time <= (double) span->from ? span->from : (int64) time;
}

/* Bounds of as many rows each; of other columns, of as many values. */
static int
find_bounds(const StatsColumn *of, int64 *bounds)
{
	const OutlineColumn *column = &of->column;
	Outline    *outline;
	double		rows = 0;
	int			i;

	if (!is_time(of) || of->head.nspans == 0)
	{
		bounds[0] = column->min;
		bounds[1] = column->max;
		return column->has_range && column->min < column->max ? 2 : 0;
	}
	outline = planner_outline(of->relid);
	for (i = 0; i < outline->nspans; i++)
		rows += outline->spans[i].rows;
	for (i = 0; i < HISTOGRAM_BOUNDS; i++)
		bounds[i] = time_at(outline, rows * i / (HISTOGRAM_BOUNDS - 1));
	return HISTOGRAM_BOUNDS;
}

/* Are its values kept as integers in the order of its operators? */
static bool
type_has_bounds(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID ||
		type == DATEOID || type == TIMESTAMPOID || type == TIMESTAMPTZOID;
}

static void
put_histogram(Datum *values, bool *nulls, Oid type, const int64 *bounds, int n)
{
	Datum		elements[HISTOGRAM_BOUNDS];
	TypeCacheEntry *cache = lookup_type_cache(type, TYPECACHE_LT_OPR);
	int			i;

	for (i = 0; i < n; i++)
		elements[i] = value_normalize((Datum) bounds[i], cache->typlen);
	values[Anum_pg_statistic_stakind1 - 1] = Int16GetDatum(STATISTIC_KIND_HISTOGRAM);
	values[Anum_pg_statistic_staop1 - 1] = ObjectIdGetDatum(cache->lt_opr);
	values[Anum_pg_statistic_stavalues1 - 1] =
		PointerGetDatum(construct_array(elements, n, type, cache->typlen,
										cache->typbyval, cache->typalign));
	nulls[Anum_pg_statistic_stavalues1 - 1] = false;
}

/* ---------- statistics ---------- */

static HeapTuple
column_stats_form(const StatsColumn *of, double distinct)
{
	Relation	catalog = table_open(StatisticRelationId, AccessShareLock);
	Datum		values[Natts_pg_statistic] = {0};
	bool		nulls[Natts_pg_statistic];
	int64		bounds[HISTOGRAM_BOUNDS];
	HeapTuple	tuple;
	int			n = 0;
	int			i;

	for (i = 0; i < Natts_pg_statistic; i++)
		nulls[i] = i >= Anum_pg_statistic_stanumbers1 - 1;
	values[Anum_pg_statistic_starelid - 1] = ObjectIdGetDatum(of->relid);
	values[Anum_pg_statistic_staattnum - 1] = Int16GetDatum(of->attnum);
	values[Anum_pg_statistic_stanullfrac - 1] =
		Float4GetDatum((float4) Min(1, of->column.nulls /
									Max(1, of->head.totals.rows)));
	values[Anum_pg_statistic_stawidth - 1] =
		Int32GetDatum(get_typavgwidth(of->type, -1));
	values[Anum_pg_statistic_stadistinct - 1] = Float4GetDatum((float4) distinct);
	if (type_has_bounds(of->type))
		n = find_bounds(of, bounds);
	if (n > 0)
		put_histogram(values, nulls, of->type, bounds, n);
	tuple = heap_form_tuple(RelationGetDescr(catalog), values, nulls);
	table_close(catalog, AccessShareLock);
	return tuple;
}

bool
column_stats_get(RangeTblEntry *rte, AttrNumber attnum, VariableStatData *data)
{
	StatsColumn of = {rte->relid, attnum};
	double		distinct;

	if (rte->rtekind != RTE_RELATION || rte->inh || attnum <= 0 ||
		SearchSysCacheExists3(STATRELATTINH, ObjectIdGetDatum(rte->relid),
							  Int16GetDatum(attnum), BoolGetDatum(false)) ||
		!planner_outline_column(rte->relid, attnum, &of.head, &of.column))
		return false;
	of.type = getBaseType(get_atttype(rte->relid, attnum));
	distinct = column_stats_distinct(&of);
	if (distinct <= 0)
		return false;
	/* acl_ok stays false: only for functions that leak nothing of the bounds */
	data->statsTuple = column_stats_form(&of, distinct);
	data->freefunc = heap_freetuple;
	return true;
}
