/*
 * stub.h
 *	  Stubs: where single segment rows are locked, deleted and replaced.
 */
#ifndef RUSTS_STUB_H
#define RUSTS_STUB_H

#include "segment/chunkscan.h"
#include "segment/counter.h"

#define STUB_VERSION 1

typedef enum StubState
{
	STUB_ALIVE = 0,				/* somebody has locked the row */
	STUB_DELETED = 1,
	STUB_UPDATED = 2,			/* the next version is at block, offset */
	STUB_MOVED_PARTITION = 3,	/* it is in another partition */
	STUB_BLOCK = 4				/* some rows of its virtual block are deleted */
} StubState;

/* On disk (format 3.3). */
typedef struct StubData
{
	uint8		version;
	uint8		state;
	OffsetNumber offset;
	BlockNumber block;
} StubData;

/*
 * Rows of a virtual block that one command has deleted, in place of a stub for
 * each.  Its number is that of the first of them.
 */
typedef struct StubBlockData
{
	StubData	stub;
	uint8		rows[40];		/* bitmap of ROWID_ROWS */
} StubBlockData;

/* A scan over what there is of one row: its own stub, and those of its block. */
typedef struct StubScan
{
	ChunkScan	scan;
	uint64		number;
	bool		of_block;		/* its own are done */
} StubScan;

static inline bool
stub_block_has(const StubBlockData *block, uint32 row)
{
	return (block->rows[row >> 3] & (1 << (row & 7))) != 0;
}

static inline void
stub_block_add(StubBlockData *block, uint32 row)
{
	block->rows[row >> 3] |= 1 << (row & 7);
}

/* Is there any stub in the table, dead ones included? */
extern bool stub_any(Store *store);
/*
 * Has the row been deleted or replaced, as a snapshot sees it?  For a dirty
 * snapshot: no as long as the transaction that does so is in progress, which
 * is then the snapshot's xmax.
 */
extern bool stub_row_gone(Store *store, Snapshot snapshot, uint64 number);
/* The state that a snapshot sees, and who has written it if it is not alive. */
extern StubState stub_row_state(Store *store, Snapshot snapshot,
								uint64 number, StubData *data,
								TransactionId *xmin);
/*
 * Visit the deleted and replaced rows among numbers low .. high, in order,
 * until the visitor returns false.
 */
typedef bool (*StubVisit) (void *arg, uint64 number);
extern void stub_visit_gone(Store *store, Snapshot snapshot, uint64 low,
							uint64 high, StubVisit visit, void *arg);

/*
 * Begin a scan over the versions of one row's stub.  One for the row's block
 * that has the row reads as STUB_DELETED.
 */
extern void stub_begin(StubScan *scan, Store *store, Snapshot snapshot,
					   uint64 number);
extern HeapTuple stub_next(StubScan *scan, StubData *data);
extern void stub_end(StubScan *scan);
/* Visit all versions of the stubs of a virtual block's rows. */
typedef void (*StubVersion) (void *arg, HeapTuple tuple, uint64 number,
							 const StubBlockData *data);
extern void stub_visit_versions(Store *store, uint32 block, StubVersion visit,
								void *arg);
/* Begin a scan over all stubs: those of rows, then those of blocks. */
extern void stub_begin_all(ChunkScan *scan, Store *store, Snapshot snapshot);
/*
 * Take a stub apart; returns NULL, or what is wrong with it; the number is then
 * what its key says.  Without STUB_BLOCK, rows is left as it is.
 */
extern const char *stub_take_apart(Store *store, HeapTuple tuple,
								   uint64 *number, StubBlockData *data);
/* Take a stub apart; returns its row's number.  Damage is an error. */
extern uint64 stub_decode(Store *store, HeapTuple tuple, StubBlockData *data);
/* A stub as a tuple. */
extern HeapTuple stub_form_tuple(Store *store, uint64 number, StubState state,
								 const ItemPointerData *successor);
/* Insert a stub that says that the row is alive, seen by everybody. */
extern ItemPointerData stub_insert(Store *store, uint64 number, CommandId cid);
/* Insert a stub that says that the row is gone, by this transaction. */
extern ItemPointerData stub_insert_gone(Store *store, uint64 number,
										const StubData *data, CommandId cid);
/* Insert a stub that says that some rows of a block, at least one, are gone. */
extern ItemPointerData stub_insert_block(Store *store, uint32 block,
										 StubBlockData *data, CommandId cid);
/* Does a transaction in progress hold, change or make a stub of one of the rows? */
extern bool stub_locked(Store *store, uint64 low, uint64 high);
/* Delete the stubs of rows that nobody can see; waits for those who hold one. */
extern void stub_delete(Store *store, uint64 low, uint64 high, CommandId cid);
/*
 * Has somebody locked one of the rows, or is changing it?  Visits the others
 * that are gone.
 */
typedef void (*StubEnded) (void *arg, uint64 number, const StubData *data);
extern bool stub_in_use(Store *store, uint64 low, uint64 high,
						StubEnded visit, void *arg);

#endif							/* RUSTS_STUB_H */
