/*
 * decodable.c
 *	  Can anybody decode what is written into a table?
 *
 * Rows that a load writes into segments are not decoded.  On a server with
 * wal_level = logical a load may still write segments if nobody would get its
 * rows anyway:
 *
 * - The plugin pgoutput sends what is published.  A table is published by
 *   name, with its schema, or with all tables; a partition also as part of any
 *   partitioned table above it.
 * - Other plugins send what they like.  So no slot of the database has one.
 *   (A slot that is being created has no plugin yet, and counts as having
 *   another one.)
 * - A standby can have slots of its own from PostgreSQL 16 on, of which the
 *   primary sees neither database nor plugin.  It does see that there are
 *   some, if the standby sends feedback through a physical slot, as it must to
 *   keep catalog rows that its slots need: the physical slot then holds back
 *   the catalogs.  That counts as a slot with another plugin.
 *
 * The load decides before its rows go into a buffer, and commits when it will.
 * Nothing is locked against publications or slots in between, because CREATE
 * PUBLICATION should not wait for a load of hours, nor loads queue up behind
 * it.  What if one appears meanwhile?
 *
 * Slots.  The load has a transaction ID before it looks at the slots.  A slot
 * is in shared memory, with its database, before the server chooses the place
 * in the WAL where it begins and logs the transactions that are running there.
 * So a slot that the load did not see finds the load's ID among them, and its
 * consistent point is after the end of the load.  It decodes only what commits
 * after that point.  (The server once let a slot begin in the middle of
 * transactions, from the snapshot that another slot had left on disk.  That
 * was mended in 15.8 and 16.4, and older releases are refused.)  The
 * consumer's initial copy is made after that point too and reads segments as
 * everybody does.
 *
 * Publications.  pgoutput judges each change by the catalogs at the change's
 * place in the WAL.  Of a load into a heap it sends the rows that were written
 * after the publication was committed.  So the question is whether some of
 * ours were, and it is asked again when all segments are written, just before
 * commit or prepare.  A publication that is seen then makes the transaction
 * fail, with a SQLSTATE that asks for a retry, and the retry takes the hot
 * path.  A publication that is not seen must have been committed after our last
 * segment was written.  A snapshot for MVCC does not give that, because a
 * transaction goes on to look unfinished for a while after its commit record is
 * written (it may be waiting for a synchronous standby).  Therefore catalogs
 * are read with a dirty snapshot first, which sees rows of unfinished
 * transactions.  What even that does not see was not inserted when we looked,
 * and is committed later.
 *
 * A dirty scan may miss a row that is updated, and committed, while the scan
 * goes from one version's place to the other's.  An MVCC snapshot that is taken
 * afterwards sees the new version, so catalogs are read with such a one too.
 *
 * Publications of the transaction's own are no reason to fail: it made them
 * after the load was written (otherwise the load would have seen them), in
 * which case a heap's rows are not sent either, and a retry would fail again.
 *
 * The names under which a table can be published stay what they were until the
 * end of the transaction.  A table moves to another schema, or comes below
 * another table, only under AccessExclusiveLock on it (ATTACH PARTITION takes
 * that on all that is below), and the load holds a lock on each table from its
 * own up to the root.  Locks on ancestors are not waited for: COPY into a
 * partition would take them in the wrong order.
 *
 * What a table that was published for a moment, within the load, would have
 * sent in that moment, is not sent.  Nor are rows decoded by a slot that
 * pg_copy_logical_replication_slot has copied from a slot of pgoutput's, with
 * another plugin: it begins in the past.  docs/cdc.md says so.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/partition.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_publication_namespace.h"
#include "catalog/pg_publication_rel.h"
#include "miscadmin.h"
#include "replication/slot.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "write/decodable.h"

/* Under which a table is published, or may be. */
typedef struct PublishedNames
{
	List	   *relids;			/* tables, and those they are partitions of */
	List	   *schemas;		/* of all these */
} PublishedNames;

/* How catalogs are read. */
typedef struct CatalogLook
{
	Snapshot	snapshot;		/* NULL: a new MVCC snapshot */
	bool		own;			/* count rows of this transaction */
} CatalogLook;

/* Of what this transaction has in segments; in TopTransactionContext. */
static PublishedNames loaded = {NIL, NIL};

/* ---------- slots ---------- */

/* Does a slot decode, or may, what is in no publication?  The mutex is held. */
static bool
decodable_slot_counts(const ReplicationSlot *slot)
{
	if (SlotIsPhysical(slot))
		return TransactionIdIsValid(slot->effective_catalog_xmin);
	return slot->data.database == MyDatabaseId &&
		strcmp(NameStr(slot->data.plugin), "pgoutput") != 0;
}

static bool
decodable_by_slot(void)
{
	bool		found = false;
	int			i;

	LWLockAcquire(ReplicationSlotControlLock, LW_SHARED);
	for (i = 0; i < max_replication_slots && !found; i++)
	{
		ReplicationSlot *slot = &ReplicationSlotCtl->replication_slots[i];

		if (!slot->in_use)
			continue;
		SpinLockAcquire(&slot->mutex);
		found = decodable_slot_counts(slot);
		SpinLockRelease(&slot->mutex);
	}
	LWLockRelease(ReplicationSlotControlLock);
	return found;
}

