/*
 * ingest_session.c
 *	  What a role's statements leave behind in the worker's session.
 *
 * All roles share the worker's session.  A trigger of one may set search_path
 * for the session, or make a temporary table, which is found before all others.
 * Statements of the next role would meet them, and run what the first role put
 * there with the rights of the second.  So what a transaction can leave behind
 * goes away after it, as with DISCARD ALL: settings, temporary objects,
 * prepared statements, cursors that outlive their transaction, advisory locks.
 *
 * An abort undoes only some of that, so this is for aborts, too.  Plans and
 * sequences' caches stay: they are looked at again, or checked, when somebody
 * uses them.  LISTEN is an error in a background worker.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/prepare.h"
#include "ingest/ingest_session.h"
#include "storage/lock.h"
#include "utils/guc.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"

static bool
ingest_session_has_temporary(void)
{
	Oid			schema;
	Oid			toast;

	GetTempNamespaceState(&schema, &toast);
	return OidIsValid(schema);
}

void
ingest_session_clean(void)
{
	Assert(!IsTransactionState());
	PortalHashTableDeleteAll();
	ResetAllOptions();
	DropAllPreparedStatements();
	LockReleaseAll(USER_LOCKMETHOD, true);
	if (!ingest_session_has_temporary())
		return;
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	ResetTempTableNamespace();
	PopActiveSnapshot();
	CommitTransactionCommand();
}
