/*
 * group_estimate.c
 *	  How many groups will there be?
 *
 * PostgreSQL assumes that an expression has as many values as its column: for
 * a time bucket that is thousands of times too many.  The table knows better:
 * how many rows each of its windows of time has and between what times, how
 * many series there are, between what bounds other times lie.  (column_stats.c
 * tells PostgreSQL what the table knows of columns.)
 *
 * Keys that are functions of the time have as many values in each window as
 * steps fit between its first and last row (stepvalues.c); the other keys have
 * some number of values altogether.  A window (or several that have a step in
 * common) has at most the product of the two as groups, and at most as many as
 * rows.  So a few rows that lie years apart from all others count as few.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_statistic.h"
#include "catalog/pg_type_d.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"
#include "utils/timestamp.h"

#include "scan/group_estimate.h"
#include "scan/stepvalues.h"
#include "table/planner.h"
#include "vexpr/shape.h"
#include "vexpr/vexpr.h"
#include "vexpr/vexpr_step.h"
#include "vexpr/vexpr_time.h"

/* What groups are counted from. */
typedef struct GroupRows
{
	PlannerInfo *root;
	RelOptInfo *rel;
	const Outline *outline;
	Oid			relid;
	AttrNumber	time;
	Bitmapset  *tags;			/* as pull_varattnos has them */
	double		total;			/* rows to be grouped */
	OutlineSpan *spans;			/* that pass the filters on time */
	int			nspans;

	List	   *steps;			/* keys that are functions of the time ... */
	Var		   *time_var;		/* ... which is this */
	double		width;			/* of the smallest steps of time, 0: none */
	double		recurring;		/* values of functions that come again */
	List	   *others;			/* keys */
	bool		only_tags;		/* they are made of tags */
	double		largest;		/* number of values of a column of theirs */
} GroupRows;

static void
group_rows_begin(GroupRows *rows, PlannerInfo *root, RelOptInfo *rel)
{
	Oid			relid = planner_rt_fetch(rel->relid, root)->relid;

	memset(rows, 0, sizeof(*rows));
	rows->root = root;
	rows->rel = rel;
	rows->relid = relid;
	rows->outline = planner_outline(relid);
	rows->time = planner_time(relid);
	rows->tags = planner_tags(relid);
	rows->total = rel->rows;
	rows->recurring = 1;
	rows->only_tags = true;
	if (rows->outline == NULL)
		return;
	rows->nspans = rows->outline->nspans;
	rows->spans = palloc(Max(1, rows->nspans) * sizeof(OutlineSpan));
	memcpy(rows->spans, rows->outline->spans,
		   rows->nspans * sizeof(OutlineSpan));
}

/* ---------- filters on time ---------- */

/* Cut off what lies before from and after to. */
static void
cut_spans(GroupRows *rows, int64 from, int64 to)
{
	int			n = 0;
	int			i;

	for (i = 0; i < rows->nspans; i++)
	{
		OutlineSpan span = rows->spans[i];
		double		length = (double) span.to - span.from + 1;

		if (span.to < from || span.from > to)
			continue;
		span.from = Max(span.from, from);
		span.to = Min(span.to, to);
		span.rows *= ((double) span.to - span.from + 1) / length;
		rows->spans[n++] = span;
	}
	rows->nspans = n;
}

/* The time column, or a function of it that stays close to it. */
static bool
is_about_time(const GroupRows *rows, Node *node)
{
	StepShape	shape;

	if (IsA(node, Var))
		return ((Var *) node)->varattno == rows->time;
	return vexpr_time_find(node, &shape) && shape.width != STEP_WIDTH_CELL &&
		shape.var->varattno == rows->time &&
		shape.var->vartype == exprType(node);
}

