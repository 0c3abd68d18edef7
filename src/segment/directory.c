/*
 * directory.c
 *	  One row per segment, visible like any row.
 *
 * A directory row is a chunk under STORE_ID_DIRECTORY whose chunk_seq is the
 * segment's first virtual block.  It is an ordinary MVCC tuple: a segment is
 * visible exactly when its directory row is (segment invariant 1).
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/procarray.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"

#include "codec/codec.h"
#include "compat/compat.h"
#include "segment/chunkscan.h"
#include "segment/directory.h"
#include "segment/stub.h"

StaticAssertDecl(sizeof(DirectorySummaryData) == 32, "format 3.2");
StaticAssertDecl(sizeof(DirectoryEntryData) == 96, "format 3.1");
StaticAssertDecl(sizeof(DirectoryEntryData) +
				 DIRECTORY_MAX_SUMMARIES * sizeof(DirectorySummaryData) <=
				 STORE_CHUNK_PAYLOAD, "a directory row is one chunk");

/* The bytes of a directory row. */
static char *
directory_entry_encode(const DirectoryEntry *entry, uint32 *len)
{
	Size		summaries = entry->d.nsummaries * sizeof(DirectorySummaryData);
	char	   *data = palloc(sizeof(DirectoryEntryData) + summaries);

	memcpy(data, &entry->d, sizeof(DirectoryEntryData));
	memcpy(data + sizeof(DirectoryEntryData), entry->summaries, summaries);
	*len = sizeof(DirectoryEntryData) + summaries;
	return data;
}

HeapTuple
directory_form_tuple(Store *store, const DirectoryEntry *entry)
{
	uint32		len;
	char	   *data = directory_entry_encode(entry, &len);
	HeapTuple	tuple;

	tuple = store_form_tuple(store, STORE_ID_DIRECTORY,
							 (int32) entry->d.first_block, data, len);
	pfree(data);
	return tuple;
}

/* Are the numbers of an entry possible? */
static bool
directory_entry_plausible(const DirectoryEntryData *d, int32 seq, uint32 len)
{
	return d->first_block == (uint32) seq &&
		d->rows > 0 && d->nblocks == rowid_blocks(d->rows) &&
		d->dead_rows <= d->rows &&
		d->nsummaries <= DIRECTORY_MAX_SUMMARIES &&
		len == sizeof(*d) + d->nsummaries * sizeof(DirectorySummaryData) &&
		d->header_offset <= d->stream_length &&
		d->header_length <= d->stream_length - d->header_offset &&
		(d->dead_rows == 0 ||
		 (d->dead_offset <= d->stream_length &&
		  (d->rows + 7) / 8 <= d->stream_length - d->dead_offset));
}

/* Whose row is it?  -1 when what is left of it does not tell. */
static int64
directory_chunk_segment(const char *damage, const StoreChunk *chunk)
{
	DirectoryEntryData d;

	if (chunk->id != STORE_ID_DIRECTORY)
		return -1;
	if (damage == NULL)
		return chunk->seq;
	if (chunk->data == NULL || chunk->len < sizeof(d))
		return -1;
	memcpy(&d, chunk->data, sizeof(d));
	return d.first_block == (uint32) chunk->seq ? chunk->seq : -1;
}

/*
 * Check a directory tuple; returns NULL, or what is wrong with it.  The
 * entry's summaries stay in the tuple.  segment is the one that the row is of,
 * -1 when nobody can tell.
 */
