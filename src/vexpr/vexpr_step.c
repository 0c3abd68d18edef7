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
 *	cell	The same, counted from local midnight or from 1970; the key is of
 *			no interest in itself.
 *	halves	The function never decreases.  When the smallest and the largest
 *			input of a batch have one key, all have.  Where the input is sorted,
 *			that goes for each sorted stretch, half, quarter and so on.
 *	rows	One by one, unless the input lies between two inputs seen before
 *			that had one key.
 *
 * Values by the keys of grids and cells are kept from batch to batch.
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

#include "vector/vextreme.h"
#include "vector/vgrid.h"
#include "vexpr/vexpr_keyed.h"
#include "vexpr/vexpr_once.h"
#include "vexpr/vexpr_step.h"

typedef struct StepExpr
{
	VExpr		base;			/* args: the column, the width or none */
	StepShape	shape;
	VExpr	   *key;			/* scalars of the column */
	VExpr	   *value;			/* NULL: the key is the value */
	Datum	   *keys;			/* of the batch's rows */
	KeyedValues *kept;			/* values by keys of grids and cells */

	/* of a grid */
	uint32		generation;		/* for which width was computed */
	int64		width;			/* 0: no grid */

	/* UTC offset of the inputs [offset_from, offset_to) */
	int64		offset_from;
	int64		offset_to;
	int64		offset;			/* microseconds */
	const pg_tz *offset_zone;
	uint32		offset_changes;
} StepExpr;

/*
 * How far from its end a range of STEP_WIDTH_EPOCH may have the next one's
 * value: the server divides with 16 digits or so, which is 50 milliseconds for
 * the inputs that grid_covers() lets pass.
 */
#define EPOCH_EDGE (USECS_PER_SEC / 2)
#define EPOCH_LIMIT (INT64CONST(100000000000) * USECS_PER_SEC)

/* The rows of one evaluation. */
typedef struct StepRows
{
	StepExpr   *expr;
	Batch	   *batch;
	const int64 *input;
	const uint64 *known;		/* rows that matter and are not NULL */
	uint16		rows[BATCH_ROWS];	/* the same as a list, by list_rows */
	int			n;
	int64		low;			/* smallest and largest input */
	int64		high;
	bool		kept;			/* do keys stay the same in other batches? */
	bool		may_be_constant;	/* no row is NULL, keys are values */
	bool		constant;		/* keys[0] is the key of all */
} StepRows;

/* Shorter sorted stretches than this are not worth halving. */
#define STRETCH_ROWS 32

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
	expr->offset_changes++;
	expr->offset_from = usecs_of(from);
	expr->offset_to = found == 0 ? PG_INT64_MAX : usecs_of(boundary);
	expr->offset = before * USECS_PER_SEC;
	expr->offset_zone = zone;
	return low >= expr->offset_from && high < expr->offset_to;
}

/* ---------- keys ---------- */

/* Most grids do without the list. */
static void
list_rows(StepRows *rows)
{
	if (rows->n == 0)
		rows->n = selection_to_rows(rows->known, rows->rows);
}

/* The key of one input; by-reference keys live as long as the batch. */
static Datum
compute_key(const StepRows *rows, int64 input, bool *isnull)
{
	VExpr	   *key = rows->expr->key;
	Datum		value = vexpr_scalar_value(key, (Datum) input, false, isnull);

	return *isnull ? 0 : vexpr_scalar_copy(key, value, rows->batch->memory);
}

/* Where no key can be NULL: constants are given, and the functions strict. */
static Datum
compute_known_key(const StepRows *rows, int64 input)
{
	bool		isnull;
	Datum		key = compute_key(rows, input, &isnull);

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
	keys[rows->rows[middle]] =
		compute_known_key(rows, rows->input[rows->rows[middle]]);
	set_between(rows, a, middle);
	set_between(rows, middle, b);
}

/* Does the list's row i begin a sorted stretch? */
static bool
begins_stretch(const StepRows *rows, int i)
{
	return i == 0 ||
		rows->input[rows->rows[i]] < rows->input[rows->rows[i - 1]];
}

static int
count_stretches(const StepRows *rows)
{
	int			n = 0;
	int			i;

	for (i = 0; i < rows->n; i++)
		n += begins_stretch(rows, i);
	return n;
}

static void
keys_by_halves(const StepRows *rows)
{
	Datum	   *keys = rows->expr->keys;
	int			first;
	int			last;

	for (first = 0; first < rows->n; first = last + 1)
	{
		int			first_row = rows->rows[first];
		int			last_row;

		for (last = first; last + 1 < rows->n; last++)
		{
			if (begins_stretch(rows, last + 1))
				break;
		}
		last_row = rows->rows[last];
		keys[first_row] = compute_known_key(rows, rows->input[first_row]);
		if (last == first)
			continue;
		keys[last_row] = compute_known_key(rows, rows->input[last_row]);
		set_between(rows, first, last);
	}
}

