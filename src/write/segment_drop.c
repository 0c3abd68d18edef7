/*
 * segment_drop.c
 *	  Take segments out of a table.
 *
 * The directory rows are deleted first, and then it is seen whether anybody is
 * at one of the rows (rowchange.c has the other half of the argument).  Chunks
 * are deleted before that, which takes longest: from the deletion of a
 * directory row to our commit, whoever wants one of its rows waits.  All of it
 * is a subtransaction's, so that it can be taken back.
 *
 * One transaction at a time takes segments out of a table.  A compaction records
 * where the rows go before it deletes the directory rows, so without that it
 * would meet the record of a segment that was dropped since its snapshot, and
 * fail over the key.
 */
#include "postgres.h"

#include "access/xact.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "write/segment_drop.h"

/* No page has this number: it names the lock, nothing else. */
#define SEGMENT_DROP_LOCK_PAGE (InvalidBlockNumber - 2)

bool
segment_drop_begin(Relation rel, bool wait)
{
	if (!wait)
		return ConditionalLockPage(rel, SEGMENT_DROP_LOCK_PAGE, ExclusiveLock);
	LockPage(rel, SEGMENT_DROP_LOCK_PAGE, ExclusiveLock);
	return true;
}

static void
segment_drop_ignore(void *arg, uint64 number, const StubData *data)
{
}

bool
segment_drop_in_use(Store *store, const DirectoryEntry *entry,
					StubEnded visit, void *arg)
{
	uint64		first = rowid_number_of_block(entry->d.first_block);

	return stub_in_use(store, first, first + entry->d.rows - 1,
					   visit != NULL ? visit : segment_drop_ignore, arg);
}

static bool
segment_drop_all(Store *store, DirectoryEntry **entries, int n, CommandId cid,
				 StubEnded visit, void *arg)
{
	int			i;

	for (i = 0; i < n; i++)
		store_delete_stream(store, entries[i]->d.chunk_id, cid);
	for (i = 0; i < n; i++)
		if (!store_delete_row(store, &entries[i]->self, cid))
			return false;
	for (i = 0; i < n; i++)
		if (segment_drop_in_use(store, entries[i], visit, arg))
			return false;
	return true;
}

bool
segment_drop(Store *store, DirectoryEntry **entries, int n, CommandId cid,
			 StubEnded visit, void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	bool		done;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	done = segment_drop_all(store, entries, n, cid, visit, arg);
	if (done)
		ReleaseCurrentSubTransaction();
	else
		RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return done;
}