static const char *
directory_tuple_examine(Store *store, HeapTuple tuple, DirectoryEntry *entry,
						int64 *segment)
{
	DirectoryEntryData *d = &entry->d;
	StoreChunk	chunk;
	const char *damage = store_take_apart(store, tuple, &chunk);

	*segment = directory_chunk_segment(damage, &chunk);
	if (damage != NULL)
		return damage;
	if (*segment < 0 || chunk.len < sizeof(DirectoryEntryData))
		return "directory row is malformed";
	memcpy(d, chunk.data, sizeof(DirectoryEntryData));
	if (d->version != DIRECTORY_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("segment %d has directory format %u, this version reads %d",
						chunk.seq, d->version, DIRECTORY_VERSION),
				 errhint("Update rusts.")));
	if (!directory_entry_plausible(d, chunk.seq, chunk.len))
		return "directory row contradicts itself";
	/* tuple header, two keys, varlena header, checksum, fixed part */
	entry->summaries = (DirectorySummaryData *) (chunk.data + sizeof(*d));
	Assert(entry->summaries == (void *) MAXALIGN(entry->summaries));
	entry->xmin = HeapTupleHeaderGetXmin(tuple->t_data);
	entry->self = tuple->t_self;
	entry->ngone = 0;
	entry->gone = NULL;
	return NULL;
}

/* Check a directory tuple; damage is an error. */
static void
directory_tuple_decode(Store *store, HeapTuple tuple, DirectoryEntry *entry)
{
	int64		segment;
	const char *damage = directory_tuple_examine(store, tuple, entry, &segment);

	if (damage != NULL)
		store_report_corruption(store, segment, NULL, damage);
}

static void
directory_entry_keep(DirectoryEntry *entry)
{
	Size		len = entry->d.nsummaries * sizeof(DirectorySummaryData);

	entry->summaries = memcpy(palloc(Max(1, len)), entry->summaries, len);
}

void
directory_entry_decode(Store *store, HeapTuple tuple, DirectoryEntry *entry)
{
	directory_tuple_decode(store, tuple, entry);
	directory_entry_keep(entry);
}

/*
 * Could some transaction still see this directory row?  For callers with
 * SnapshotAny, who want all that is not surely dead.
 */
static bool
directory_maybe_visible(Store *store, HeapTuple tuple, TransactionId oldest)
{
	Buffer		buffer;
	HTSV_Result result;

	buffer = ReadBuffer(store->toast, ItemPointerGetBlockNumber(&tuple->t_self));
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	result = HeapTupleSatisfiesVacuum(tuple, oldest, buffer);
	UnlockReleaseBuffer(buffer);
	return result != HEAPTUPLE_DEAD;
}

static void
directory_begin(ChunkScan *scan, Store *store, Snapshot snapshot, ScanKey keys,
				int nkeys)
{
	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(STORE_ID_DIRECTORY));
	chunkscan_begin(scan, store, snapshot, keys, nkeys);
}

static void
directory_list_add(DirectoryList *list, DirectoryEntry *entry)
{
	if (list->n == list->capacity)
	{
		list->capacity *= 2;
		list->entries = repalloc_huge(list->entries,
									  list->capacity * sizeof(DirectoryEntry));
	}
	directory_entry_keep(entry);
	list->entries[list->n++] = *entry;
	list->rows += entry->d.rows;
	list->dead_rows += entry->d.dead_rows;
	list->bytes += entry->d.stream_length;
	list->nblocks += entry->d.nblocks;
}

/* What becomes of the rows: filter and damage may be NULL. */
typedef struct DirectoryLoad
{
	DirectoryFilter filter;		/* which are wanted */
	DirectoryDamage damage;		/* told of damaged ones, otherwise an error */
	void	   *arg;
	uint64		end;			/* of the row numbers seen so far */
} DirectoryLoad;

/*
 * Rows come in the order of their index entries.  One whose numbers are not
 * behind those before it was reached through a damaged line pointer, and would
 * be counted twice.
 */
static void
directory_load_tuple(Store *store, HeapTuple tuple, DirectoryLoad *load,
					 DirectoryList *list)
{
	DirectoryEntry entry;
	int64		segment;
	const char *what = directory_tuple_examine(store, tuple, &entry, &segment);

	if (what == NULL && entry.d.first_block < load->end)
		what = "row numbers overlap another segment";
	if (what == NULL)
		load->end = (uint64) entry.d.first_block + entry.d.nblocks;
	if (what != NULL && load->damage == NULL)
		store_report_corruption(store, segment, NULL, what);
	if (what != NULL)
		load->damage(load->arg, segment, what);
	else if (load->filter == NULL || load->filter(load->arg, &entry))
		directory_list_add(list, &entry);
	else
		list->left_out++;
}

