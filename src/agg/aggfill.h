/*
 * aggfill.h
 *	  Groups, as many as memory holds at a time.
 */
#ifndef RUSTS_AGGFILL_H
#define RUSTS_AGGFILL_H

#include "datatype/timestamp.h"
#include "agg/aggfunc.h"
#include "agg/aggnode.h"
#include "scan/scannode.h"
#include "vexpr/aggkeys.h"
#include "lib/stringinfo.h"

struct AggSpill;
struct RowSpill;

/* Offsets from UTC change by a day at most. */
#define BUCKET_ZONE_SLACK (2 * USECS_PER_DAY)

/* Groups that are handed out before all is read (aggstream.c). */
typedef struct AggStream
{
	AttrNumber	attno;			/* by buckets of this column, 0: none are */
	int			key;			/* the buckets */
	bool		desc;
	bool		nulls_first;
	int64		slack;			/* keys so close to a value may come still */

	bool		able;			/* by what the segments are */
	int			segments;		/* that are done, in the order of the scan */
	uint64		rows;			/* of these */
	uint32		looked;			/* groups when last looked at */
	uint32		seen;			/* groups of which the first key is known */
	bool		any_key;		/* one that is not NULL */
	int64		first;			/* in the order */
	bool		any;			/* groups before bound are out */
	int64		bound;
	uint32	   *groups;			/* at hand that are to be emitted; NULL: all */
	uint32		ngroups;
} AggStream;

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
	int64		bucket_slack;	/* they may hold values so long before them */
	bool		takes_summaries;	/* all aggregates do, and no keys */
	bool		can_combine;	/* states of a group, all of them */
	bool		any_distinct;	/* count(DISTINCT) */
	int			workers;		/* resident ones that may take part */
	MemoryContext query_memory;
	MemoryContext row_memory;	/* reset at will */

	/* the groups at hand */
	AggGroups  *groups;			/* of a batch; NULL: none was read yet */
	uint32		capacity;		/* of the functions' arrays */
	Size		limit;			/* bytes */
	uint32		bounded_groups; /* when the bound was last raised */

	/* those that are not */
	AggStream	stream;
	bool		paused;			/* in the middle of the table */
	bool		in_segment;		/* of which not all has been read */
	bool		exhausted;		/* the input is */
	struct AggSpill *spill;		/* NULL: all fitted so far */
	struct RowSpill *rows;		/* what is in there, unless it is states */

	/* of others (aggteam.c) */
	bool		in_team;		/* others read the table too */
	bool		table_done;		/* we have read our part of it */
	uint64	   *floors;			/* what they have delivered (aggteam_floor) */
	BlockScanShared *rest;		/* of the table, when they have left */
	uint32		early_groups;	/* enough to hand over, 0: not yet */

	/* for EXPLAIN */
	int			taken;			/* workers that took part */
	int64		batches;		/* the table, and parts of the hash space */
	int64		ngroups;		/* of all batches */
	int64		disk;			/* bytes, of executions before this one */
	int64		streamed;		/* before all was read */
	Size		peak;
	StringInfoData buffer;		/* a state on its way out */
} AggFill;

/* Of an aggregation node. */
extern AggFill *aggnode_fill(PlanState *state);

/* How many bytes groups may take at a time. */
extern Size aggfill_memory_limit(void);
/* Bytes that went to disk. */
extern int64 aggfill_disk(const AggFill *fill);
/* Before the first groups, and when the input has been rescanned. */
extern void aggfill_begin(AggFill *fill);
/*
 * The next groups in place of those at hand, or in the middle of it all some of
 * those at hand; false: there are none left.
 */
extern bool aggfill_next(AggFill *fill);
/* How many these are. */
extern uint32 aggfill_count(const AggFill *fill);
/* The node may not be called again soon, or ever. */
extern void aggfill_shutdown(AggFill *fill);
/* Are there groups that do not fit into memory with those at hand? */
extern bool aggfill_has_more(const AggFill *fill);
/* Remove files. */
extern void aggfill_end(AggFill *fill);

#endif							/* RUSTS_AGGFILL_H */
