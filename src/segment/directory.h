/*
 * directory.h
 *	  One row per segment, visible like any row.
 */
#ifndef RUSTS_DIRECTORY_H
#define RUSTS_DIRECTORY_H

#include "segment/counter.h"
#include "segment/directory_format.h"
#include "segment/store.h"

/*
 * A directory row in memory.  Rows that were born dead are in the segment's
 * own bitmap; the others that a snapshot does not see, ascending, are in gone.
 */
typedef struct DirectoryEntry
{
	DirectoryEntryData d;
	DirectorySummaryData *summaries;
	TransactionId xmin;			/* of the directory row */
	ItemPointerData self;		/* in the TOAST relation */
	uint32		ngone;
	uint32	   *gone;			/* rows of the segment, from 0 */
} DirectoryEntry;

/* How many rows are not there, for the snapshot that the entry is from? */
static inline uint32
directory_entry_dead(const DirectoryEntry *entry)
{
	return entry->d.dead_rows + entry->ngone;
}

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
 * Load all visible entries into the current memory context, with the rows that
 * are gone.  Any snapshot type works; SnapshotAny lists everything that is not
 * surely dead, and no row as gone.
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
/* Find the rows of an entry that are gone, replacing what it says so far. */
extern void directory_entry_find_gone(Store *store, Snapshot snapshot,
									  DirectoryEntry *entry);
/*
 * The entry whose row range covers a virtual block, or false.  It names no row
 * as gone.
 */
extern bool directory_find(Store *store, uint32 block, Snapshot snapshot,
						   DirectoryEntry *entry);
extern DirectoryEntry *directory_list_find(DirectoryList *list, uint32 block);
/* What has become of the segment that a virtual block was given to. */
typedef enum DirectoryState
{
	DIRECTORY_ALIVE,
	DIRECTORY_BUSY,				/* being removed by a transaction */
	DIRECTORY_GONE
} DirectoryState;

extern DirectoryState directory_state(Store *store, uint32 block,
									  TransactionId *xid);
/* Decode and check a directory tuple; errors out on damage. */
extern void directory_entry_decode(Store *store, HeapTuple tuple,
								   DirectoryEntry *entry);

#endif							/* RUSTS_DIRECTORY_H */
