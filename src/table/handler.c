/*
 * handler.c
 *	  The table access method's routine: which callback is whose.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "catalog/pg_am_d.h"
#include "fmgr.h"

#include "table/handler.h"

static TableAmRoutine routine;

PG_FUNCTION_INFO_V1(rusts_table_handler);
PGDLLEXPORT Datum rusts_table_handler(PG_FUNCTION_ARGS);

static bool
handler_relation_needs_toast_table(Relation rel)
{
	return true;
}

static Oid
handler_relation_toast_am(Relation rel)
{
	return HEAP_TABLE_AM_OID;
}

void
handler_init(void)
{
	routine = *GetHeapamTableAmRoutine();
	routine.relation_needs_toast_table = handler_relation_needs_toast_table;
	routine.relation_toast_am = handler_relation_toast_am;
}

bool
handler_is_rusts(Relation rel)
{
	return rel->rd_tableam == &routine;
}

Datum
rusts_table_handler(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(&routine);
}
