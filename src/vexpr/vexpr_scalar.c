/*
 * vexpr_scalar.c
 *	  Parts of an expression that PostgreSQL evaluates, row by row.
 *
 * Whatever no kernel knows ends here: the columns it reads are stored into the
 * scan's slot and the server's own expression machinery does the rest, so any
 * function, operator, type or subplan works.
 *
 * An expression of a single by-value column that is not volatile is evaluated
 * once for rows that follow each other with the same value.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/datum.h"

#include "segment/value.h"
#include "vexpr/vexpr_once.h"

typedef struct ScalarExpr
{
	VExpr		base;
	ExprState  *state;
	AttrNumber *attnos;			/* columns to store */
	int			nattnos;
	bool		identity;		/* ctid or tableoid */
	AttrNumber	only;			/* see vexpr_scalar_only_column */
	bool		reuse;			/* only, and its values compare as Datums */
} ScalarExpr;

/* ---------- columns of an expression ---------- */

static bool
collect_columns(Node *node, void *arg)
{
	Bitmapset **columns = arg;

	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		*columns = bms_add_member(*columns, ((Var *) node)->varattno -
								  FirstLowInvalidHeapAttributeNumber);
		return false;
	}
	return expression_tree_walker(node, collect_columns, columns);
}

/* Columns as a set of attribute numbers, offset as in the server's sets. */
static Bitmapset *
columns_of(Node *node)
{
	Bitmapset  *columns = NULL;

	(void) collect_columns(node, &columns);
	return columns;
}

AttrNumber
vexpr_scalar_only_column(Node *node)
{
	int			member;

	if (!bms_get_singleton_member(columns_of(node), &member) ||
		contain_volatile_functions(node) || contain_subplans(node))
		return 0;
	member += FirstLowInvalidHeapAttributeNumber;
	return Max(member, 0);
}

/* The columns to store for an expression, all of them for a whole row. */
static void
scalar_set_columns(ScalarExpr *scalar, Bitmapset *columns)
{
	TupleDesc	desc = scalar->base.shared->desc;
	const int	offset = -FirstLowInvalidHeapAttributeNumber;
	bool		whole = bms_is_member(offset, columns);
	int			attno;

	attno = bms_next_member(columns, -1) - offset;
	if (attno == TableOidAttributeNumber ||
		attno == SelfItemPointerAttributeNumber)
		scalar->identity = true;
	else if (attno < 0 && !bms_is_empty(columns))
		elog(ERROR, "system column %d in an expression over batches", attno);
	scalar->attnos = palloc(desc->natts * sizeof(AttrNumber));
	for (attno = 1; attno <= desc->natts; attno++)
	{
		if (bms_is_member(attno + offset, columns) ||
			(whole && !TupleDescAttr(desc, attno - 1)->attisdropped))
			scalar->attnos[scalar->nattnos++] = attno;
	}
}

/* ---------- evaluation ---------- */

Datum
vexpr_scalar_copy(const VExpr *expr, Datum value, MemoryContext memory)
{
	MemoryContext old;

	if (expr->typbyval)
		return value_normalize(value, expr->typlen);
	old = MemoryContextSwitchTo(memory);
	value = datumCopy(value, false, expr->typlen);
	MemoryContextSwitchTo(old);
	return value;
}

/*
 * A virtual slot is empty until it is stored; the attributes that are not set
 * are those that nobody reads, or dropped.
 */
static void
scalar_open_slot(ScalarExpr *scalar)
{
	TupleTableSlot *slot = scalar->base.shared->slot;

	if (TTS_EMPTY(slot))
	{
		memset(slot->tts_isnull, true,
			   slot->tts_tupleDescriptor->natts * sizeof(bool));
		ExecStoreVirtualTuple(slot);
	}
}

/* Evaluate what the slot holds; the result is the caller's to copy. */
static Datum
scalar_evaluate(ScalarExpr *scalar, bool *isnull)
{
	ExprContext *econtext = vexpr_once_econtext(scalar->base.shared);

	ResetExprContext(econtext);
	return ExecEvalExprSwitchContext(scalar->state, econtext, isnull);
}

Datum
vexpr_scalar_value(VExpr *expr, Datum input, bool input_isnull, bool *isnull)
{
	ScalarExpr *scalar = (ScalarExpr *) expr;
	TupleTableSlot *slot = expr->shared->slot;

	Assert(scalar->only > 0);
	scalar_open_slot(scalar);
	slot->tts_values[scalar->only - 1] = input;
	slot->tts_isnull[scalar->only - 1] = input_isnull;
	return scalar_evaluate(scalar, isnull);
}

/* Does the slot hold what it held for the last row? */
static bool
same_input(ScalarExpr *scalar, Datum value, bool isnull)
{
	TupleTableSlot *slot = scalar->base.shared->slot;
	int			i = scalar->only - 1;

	return slot->tts_isnull[i] == isnull &&
		(isnull || slot->tts_values[i] == value);
}

static const Vector *
scalar_eval(VExpr *expr, Batch *batch, const uint64 *rows)
{
	ScalarExpr *scalar = (ScalarExpr *) expr;
	TupleTableSlot *slot = expr->shared->slot;
	Datum	   *values = vexpr_node_values(expr);
	bool	   *isnull = vexpr_node_isnull(expr);
	bool		nulls = false;
	int			last = -1;
	Datum		last_value = 0;
	bool		last_isnull = false;
	int			row;

	scalar_open_slot(scalar);
	for (SELECTION_EACH(row, rows))
	{
		batch_store_row(batch, row, slot, scalar->attnos, scalar->nattnos);
		if (scalar->identity)
			batch_store_identity(batch, row, slot);
		if (last >= 0 && same_input(scalar, last_value, last_isnull))
		{
			values[row] = values[last];
			isnull[row] = isnull[last];
			continue;
		}
		values[row] = scalar_evaluate(scalar, &isnull[row]);
		if (isnull[row])
			nulls = true;
		else
			values[row] = vexpr_scalar_copy(expr, values[row], batch->memory);
		if (scalar->reuse)
		{
			last = row;
			last_value = slot->tts_values[scalar->only - 1];
			last_isnull = slot->tts_isnull[scalar->only - 1];
		}
	}
	CHECK_FOR_INTERRUPTS();
	return vexpr_node_result(expr, nulls);
}

static const VExprClass scalar_class = {.eval = scalar_eval};

VExpr *
vexpr_scalar_build(VExprShared *shared, Node *node)
{
	ScalarExpr *scalar = vexpr_node_create(shared, &scalar_class,
										   sizeof(ScalarExpr), exprType(node));

	scalar_set_columns(scalar, columns_of(node));
	scalar->state = vexpr_once_init_expr(shared, node);
	scalar->only = vexpr_scalar_only_column(node);
	scalar->reuse = scalar->only > 0 &&
		TupleDescAttr(shared->desc, scalar->only - 1)->attbyval;
	return &scalar->base;
}
