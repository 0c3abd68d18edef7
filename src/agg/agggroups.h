/*
 * agggroups.h
 *	  The groups at hand: their keys and states, and the memory they take.
 */
#ifndef RUSTS_AGGGROUPS_H
#define RUSTS_AGGGROUPS_H

#include "agg/aggkind.h"
#include "lib/stringinfo.h"
#include "nodes/execnodes.h"
#include "vexpr/aggkeys.h"

/* agggroups.c alone writes it. */
typedef struct AggGroupSet
{
	AggKeys    *keys;
	int			nkeys;
	int			nfuncs;
	AggFunc    *funcs;
	struct AggState *fake;		/* what transition functions expect */
	bool		can_combine;	/* states of a group, all of them */
	bool		any_distinct;	/* count(DISTINCT) */
	MemoryContext query_memory;
	MemoryContext row_memory;	/* reset at will */
	uint32		capacity;		/* of the functions' arrays */
	Size		limit;			/* bytes */
	Size		peak;			/* for EXPLAIN */
} AggGroupSet;

/* How many bytes groups may take at a time. */
extern Size agggroups_memory_limit(void);

/*
 * For a node's plan; desc: of the table whose rows will come, NULL if none do.
 * Allocated in the query's memory, which is current.
 */
extern void agggroups_create(AggGroupSet *set, CustomScanState *node,
							 TupleDesc desc);
/* Parameters may have changed. */
extern void agggroups_rescan(AggGroupSet *set);
/* Forget all groups. */
extern void agggroups_reset(AggGroupSet *set);
/* Remove files. */
extern void agggroups_end(AggGroupSet *set);
/* Keys without rows: only an aggregation without keys has a group then. */
extern void agggroups_begin(AggGroupSet *set);

/* Add the selected rows of a batch, whose groups are known. */
extern void agggroups_add(AggGroupSet *set, Batch *batch,
						  const AggGroups *groups);
/* Combine n groups with states of them from elsewhere. */
extern void agggroups_combine(AggGroupSet *set, const uint32 *groups,
							  uint32 n, StringInfo states);
/* States of n groups from first on, appended to a buffer. */
extern void agggroups_serialize(AggGroupSet *set, uint32 first, uint32 n,
								StringInfo buffer);
/* All rows have been read: before any result. */
extern void agggroups_finish(AggGroupSet *set);

extern void agggroups_set_limit(AggGroupSet *set, Size limit);
/* Have the groups outgrown the limit? */
extern bool agggroups_is_full(AggGroupSet *set);
/* Bytes of values that went to disk. */
extern int64 agggroups_disk(const AggGroupSet *set);

#endif							/* RUSTS_AGGGROUPS_H */
