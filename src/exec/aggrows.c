/*
 * aggrows.c
 *	  How many groups will there be?
 *
 * PostgreSQL takes an expression to have as many values as its column: for a
 * time bucket that is thousands of times too many.  Here a bucket of constant
 * width counts as the column's range over the width, times the share of the
 * range that the filters on the column leave.  The range is that of the
 * column's histogram.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_statistic.h"
#include "catalog/pg_type_d.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"
#include "utils/timestamp.h"

#include "exec/aggrows.h"
#include "exec/toppath.h"

/* Microseconds of a bucket's width, or 0. */
static double
bucket_width(Node *width)
{
	static const struct
	{
		const char *name;
		double		usecs;
	}			units[] = {
		{"second", USECS_PER_SEC}, {"minute", USECS_PER_MINUTE},
		{"hour", USECS_PER_HOUR}, {"day", USECS_PER_DAY},
		{"week", 7.0 * USECS_PER_DAY}, {"month", 30.4 * USECS_PER_DAY},
		{"quarter", 91.3 * USECS_PER_DAY}, {"year", 365.25 * USECS_PER_DAY},
	};
	int			i;

	if (!IsA(width, Const) || ((Const *) width)->constisnull)
		return 0;
	if (((Const *) width)->consttype == INTERVALOID)
	{
		Interval   *interval = DatumGetIntervalP(((Const *) width)->constvalue);

		return interval->time + interval->day * (double) USECS_PER_DAY +
			interval->month * 30.4 * USECS_PER_DAY;
	}
	if (((Const *) width)->consttype != TEXTOID)
		return 0;
	for (i = 0; i < lengthof(units); i++)
		if (pg_strcasecmp(units[i].name,
						  TextDatumGetCString(((Const *) width)->constvalue)) == 0)
			return units[i].usecs;
	return 0;
}

static double
time_usecs(Datum value, Oid type)
{
	if (type == DATEOID)
		return DatumGetDateADT(value) * (double) USECS_PER_DAY;
	return (double) DatumGetTimestamp(value);
}

static bool
time_is_finite(Datum value, Oid type)
{
	if (type == DATEOID)
		return !DATE_NOT_FINITE(DatumGetDateADT(value));
	return !TIMESTAMP_NOT_FINITE(DatumGetTimestamp(value));
}

/* The range of a time column's values in microseconds, or 0. */
static double
column_range(PlannerInfo *root, Var *var)
{
	VariableStatData data;
	AttStatsSlot slot;
	double		range = 0;

	examine_variable(root, (Node *) var, 0, &data);
	if (HeapTupleIsValid(data.statsTuple) &&
		get_attstatsslot(&slot, data.statsTuple, STATISTIC_KIND_HISTOGRAM,
						 InvalidOid, ATTSTATSSLOT_VALUES))
	{
		int			first = 0;
		int			last = slot.nvalues - 1;

		/* infinities are no part of the range */
		while (first < last && !time_is_finite(slot.values[first], var->vartype))
			first++;
		while (first < last && !time_is_finite(slot.values[last], var->vartype))
			last--;
		if (first < last)
			range = time_usecs(slot.values[last], var->vartype) -
				time_usecs(slot.values[first], var->vartype);
		free_attstatsslot(&slot);
	}
	ReleaseVariableStats(data);
	return range;
}

/* Share of the rows that the filters on the column alone leave. */
static double
column_share(PlannerInfo *root, RelOptInfo *rel, Var *var)
{
	List	   *clauses = NIL;
	ListCell   *cell;

	foreach(cell, rel->baserestrictinfo)
	{
		RestrictInfo *rinfo = lfirst_node(RestrictInfo, cell);
		List	   *vars = pull_var_clause((Node *) rinfo->clause, 0);

		if (list_length(vars) == 1 && equal(linitial(vars), var))
			clauses = lappend(clauses, rinfo);
	}
	return clauselist_selectivity(root, clauses, 0, JOIN_INNER, NULL);
}

double
aggrows_buckets(PlannerInfo *root, Node *key)
{
	AttrNumber	attno;
	bool		zoned;
	double		width;
	double		range;

	if (!toppath_bucket_column(key, &attno, &zoned))
		return 0;
	width = bucket_width(linitial(((FuncExpr *) key)->args));
	range = column_range(root, linitial(pull_var_clause(key, 0)));
	return width <= 0 || range <= 0 ? 0 : range / width + 1;
}

/* Buckets of a key, or 0 when it is no bucket of known width. */
static double
bucket_count(PlannerInfo *root, RelOptInfo *rel, Node *key)
{
	double		buckets = aggrows_buckets(root, key);

	if (buckets == 0)
		return 0;
	return ceil((buckets - 1) *
				column_share(root, rel, linitial(pull_var_clause(key, 0)))) + 1;
}

/* Values of a calendar field, extract(hour from time) and its like, or 0. */
static double
field_count(Node *key)
{
	static const struct
	{
		const char *name;
		double		count;
	}			fields[] = {
		{"minute", 60}, {"hour", 24}, {"day", 31}, {"dow", 7}, {"isodow", 7},
		{"doy", 366}, {"week", 53}, {"month", 12}, {"quarter", 4},
	};
	Const	   *field;
	int			i;

	/* casts of the number change nothing */
	while (IsA(key, FuncExpr) && list_length(((FuncExpr *) key)->args) == 1)
		key = linitial(((FuncExpr *) key)->args);
	if (!IsA(key, FuncExpr) || list_length(((FuncExpr *) key)->args) != 2)
		return 0;
	switch (((FuncExpr *) key)->funcid)
	{
		case F_EXTRACT_TEXT_TIMESTAMP:
		case F_EXTRACT_TEXT_TIMESTAMPTZ:
		case F_DATE_PART_TEXT_TIMESTAMP:
		case F_DATE_PART_TEXT_TIMESTAMPTZ:
			break;
		default:
			return 0;
	}
	field = linitial(((FuncExpr *) key)->args);
	if (!IsA(field, Const) || field->constisnull)
		return 0;
	for (i = 0; i < lengthof(fields); i++)
		if (pg_strcasecmp(fields[i].name,
						  TextDatumGetCString(field->constvalue)) == 0)
			return fields[i].count;
	return 0;
}

double
aggrows_estimate(PlannerInfo *root, RelOptInfo *rel, List *keys)
{
	List	   *others = NIL;
	double		groups = 1;
	ListCell   *cell;

	foreach(cell, keys)
	{
		double		buckets = bucket_count(root, rel, lfirst(cell));

		if (buckets == 0)
			buckets = field_count(lfirst(cell));
		if (buckets > 0)
			groups *= buckets;
		else
			others = lappend(others, lfirst(cell));
	}
	if (others != NIL)
		groups *= estimate_num_groups(root, others, rel->rows, NULL, NULL);
	return clamp_row_est(Min(groups, rel->rows));
}