static void
keys_all_the_same(const StepRows *rows, Datum key)
{
	int			i;

	for (i = 0; i < rows->n; i++)
		rows->expr->keys[rows->rows[i]] = key;
}

/* Unsorted: remember between which inputs the last key held. */
static void
keys_by_ranges(const StepRows *rows, Datum low_key)
{
	Datum	   *keys = rows->expr->keys;
	int64		low = rows->low;
	int64		high = low;
	Datum		key = low_key;
	int			i;

	for (i = 0; i < rows->n; i++)
	{
		int			row = rows->rows[i];
		int64		input = rows->input[row];

		if (input < low || input > high)
		{
			Datum		next = compute_known_key(rows, input);

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
keys_one_by_one(StepRows *rows)
{
	Datum	   *keys = rows->expr->keys;
	bool	   *isnull = vexpr_node_isnull(&rows->expr->base);
	bool		nulls = false;
	int			i;

	list_rows(rows);
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
		keys[row] = compute_key(rows, rows->input[row], &isnull[row]);
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

static bool
is_cell(const StepShape *shape)
{
	return shape->width == STEP_WIDTH_CELL || shape->width == STEP_WIDTH_EPOCH;
}

static int64
compute_width(StepExpr *expr)
{
	bool		isnull;
	Datum		value;

	if (is_cell(&expr->shape))
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

	if (expr->shape.width == STEP_WIDTH_EPOCH)
		return low > -EPOCH_LIMIT && high < EPOCH_LIMIT;
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

static int64
cell_anchor(const StepExpr *expr)
{
	if (expr->shape.width == STEP_WIDTH_EPOCH)
		return (UNIX_EPOCH_JDATE - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY;
	return expr->shape.zoned ? -expr->offset : 0;
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
	bool		all_the_same;
	Datum		low_key;

	if (expr->generation != expr->base.shared->generation)
	{
		expr->width = compute_width(expr);
		expr->generation = expr->base.shared->generation;
	}
	if (shape->zoned && !offset_is_constant(expr, rows->low, rows->high))
		return keys_one_by_one(rows);
	is_grid = grid_covers(expr, rows->low, rows->high);
	rows->kept = is_grid;
	if (is_grid && is_cell(shape))
	{
		keys_by_grid(rows, cell_anchor(expr));
		return false;
	}
	if (shape->width == STEP_WIDTH_CELL)
		return keys_one_by_one(rows);
	low_key = compute_key(rows, rows->low, &isnull);
	if (isnull)
	{
		rows->kept = false;
		return keys_one_by_one(rows);
	}
	all_the_same = is_grid ? rows->high - (int64) low_key < expr->width :
		same_key(expr, low_key, compute_known_key(rows, rows->high));
	if (all_the_same && rows->may_be_constant)
	{
		rows->constant = true;
		expr->keys[0] = low_key;
		return false;
	}
	if (is_grid)
	{
		keys_by_grid(rows, (int64) low_key);
		return false;
	}
	list_rows(rows);
	if (all_the_same)
		keys_all_the_same(rows, low_key);
	else if (count_stretches(rows) <= rows->n / STRETCH_ROWS + 1)
		keys_by_halves(rows);
	else
		keys_by_ranges(rows, low_key);
	return false;
}

/*
 * Values of the rows, once for those that follow each other with one key.
 * Different pointers to equal keys only cost another evaluation.
 */
static bool
compute_values(StepRows *rows, VExpr *value, bool keys_isnull)
{
	StepExpr   *expr = rows->expr;
	Datum	   *values = vexpr_node_values(&expr->base);
	bool	   *isnull = vexpr_node_isnull(&expr->base);
	bool		nulls = false;
	int			last = -1;
	int			i;

	list_rows(rows);
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
			values[row] = vexpr_scalar_copy(value, values[row],
											rows->batch->memory);
		last = row;
	}
	return nulls;
}

/* The code of a row's value, which is computed if it is not kept yet. */
static int
kept_code(const StepRows *rows, VExpr *value, int row)
{
	StepExpr   *expr = rows->expr;
	int64		key = (int64) expr->keys[row];
	bool		edge = expr->shape.width == STEP_WIDTH_EPOCH &&
	rows->input[row] - key >= expr->width - EPOCH_EDGE;
	int			code = edge ? -1 : vexpr_keyed_find(expr->kept, key);
	bool		isnull;
	Datum		result;

	if (code >= 0)
		return code;
	result = vexpr_scalar_value(value, (Datum) rows->input[row], false, &isnull);
	code = vexpr_keyed_add(expr->kept, value, result, isnull);
	if (!edge)
		vexpr_keyed_remember(expr->kept, key, code);
	return code;
}

/* Do the 64 rows from row on all matter and lie in the range of a key? */
static bool
word_in_range(const StepRows *rows, int row, int64 key, int64 edge)
{
	return rows->known[row / 64] == ~UINT64CONST(0) &&
		vgrid_all_in((const int64 *) rows->expr->keys + row, rows->input + row,
					 64, key, edge);
}

/*
 * Values of the rows by keys that mean the same in every batch, as codes in
 * codes[].  Returns whether one is NULL.
 */
static bool
compute_kept_codes(const StepRows *rows, VExpr *value, Datum *codes)
{
	StepExpr   *expr = rows->expr;
	bool	   *isnull = vexpr_node_isnull(&expr->base);
	int64		edge = expr->shape.width == STEP_WIDTH_EPOCH ?
	expr->width - EPOCH_EDGE : PG_INT64_MAX;
	bool		nulls = false;
	int64		key = 0;
	int			code = -1;
	int			row;
	int			i;

	vexpr_keyed_begin(expr->kept, (uint64) expr->offset_changes << 32 |
					  expr->base.shared->generation);
	for (SELECTION_EACH(row, rows->known))
	{
		if (code >= 0 && row % 64 == 0 && word_in_range(rows, row, key, edge))
		{
			for (i = row; i < row + 64; i++)
				codes[i] = code;
			row += 63;
			if (expr->kept->isnull[code])
				memset(&isnull[row - 63], true, 64 * sizeof(bool));
			continue;
		}
		if (code < 0 || (int64) expr->keys[row] != key ||
			rows->input[row] - key >= edge)
		{
			key = (int64) expr->keys[row];
			code = kept_code(rows, value, row);
			nulls |= expr->kept->isnull[code];
		}
		isnull[row] = expr->kept->isnull[code];
		codes[row] = code;
		/* the value at an edge is not the range's */
		if (rows->input[row] - key >= edge)
			code = -1;
	}
	return nulls;
}

/* Replace codes by values. */
static void
flatten(StepExpr *expr, const StepRows *rows)
{
	Datum	   *values = vexpr_node_values(&expr->base);
	int			row;

	for (SELECTION_EACH(row, rows->known))
		values[row] = expr->kept->values[values[row]];
}

/* The result for codes: a dictionary, or its values where they are words. */
static const Vector *
kept_result(StepExpr *expr, const StepRows *rows, bool nulls)
{
	VExpr	   *base = &expr->base;

	(void) vexpr_node_result(base, nulls);
	if (base->typbyval)
		flatten(expr, rows);
	else
	{
		base->result.dictionary = expr->kept->values;
		base->result.entries = KEYED_CAPACITY;
		base->result.serial = expr->kept->serial;
	}
	return &base->result;
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
		result = vexpr_scalar_copy(scalar, result, batch->memory);
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
	expr->keys = expr->value != NULL ? expr->keys : vexpr_node_values(base);
	if (!selection_is_empty(known))
	{
		rows.known = known;
		rows.n = 0;
		rows.kept = false;
		rows.constant = false;
		rows.may_be_constant = expr->value == NULL && selection_is_empty(null);
		rows.expr = expr;
		rows.batch = batch;
		rows.input = (const int64 *) vexpr_datums(column, vector, batch->n);
		rows.low = vextreme_int_min_selected(rows.input, known);
		rows.high = vextreme_int_max_selected(rows.input, known);
		nulls = compute_keys(&rows);
		if (rows.constant)
		{
			(void) vexpr_node_result(base, false);
			base->result.constant = true;
			return &base->result;
		}
		if (expr->value != NULL && rows.kept)
		{
			nulls = compute_kept_codes(&rows, expr->value,
									   vexpr_node_values(base));
			if (selection_is_empty(null))
				return kept_result(expr, &rows, nulls);
			flatten(expr, &rows);
		}
		else if (expr->value != NULL)
			nulls = compute_values(&rows, expr->value, nulls);
	}
	if (!selection_is_empty(null))
		nulls |= set_nulls(expr, batch, null);
	return vexpr_node_result(base, nulls);
}

static const VExprClass step_class = {.eval = step_eval};

VExpr *
vexpr_step_build(VExprShared *shared, Node *node, const StepShape *shape,
				 Node *value)
{
	StepExpr   *expr;

	expr = vexpr_node_create(shared, &step_class, sizeof(StepExpr),
							 exprType(value != NULL ? value : node));
	expr->shape = *shape;
	/* the key of a cell is a number of its own: the node itself is a value */
	if (is_cell(shape) && value == NULL)
		value = node;
	expr->key = vexpr_scalar_build(shared, node);
	if (value != NULL)
	{
		expr->value = value != node ? vexpr_scalar_build(shared, value) : expr->key;
		expr->keys = MemoryContextAllocZero(shared->memory,
											BATCH_ROWS * sizeof(Datum));
		expr->kept = vexpr_keyed_create(shared->memory);
	}
	vexpr_node_set_args(&expr->base, 2);
	expr->base.args[0] = vexpr_build(shared, (Node *) shape->var);
	if (shape->width_arg != NULL)
		expr->base.args[1] = vexpr_once_build(shared, shape->width_arg);
	expr->offset_from = PG_INT64_MAX;
	return &expr->base;
}