static void
cut_by_clause(GroupRows *rows, OpExpr *op)
{
	Node	   *left = linitial(op->args);
	Node	   *right = lsecond(op->args);
	Oid			operator = op->opno;
	Const	   *constant;
	int64		value;

	if (!is_about_time(rows, left))
	{
		Node	   *swap = left;

		left = right;
		right = swap;
		operator = get_commutator(operator);
	}
	if (!OidIsValid(operator) || !is_about_time(rows, left))
		return;
	constant = (Const *) estimate_expression_value(rows->root, right);
	if (!IsA(constant, Const) || constant->constisnull ||
		constant->consttype != exprType(left))
		return;
	value = constant->constlen == 4 ? DatumGetInt32(constant->constvalue) :
		DatumGetInt64(constant->constvalue);
	switch (vexpr_strategy(operator, constant->consttype))
	{
		case BTLessStrategyNumber:
		case BTLessEqualStrategyNumber:
			cut_spans(rows, PG_INT64_MIN, value);
			break;
		case BTEqualStrategyNumber:
			cut_spans(rows, value, value);
			break;
		case BTGreaterEqualStrategyNumber:
		case BTGreaterStrategyNumber:
			cut_spans(rows, value, PG_INT64_MAX);
			break;
	}
}

static void
cut_by_filters(GroupRows *rows)
{
	ListCell   *cell;

	foreach(cell, rows->rel->baserestrictinfo)
	{
		OpExpr	   *op = (OpExpr *) lfirst_node(RestrictInfo, cell)->clause;

		if (rows->time > 0 && IsA(op, OpExpr) && list_length(op->args) == 2)
			cut_by_clause(rows, op);
	}
}

/* ---------- keys ---------- */

/* What statistics say of a column, 0: there are none. */
static double
values_by_statistics(GroupRows *rows, Var *var)
{
	VariableStatData data;
	double		values;
	bool		is_default;

	examine_variable(rows->root, (Node *) var, 0, &data);
	values = get_variable_numdistinct(&data, &is_default);
	ReleaseVariableStats(data);
	return is_default ? 0 : values;
}

static void
add_other_key(GroupRows *rows, Node *key)
{
	List	   *vars = pull_var_clause(key, PVC_RECURSE_PLACEHOLDERS);
	ListCell   *cell;

	rows->others = lappend(rows->others, key);
	foreach(cell, vars)
	{
		Var		   *var = lfirst_node(Var, cell);

		rows->largest = Max(rows->largest, values_by_statistics(rows, var));
		rows->only_tags &= bms_is_member(var->varattno -
										 FirstLowInvalidHeapAttributeNumber,
										 rows->tags);
	}
}

/* The one column that a key is made of, or NULL. */
static Var *
only_column(Node *key)
{
	List	   *vars = pull_var_clause(key, PVC_RECURSE_PLACEHOLDERS);
	Var		   *result = vars == NIL ? NULL : linitial_node(Var, vars);
	ListCell   *cell;

	foreach(cell, vars)
		if (!equal(lfirst(cell), result))
			return NULL;
	return result;
}

/* Spans of a column other than the table's time, from its bounds. */
static int
spans_of_column(GroupRows *rows, Var *var, OutlineSpan *span)
{
	const OutlineColumn *column = &rows->outline->columns[var->varattno - 1];

	if (!column->has_range)
		return 0;
	span->from = column->min;
	span->to = column->max;
	span->rows = rows->total;
	span->windows = 1;
	return 1;
}

/* A function of another column of such a type. */
static bool
add_step_key(GroupRows *rows, Node *key, Var *var)
{
	OutlineSpan span;
	StepValues	values;
	double		count;

	if (spans_of_column(rows, var, &span) == 0 ||
		!stepvalues_possible(key, var, &span, 1))
		return false;
	values = stepvalues_find(list_make1(key), var, &span, 1);
	count = values.count > 0 ? values.count : values.width > 0 ?
		((double) span.to - span.from) / values.width + 1 : 0;
	if (count == 0 || count > rows->total)
		return false;
	rows->recurring *= count;
	return true;
}