/* ---------- publications ---------- */

static bool
decodable_row_counts(const CatalogLook *look, HeapTuple tuple)
{
	TransactionId xmin = HeapTupleHeaderGetXmin(tuple->t_data);

	return look->own || !TransactionIdIsCurrentTransactionId(xmin);
}

/* Is there a publication of all tables?  *any: is there one at all? */
static bool
decodable_all_tables(const CatalogLook *look, bool *any)
{
	Relation	catalog = table_open(PublicationRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false,
										  look->snapshot, 0, NULL);
	HeapTuple	tuple;
	bool		found = false;

	*any = false;
	while (!found && (tuple = systable_getnext(scan)) != NULL)
	{
		*any = true;
		found = ((Form_pg_publication) GETSTRUCT(tuple))->puballtables &&
			decodable_row_counts(look, tuple);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return found;
}

/* Has a catalog a row for one of these, by its index on the given column? */
static bool
decodable_listed(const CatalogLook *look, Oid catalog_id, Oid index_id,
				 AttrNumber column, List *oids)
{
	Relation	catalog = table_open(catalog_id, AccessShareLock);
	ListCell   *cell;
	bool		found = false;

	foreach(cell, oids)
	{
		ScanKeyData key;
		SysScanDesc scan;
		HeapTuple	tuple;

		ScanKeyInit(&key, column, BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(lfirst_oid(cell)));
		scan = systable_beginscan(catalog, index_id, true, look->snapshot, 1,
								  &key);
		while (!found && (tuple = systable_getnext(scan)) != NULL)
			found = decodable_row_counts(look, tuple);
		systable_endscan(scan);
		if (found)
			break;
	}
	table_close(catalog, AccessShareLock);
	return found;
}

static bool
decodable_look(const CatalogLook *look, const PublishedNames *names)
{
	bool		any;

	if (decodable_all_tables(look, &any))
		return true;
	return any &&
		(decodable_listed(look, PublicationRelRelationId,
						  PublicationRelPrrelidPrpubidIndexId,
						  Anum_pg_publication_rel_prrelid, names->relids) ||
		 decodable_listed(look, PublicationNamespaceRelationId,
						  PublicationNamespacePnnspidPnpubidIndexId,
						  Anum_pg_publication_namespace_pnnspid,
						  names->schemas));
}

static bool
decodable_by_publication(const PublishedNames *names, bool own)
{
	SnapshotData dirty;
	CatalogLook look = {&dirty, own};

	InitDirtySnapshot(dirty);
	if (decodable_look(&look, names))
		return true;
	InvalidateCatalogSnapshot();
	look.snapshot = NULL;
	return decodable_look(&look, names);
}

/* ---------- loads ---------- */

/*
 * Add the names under which a locked table is published.  False: an ancestor
 * is being altered.
 */
static bool
decodable_add_names(PublishedNames *names, Oid relid)
{
	for (;;)
	{
		names->relids = list_append_unique_oid(names->relids, relid);
		names->schemas = list_append_unique_oid(names->schemas,
												get_rel_namespace(relid));
		if (!get_rel_relispartition(relid))
			return true;
		relid = get_partition_parent(relid, true);
		if (!ConditionalLockRelationOid(relid, AccessShareLock))
			return false;
	}
}

bool
decodable_begin_load(Relation rel)
{
	PublishedNames names = {NIL, NIL};
	MemoryContext old;

	if (!RelationIsLogicallyLogged(rel))
		return false;
	(void) GetTopTransactionId();
	if (decodable_by_slot())
		return true;

	/* What a rewrite fills, and what is no plain table, is not published. */
	if (rel->rd_rel->relkind != RELKIND_RELATION ||
		OidIsValid(rel->rd_rel->relrewrite))
		return false;
	if (!decodable_add_names(&names, RelationGetRelid(rel)) ||
		decodable_by_publication(&names, true))
		return true;

	old = MemoryContextSwitchTo(TopTransactionContext);
	loaded.relids = list_concat_unique_oid(loaded.relids, names.relids);
	loaded.schemas = list_concat_unique_oid(loaded.schemas, names.schemas);
	MemoryContextSwitchTo(old);
	return false;
}

/*
 * Tables of a subtransaction that was rolled back are among those that are
 * looked at.  That may make a transaction fail once for no reason.
 */
void
decodable_check_commit(void)
{
	if (loaded.relids == NIL || !decodable_by_publication(&loaded, false))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not commit a large load because one of its tables was published while it ran"),
			 errdetail("The rows were written into segments, from which they cannot be decoded for the publication's subscribers."),
			 errhint("Retry the transaction. The rows then go through the heap, and are decoded.")));
}

void
decodable_forget(void)
{
	loaded.relids = NIL;
	loaded.schemas = NIL;
}
