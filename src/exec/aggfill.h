/*
 * aggfill.h
 *	  Groups, as many as memory holds at a time.
 */
#ifndef RUSTS_AGGFILL_H
#define RUSTS_AGGFILL_H

#include "exec/aggkeys.h"
#include "exec/aggnode.h"
#include "exec/scannode.h"
#include "lib/stringinfo.h"

struct AggSpill;

/* A part of the hash space. */
typedef struct AggPart
{
	uint32		mask;
	uint32		part;
} AggPart;

/* The groups at hand, and where more come from. */
typedef struct AggFill
{
	/* made by the node */
	AggNodeMode mode;
	const CustomScan *plan;
	PlanState  *child;
	ScanNode   *scan;			/* the child, unless it is a Gather */
	AggKeys    *keys;
	int			nkeys;
	int			nfuncs;
	AggFunc    *funcs;
	struct AggState *fake;
	int			buckets;		/* how many are wanted, 0: all */
	int			bucket_key;
	AttrNumber	bucket_attno;	/* the column they are of */
	bool		takes_summaries;	/* all aggregates do, and no keys */
	bool		can_spill;		/* states can be combined */
	int			workers;		/* resident ones that may take part */
	MemoryContext query_memory;
	MemoryContext row_memory;	/* reset at will */

	/* the groups at hand */
	AggGroups	groups;			/* of a batch */
	uint32		capacity;		/* of the functions' arrays */
	Size		limit;			/* bytes */
	uint32		bounded_groups; /* when the bound was last raised */

	/* those that are not */
	bool		exhausted;		/* the input is */
	struct AggSpill *spill;		/* NULL: all fitted so far */
	List	   *parts;			/* AggPart, to be done after this one */
	AggPart		part;

	/* of others (aggteam.c) */
	bool		in_team;		/* others read the table too */
	bool		table_done;		/* we have read our part of it */
	uint32		early_groups;	/* enough to hand over, 0: not yet */

	/* for EXPLAIN */
	int			taken;			/* workers that took part */
	int64		passes;
	int64		ngroups;		/* of all steps */
	Size		peak;
	StringInfoData buffer;		/* a state on its way out */
} AggFill;

/* Of an aggregation node. */
extern AggFill *aggnode_fill(PlanState *state);

/* How many bytes groups may take at a time. */
extern Size aggfill_memory_limit(void);
/* Before the first groups, and when the input has been rescanned. */
extern void aggfill_begin(AggFill *fill);
/* The next groups in place of those at hand; false: there are none left. */
extern bool aggfill_next(AggFill *fill);
/* Are there groups that do not fit into memory with those at hand? */
extern bool aggfill_has_more(const AggFill *fill);
/* Remove files. */
extern void aggfill_end(AggFill *fill);

#endif							/* RUSTS_AGGFILL_H */
