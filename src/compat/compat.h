/*
 * compat.h
 *	  The one place that tests PG_VERSION_NUM.
 *
 * Each shim gives the newer server's name on the older servers, and says which
 * upstream change made it necessary.
 */
#ifndef RUSTS_COMPAT_H
#define RUSTS_COMPAT_H

#include "access/tableam.h"
#include "datatype/timestamp.h"
#include "utils/rel.h"
#include "utils/tuplesort.h"

/* PostgreSQL 16 took long values out of postgres.h (upstream d952373a98). */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* PostgreSQL 18 put the word in front of a declaration (upstream 28f04984f0). */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/* PostgreSQL 17 gave intervals infinities (upstream 519fc1bd9e). */
#if PG_VERSION_NUM < 170000
#define INTERVAL_NOT_FINITE(i) false
#endif

/*
 * PostgreSQL 16 gave settings a memory context of their own, from which the
 * "extra" of a check hook must come (upstream 3057465acf).
 */
#if PG_VERSION_NUM < 160000
#define guc_malloc(elevel, size) malloc(size)
#endif

/*
 * PostgreSQL 16 lets the caller say whether it needs a copy of the datum
 * (upstream cd83cb953b).  By-value types, all we sort, never do.
 */
static inline bool
compat_tuplesort_getdatum(Tuplesortstate *sort, Datum *value, bool *isnull)
{
#if PG_VERSION_NUM >= 160000
	return tuplesort_getdatum(sort, true, false, value, isnull, NULL);
#else
	return tuplesort_getdatum(sort, true, value, isnull, NULL);
#endif
}

/* PostgreSQL 16 renamed SetSingleFuncCall (upstream 76adfd8e3e). */
#if PG_VERSION_NUM >= 160000
#define compat_init_materialized_srf(fcinfo) InitMaterializedSRF(fcinfo, 0)
#define compat_init_scalar_srf(fcinfo) \
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC)
#else
#define compat_init_materialized_srf(fcinfo) SetSingleFuncCall(fcinfo, 0)
#define compat_init_scalar_srf(fcinfo) \
	SetSingleFuncCall(fcinfo, SRF_SINGLE_USE_EXPECTED)
#endif

/*
 * PostgreSQL 18 tells ANALYZE's delays from VACUUM's (upstream "Add cost-based
 * vacuum delay time to progress views").
 */
#if PG_VERSION_NUM >= 180000
#define compat_vacuum_delay() vacuum_delay_point(false)
#else
#define compat_vacuum_delay() vacuum_delay_point()
#endif

/*
 * PostgreSQL 16 lets VACUUM skip the main relation (upstream 4211fbd841) and
 * has the caller bring the memory context (upstream 74d5e70e0a).
 */
#if PG_VERSION_NUM >= 160000
#define COMPAT_VACOPT_MAIN VACOPT_PROCESS_MAIN
#define compat_vacuum(relations, params, context) \
	vacuum(relations, params, NULL, context, true)
#else
#define COMPAT_VACOPT_MAIN 0
#define compat_vacuum(relations, params, context) \
	vacuum(relations, params, NULL, true)
#endif

/* PostgreSQL 16 renamed what names a relation's files (upstream b0a55e4329). */
#if PG_VERSION_NUM >= 160000
typedef RelFileLocator CompatRelFileLocator;
#define compat_rel_locator(rel) ((rel)->rd_locator)
#else
typedef RelFileNode CompatRelFileLocator;
#define compat_rel_locator(rel) ((rel)->rd_node)
#endif

/* The same change renamed a callback of table access methods. */
#if PG_VERSION_NUM < 160000
#define relation_set_new_filelocator relation_set_new_filenode
#endif

/* PostgreSQL 17 generates the names of wait events (upstream fa88928470). */
#if PG_VERSION_NUM < 170000
#define WAIT_EVENT_MESSAGE_QUEUE_RECEIVE WAIT_EVENT_MQ_RECEIVE
#endif

/* PostgreSQL 18 can log that a lock was not to be had (upstream 6d376c3b0d). */
#if PG_VERSION_NUM >= 180000
#define COMPAT_LOG_LOCK_FAILURES log_lock_failures
#define compat_conditional_xact_wait(xid, log) \
	ConditionalXactLockTableWait(xid, log)
#else
#define COMPAT_LOG_LOCK_FAILURES false
#define compat_conditional_xact_wait(xid, log) \
	ConditionalXactLockTableWait(xid)
#endif

/* PostgreSQL 16 tells indexes their table (upstream 61b313e47e). */
#if PG_VERSION_NUM >= 160000
#define compat_set_heaprel(info, rel) ((info)->heaprel = (rel))
#else
#define compat_set_heaprel(info, rel) ((void) (rel))
#endif

/* PostgreSQL 18 records the number of frozen pages (upstream 99f8f3fbbc). */
#if PG_VERSION_NUM >= 180000
#define COMPAT_ALL_FROZEN(pages) pages,
#else
#define COMPAT_ALL_FROZEN(pages)
#endif

/* PostgreSQL 16 renamed the counters of a table (upstream 36bffc6d73). */
#if PG_VERSION_NUM >= 160000
#define compat_pgstat_add_returned(rel, n) \
	((rel)->pgstat_info->counts.tuples_returned += (n))
#else
#define compat_pgstat_add_returned(rel, n) \
	((rel)->pgstat_info->t_counts.t_tuples_returned += (n))
#endif

/* PostgreSQL 18 counts index searches (upstream 0fbceae841). */
#if PG_VERSION_NUM >= 180000
#define compat_index_beginscan(rel, index, snapshot, nkeys, norderbys) \
	index_beginscan(rel, index, snapshot, NULL, nkeys, norderbys)
#else
#define compat_index_beginscan(rel, index, snapshot, nkeys, norderbys) \
	index_beginscan(rel, index, snapshot, nkeys, norderbys)
#endif

#endif							/* RUSTS_COMPAT_H */
