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
	int64		bucket_slack;	/* they may hold values so long before them */
	uint32		bounded_groups; /* when the bound was last raised */
	bool		takes_summaries;	/* all aggregates do, and no keys */
	bool		in_segment;		/* of which not all has been read */
	AggGroups  *groups;			/* of a batch; NULL: none was read yet */

	/* rows of groups that there is no room for */
	struct RowSpill *rows;		/* NULL: there were none yet */
	struct AggSpill *files;		/* where they are; NULL: there are none now */

	/* set by those above */
	uint32		early_groups;	/* enough to hand over, 0: not yet */
	void		(*poll) (void *arg);	/* after each block; NULL: nothing */
	void	   *poll_arg;
	bool		(*look) (void *arg);	/* is there something to hand over? */
	void	   *look_arg;		/* after each segment; NULL: nothing is */
} AggRead;

extern void aggread_create(AggRead *read, AggGroupSet *set, ScanNode *scan,
						   const CustomScan *plan);
/* From the start of the table: the scan below is read anew. */
extern void aggread_rescan(AggRead *read);
/* Forget all groups. */
extern void aggread_reset(AggRead *read);

/* For those above; before the scan begins, but for poll. */
extern void aggread_order_by(AggRead *read, AttrNumber attno, bool desc);
extern void aggread_set_early(AggRead *read, uint32 groups);
extern void aggread_set_poll(AggRead *read, void (*poll) (void *arg),
							 void *arg);
extern void aggread_set_look(AggRead *read, bool (*look) (void *arg),
							 void *arg);
/* Is there something to hand over?  Not while a batch is being read. */
extern bool aggread_look(const AggRead *read);

/* The scan, in the order that is wanted. */
extern BlockScan *aggread_begin_scan(AggRead *read);
/*
 * Read until the end (true), or until memory runs out or some groups can be
 * handed over.  May be called again after that, to go on.
 */
extern bool aggread_table(AggRead *read);
/* Make no more groups: rows of others go to disk (rowspill.c). */
extern void aggread_freeze(AggRead *read, struct AggSpill *files);
/* The same as aggread_table for the part of such rows that is being read. */
extern bool aggread_rows(AggRead *read);

#endif							/* RUSTS_AGGREAD_H */
