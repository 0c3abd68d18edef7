/*
 * privilege.h
 *	  Ownership and privileges, across versions.
 */
#ifndef RUSTS_PRIVILEGE_H
#define RUSTS_PRIVILEGE_H

#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "miscadmin.h"
#include "utils/acl.h"

/* PostgreSQL 16 made ownership checks generic (upstream afbfc02983). */
#if PG_VERSION_NUM >= 160000
#define compat_class_ownercheck(relid, roleid) \
	object_ownercheck(RelationRelationId, relid, roleid)
#else
#define compat_class_ownercheck(relid, roleid) \
	pg_class_ownercheck(relid, roleid)
#endif

/* PostgreSQL 16 made privilege checks generic, too (upstream c727f511bd). */
#if PG_VERSION_NUM >= 160000
#define compat_proc_aclcheck(function, roleid) \
	object_aclcheck(ProcedureRelationId, function, roleid, ACL_EXECUTE)
#else
#define compat_proc_aclcheck(function, roleid) \
	pg_proc_aclcheck(function, roleid, ACL_EXECUTE)
#endif

#if PG_VERSION_NUM >= 160000
#define compat_database_aclcheck(database, roleid, mode) \
	object_aclcheck(DatabaseRelationId, database, roleid, mode)
#else
#define compat_database_aclcheck(database, roleid, mode) \
	pg_database_aclcheck(database, roleid, mode)
#endif

#if PG_VERSION_NUM >= 160000
#define compat_namespace_aclcheck(schema, roleid, mode) \
	object_aclcheck(NamespaceRelationId, schema, roleid, mode)
#else
#define compat_namespace_aclcheck(schema, roleid, mode) \
	pg_namespace_aclcheck(schema, roleid, mode)
#endif

/* What HAS_PGSTAT_PERMISSIONS is to the server's views of backends. */
static inline bool
compat_may_see_backend(Oid userid)
{
	return has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS) ||
		has_privs_of_role(GetUserId(), userid);
}

#endif							/* RUSTS_PRIVILEGE_H */
