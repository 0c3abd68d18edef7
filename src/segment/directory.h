/*
 * directory.h
 *	  One row per segment, visible like any row.
 */
#ifndef RUSTS_DIRECTORY_H
#define RUSTS_DIRECTORY_H

#include "segment/counter.h"
#include "segment/store.h"

#define DIRECTORY_VERSION 1

/* flags */
#define DIRECTORY_HAS_TIME 0x0001	/* min_time, max_time, partition are set */

/* DirectorySummaryData.flags */
#define SUMMARY_HAS_MINMAX 0x01
#define SUMMARY_HAS_SUM 0x02
#define SUMMARY_IS_FLOAT 0x04	/* min, max, sum hold doubles */
#define SUMMARY_HAS_DIGEST 0x08 /* they hold a digest of a tag's values */
#define SUMMARY_DIGEST_LENGTH 24

#define DIRECTORY_MAX_SUMMARIES 100

typedef enum DirectoryTier
{
	TIER_HOT = 0,
	TIER_COLD = 1
} DirectoryTier;

/* On disk (format 3.2): what pruning needs to know of one column. */
typedef struct DirectorySummaryData
{
	int16		attnum;
	uint8		flags;
	uint8		reserved;
	uint32		null_count;
	int64		min;			/* or the bits of a double */
	int64		max;
	int64		sum;
} DirectorySummaryData;

/* On disk (format 3.1): a directory row; nsummaries summaries follow. */
typedef struct DirectoryEntryData
{
	uint16		version;
	uint16		flags;
	uint32		rows;
	uint32		first_block;	/* virtual; = the row's chunk_seq */
	uint32		nblocks;
	Oid			chunk_id;		/* the stream */
	uint8		tier;
	uint8		reserved1;
	uint16		nsummaries;
	uint64		stream_length;
	uint64		header_offset;
	uint32		header_length;
	uint32		dead_rows;		/* born dead: bitmap at dead_offset */
	uint64		dead_offset;
	int64		partition;		/* start of the window */
	int64		min_time;
	int64		max_time;
	uint64		raw_bytes;		/* as fixed-width values and plain strings */
	int64		written_at;		/* TimestampTz */
} DirectoryEntryData;

/* A directory row in memory. */
typedef struct DirectoryEntry
{
	DirectoryEntryData d;
	DirectorySummaryData *summaries;
	TransactionId xmin;			/* of the directory row */
	ItemPointerData self;		/* in the TOAST relation */
} DirectoryEntry;

/* The segments that a snapshot sees, ordered by first_block. */
typedef struct DirectoryList
{
	int			n;
	int			capacity;
	int			left_out;		/* visible, but refused by a filter */
	DirectoryEntry *entries;
	uint64		rows;			/* including dead ones */
	uint64		dead_rows;
	uint64		bytes;
	uint64		nblocks;		/* virtual blocks, sum */
} DirectoryList;

/* What the visible segments amount to. */
typedef struct DirectoryTotals
{
	double		segments;
	double		rows;			/* without dead ones */
	double		bytes;
} DirectoryTotals;

/* Sum up what directory_load would list, without building the list. */
extern void directory_sum(Store *store, Snapshot snapshot,
						  DirectoryTotals *totals);
/*
 * Estimate the totals from a sample when there are many rows; never 0 when
 * there are some.  Each entry that was looked at is shown to visit, with the
 * number of segments that it stands for; its summaries are gone after the
 * call.
 */
typedef void (*DirectoryVisit) (void *arg, const DirectoryEntry *entry,
								double weight);
extern void directory_estimate(Store *store, Snapshot snapshot,
							   DirectoryTotals *totals, DirectoryVisit visit,
							   void *arg);

/* frozen: as HEAP_INSERT_FROZEN, for a relation made by this transaction. */
extern void directory_insert(Store *store, const DirectoryEntry *entry,
							 CommandId cid, bool frozen);
/* An entry as the tuple that directory_insert would insert. */
extern HeapTuple directory_form_tuple(Store *store,
									  const DirectoryEntry *entry);
/*
 * Load all visible entries into the current memory context.  Any snapshot
 * type works; SnapshotAny lists everything that is not surely dead.
 */
extern DirectoryList *directory_load(Store *store, Snapshot snapshot);
/*
 * Load the visible entries that a filter wants.  The summaries it is shown are
 * gone after the call.  Most of the cost of loading a long directory is the
 * memory that the entries take.
 */
typedef bool (*DirectoryFilter) (void *arg, const DirectoryEntry *entry);
extern DirectoryList *directory_load_filtered(Store *store, Snapshot snapshot,
											  DirectoryFilter filter,
											  void *arg);
/*
 * Load all entries that can be read, and report what is wrong with the others
 * (segment or -1).
 */
typedef void (*DirectoryDamage) (void *arg, int64 segment, const char *what);
extern DirectoryList *directory_load_sound(Store *store, Snapshot snapshot,
										   DirectoryDamage damage, void *arg);
/* The entry whose row range covers a virtual block, or false. */
extern bool directory_find(Store *store, uint32 block, Snapshot snapshot,
						   DirectoryEntry *entry);
extern DirectoryEntry *directory_list_find(DirectoryList *list, uint32 block);
/* Decode and check a directory tuple; errors out on damage. */
extern void directory_entry_decode(Store *store, HeapTuple tuple,
								   DirectoryEntry *entry);

#endif							/* RUSTS_DIRECTORY_H */
