/*
 * index_rows.h
 *	  Turn table rows into what an index stores of them.
 */
#ifndef RUSTS_INDEX_ROWS_H
#define RUSTS_INDEX_ROWS_H

#include "nodes/execnodes.h"
#include "utils/rel.h"

typedef struct IndexRows
{
	IndexInfo  *info;
	EState	   *estate;
	ExprContext *econtext;
	ExprState  *predicate;
	TupleTableSlot *slot;
	Datum		values[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];
} IndexRows;

extern void index_rows_begin(IndexRows *rows, Relation table,
							 IndexInfo *info);
/* Fill values and isnull for the row in slot; false: not in the index. */
extern bool index_rows_form(IndexRows *rows);
extern void index_rows_end(IndexRows *rows);

#endif							/* RUSTS_INDEX_ROWS_H */
