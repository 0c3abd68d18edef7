/*
 * ours.c
 *	  Is it a rusts table?  The one place that answers.
 *
 * An access method is ours when its handler gives our routine, whatever name
 * it was created under; a relation that is open says so itself.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "utils/syscache.h"

#include "option/ours.h"

static const TableAmRoutine *our_routine = NULL;

void
ours_set_routine(const TableAmRoutine *routine)
{
	our_routine = routine;
}

bool
ours_is_table(Relation rel)
{
	return rel->rd_tableam == our_routine;
}

bool
ours_is_method(Oid amoid)
{
	HeapTuple	tuple = SearchSysCache1(AMOID, ObjectIdGetDatum(amoid));
	Form_pg_am	form;
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_am) GETSTRUCT(tuple);
	result = form->amtype == AMTYPE_TABLE &&
		GetTableAmRoutine(form->amhandler) == our_routine;
	ReleaseSysCache(tuple);
	return result;
}

bool
ours_is_method_name(const char *name)
{
	if (name == NULL)
		name = default_table_access_method;
	return ours_is_method(get_table_am_oid(name, false));
}

/*
 * Indexes have a relam too; it is not ours, and not a table's.  A partitioned
 * table's is what partitions get (from PostgreSQL 17 on).
 */
bool
ours_is_relation(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Form_pg_class form;
	Oid			amoid = InvalidOid;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_class) GETSTRUCT(tuple);
	if (RELKIND_HAS_TABLE_AM(form->relkind))
		amoid = form->relam;
	ReleaseSysCache(tuple);
	return OidIsValid(amoid) && amoid != HEAP_TABLE_AM_OID &&
		ours_is_method(amoid);
}
