/*
 * brin.h
 *	  BRIN indexes are refused.
 */
#ifndef RUSTS_BRIN_H
#define RUSTS_BRIN_H

#include "nodes/parsenodes.h"
#include "utils/rel.h"

/* An index is about to be built: errors out if it is new, and a BRIN index. */
extern void brin_check_build(Relation table, Relation index);
/* The same for a statement that would leave an invalid index behind. */
extern void brin_check_statement(const IndexStmt *statement);
/* A table is about to get our access method: errors out if it has any. */
extern void brin_check_conversion(Oid relid);

#endif							/* RUSTS_BRIN_H */
