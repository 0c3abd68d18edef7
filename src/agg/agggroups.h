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
	bool		can_combine;	/* all of a group's states allow it */
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
 * Set up the groups of a node.  desc describes the table whose rows will come;
 * NULL: none will.  Allocates in the query's memory context, which must be
 * current.
 */
extern void agggroups_create(AggGroupSet *set, CustomScanState *node,
							 TupleDesc desc);
/* Parameters may have changed. */
extern void agggroups_rescan(AggGroupSet *set);
/* Forget all groups. */
extern void agggroups_reset(AggGroupSet *set);
/* Remove files. */
extern void agggroups_end(AggGroupSet *set);
/* Without keys there is a group even if there are no rows: make it. */
extern void agggroups_begin(AggGroupSet *set);

/* Add the selected rows of a batch, whose groups are known. */
extern void agggroups_add(AggGroupSet *set, Batch *batch,
						  const AggGroups *groups);
/* Combine the states of n groups with serialized states from elsewhere. */
extern void agggroups_combine(AggGroupSet *set, const uint32 *groups,
							  uint32 n, StringInfo states);
/* Append the states of n groups, from first on, to a buffer. */
extern void agggroups_serialize(AggGroupSet *set, uint32 first, uint32 n,
								StringInfo buffer);
/* Called when all rows have been read, before any result. */
extern void agggroups_finish(AggGroupSet *set);

extern void agggroups_set_limit(AggGroupSet *set, Size limit);
/* Have the groups outgrown the limit? */
extern bool agggroups_is_full(AggGroupSet *set);
/* Bytes of values that went to disk. */
extern int64 agggroups_disk(const AggGroupSet *set);

#endif							/* RUSTS_AGGGROUPS_H */
