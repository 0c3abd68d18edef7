/*
 * vexpr_step.c
 *	  Step functions of a time column, evaluated once a step.
 *
 * Two things are computed for each row: the key, which tells steps apart, and
 * the value.  Often they are the same; otherwise the value, some function of
 * the key, is computed once for rows that follow each other with one key.
 *
 * Keys come about in one of four ways, decided batch by batch:
 *
 *	grid	The steps have one width: the server's function gives the first
 *			row's start (and raises its errors), arithmetic gives the rest.
 *	cell	The same, counted from local midnight; the key is of no interest
 *			in itself.
 *	halves	The function never decreases.  When the smallest and the largest
 *			input of a batch have one key, all have.  When the input is sorted,
 *			that goes for each half, quarter and so on.
 *	rows	One by one, unless the input lies between two inputs seen before
 *			that had one key.
 *
 * What depends on a time zone can be had from the first three only while the
 * UTC offset stays the same between the smallest and the largest input; else
 * rows are done one by one, each for itself.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datum.h"
#include "utils/timestamp.h"

#include "exec/vexpr_step.h"
#include "vector/vextreme.h"
#include "vector/vgrid.h"

typedef struct StepExpr
{
	VExpr		base;			/* args: the column, the width or none */
	StepShape	shape;
	VExpr	   *key;			/* scalars of the column */
	VExpr	   *value;			/* NULL: the key is the value */
	Datum	   *keys;			/* of the batch's rows */

	/* of a grid */
	uint32		generation;		/* for which width was computed */
	int64		width;			/* 0: no grid */

	/* UTC offset of the inputs [offset_from, offset_to) */
	int64		offset_from;
	int64		offset_to;
	int64		offset;			/* microseconds */
	const pg_tz *offset_zone;
} StepExpr;

/* The rows of one evaluation. */
typedef struct StepRows
{
	StepExpr   *expr;
	Batch	   *batch;
	const int64 *input;
	uint16		rows[BATCH_ROWS];	/* that matter and are not NULL */
	int			n;
	int64		low;			/* smallest and largest input */
	int64		high;
} StepRows;

/* ---------- time zones ---------- */

