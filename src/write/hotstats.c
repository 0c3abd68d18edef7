/*
 * hotstats.c
 *	  How much waits to be flushed: counters of hot rows per table.
 *
 * A backend adds up what its transaction inserts and publishes it at commit
 * into a hash table in shared memory, keyed by database and table.  The
 * maintenance worker reads it to find what is due.  The counters steer when a
 * flush happens, nothing else; they may be wrong without harm:
 *
 *	- rows of a rolled back subtransaction, or deleted while hot, count until
 *	  a flush has looked at them;
 *	- rows of a prepared transaction count from PREPARE;
 *	- after a restart nothing is known, and the worker assumes that every
 *	  block of a heap is full of hot rows (hotstats_assume);
 *	- when the hash table is full, tables are left out and a flag says so.
 *
 * A flush subtracts what it moved.  What is left was inserted meanwhile, or is
 * one of the errors above; misses counts the flushes that moved nothing, so
 * that the worker can try less and less often.
 *
 * Locking: the lock in shared mode protects entries from removal, and the
 * counters are atomic, so concurrent commits do not wait for each other.
 * Inserting and removing entries takes it exclusively.
 *
 * Without shared_preload_libraries there is no shared memory: counting stays
 * local to the backend, and publishing does nothing.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "option/settings.h"
#include "write/hotstats.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#define HOTSTATS_MAX_TABLES 8192
#define HOTSTATS_TRANCHE "rusts hot rows"

typedef struct HotKey
{
	Oid			dbid;
	Oid			relid;
} HotKey;

typedef struct HotEntry
{
	HotKey		key;			/* first, as dynahash wants it */
	pg_atomic_uint64 rows;
	pg_atomic_uint64 bytes;
	pg_atomic_uint64 since;		/* TimestampTz */
	pg_atomic_uint64 last_flush;
	pg_atomic_uint32 misses;
	uint64		limit_rows;		/* 0: no limit; written by the worker only */
	uint64		limit_bytes;
} HotEntry;

typedef struct HotShared
{
	LWLock	   *lock;
	pg_atomic_uint32 overflow;
} HotShared;

/* What the running transaction did to one table. */
typedef struct HotLocal
{
	Oid			relid;			/* key */
	uint64		rows;
	uint64		bytes;
	uint64		moved;
	bool		flushed;
	bool		temp;			/* for this session's eyes only */
} HotLocal;

void		(*hotstats_wake) (Oid dbid) = NULL;

static HotShared *shared = NULL;
static HTAB *entries = NULL;

static HTAB *local = NULL;
static HotLocal *last_local = NULL; /* most inserts repeat the table */

/* Shared memory. */

void
hotstats_shmem_request(void)
{
	RequestAddinShmemSpace(add_size(MAXALIGN(sizeof(HotShared)),
									hash_estimate_size(HOTSTATS_MAX_TABLES,
													   sizeof(HotEntry))));
	RequestNamedLWLockTranche(HOTSTATS_TRANCHE, 1);
}

void
hotstats_shmem_startup(void)
{
	HASHCTL		ctl = {0};
	bool		found;

	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	shared = ShmemInitStruct(HOTSTATS_TRANCHE, sizeof(HotShared), &found);
	if (!found)
	{
		shared->lock = &(GetNamedLWLockTranche(HOTSTATS_TRANCHE))->lock;
		pg_atomic_init_u32(&shared->overflow, 0);
	}
	ctl.keysize = sizeof(HotKey);
	ctl.entrysize = sizeof(HotEntry);
	entries = ShmemInitHash("rusts hot row counters", HOTSTATS_MAX_TABLES,
							HOTSTATS_MAX_TABLES, &ctl,
							HASH_ELEM | HASH_BLOBS);
	LWLockRelease(AddinShmemInitLock);
}

static HotKey
hotstats_key(Oid relid)
{
	HotKey		key;

	key.dbid = MyDatabaseId;
	key.relid = relid;
	return key;
}

/* The entry of a table, or NULL.  Caller holds the lock. */
static HotEntry *
hotstats_find(Oid relid)
{
	HotKey		key = hotstats_key(relid);

	Assert(LWLockHeldByMe(shared->lock));
	return hash_search(entries, &key, HASH_FIND, NULL);
}

/*
 * Make room: drop entries that say nothing, of any database.  What is lost
 * with them is the time of the last flush.  Caller holds the lock exclusively.
 */
static void
hotstats_evict(void)
{
	HASH_SEQ_STATUS scan;
	HotEntry   *entry;

	Assert(LWLockHeldByMeInMode(shared->lock, LW_EXCLUSIVE));
	hash_seq_init(&scan, entries);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		if (pg_atomic_read_u64(&entry->since) == 0)
			hash_search(entries, &entry->key, HASH_REMOVE, NULL);
	}
}

