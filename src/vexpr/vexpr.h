/*
 * vexpr.h
 *	  Expressions over batches.
 *
 * A compiled expression of the query.  What the kernels know is evaluated on
 * vectors; anything else (any immutable, stable or even volatile function, any
 * type) is evaluated by PostgreSQL's own expression machinery, row by row, as
 * a part of the whole.  Results are those of PostgreSQL, errors included; an
 * error can only come from a selected row.
 */
#ifndef RUSTS_VEXPR_H
#define RUSTS_VEXPR_H

#include "vexpr/batch.h"
#include "nodes/execnodes.h"

typedef struct VExpr VExpr;

/*
 * Compile for the scan of a table with descriptor desc: Vars of any varno mean
 * its columns (of system columns, tableoid and ctid).  parent gives parameters
 * and the expression context; slot is a virtual slot of desc that row-by-row
 * parts use as ecxt_scantuple.  Lives in the current memory context.
 */
extern VExpr *vexpr_compile(Expr *expr, PlanState *parent, TupleDesc desc,
							TupleTableSlot *slot);
extern VectorKind vexpr_type_kind(Oid type);
/*
 * A copy of an expression of a single column that has CASE's current value
 * (ExprContext's caseValue) in place of the column.
 */
extern Node *vexpr_with_placeholder(Node *expr);
/* An operator's strategy in a type's default btree order; 0: none. */
extern int	vexpr_strategy(Oid opno, Oid type);

/* Raise an error unless the current role may execute a function. */
extern void vexpr_check_function(Oid function);

/* Values for the selected rows; valid until the next batch or evaluation. */
extern const Vector *vexpr_eval(VExpr *expr, Batch *batch);
/* Remove rows for which a boolean expression is not true. */
extern void vexpr_filter(VExpr *expr, Batch *batch);

/* Parameters may have changed: forget what was computed from them. */
extern void vexpr_rescan(VExpr *expr);

#endif							/* RUSTS_VEXPR_H */
