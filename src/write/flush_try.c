/*
 * flush_try.c
 *	  Flush a table that no user asked to flush.
 *
 * Such a flush takes locks only when they are free, because sessions that
 * queue behind a waiting lock wait as well.
 */
#include "postgres.h"

#include "access/relation.h"
#include "storage/lmgr.h"
#include "option/ours.h"
#include "write/flush.h"
#include "write/flush_try.h"

Relation
flush_try_open(Oid relid, LOCKMODE lockmode, bool *gone)
{
	Relation	rel;

	*gone = false;
	if (!ConditionalLockRelationOid(relid, lockmode))
		return NULL;
	rel = try_relation_open(relid, NoLock);
	if (rel != NULL && ours_is_table(rel))
		return rel;
	*gone = true;
	if (rel != NULL)
		relation_close(rel, NoLock);
	UnlockRelationOid(relid, lockmode);
	return NULL;
}

int64
flush_try_run(Relation rel, Progress *progress)
{
	return flush_relation(rel, false, progress);
}
