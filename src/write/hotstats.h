/*
 * hotstats.h
 *	  How much waits to be flushed: counters of hot rows per table.
 */
#ifndef RUSTS_HOTSTATS_H
#define RUSTS_HOTSTATS_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "utils/rel.h"

/* Counters of one table, committed transactions only. */
typedef struct HotStats
{
	Oid			relid;
	uint64		rows;			/* inserted and not yet flushed, about */
	uint64		bytes;
	TimestampTz since;			/* when the first of them came; 0: none */
	TimestampTz last_flush;		/* 0: not since the server started */
	uint32		misses;			/* flushes in a row that moved nothing */
} HotStats;

extern void hotstats_init(void);
/* While libraries are preloaded: ask for shared memory, and set it up. */
extern void hotstats_shmem_request(void);
extern void hotstats_shmem_startup(void);

/*
 * Note hot rows that this transaction inserted, or that its flush moved into
 * segments; they count when it commits.  hotstats_flushed is called also when
 * the flush moved none.
 */
extern void hotstats_count_insert(Relation rel, uint64 rows, uint64 bytes);
extern void hotstats_flushed(Oid relid, uint64 rows);

/* false: nothing is known of the table, or the library is not preloaded */
extern bool hotstats_get(Oid relid, HotStats *stats);

/* For the maintenance worker: this database's tables (palloc'd HotStats). */
extern List *hotstats_list(void);
/* Assume hot rows of so many bytes: at start only the heap's size is known. */
extern void hotstats_assume(Oid relid, uint64 bytes);
extern void hotstats_forget(Oid relid);
/* Set the limits at which the worker is woken. */
extern void hotstats_set_limits(Oid relid, uint64 rows, uint64 bytes);
/* Were tables left out because there are too many?  Resets the answer. */
extern bool hotstats_take_overflow(void);

/*
 * Called after a commit that left hot rows in a table that had none, or took
 * it over its limits.  Must not throw; plugged in by rusts.c.
 */
extern void (*hotstats_wake) (Oid dbid);

#endif							/* RUSTS_HOTSTATS_H */
