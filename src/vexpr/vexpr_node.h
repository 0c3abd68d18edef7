/*
 * vexpr_node.h
 *	  What the parts of vexpr share: nodes, classes, and how they are built.
 *
 * A compiled expression is a tree of nodes.  The class of a node says how to
 * evaluate it: "eval" gives values as a vector, "test" the truth of a boolean;
 * a class has one of them or both, and vexpr.c derives the other.  Both are
 * given the rows that matter: others may get any value, but raise no errors.
 *
 * Results live in the node until it is evaluated again, by-reference values in
 * batch->memory or longer.  Kernels read whole vectors: a node's value for
 * rows that do not matter is readable for by-value kinds, as a column's is.
 */
#ifndef RUSTS_VEXPR_NODE_H
#define RUSTS_VEXPR_NODE_H

#include "vexpr/vexpr.h"
#include "nodes/primnodes.h"
#include "vector/compare.h"
#include "vector/selection.h"

StaticAssertDecl(SELECTION_ROWS == BATCH_ROWS,
				 "selections are for the rows of a batch");

/* What all nodes of one expression share. */
typedef struct VExprShared
{
	PlanState  *parent;
	ExprContext *econtext;		/* own, made when first needed */
	TupleDesc	desc;
	TupleTableSlot *slot;
	MemoryContext memory;		/* as long as the expression */
	MemoryContext once;			/* values evaluated once; NULL until needed */
	List	   *onces;			/* the nodes that have them */
	uint32		generation;		/* carried by what was computed once */
} VExprShared;

/* Truth of a boolean for the rows asked for; a row in neither is false. */
typedef struct Truth
{
	uint64		yes[SELECTION_WORDS];
	uint64		null[SELECTION_WORDS];
} Truth;

typedef struct VExprClass
{
	const Vector *(*eval) (VExpr *expr, Batch *batch, const uint64 *rows);
	void		(*test) (VExpr *expr, Batch *batch, const uint64 *rows,
						 Truth *truth);
	/* optional: take out rows for which it is not true */
	void		(*filter) (VExpr *expr, Batch *batch, uint64 *rows);
} VExprClass;

struct VExpr
{
	const VExprClass *ops;
	VExprShared *shared;
	Oid			type;
	VectorKind	kind;
	int16		typlen;
	bool		typbyval;
	int			nargs;
	VExpr	  **args;

	/* the result's room, BATCH_ROWS each, made when first needed */
	Vector		result;
	Datum	   *values;
	bool	   *isnull;

	/* values of another vector, read in another way (vexpr_doubles) */
	double	   *doubles;
	Datum	   *flat;
};

/* ---------- vexpr.c ---------- */

/* Allocate a node of "size" bytes, which starts with a VExpr. */
extern void *vexpr_node_create(VExprShared *shared, const VExprClass *ops,
							   Size size, Oid type);
extern void vexpr_node_set_args(VExpr *expr, int nargs);
extern VExpr *vexpr_build(VExprShared *shared, Node *node);

extern const Vector *vexpr_node_eval(VExpr *expr, Batch *batch,
									 const uint64 *rows);
extern void vexpr_node_test(VExpr *expr, Batch *batch, const uint64 *rows,
							Truth *truth);
/* Take out rows for which a boolean is not true. */
extern void vexpr_node_filter(VExpr *expr, Batch *batch, uint64 *rows);

/* The room for a result, and the result: values, isnull if any is NULL. */
extern Datum *vexpr_node_values(VExpr *expr);
extern bool *vexpr_node_isnull(VExpr *expr);
extern const Vector *vexpr_node_result(VExpr *expr, bool nulls);

/* Take rows that are NULL out of rows; add them to null unless it is NULL. */
extern void vexpr_split_nulls(const Vector *vector, int n, uint64 *rows,
							  uint64 *null);
/*
 * Values of expr's vector for all rows: codes looked up, constants spread, and
 * in vexpr_doubles float4 widened.  Stays valid until expr is evaluated again.
 */
extern const Datum *vexpr_datums(VExpr *expr, const Vector *vector, int n);
extern const double *vexpr_doubles(VExpr *expr, const Vector *vector, int n);
extern Datum vexpr_datum(const Vector *vector, int row);
extern bool vexpr_is_null(const Vector *vector, int row);
extern double vexpr_double(const VExpr *expr, Datum value);

/* ---------- vexpr_scalar.c, vexpr_dictionary.c ---------- */

extern VExpr *vexpr_scalar_build(VExprShared *shared, Node *node);
/*
 * The column of an expression that reads no other, and whose result depends on
 * nothing else that changes during the scan; or 0.
 */
extern AttrNumber vexpr_scalar_only_column(Node *node);
/* The value for an input in place of the only column. */
extern Datum vexpr_scalar_value(VExpr *scalar, Datum input, bool input_isnull,
								bool *isnull);
/* A number for a new dictionary of results. */
extern uint64 vexpr_dictionary_next_serial(void);
/*
 * A function's result for expr, as vectors hold it: by reference, copied into
 * a memory context; by value, without what is above its width.
 */
extern Datum vexpr_scalar_copy(const VExpr *expr, Datum value,
							   MemoryContext memory);

/* Is a function a comparison that kernels know, and of what? */
extern bool vexpr_compare_find(Oid function, CompareOp *op, bool *floats);

/* Is a function arithmetic that kernels know? */
extern bool vexpr_arith_is_in(Oid function);
/* The function and arguments of a FuncExpr or OpExpr; false for others. */
extern bool vexpr_function_call(Node *node, Oid *function, List **args);

/* ---------- the other builders: NULL when the node is not of theirs ---------- */

extern VExpr *vexpr_dictionary_build(VExprShared *shared, Node *node);
extern VExpr *vexpr_compare_build(VExprShared *shared, Node *node);
extern VExpr *vexpr_compare_build_array(VExprShared *shared, Node *node);
extern VExpr *vexpr_logic_build(VExprShared *shared, Node *node);
extern VExpr *vexpr_case_build(VExprShared *shared, Node *node);
extern VExpr *vexpr_arith_build(VExprShared *shared, Node *node);
extern VExpr *vexpr_time_build(VExprShared *shared, Node *node);
extern VExpr *vexpr_time_build_of_step(VExprShared *shared, Node *node);

#endif							/* RUSTS_VEXPR_NODE_H */
