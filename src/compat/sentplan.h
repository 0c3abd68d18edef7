/*
 * sentplan.h
 *	  Statements made of a part of another statement's plan.
 */
#ifndef RUSTS_SENTPLAN_H
#define RUSTS_SENTPLAN_H

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

/*
 * PostgreSQL 18 prunes partitions when the executor starts, and knows which
 * relations may be opened (upstream d47cbf474e, cbc127917e).  Here it is only
 * the scanned one.
 */
#if PG_VERSION_NUM >= 180000
#define compat_prune_nothing(stmt, scanned) \
	((stmt)->partPruneInfos = NIL, \
	 (stmt)->unprunableRelids = bms_make_singleton(scanned))
#else
#define compat_prune_nothing(stmt, scanned) ((void) 0)
#endif

#endif							/* RUSTS_SENTPLAN_H */
