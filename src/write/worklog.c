/*
 * worklog.c
 *	  What maintenance did: the rows behind view rusts.maintenance_log.
 *
 * The log is an ordinary heap, rusts.maintenance_entries, which the extension
 * brings along.  So it is as durable as the work that it tells of: both are of
 * one transaction.  A failure has a transaction of its own (maintenance.c).
 *
 * To SQL it is a materialized view, of no rows.  A table would be in every
 * publication FOR ALL TABLES, and no subscription to it could be created
 * where there is no such table.  Besides, nobody can write to it; REFRESH
 * empties it.
 *
 * It must not be in the way of what it tells of:
 *
 *	- No lock on it is waited for.  While somebody has it locked, nothing is
 *	  recorded.
 *	- It has no index, so an entry costs a row.  Who adds an index, a column or
 *	  another access method switches the recording off.
 *	- It is trimmed in one pass over a table of about a megabyte, once for
 *	  every sixteenth of its rows, by one session at a time.  The maintenance
 *	  worker vacuums it afterwards, so its size stays that of its rows,
 *	  autovacuum or not.
 *	- Nothing of it is decoded: its rows say so when they are inserted, and
 *	  when they are deleted there is no old key to send.
 *
 * An entry keeps a message and no detail, of limited length.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_class.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "option/settings.h"
#include "write/worklog.h"

#define WORKLOG_SCHEMA "rusts"
#define WORKLOG_TABLE "maintenance_entries"
#define WORKLOG_MESSAGE_LENGTH 1000

typedef enum WorklogColumn
{
	WORKLOG_AT,
	WORKLOG_RELATION,
	WORKLOG_OPERATION,
	WORKLOG_ROWS,
	WORKLOG_BYTES,
	WORKLOG_DURATION,
	WORKLOG_ERROR,
	WORKLOG_COLUMNS
} WorklogColumn;

/* One row, as far as all kinds have it. */
typedef struct WorklogEntry
{
	Oid			relid;
	const char *operation;
	TimestampTz started_at;
	Datum		values[WORKLOG_COLUMNS];
	bool		isnull[WORKLOG_COLUMNS];
} WorklogEntry;

/* A row as trimming sees it. */
typedef struct WorklogRow
{
	TimestampTz at;
	ItemPointerData tid;
} WorklogRow;

/* Entries of this session since it last trimmed; at first nobody knows. */
static int	added = INT_MAX;

/* Open the log; NULL: it is locked, or not as we left it. */
static Relation
worklog_open(LOCKMODE lockmode)
{
	Oid			schema = get_namespace_oid(WORKLOG_SCHEMA, true);
	Oid			relid = OidIsValid(schema) ?
	get_relname_relid(WORKLOG_TABLE, schema) : InvalidOid;
	Relation	rel;

	if (!OidIsValid(relid) || !ConditionalLockRelationOid(relid, lockmode))
		return NULL;
	rel = try_relation_open(relid, NoLock);
	if (rel != NULL && rel->rd_rel->relkind == RELKIND_MATVIEW &&
		rel->rd_rel->relam == HEAP_TABLE_AM_OID &&
		rel->rd_rel->relnatts == WORKLOG_COLUMNS &&
		!rel->rd_rel->relhasindex)
		return rel;
	if (rel != NULL)
		relation_close(rel, NoLock);
	UnlockRelationOid(relid, lockmode);
	return NULL;
}

/* ---------- adding ---------- */

