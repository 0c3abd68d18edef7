/*
 * permissions.h
 *	  Permissions of range table entries, for plans sent to other processes.
 */
#ifndef RUSTS_PERMISSIONS_H
#define RUSTS_PERMISSIONS_H

#include "nodes/plannodes.h"

/*
 * PostgreSQL 16 moved permissions out of range table entries (upstream
 * a61b1f7482).  After these, nothing is checked.
 */
#if PG_VERSION_NUM >= 160000
#define compat_forget_entry_permissions(rte) ((rte)->perminfoindex = 0)
#define compat_forget_permissions(stmt) ((stmt)->permInfos = NIL)
#else
#define compat_forget_entry_permissions(rte) ((rte)->requiredPerms = 0)
#define compat_forget_permissions(stmt) ((void) 0)
#endif

#endif							/* RUSTS_PERMISSIONS_H */