static void
add_key(GroupRows *rows, Node *key)
{
	Var		   *var = only_column(key);
	bool		done = false;

	if (var != NULL && !IsA(key, Var) && rows->outline != NULL &&
		var->varattno > 0 &&
		var->varattno <= rows->outline->natts)
	{
		if (var->varattno == rows->time && rows->nspans > 0 &&
			stepvalues_possible(key, var, rows->spans, rows->nspans))
		{
			rows->steps = lappend(rows->steps, key);
			rows->time_var = var;
			done = true;
		}
		else if (shape_is_time(var->vartype))
			done = add_step_key(rows, key, var);
	}
	if (!done)
		add_other_key(rows, key);
}

/* ---------- groups ---------- */

/* Of the keys that are no functions of the time. */
static double
count_others(GroupRows *rows)
{
	double		groups = 1;

	if (rows->others != NIL)
		groups = estimate_num_groups(rows->root, rows->others, rows->total, NULL,
									 NULL);
	/* tags cannot be combined in more ways than there are series */
	if (rows->only_tags && list_length(rows->others) > 1)
	{
		double		series = planner_series(rows->relid);

		if (series > 0)
			groups = Min(groups, Max(series, rows->largest));
	}
	return Max(1, groups);
}

/* Neighbouring spans that have steps in common. */
typedef struct StepCluster
{
	double		rows;
	double		steps;
	double		last;			/* the last step */
} StepCluster;

/* Rows of the spans, beside those that other filters take out. */
static double
rows_of_spans(const GroupRows *rows)
{
	double		sum = 0;
	int			i;

	for (i = 0; i < rows->nspans; i++)
		sum += rows->spans[i].rows;
	return sum;
}

static double
count_by_spans(GroupRows *rows, double others)
{
	double		share = Min(1, rows->total / Max(rows_of_spans(rows), 1));
	StepCluster cluster = {0, 0, -DBL_MAX};
	double		groups = 0;
	int			i;

	for (i = 0; i < rows->nspans; i++)
	{
		const OutlineSpan *span = &rows->spans[i];
		double		first = floor(span->from / rows->width);
		double		last = floor(span->to / rows->width);

		if (first > cluster.last)
		{
			groups += Min(cluster.steps * others, cluster.rows * share);
			cluster.steps = cluster.rows = 0;
		}
		cluster.steps += Max(0, last - Max(first, cluster.last + 1) + 1) *
			span->windows;
		cluster.rows += span->rows;
		cluster.last = Max(cluster.last, last);
	}
	return groups + Min(cluster.steps * others, cluster.rows * share);
}

static double
count_groups(GroupRows *rows)
{
	StepValues	steps = {0, 0};
	double		others = count_others(rows) * rows->recurring;

	if (rows->steps != NIL)
		steps = stepvalues_find(rows->steps, rows->time_var, rows->spans,
								rows->nspans);
	rows->width = steps.width;
	others *= Max(1, steps.count);
	return rows->width > 0 ? count_by_spans(rows, others) : others;
}

double
group_estimate_rows(PlannerInfo *root, RelOptInfo *rel, List *keys)
{
	GroupRows	rows;
	ListCell   *cell;

	group_rows_begin(&rows, root, rel);
	cut_by_filters(&rows);
	foreach(cell, keys)
		add_key(&rows, lfirst(cell));
	return clamp_row_est(Min(count_groups(&rows), rel->rows));
}

double
group_estimate_values(PlannerInfo *root, RelOptInfo *rel, Node *key)
{
	GroupRows	rows;
	Var		   *var = only_column(key);

	group_rows_begin(&rows, root, rel);
	rows.total = rel->tuples;
	if (var == NULL || var->varattno != rows.time || rows.nspans == 0 ||
		!stepvalues_possible(key, var, rows.spans, rows.nspans))
		return 0;
	add_key(&rows, key);
	return count_groups(&rows);
}