static void
worklog_insert(WorklogEntry *entry)
{
	Relation	log = worklog_open(RowExclusiveLock);
	TimestampTz now = GetCurrentTimestamp();
	bool		no_snapshot = !ActiveSnapshotSet();
	HeapTuple	tuple;

	if (log == NULL)
		return;
	entry->values[WORKLOG_AT] = TimestampTzGetDatum(now);
	entry->values[WORKLOG_RELATION] = ObjectIdGetDatum(entry->relid);
	entry->values[WORKLOG_OPERATION] = CStringGetTextDatum(entry->operation);
	entry->values[WORKLOG_DURATION] =
		DirectFunctionCall2(timestamp_mi, TimestampTzGetDatum(now),
							TimestampTzGetDatum(entry->started_at));
	tuple = heap_form_tuple(RelationGetDescr(log), entry->values,
							entry->isnull);
	tuple->t_tableOid = RelationGetRelid(log);
	/* a flush leaves none; messages may be toasted */
	if (no_snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	heap_insert(log, tuple, GetCurrentCommandId(true), HEAP_INSERT_NO_LOGICAL,
				NULL);
	if (no_snapshot)
		PopActiveSnapshot();
	heap_freetuple(tuple);
	relation_close(log, NoLock);
	if (added < INT_MAX)
		added++;
}

void
worklog_add(Relation rel, const Progress *progress)
{
	WorklogEntry entry = {RelationGetRelid(rel)};

	if (RelationUsesLocalBuffers(rel) || settings_maintenance_log_rows == 0)
		return;
	entry.operation = progress_operation_name(progress->operation);
	entry.started_at = progress->started_at;
	entry.values[WORKLOG_ROWS] = Int64GetDatum(progress->rows_done);
	entry.values[WORKLOG_BYTES] = Int64GetDatum(progress->bytes_done);
	entry.isnull[WORKLOG_ERROR] = true;
	worklog_insert(&entry);
}

void
worklog_add_failure(Oid relid, const char *operation, TimestampTz started_at,
					const char *message)
{
	WorklogEntry entry = {relid, operation, started_at};
	int			length = strlen(message);

	if (settings_maintenance_log_rows == 0)
		return;
	if (length > WORKLOG_MESSAGE_LENGTH)
		length = pg_mbcliplen(message, length, WORKLOG_MESSAGE_LENGTH);
	entry.isnull[WORKLOG_ROWS] = entry.isnull[WORKLOG_BYTES] = true;
	entry.values[WORKLOG_ERROR] =
		PointerGetDatum(cstring_to_text_with_len(message, length));
	worklog_insert(&entry);
}

/* ---------- trimming ---------- */

static int
worklog_compare(const void *a, const void *b)
{
	const WorklogRow *first = a;
	const WorklogRow *second = b;

	if (first->at != second->at)
		return first->at < second->at ? -1 : 1;
	return ItemPointerCompare(unconstify(ItemPointerData *, &first->tid),
							  unconstify(ItemPointerData *, &second->tid));
}

/* All rows, the oldest first. */
static WorklogRow *
worklog_list(Relation log, int *n)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan = table_beginscan(log, snapshot, 0, NULL);
	int			capacity = 1024;
	WorklogRow *rows = palloc(capacity * sizeof(WorklogRow));
	HeapTuple	tuple;

	*n = 0;
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		bool		isnull;

		CHECK_FOR_INTERRUPTS();
		if (*n == capacity)
		{
			capacity *= 2;
			rows = repalloc_huge(rows, capacity * sizeof(WorklogRow));
		}
		rows[*n].at = DatumGetTimestampTz(heap_getattr(tuple, WORKLOG_AT + 1,
													   RelationGetDescr(log),
													   &isnull));
		rows[(*n)++].tid = tuple->t_self;
	}
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	qsort(rows, *n, sizeof(WorklogRow), worklog_compare);
	return rows;
}

bool
worklog_trim_due(void)
{
	if (added <= settings_maintenance_log_rows / 16)
		return false;
	added = 0;
	return true;
}

Oid
worklog_trim(void)
{
	Relation	log = worklog_open(ShareUpdateExclusiveLock);
	Oid			trimmed = InvalidOid;
	WorklogRow *rows;
	int			n;
	int			i;

	if (log == NULL)
		return InvalidOid;
	rows = worklog_list(log, &n);
	for (i = 0; i < n - settings_maintenance_log_rows; i++)
	{
		TM_FailureData tmfd;

		CHECK_FOR_INTERRUPTS();
		/* one that somebody else is about to delete is gone anyway */
		(void) heap_delete(log, &rows[i].tid, GetCurrentCommandId(true),
						   InvalidSnapshot, false, &tmfd, false);
		trimmed = RelationGetRelid(log);
	}
	pfree(rows);
	relation_close(log, NoLock);
	return trimmed;
}