static int64
usecs_of(pg_time_t seconds)
{
	const pg_time_t epoch = (pg_time_t)
		(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;

	return (seconds - epoch) * USECS_PER_SEC;
}

/* Is the UTC offset the same for all inputs?  Then expr->offset is. */
static bool
offset_is_constant(StepExpr *expr, int64 low, int64 high)
{
	const pg_tz *zone = expr->shape.zone != NULL ?
	pg_tzset(expr->shape.zone) : session_timezone;
	pg_time_t	from;
	pg_time_t	boundary;
	long		before;
	long		after;
	int			before_dst;
	int			after_dst;
	int			found;

	if (low >= expr->offset_from && high < expr->offset_to &&
		zone == expr->offset_zone)
		return true;
	if (zone == NULL || !IS_VALID_TIMESTAMP(low) || !IS_VALID_TIMESTAMP(high))
		return false;
	/* the conversion rounds towards the year 2000 */
	from = timestamptz_to_time_t(low) - 1;
	found = pg_next_dst_boundary(&from, &before, &before_dst, &boundary,
								 &after, &after_dst, zone);
	if (found < 0)
		return false;
	expr->offset_from = usecs_of(from);
	expr->offset_to = found == 0 ? PG_INT64_MAX : usecs_of(boundary);
	expr->offset = before * USECS_PER_SEC;
	expr->offset_zone = zone;
	return low >= expr->offset_from && high < expr->offset_to;
}

/* ---------- keys ---------- */

/* The key of one input; by-reference keys live as long as the batch. */
static Datum
compute_key(const StepRows *rows, int row, bool *isnull)
{
	VExpr	   *key = rows->expr->key;
	Datum		value = vexpr_scalar_value(key, (Datum) rows->input[row], false,
										   isnull);

	return *isnull ? 0 : vexpr_copy_value(key, value, rows->batch->memory);
}

/* Where no key can be NULL: constants are given, and the functions strict. */
static Datum
compute_known_key(const StepRows *rows, int row)
{
	bool		isnull;
	Datum		key = compute_key(rows, row, &isnull);

	if (isnull)
		elog(ERROR, "step function gave NULL");
	return key;
}

static bool
same_key(const StepExpr *expr, Datum a, Datum b)
{
	return datumIsEqual(a, b, expr->key->typbyval, expr->key->typlen);
}

/* Keys of rows[a] and rows[b] are set; set those in between. */
static void
set_between(const StepRows *rows, int a, int b)
{
	Datum	   *keys = rows->expr->keys;
	Datum		key = keys[rows->rows[a]];
	int			middle = (a + b) / 2;
	int			i;

	if (same_key(rows->expr, key, keys[rows->rows[b]]))
	{
		/* of equal keys, one pointer for all */
		for (i = a + 1; i <= b; i++)
			keys[rows->rows[i]] = key;
		return;
	}
	if (middle == a)
		return;
	keys[rows->rows[middle]] = compute_known_key(rows, rows->rows[middle]);
	set_between(rows, a, middle);
	set_between(rows, middle, b);
}

static bool
is_sorted(const StepRows *rows)
{
	int			i;

	for (i = 1; i < rows->n; i++)
	{
		if (rows->input[rows->rows[i]] < rows->input[rows->rows[i - 1]])
			return false;
	}
	return true;
}

static void
keys_by_halves(const StepRows *rows, Datum first_key)
{
	Datum	   *keys = rows->expr->keys;
	int			last = rows->rows[rows->n - 1];

	keys[rows->rows[0]] = first_key;
	if (rows->n == 1)
		return;
	keys[last] = compute_known_key(rows, last);
	set_between(rows, 0, rows->n - 1);
}

/* Unsorted: remember between which inputs the last key held. */
static void
keys_by_ranges(const StepRows *rows, Datum first_key)
{
	Datum	   *keys = rows->expr->keys;
	int64		low = rows->input[rows->rows[0]];
	int64		high = low;
	Datum		key = first_key;
	int			i;

	for (i = 0; i < rows->n; i++)
	{
		int			row = rows->rows[i];
		int64		input = rows->input[row];

		if (input < low || input > high)
		{
			Datum		next = compute_known_key(rows, row);

			if (same_key(rows->expr, next, key))
			{
				low = Min(low, input);
				high = Max(high, input);
			}
			else
			{
				key = next;
				low = high = input;
			}
		}
		keys[row] = key;
	}
}

/* No use is made of anything but equal inputs.  Returns whether one is NULL. */
static bool
keys_one_by_one(const StepRows *rows)
{
	Datum	   *keys = rows->expr->keys;
	bool	   *isnull = vexpr_node_isnull(&rows->expr->base);
	bool		nulls = false;
	int			i;

	for (i = 0; i < rows->n; i++)
	{
		int			row = rows->rows[i];
		int			last = i > 0 ? rows->rows[i - 1] : -1;

		if (last >= 0 && rows->input[row] == rows->input[last])
		{
			keys[row] = keys[last];
			isnull[row] = isnull[last];
			continue;
		}
		keys[row] = compute_key(rows, row, &isnull[row]);
		nulls |= isnull[row];
	}
	CHECK_FOR_INTERRUPTS();
	return nulls;
}

/* ---------- grids ---------- */

static int64
unit_width(Datum unit, Oid type)
{
	static const struct
	{
		const char *name;
		int64		width;
		bool		zoned;		/* also right for timestamptz */
	}			units[] = {
		{"second", USECS_PER_SEC, true}, {"minute", USECS_PER_MINUTE, true},
		{"hour", USECS_PER_HOUR, true}, {"day", USECS_PER_DAY, false},
		{"week", 7 * USECS_PER_DAY, false}
	};
	char	   *name = TextDatumGetCString(unit);
	int			i;

	for (i = 0; i < lengthof(units); i++)
	{
		if (pg_strcasecmp(name, units[i].name) == 0)
			return units[i].zoned || type == TIMESTAMPOID ? units[i].width : 0;
	}
	return 0;
}

/* Width of an interval without months; anything else is not for a grid. */
static int64
interval_width(const Interval *interval)
{
	if (interval->month != 0 || interval->day < 0 || interval->time < 0 ||
		interval->day > 100 * DAYS_PER_YEAR ||
		interval->time > 100 * DAYS_PER_YEAR * USECS_PER_DAY)
		return 0;
	return interval->day * USECS_PER_DAY + interval->time;
}

static int64
compute_width(StepExpr *expr)
{
	bool		isnull;
	Datum		value;

	if (expr->shape.width == STEP_WIDTH_CELL)
		return expr->shape.cell_width;
	if (expr->shape.width == STEP_WIDTH_NONE)
		return 0;
	value = vexpr_once_value(expr->base.args[1], &isnull);
	if (isnull)
		return 0;
	switch (expr->shape.width)
	{
		case STEP_WIDTH_INTERVAL:
			return interval_width(DatumGetIntervalP(value));
		case STEP_WIDTH_DAYS:
			return interval_width(DatumGetIntervalP(value)) / USECS_PER_DAY;
		case STEP_WIDTH_INTEGER:
			return Max((int64) value, 0);
		default:
			return unit_width(value, expr->shape.var->vartype);
	}
}

/*
 * May arithmetic do for these inputs?  Not near the ends of the type's range,
 * where the server's function raises errors, or for infinities.
 */
static bool
grid_covers(const StepExpr *expr, int64 low, int64 high)
{
	int64		from = -(INT64CONST(1) << 60);
	int64		to = INT64CONST(1) << 60;

	switch (expr->shape.var->vartype)
	{
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			from = MIN_TIMESTAMP;
			to = END_TIMESTAMP;
			break;
		case DATEOID:
			from = DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE;
			to = TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE;
			break;
		case INT4OID:
			from = PG_INT32_MIN;
			to = PG_INT32_MAX;
			break;
		case INT2OID:
			from = PG_INT16_MIN;
			to = PG_INT16_MAX;
			break;
	}
	return expr->width > 0 && expr->width < to && low >= from + expr->width &&
		high < to;
}

static void
keys_by_grid(const StepRows *rows, int64 anchor)
{
	StepExpr   *expr = rows->expr;

	vgrid_floor(rows->input, rows->batch->n, anchor, expr->width,
				(int64 *) expr->keys);
}

/* ---------- evaluation ---------- */

/* Set the keys of all rows; true when one is NULL. */
static bool
compute_keys(StepRows *rows)
{
	StepExpr   *expr = rows->expr;
	const StepShape *shape = &expr->shape;
	bool		is_grid;
	bool		isnull;
	Datum		first;

	if (expr->generation != expr->base.shared->generation)
	{
		expr->width = compute_width(expr);
		expr->generation = expr->base.shared->generation;
	}
	if (shape->zoned && !offset_is_constant(expr, rows->low, rows->high))
		return keys_one_by_one(rows);
	is_grid = grid_covers(expr, rows->low, rows->high);
	if (shape->width == STEP_WIDTH_CELL)
	{
		if (!is_grid)
			return keys_one_by_one(rows);
		keys_by_grid(rows, shape->zoned ? -expr->offset : 0);
		return false;
	}
	first = compute_key(rows, rows->rows[0], &isnull);
	if (isnull)
		return keys_one_by_one(rows);
	if (is_grid)
		keys_by_grid(rows, (int64) first);
	else if (is_sorted(rows))
		keys_by_halves(rows, first);
	else
		keys_by_ranges(rows, first);
	return false;
}

/*
 * Values of the rows, once for those that follow each other with one key.
 * Different pointers to equal keys only cost another evaluation.
 */
static bool
compute_values(const StepRows *rows, VExpr *value, bool keys_isnull)
{
	StepExpr   *expr = rows->expr;
	Datum	   *values = vexpr_node_values(&expr->base);
	bool	   *isnull = vexpr_node_isnull(&expr->base);
	bool		nulls = false;
	int			last = -1;
	int			i;

	for (i = 0; i < rows->n; i++)
	{
		int			row = rows->rows[i];

		if (last >= 0 && !keys_isnull && expr->keys[row] == expr->keys[last])
		{
			values[row] = values[last];
			isnull[row] = isnull[last];
			continue;
		}
		values[row] = vexpr_scalar_value(value, (Datum) rows->input[row], false,
										 &isnull[row]);
		if (isnull[row])
			nulls = true;
		else
			values[row] = vexpr_copy_value(value, values[row],
										   rows->batch->memory);
		last = row;
	}
	return nulls;
}

/* NULL in, and what comes out of it. */
static bool
set_nulls(StepExpr *expr, Batch *batch, const uint64 *null)
{
	VExpr	   *scalar = expr->value != NULL ? expr->value : expr->key;
	Datum	   *values = vexpr_node_values(&expr->base);
	bool	   *isnull = vexpr_node_isnull(&expr->base);
	bool		result_isnull;
	Datum		result;
	int			row;

	result = vexpr_scalar_value(scalar, 0, true, &result_isnull);
	if (!result_isnull)
		result = vexpr_copy_value(scalar, result, batch->memory);
	for (SELECTION_EACH(row, null))
	{
		values[row] = result_isnull ? 0 : result;
		isnull[row] = result_isnull;
	}
	return result_isnull;
}

/*
 * Rows with a NULL key or value have isnull set by then; all others must have
 * it cleared when it is going to be looked at.
 */
static const Vector *
step_eval(VExpr *base, Batch *batch, const uint64 *all)
{
	StepExpr   *expr = (StepExpr *) base;
	VExpr	   *column = base->args[0];
	const Vector *vector = vexpr_node_eval(column, batch, all);
	uint64		known[SELECTION_WORDS];
	uint64		null[SELECTION_WORDS] = {0};
	bool		nulls = false;
	StepRows	rows;

	selection_copy(known, all);
	vexpr_split_nulls(vector, batch->n, known, null);
	memset(vexpr_node_isnull(base), false, BATCH_ROWS * sizeof(bool));
	rows.n = selection_to_rows(known, rows.rows);
	expr->keys = expr->value != NULL ? expr->keys : vexpr_node_values(base);
	if (rows.n > 0)
	{
		rows.expr = expr;
		rows.batch = batch;
		rows.input = (const int64 *) vexpr_datums(column, vector, batch->n);
		rows.low = vmin_int_selected(rows.input, known);
		rows.high = vmax_int_selected(rows.input, known);
		nulls = compute_keys(&rows);
		if (expr->value != NULL)
			nulls = compute_values(&rows, expr->value, nulls);
	}
	if (!selection_is_empty(null))
		nulls |= set_nulls(expr, batch, null);
	return vexpr_node_result(base, nulls);
}

static const VExprClass step_class = {.eval = step_eval};

VExpr *
vexpr_build_step(VExprShared *shared, Node *node, const StepShape *shape,
				 Node *value)
{
	StepExpr   *expr;

	expr = vexpr_node_create(shared, &step_class, sizeof(StepExpr),
							 exprType(value != NULL ? value : node));
	expr->shape = *shape;
	/* the key of a cell is a number of its own: the node itself is a value */
	if (shape->width == STEP_WIDTH_CELL && value == NULL)
		value = node;
	expr->key = vexpr_build_scalar(shared, node);
	if (value != NULL)
	{
		expr->value = value != node ? vexpr_build_scalar(shared, value) : expr->key;
		expr->keys = MemoryContextAllocZero(shared->memory,
											BATCH_ROWS * sizeof(Datum));
	}
	vexpr_node_set_args(&expr->base, 2);
	expr->base.args[0] = vexpr_build(shared, (Node *) shape->var);
	if (shape->width_arg != NULL)
		expr->base.args[1] = vexpr_build_once(shared, shape->width_arg);
	expr->offset_from = PG_INT64_MAX;
	return &expr->base;
}
