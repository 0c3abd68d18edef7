/*
 * index_rows.c
 *	  Turn table rows into what an index stores of them.
 *
 * One executor state per build: it holds the predicate and the expressions,
 * which are evaluated in a context that is reset for every row.
 */
#include "postgres.h"

#include "access/tableam.h"
#include "catalog/index.h"
#include "executor/executor.h"

#include "table/index_rows.h"

void
index_rows_begin(IndexRows *rows, Relation table, IndexInfo *info)
{
	rows->info = info;
	rows->estate = CreateExecutorState();
	rows->econtext = GetPerTupleExprContext(rows->estate);
	rows->slot = table_slot_create(table, NULL);
	rows->econtext->ecxt_scantuple = rows->slot;
	rows->predicate = ExecPrepareQual(info->ii_Predicate, rows->estate);
}

bool
index_rows_form(IndexRows *rows)
{
	ResetExprContext(rows->econtext);
	if (rows->predicate != NULL && !ExecQual(rows->predicate, rows->econtext))
		return false;
	FormIndexDatum(rows->info, rows->slot, rows->estate, rows->values,
				   rows->isnull);
	return true;
}

void
index_rows_end(IndexRows *rows)
{
	ExecDropSingleTupleTableSlot(rows->slot);
	FreeExecutorState(rows->estate);
	/* these were made in the executor state that is gone */
	rows->info->ii_ExpressionsState = NIL;
	rows->info->ii_PredicateState = NULL;
}
