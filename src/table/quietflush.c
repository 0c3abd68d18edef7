/*
 * quietflush.c
 *	  Flush a table on nobody's behalf.
 *
 * For flushes that no user asked for: they take locks only when they are
 * free, because whoever queues behind a waiting lock waits as well, and they
 * run as the table's owner with settings restored afterwards, because index
 * expressions may call functions of the owner's.
 */
#include "postgres.h"

#include "access/relation.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "table/flush.h"
#include "table/handler.h"
#include "table/quietflush.h"
#include "utils/guc.h"

Relation
quietflush_open(Oid relid, LOCKMODE lockmode, bool *gone)
{
	Relation	rel;

	*gone = false;
	if (!ConditionalLockRelationOid(relid, lockmode))
		return NULL;
	rel = try_relation_open(relid, NoLock);
	if (rel != NULL && handler_is_rusts(rel))
		return rel;
	*gone = true;
	if (rel != NULL)
		relation_close(rel, NoLock);
	UnlockRelationOid(relid, lockmode);
	return NULL;
}

int64
quietflush_run(Relation rel)
{
	Oid			save_userid;
	int			save_context;
	int			save_nestlevel;
	int64		moved;

	GetUserIdAndSecContext(&save_userid, &save_context);
	SetUserIdAndSecContext(rel->rd_rel->relowner,
						   save_context | SECURITY_RESTRICTED_OPERATION);
	save_nestlevel = NewGUCNestLevel();
	moved = flush_relation(rel, false);
	AtEOXact_GUC(false, save_nestlevel);
	SetUserIdAndSecContext(save_userid, save_context);
	return moved;
}