/* ---------- rows that are gone ---------- */

/* The entries that a scan of stubs has yet to reach. */
typedef struct DirectoryGone
{
	DirectoryEntry *entry;
	DirectoryEntry *end;
	uint32		capacity;		/* of entry->gone */
} DirectoryGone;

static bool
directory_add_gone(void *arg, uint64 number)
{
	DirectoryGone *gone = arg;
	DirectoryEntry *entry;
	uint64		first;

	for (;;)
	{
		if (gone->entry == gone->end)
			return false;
		entry = gone->entry;
		first = rowid_number_of_block(entry->d.first_block);
		if (number < first)
			return true;		/* of a segment that is not in the list */
		if (number - first < entry->d.rows)
			break;
		gone->entry++;
		gone->capacity = 0;
	}
	if (entry->ngone == gone->capacity)
	{
		gone->capacity = Max(16, gone->capacity * 2);
		entry->gone = entry->gone == NULL ?
			palloc(gone->capacity * sizeof(uint32)) :
			repalloc(entry->gone, gone->capacity * sizeof(uint32));
	}
	entry->gone[entry->ngone++] = (uint32) (number - first);
	return true;
}

/* Find what is gone of some entries, which are in order, by one scan. */
static void
directory_scan_gone(Store *store, Snapshot snapshot, DirectoryEntry *entries,
					int n)
{
	const DirectoryEntryData *last = &entries[n - 1].d;
	DirectoryGone gone = {entries, entries + n, 0};

	stub_visit_gone(store, snapshot,
					rowid_number_of_block(entries[0].d.first_block),
					rowid_number_of_block(last->first_block) + last->rows - 1,
					directory_add_gone, &gone);
}

void
directory_entry_find_gone(Store *store, Snapshot snapshot,
						  DirectoryEntry *entry)
{
	entry->ngone = 0;
	entry->gone = NULL;
	directory_scan_gone(store, snapshot, entry, 1);
}

/* Up to so many segments are looked at each by itself. */
#define GONE_APART 16

static void
directory_list_find_gone(Store *store, Snapshot snapshot, DirectoryList *list)
{
	int			i;

	if (list->n == 0 || !stub_any(store))
		return;
	if (list->n > GONE_APART)
		directory_scan_gone(store, snapshot, list->entries, list->n);
	for (i = 0; i < list->n; i++)
	{
		if (list->n <= GONE_APART)
			directory_scan_gone(store, snapshot, &list->entries[i], 1);
		list->dead_rows += list->entries[i].ngone;
	}
}

/* ---------- loading ---------- */

