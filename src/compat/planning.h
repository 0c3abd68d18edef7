/*
 * planning.h
 *	  What the planner hands out and takes back.
 */
#ifndef RUSTS_PLANNING_H
#define RUSTS_PLANNING_H

#include "nodes/pathnodes.h"
#include "optimizer/cost.h"

/* PostgreSQL 18 gave path keys comparison types (upstream 8123e91f5a). */
#if PG_VERSION_NUM >= 180000
#define COMPAT_PATHKEY_DESC(key) ((key)->pk_cmptype == COMPARE_GT)
#else
#define COMPAT_PATHKEY_DESC(key) ((key)->pk_strategy == BTGreaterStrategyNumber)
#endif

/* PostgreSQL 16 takes relations, not their ids (upstream 2f17b57017). */
#if PG_VERSION_NUM >= 160000
#define compat_adjust_appendrel_attrs(root, node, child) \
	adjust_appendrel_attrs_multilevel(root, node, child, (child)->top_parent)
#else
#define compat_adjust_appendrel_attrs(root, node, child) \
	adjust_appendrel_attrs_multilevel(root, node, (child)->relids, (child)->top_parent_relids)
#endif

/* PostgreSQL 16 has both without redundant items (upstream 8d83a5d0a2). */
#if PG_VERSION_NUM >= 160000
#define compat_group_clause(root) ((root)->processed_groupClause)
#define compat_distinct_clause(root) ((root)->processed_distinctClause)
#else
#define compat_group_clause(root) ((root)->parse->groupClause)
#define compat_distinct_clause(root) ((root)->parse->distinctClause)
#endif

/*
 * PostgreSQL 18 counts disabled nodes; older servers add a high cost (upstream
 * e22253467f).  The rest of the cost is added afterwards.
 */
#if PG_VERSION_NUM >= 180000
#define compat_disable_path(path) ((path)->disabled_nodes++)
#else
#define compat_disable_path(path) ((path)->startup_cost += disable_cost)
#endif

#endif							/* RUSTS_PLANNING_H */
