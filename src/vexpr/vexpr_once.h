/*
 * vexpr_once.h
 *	  What is evaluated once: parts of an expression without columns.
 */
#ifndef RUSTS_VEXPR_ONCE_H
#define RUSTS_VEXPR_ONCE_H

#include "vexpr/vexpr_node.h"

/* Is it free of columns and does it give one value for the whole scan? */
extern bool vexpr_once_fits(Node *node);
extern VExpr *vexpr_once_build(VExprShared *shared, Node *node);
/* The value, computed when it is not known yet; valid until rescan. */
extern Datum vexpr_once_value(VExpr *expr, bool *isnull);
/* Has it been computed? */
extern bool vexpr_once_is_known(const VExpr *expr);
extern Node *vexpr_once_node(const VExpr *expr);

/*
 * Prepare an expression that PostgreSQL evaluates on shared->slot, in
 * vexpr_once_econtext; its parts without columns are evaluated once.
 */
extern ExprState *vexpr_once_init_expr(VExprShared *shared, Node *node);
extern ExprContext *vexpr_once_econtext(VExprShared *shared);

#endif							/* RUSTS_VEXPR_ONCE_H */
