/*
 * aggread.h
 *	  Rows of a table, put into groups in memory.
 */
#ifndef RUSTS_AGGREAD_H
#define RUSTS_AGGREAD_H

#include "agg/agggroups.h"
#include "datatype/timestamp.h"
#include "nodes/plannodes.h"
#include "scan/scannode.h"

struct AggSpill;
struct RowSpill;

/* Offsets from UTC change by a day at most. */
#define BUCKET_ZONE_SLACK (2 * USECS_PER_DAY)

/* aggread.c alone writes it. */
typedef struct AggRead
{
	AggGroupSet *set;
	ScanNode   *scan;			/* NULL: there is no table below the node */
	List	   *exprs;			/* keys and aggregates */
	AttrNumber	order_attno;	/* to be read in this order; 0: as it lies */
	bool		order_desc;
	int			buckets;		/* how many are wanted, 0: all */
	int			bucket_key;
	AttrNumber	bucket_attno;	/* the column they are of */
	int64		bucket_slack;	/* values may be this far before a bucket */
	uint32		bounded_groups; /* groups when the bound was last raised */
	bool		takes_summaries;	/* no keys, and all aggregates take them */
	bool		in_segment;		/* a segment has been read in part */
	AggGroups  *groups;			/* of a batch; NULL: none was read yet */

	/* rows of groups that there is no room for */
	struct RowSpill *rows;		/* NULL: there were none yet */
	struct AggSpill *files;		/* where they are; NULL: there are none now */

	/* set by the layers above */
	uint32		early_groups;	/* hand over when there are so many; 0: no */
	void		(*poll) (void *arg);	/* after each block; NULL: nothing */
	void	   *poll_arg;
	bool		(*look) (void *arg);	/* anything to hand over?  NULL: no */
	void	   *look_arg;		/* look is called after each segment */
} AggRead;

extern void aggread_create(AggRead *read, AggGroupSet *set, ScanNode *scan,
						   const CustomScan *plan);
/* Begin at the start of the table again: the scan below is read anew. */
extern void aggread_rescan(AggRead *read);
/* Forget all groups. */
extern void aggread_reset(AggRead *read);

/* For the layers above: called before the scan begins, except for poll. */
extern void aggread_order_by(AggRead *read, AttrNumber attno, bool desc);
extern void aggread_set_early(AggRead *read, uint32 groups);
extern void aggread_set_poll(AggRead *read, void (*poll) (void *arg),
							 void *arg);
extern void aggread_set_look(AggRead *read, bool (*look) (void *arg),
							 void *arg);
/* Is there anything to hand over?  Not to be called while a batch is read. */
extern bool aggread_look(const AggRead *read);

/* The scan, begun in the order that is wanted. */
extern BlockScan *aggread_begin_scan(AggRead *read);
/*
 * Read the table to its end (true), or until memory runs out or some groups
 * can be handed over (false).  Call it again to go on.
 */
extern bool aggread_table(AggRead *read);
/* Make no more groups: rows of groups not at hand go to disk (rowspill.c). */
extern void aggread_freeze(AggRead *read, struct AggSpill *files);
/*
 * Read the part at hand of such rows to its end (true), or until memory runs
 * out (false).
 */
extern bool aggread_rows(AggRead *read);

#endif							/* RUSTS_AGGREAD_H */