/*
 * Find or make the entry of a table.  Returns with the lock held in either
 * mode, and NULL when there is no room.  Does not throw: it runs after commit.
 */
static HotEntry *
hotstats_acquire(Oid relid)
{
	HotKey		key = hotstats_key(relid);
	HotEntry   *entry;
	bool		found;

	LWLockAcquire(shared->lock, LW_SHARED);
	entry = hotstats_find(relid);
	if (entry != NULL)
		return entry;
	LWLockRelease(shared->lock);

	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	if (hash_get_num_entries(entries) >= HOTSTATS_MAX_TABLES)
		hotstats_evict();
	if (hash_get_num_entries(entries) < HOTSTATS_MAX_TABLES)
		entry = hash_search(entries, &key, HASH_ENTER_NULL, &found);
	if (entry == NULL)
	{
		pg_atomic_write_u32(&shared->overflow, 1);
		return NULL;
	}
	if (!found)
	{
		pg_atomic_init_u64(&entry->rows, 0);
		pg_atomic_init_u64(&entry->bytes, 0);
		pg_atomic_init_u64(&entry->since, 0);
		pg_atomic_init_u64(&entry->last_flush, 0);
		pg_atomic_init_u32(&entry->misses, 0);
		entry->limit_rows = settings_flush_rows;
		entry->limit_bytes = (uint64) settings_flush_size * 1024;
	}
	return entry;
}

/* Counting, in the backend. */

static HotLocal *
hotstats_local(Oid relid)
{
	HotLocal   *entry;
	bool		found;

	if (last_local != NULL && last_local->relid == relid)
		return last_local;
	if (local == NULL)
	{
		HASHCTL		ctl = {0};

		ctl.keysize = sizeof(Oid);
		ctl.entrysize = sizeof(HotLocal);
		ctl.hcxt = TopMemoryContext;
		local = hash_create("rusts rows of this transaction", 16, &ctl,
							HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	entry = hash_search(local, &relid, HASH_ENTER, &found);
	if (!found)
	{
		entry->rows = entry->bytes = entry->moved = 0;
		entry->flushed = entry->temp = false;
	}
	last_local = entry;
	return entry;
}

void
hotstats_count_insert(Relation rel, uint64 rows, uint64 bytes)
{
	HotLocal   *entry = hotstats_local(RelationGetRelid(rel));

	entry->rows += rows;
	entry->bytes += bytes;
	entry->temp = RelationUsesLocalBuffers(rel);
}

void
hotstats_flushed(Oid relid, uint64 rows)
{
	HotLocal   *entry = hotstats_local(relid);

	entry->moved += rows;
	entry->flushed = true;
}

/* Publishing, at commit. */

/* Rows were added; returns whether the worker should know at once. */
static bool
hotstats_add(HotEntry *entry, const HotLocal *change, TimestampTz now)
{
	uint64		rows;
	uint64		bytes;
	uint64		none = 0;
	bool		first;

	rows = pg_atomic_fetch_add_u64(&entry->rows, change->rows);
	bytes = pg_atomic_fetch_add_u64(&entry->bytes, change->bytes);
	first = pg_atomic_compare_exchange_u64(&entry->since, &none,
										   (uint64) now);
	if (first)
		return true;
	return (entry->limit_rows > 0 && rows < entry->limit_rows &&
			rows + change->rows >= entry->limit_rows) ||
		(entry->limit_bytes > 0 && bytes < entry->limit_bytes &&
		 bytes + change->bytes >= entry->limit_bytes);
}

/* Lower a counter to no less than zero; returns what is left. */
static uint64
hotstats_subtract(pg_atomic_uint64 *counter, uint64 amount)
{
	uint64		old = pg_atomic_read_u64(counter);

	while (!pg_atomic_compare_exchange_u64(counter, &old,
										   old > amount ? old - amount : 0))
		;
	return old > amount ? old - amount : 0;
}

/*
 * A flush moved rows out.  The bytes go in proportion; a table of which only
 * the size was known has nothing left.
 */
static void
hotstats_remove(HotEntry *entry, uint64 moved, TimestampTz now)
{
	uint64		rows = pg_atomic_read_u64(&entry->rows);
	uint64		bytes = pg_atomic_read_u64(&entry->bytes);
	uint64		gone;

	pg_atomic_write_u64(&entry->last_flush, (uint64) now);
	gone = moved >= rows ? bytes :
		(uint64) ((double) bytes * ((double) moved / (double) rows));
	hotstats_subtract(&entry->bytes, gone);
	if (hotstats_subtract(&entry->rows, moved) == 0)
	{
		pg_atomic_write_u64(&entry->since, 0);
		pg_atomic_write_u32(&entry->misses, 0);
		return;
	}
	pg_atomic_write_u64(&entry->since, (uint64) now);
	if (moved == 0)
		pg_atomic_fetch_add_u32(&entry->misses, 1);
	else
		pg_atomic_write_u32(&entry->misses, 0);
}

/* Returns whether the worker should know at once. */
static bool
hotstats_publish(const HotLocal *change)
{
	TimestampTz now = GetCurrentTransactionStopTimestamp();
	HotEntry   *entry = hotstats_acquire(change->relid);
	bool		wake = entry == NULL;

	if (entry != NULL && change->rows > 0)
		wake = hotstats_add(entry, change, now);
	if (entry != NULL && change->flushed)
		hotstats_remove(entry, change->moved, now);
	LWLockRelease(shared->lock);
	return wake;
}

static void
hotstats_commit(void)
{
	HASH_SEQ_STATUS scan;
	HotLocal   *change;
	bool		wake = false;

	hash_seq_init(&scan, local);
	while ((change = hash_seq_search(&scan)) != NULL)
	{
		if (shared != NULL && !change->temp)
			wake |= hotstats_publish(change);
	}
	if (wake && hotstats_wake != NULL)
		hotstats_wake(MyDatabaseId);
}

/* The table stays for the next transaction: making one costs more. */
static void
hotstats_clear(void)
{
	HASH_SEQ_STATUS scan;
	HotLocal   *change;

	hash_seq_init(&scan, local);
	while ((change = hash_seq_search(&scan)) != NULL)
		hash_search(local, &change->relid, HASH_REMOVE, NULL);
	last_local = NULL;
}

static void
hotstats_xact(XactEvent event, void *arg)
{
	if (local == NULL || hash_get_num_entries(local) == 0)
		return;
	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
			hotstats_commit();
			break;
		case XACT_EVENT_ABORT:
			break;
		default:
			return;
	}
	hotstats_clear();
}

/* Reading. */

static void
hotstats_read(HotEntry *entry, HotStats *stats)
{
	stats->relid = entry->key.relid;
	stats->rows = pg_atomic_read_u64(&entry->rows);
	stats->bytes = pg_atomic_read_u64(&entry->bytes);
	stats->since = (TimestampTz) pg_atomic_read_u64(&entry->since);
	stats->last_flush = (TimestampTz) pg_atomic_read_u64(&entry->last_flush);
	stats->misses = pg_atomic_read_u32(&entry->misses);
}

bool
hotstats_get(Oid relid, HotStats *stats)
{
	HotEntry   *entry;

	if (shared == NULL)
		return false;
	LWLockAcquire(shared->lock, LW_SHARED);
	entry = hotstats_find(relid);
	if (entry != NULL)
		hotstats_read(entry, stats);
	LWLockRelease(shared->lock);
	return entry != NULL;
}

/* Entries of this database that have rows to flush. */
List *
hotstats_list(void)
{
	HotStats   *found;
	int			count = 0;
	List	   *result = NIL;
	HASH_SEQ_STATUS scan;
	HotEntry   *entry;
	int			i;

	if (shared == NULL)
		return NIL;
	/* memory first: nothing under the lock may fail */
	found = palloc(sizeof(HotStats) * HOTSTATS_MAX_TABLES);
	LWLockAcquire(shared->lock, LW_SHARED);
	hash_seq_init(&scan, entries);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		if (entry->key.dbid == MyDatabaseId &&
			pg_atomic_read_u64(&entry->since) != 0)
			hotstats_read(entry, &found[count++]);
	}
	LWLockRelease(shared->lock);
	for (i = 0; i < count; i++)
		result = lappend(result, &found[i]);
	return result;
}