static DirectoryList *
directory_load_with(Store *store, Snapshot snapshot, DirectoryLoad *load)
{
	DirectoryList *list = palloc0(sizeof(DirectoryList));
	TransactionId oldest = InvalidTransactionId;
	ScanKeyData key[1];
	ChunkScan	scan;
	HeapTuple	tuple;

	if (snapshot == SnapshotAny)
		oldest = GetOldestNonRemovableTransactionId(store->toast);
	list->capacity = 16;
	list->entries = palloc(list->capacity * sizeof(DirectoryEntry));
	directory_begin(&scan, store, snapshot, key, 1);
	while ((tuple = chunkscan_next(&scan, ForwardScanDirection)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (snapshot == SnapshotAny &&
			!directory_maybe_visible(store, tuple, oldest))
			continue;
		directory_load_tuple(store, tuple, load, list);
	}
	chunkscan_end(&scan);
	if (snapshot != SnapshotAny)
		directory_list_find_gone(store, snapshot, list);
	return list;
}

DirectoryList *
directory_load(Store *store, Snapshot snapshot)
{
	DirectoryLoad load = {NULL, NULL, NULL, 0};

	return directory_load_with(store, snapshot, &load);
}

DirectoryList *
directory_load_filtered(Store *store, Snapshot snapshot,
						DirectoryFilter filter, void *arg)
{
	DirectoryLoad load = {filter, NULL, arg, 0};

	return directory_load_with(store, snapshot, &load);
}

DirectoryList *
directory_load_sound(Store *store, Snapshot snapshot, DirectoryDamage damage,
					 void *arg)
{
	DirectoryLoad load = {NULL, damage, arg, 0};

	return directory_load_with(store, snapshot, &load);
}

/* ---------- totals ---------- */

/* Somebody who looks at what totals are made of. */
typedef struct DirectorySample
{
	Store	   *store;
	Snapshot	snapshot;
	uint32		most_gone;		/* rows to count in a segment; 0: none is gone */
	DirectoryTotals *totals;
	DirectoryVisit visit;		/* NULL: nobody */
	void	   *arg;
} DirectorySample;

/* Rows that are gone, counted up to a limit. */
typedef struct DirectoryCount
{
	uint32		n;
	uint32		most;
	uint64		last;			/* row number */
} DirectoryCount;

static bool
directory_count_row(void *arg, uint64 number)
{
	DirectoryCount *count = arg;

	count->last = number;
	return ++count->n < count->most;
}

/*
 * How many rows of a segment are gone?  When there are more than are to be
 * counted, the rest is taken to be like its beginning.
 */
static double
directory_count_gone(DirectorySample *sample, const DirectoryEntry *entry)
{
	uint64		first = rowid_number_of_block(entry->d.first_block);
	DirectoryCount count = {0, sample->most_gone};

	if (sample->most_gone == 0)
		return 0;
	stub_visit_gone(sample->store, sample->snapshot, first,
					first + entry->d.rows - 1, directory_count_row, &count);
	if (count.n < count.most)
		return count.n;
	return count.n * (double) entry->d.rows / (count.last - first + 1);
}

/* Add a segment's share of so many virtual blocks. */
static void
directory_add(DirectorySample *sample, const DirectoryEntry *entry,
			  double blocks)
{
	const DirectoryEntryData *d = &entry->d;
	double		weight = blocks / d->nblocks;

	sample->totals->segments += weight;
	sample->totals->rows += weight * (d->rows - d->dead_rows -
									  directory_count_gone(sample, entry));
	sample->totals->bytes += weight * d->stream_length;
	if (sample->visit != NULL)
		sample->visit(sample->arg, entry, weight);
}

/* Begin a scan at the last visible row that begins at or before a block. */
static HeapTuple
directory_last(Store *store, uint32 block, Snapshot snapshot,
			   ChunkScan *scan)
{
	ScanKeyData key[2];

	ScanKeyInit(&key[1], 2, BTLessEqualStrategyNumber, F_INT4LE,
				Int32GetDatum((int32) block));
	directory_begin(scan, store, snapshot, key, 2);
	return chunkscan_next(scan, BackwardScanDirection);
}

/* The end of the virtual blocks. */
static double
directory_end(Store *store, Snapshot snapshot)
{
	ChunkScan	scan;
	HeapTuple	tuple = directory_last(store, PG_INT32_MAX, snapshot, &scan);
	DirectoryEntry entry;
	double		end = 0;

	if (tuple != NULL)
	{
		directory_tuple_decode(store, tuple, &entry);
		end = (double) entry.d.first_block + entry.d.nblocks;
	}
	chunkscan_end(&scan);
	return end;
}

/* Add the segment that a virtual block is in as so many blocks. */
static void
directory_probe(Store *store, Snapshot snapshot, uint32 block, double blocks,
				DirectorySample *sample)
{
	ChunkScan	scan;
	HeapTuple	tuple = directory_last(store, block, snapshot, &scan);
	DirectoryEntry entry;

	if (tuple != NULL)
	{
		directory_tuple_decode(store, tuple, &entry);
		if (block - entry.d.first_block < entry.d.nblocks)
			directory_add(sample, &entry, blocks);
	}
	chunkscan_end(&scan);
}

void
directory_sum(Store *store, Snapshot snapshot, DirectoryTotals *totals)
{
	DirectorySample sample = {store, snapshot, 0, totals};
	ScanKeyData key[1];
	ChunkScan	scan;
	HeapTuple	tuple;

	memset(totals, 0, sizeof(*totals));
	if (stub_any(store))
		sample.most_gone = PG_UINT32_MAX;
	directory_begin(&scan, store, snapshot, key, 1);
	while ((tuple = chunkscan_next(&scan, ForwardScanDirection)) != NULL)
	{
		DirectoryEntry entry;

		CHECK_FOR_INTERRUPTS();
		directory_tuple_decode(store, tuple, &entry);
		directory_add(&sample, &entry, entry.d.nblocks);
	}
	chunkscan_end(&scan);
}

/* Beyond this many visible rows, so many more are looked at. */
#define ESTIMATE_EXACT 200
#define ESTIMATE_PROBES 64
/* In each of them, rows that are gone are counted so far. */
#define ESTIMATE_GONE 32

/*
 * A sampled segment speaks for the blocks around the probe that met it, and so
 * for as much more than itself as these are more than its own.  Large segments
 * are met more often and speak for less.
 */
static void
directory_estimate_rest(Store *store, Snapshot snapshot, uint32 start,
						DirectorySample *sample)
{
	double		step = (directory_end(store, snapshot) - start) / ESTIMATE_PROBES;
	int			i;

	for (i = 0; step > 0 && i < ESTIMATE_PROBES; i++)
	{
		CHECK_FOR_INTERRUPTS();
		directory_probe(store, snapshot, start + (uint32) ((i + 0.5) * step),
						step, sample);
	}
}

void
directory_estimate(Store *store, Snapshot snapshot, DirectoryTotals *totals,
				   DirectoryVisit visit, void *arg)
{
	DirectorySample sample = {store, snapshot, 0, totals, visit, arg};
	ScanKeyData key[1];
	ChunkScan	scan;
	HeapTuple	tuple;
	DirectoryEntry entry;

	memset(totals, 0, sizeof(*totals));
	if (stub_any(store))
		sample.most_gone = ESTIMATE_GONE;
	directory_begin(&scan, store, snapshot, key, 1);
	while (totals->segments < ESTIMATE_EXACT &&
		   (tuple = chunkscan_next(&scan, ForwardScanDirection)) != NULL)
	{
		directory_tuple_decode(store, tuple, &entry);
		directory_add(&sample, &entry, entry.d.nblocks);
	}
	chunkscan_end(&scan);
	if (totals->segments >= ESTIMATE_EXACT)
		directory_estimate_rest(store, snapshot,
								entry.d.first_block + entry.d.nblocks, &sample);
}

bool
directory_find(Store *store, uint32 block, Snapshot snapshot,
			   DirectoryEntry *entry)
{
	ChunkScan	scan;
	HeapTuple	tuple = directory_last(store, block, snapshot, &scan);
	bool		found = false;

	if (tuple != NULL)
	{
		directory_entry_decode(store, tuple, entry);
		found = block - entry->d.first_block < entry->d.nblocks;
	}
	chunkscan_end(&scan);
	return found;
}

/*
 * The segment that was asked for last, by a transaction that keeps its lock on
 * the relation, and where its row is.
 */
typedef struct DirectoryPlace
{
	CompatRelFileLocator files;		/* a rewrite makes new ones */
	TransactionId xid;
	DirectoryEntry entry;
} DirectoryPlace;

static DirectoryPlace directory_place;

/*
 * Is the row of the segment that was asked for last still where it was?  A
 * segment's numbers are its own for ever, so a row that has them is its.  Pages
 * do not go while a transaction that knows them is in progress.
 */
static bool
directory_look_again(Store *store, uint32 block, Snapshot dirty)
{
	DirectoryPlace *place = &directory_place;
	HeapTupleData tuple;
	Buffer		buffer;
	StoreChunk	chunk;
	bool		found;

	if (memcmp(&place->files, &compat_rel_locator(store->toast),
			   sizeof(CompatRelFileLocator)) != 0 ||
		!TransactionIdIsValid(place->xid) ||
		!TransactionIdEquals(place->xid, GetTopTransactionIdIfAny()) ||
		block - place->entry.d.first_block >= place->entry.d.nblocks)
		return false;
	tuple.t_self = place->entry.self;
	if (!heap_fetch(store->toast, dirty, &tuple, &buffer, false))
		return false;
	found = store_take_apart(store, &tuple, &chunk) == NULL &&
		chunk.id == STORE_ID_DIRECTORY &&
		(uint32) chunk.seq == place->entry.d.first_block;
	ReleaseBuffer(buffer);
	return found;
}

DirectoryState
directory_state(Store *store, uint32 block, TransactionId *xid)
{
	DirectoryPlace *place = &directory_place;
	SnapshotData dirty;

	InitDirtySnapshot(dirty);
	if (!directory_look_again(store, block, &dirty))
	{
		if (!directory_find(store, block, &dirty, &place->entry))
			return DIRECTORY_GONE;
		pfree(place->entry.summaries);
		place->files = compat_rel_locator(store->toast);
		place->xid = GetTopTransactionIdIfAny();
	}
	*xid = dirty.xmax;
	return TransactionIdIsValid(dirty.xmax) ? DIRECTORY_BUSY : DIRECTORY_ALIVE;
}

DirectoryEntry *
directory_list_find(DirectoryList *list, uint32 block)
{
	int			low = 0;
	int			high = list->n;

	while (low < high)
	{
		int			mid = low + (high - low) / 2;
		DirectoryEntry *entry = &list->entries[mid];

		if (block < entry->d.first_block)
			high = mid;
		else if (block - entry->d.first_block >= entry->d.nblocks)
			low = mid + 1;
		else
			return entry;
	}
	return NULL;
}

/* ---------- writing ---------- */

/*
 * Put the next row beside the last one, if there is room.  Chunks fill their
 * pages, so that each directory row would begin a page of its own, and reading
 * the directory would touch a page for each segment.
 */
static void
directory_aim(Store *store)
{
	ScanKeyData key[1];
	ChunkScan	scan;
	HeapTuple	tuple;

	directory_begin(&scan, store, SnapshotAny, key, 1);
	tuple = chunkscan_next(&scan, BackwardScanDirection);
	if (tuple != NULL)
		RelationSetTargetBlock(store->toast,
							   ItemPointerGetBlockNumber(&tuple->t_self));
	chunkscan_end(&scan);
}

void
directory_insert(Store *store, const DirectoryEntry *entry, CommandId cid,
				 bool frozen)
{
	uint32		len;
	char	   *data;

	Assert(entry->d.rows > 0 && entry->d.dead_rows <= entry->d.rows);
	Assert(entry->d.nblocks == rowid_blocks(entry->d.rows));
	Assert((entry->d.flags & DIRECTORY_HAS_TIME) == 0 ||
		   entry->d.min_time <= entry->d.max_time);
	Assert(entry->d.nsummaries <= DIRECTORY_MAX_SUMMARIES);
	data = directory_entry_encode(entry, &len);
	directory_aim(store);
	store_insert(store, STORE_ID_DIRECTORY, (int32) entry->d.first_block,
				 data, len, cid, frozen ? HEAP_INSERT_FROZEN : 0);
	/* and chunks elsewhere */
	RelationSetTargetBlock(store->toast, InvalidBlockNumber);
	pfree(data);
}
