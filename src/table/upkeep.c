/*
 * upkeep.c
 *	  SQL functions that keep a table in shape.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/objectaddress.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "compat/privilege.h"
#include "option/ours.h"
#include "segment/store.h"
#include "table/functions.h"
#include "write/compact.h"
#include "write/flush.h"

PG_FUNCTION_INFO_V1(rusts_flush);
PG_FUNCTION_INFO_V1(rusts_compact);

PGDLLEXPORT Datum rusts_flush(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum rusts_compact(PG_FUNCTION_ARGS);

/* Lock a table that the caller must own. */
static void
upkeep_lock(Oid relid, const char *function)
{
	PreventCommandIfReadOnly(function);
	PreventCommandIfParallelMode(function);
	if (!compat_class_ownercheck(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER,
					   get_relkind_objtype(get_rel_relkind(relid)),
					   get_rel_name(relid));
	/* it may be dropped while the lock is waited for */
	LockRelationOid(relid, RowExclusiveLock);
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)))
		functions_report_missing(relid);
}

Datum
rusts_flush(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);

	upkeep_lock(relid, "rusts.flush()");
	PG_RETURN_INT64(flush_table(relid));
}

Datum
rusts_compact(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	Relation	rel;
	int64		written;

	upkeep_lock(relid, "rusts.compact()");
	rel = relation_open(relid, NoLock);
	if (!ours_is_table(rel))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a rusts table",
						RelationGetRelationName(rel))));
	written = compact_relation(rel, PG_GETARG_BOOL(1), PG_INT32_MAX, true);
	relation_close(rel, NoLock);
	PG_RETURN_INT64(written);
}