void
hotstats_assume(Oid relid, uint64 bytes)
{
	HotEntry   *entry;
	uint64		none = 0;

	if (shared == NULL)
		return;
	entry = hotstats_acquire(relid);
	if (entry != NULL &&
		pg_atomic_compare_exchange_u64(&entry->since, &none,
									   (uint64) GetCurrentTimestamp()))
		pg_atomic_fetch_add_u64(&entry->bytes, bytes);
	LWLockRelease(shared->lock);
}

void
hotstats_forget(Oid relid)
{
	HotKey		key = hotstats_key(relid);

	if (shared == NULL)
		return;
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	hash_search(entries, &key, HASH_REMOVE, NULL);
	LWLockRelease(shared->lock);
}

void
hotstats_set_limits(Oid relid, uint64 rows, uint64 bytes)
{
	HotEntry   *entry;

	if (shared == NULL)
		return;
	LWLockAcquire(shared->lock, LW_SHARED);
	entry = hotstats_find(relid);
	if (entry != NULL)
	{
		entry->limit_rows = rows;
		entry->limit_bytes = bytes;
	}
	LWLockRelease(shared->lock);
}

bool
hotstats_take_overflow(void)
{
	if (shared == NULL)
		return false;
	return pg_atomic_exchange_u32(&shared->overflow, 0) != 0;
}

/* Called from _PG_init. */
void
hotstats_init(void)
{
	RegisterXactCallback(hotstats_xact, NULL);
}
