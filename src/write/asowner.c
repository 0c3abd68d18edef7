/*
 * asowner.c
 *	  Maintenance with the rights of a table's owner.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/guc.h"

#include "write/asowner.h"

void
asowner_run(Relation rel, void (*run) (void *arg), void *arg)
{
	Oid			userid;
	int			context;
	int			nestlevel;

	GetUserIdAndSecContext(&userid, &context);
	SetUserIdAndSecContext(rel->rd_rel->relowner,
						   context | SECURITY_RESTRICTED_OPERATION);
	nestlevel = NewGUCNestLevel();
	run(arg);
	AtEOXact_GUC(false, nestlevel);
	SetUserIdAndSecContext(userid, context);
}
