/*
 * explaining.h
 *	  What EXPLAIN is told, and how.
 */
#ifndef RUSTS_EXPLAINING_H
#define RUSTS_EXPLAINING_H

#include "commands/explain.h"

/* PostgreSQL 18 took the output out of explain.h (upstream 9173e8b604). */
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif

/*
 * PostgreSQL 18 has a range table entry for groups, which does not count where
 * columns get the names of their tables (upstream 247dea89f7).
 */
#if PG_VERSION_NUM >= 180000
#define COMPAT_RTABLE_SIZE(es) ((es)->rtable_size)
#else
#define COMPAT_RTABLE_SIZE(es) list_length((es)->rtable)
#endif

#endif							/* RUSTS_EXPLAINING_H */
