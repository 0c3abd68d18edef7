/*
 * cfunction.c
 *	  Our own SQL functions, by their symbols in the library.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_language_d.h"
#include "catalog/pg_proc.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "exec/cfunction.h"

bool
cfunction_has_prefix(Oid function, const char *prefix)
{
	HeapTuple	tuple;
	bool		isnull;
	bool		result;

	if (function < FirstNormalObjectId)
		return false;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		return false;
	result = ((Form_pg_proc) GETSTRUCT(tuple))->prolang == ClanguageId;
	if (result)
	{
		Datum		symbol = SysCacheGetAttr(PROCOID, tuple,
											 Anum_pg_proc_prosrc, &isnull);

		result = strncmp(TextDatumGetCString(symbol), prefix,
						 strlen(prefix)) == 0;
	}
	ReleaseSysCache(tuple);
	return result;
}
