/*
 * brin.c
 *	  BRIN indexes are refused.
 *
 * A BRIN index summarises ranges of heap blocks.  The rows of segments are in
 * none, so it could only say something about rows that will not stay long.  It
 * would be accepted, cost something and never be used, which nobody notices
 * who does not look at plans.  What people want of it, the zone maps of
 * segments and blocks do anyway.
 *
 * New indexes are refused when they are built.  Every way to make one goes
 * there: CREATE INDEX, of a partitioned table too, a new partition or one that
 * is attached, LIKE ... INCLUDING INDEXES, a dump that is restored.  Only CREATE
 * INDEX CONCURRENTLY would leave something behind, so it is looked at before.
 * A table that is converted must not have any.
 *
 * Two kinds of BRIN indexes can still be there: those of tables without segment
 * storage, which never have segments and behave as heaps, and those that such a
 * table had before it got a storage.  They are rebuilt as usual, so that
 * VACUUM FULL and REINDEX work, and hidden from the planner (planner.c).
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_am_d.h"
#include "utils/lsyscache.h"
#include "utils/relcache.h"

#include "option/brin.h"
#include "option/ours.h"
#include "segment/store.h"

#define BRIN_NOT_NEEDED "Segments and their blocks keep the minimum and maximum of every column, by which queries skip what cannot match. An index is not needed for that."

static void
brin_refuse(Relation table)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("BRIN indexes are not supported on table \"%s\"",
					RelationGetRelationName(table)),
			 errdetail("The table uses the access method rusts, whose segments have no heap blocks to summarize."),
			 errhint(BRIN_NOT_NEEDED)));
}

/* New: made by this transaction, or by CREATE INDEX CONCURRENTLY. */
static bool
brin_is_new(Relation index)
{
	return index->rd_createSubid != InvalidSubTransactionId ||
		!index->rd_index->indisready;
}

/* A partition gets its indexes before its storage. */
static bool
brin_gets_segments(Relation table)
{
	return store_exists(table) || table_relation_needs_toast_table(table);
}

void
brin_check_build(Relation table, Relation index)
{
	if (index->rd_rel->relam == BRIN_AM_OID && brin_is_new(index) &&
		brin_gets_segments(table))
		brin_refuse(table);
}

/* Nothing is locked yet: what is missed here is found when it is built. */
void
brin_check_statement(const IndexStmt *statement)
{
	Oid			relid;
	Relation	rel;

	if (!statement->concurrent || statement->relation == NULL ||
		strcmp(statement->accessMethod, "brin") != 0)
		return;
	relid = RangeVarGetRelid(statement->relation, NoLock, true);
	if (!OidIsValid(relid) || !ours_is_relation(relid))
		return;
	rel = try_relation_open(relid, AccessShareLock);
	if (rel == NULL)
		return;
	if (ours_is_table(rel) && store_exists(rel))
		brin_refuse(rel);
	relation_close(rel, AccessShareLock);
}

void
brin_check_conversion(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	ListCell   *cell;

	foreach(cell, RelationGetIndexList(rel))
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		if (index->rd_rel->relam == BRIN_AM_OID)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot change the access method of table \"%s\", which has a BRIN index",
							RelationGetRelationName(rel)),
					 errdetail("Index \"%s\" would summarize heap blocks, which segments do not have.",
							   RelationGetRelationName(index)),
					 errhint("Drop the index. " BRIN_NOT_NEEDED)));
		index_close(index, AccessShareLock);
	}
	table_close(rel, AccessShareLock);
}
