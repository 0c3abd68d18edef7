/*
 * ddlframe.c
 *	  What a utility statement does to relations, as it happens.
 *
 * The utility hook must know which relations and columns a statement touches,
 * and the parse tree does not tell: ALTER TABLE on a parent renames columns
 * of its partitions, DROP TYPE ... CASCADE drops columns anywhere, and the
 * OID of a new table is known to nobody outside.  And it must act while the
 * statement runs: other extensions' hooks and event triggers look into the
 * catalog as soon as the server is done with it.  PostgreSQL reports each of
 * these through object_access_hook, so there is a frame per running utility
 * statement, and a report goes to the innermost one.  Statements nest (a
 * function run by CREATE TABLE AS may create tables); so do frames.
 *
 * Reports come in the middle of the server's work on a relation, at points
 * after which it expects, or would survive, the next command counter: actions
 * may make changes visible and write pg_class.
 *
 * Frames are local variables of the utility hook, and popped on error too, so
 * the stack never points into a dead C frame.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "option/ddlframe.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

static DdlFrame *innermost = NULL;
static DdlActions actions;

/*
 * Tables of any access method but heap's: whether it is ours is for the
 * utility hook to find out, when catalogs may be read at leisure.
 */
static bool
ddlframe_may_be_ours(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Form_pg_class form;
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_class) GETSTRUCT(tuple);
	result = (form->relkind == RELKIND_RELATION ||
			  form->relkind == RELKIND_MATVIEW) &&
		form->relam != HEAP_TABLE_AM_OID;
	ReleaseSysCache(tuple);
	return result;
}

/* The name of a column as this command leaves it. */
static char *
ddlframe_new_name(Oid relid, AttrNumber attnum)
{
	Relation	attributes = table_open(AttributeRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	char	   *name = NULL;

	ScanKeyInit(&keys[0], Anum_pg_attribute_attrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	ScanKeyInit(&keys[1], Anum_pg_attribute_attnum, BTEqualStrategyNumber,
				F_INT2EQ, Int16GetDatum(attnum));
	scan = systable_beginscan(attributes, AttributeRelidNumIndexId, true,
							  SnapshotSelf, 2, keys);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		name = pstrdup(NameStr(((Form_pg_attribute) GETSTRUCT(tuple))->attname));
	systable_endscan(scan);
	table_close(attributes, AccessShareLock);
	return name;
}

/* A column is altered, or about to be dropped. */
static void
ddlframe_column(Oid relid, AttrNumber attnum, bool drop)
{
	MemoryContext old;
	char	   *name;
	char	   *new_name;

	if (!ddlframe_may_be_ours(relid))
		return;
	old = MemoryContextSwitchTo(innermost->context);
	innermost->changed = list_append_unique_oid(innermost->changed, relid);
	/* the caches still have the column as it was */
	name = get_attname(relid, attnum, true);
	new_name = drop ? NULL : ddlframe_new_name(relid, attnum);
	if (name != NULL && (drop || (new_name && strcmp(name, new_name) != 0)))
		actions.renamed(innermost, relid, name, new_name);
	MemoryContextSwitchTo(old);
}

void
ddlframe_object_access(ObjectAccessType access, Oid class_id, Oid object_id,
					   int sub_id)
{
	if (innermost == NULL || class_id != RelationRelationId)
		return;
	if (access == OAT_POST_CREATE && sub_id == 0)
		actions.created(innermost, object_id);
	else if (access == OAT_POST_ALTER && sub_id == 0)
		actions.altered(innermost, object_id);
	else if ((access == OAT_DROP || access == OAT_POST_ALTER) && sub_id > 0)
		ddlframe_column(object_id, sub_id, access == OAT_DROP);
}

void
ddlframe_init(const DdlActions *user_actions)
{
	actions = *user_actions;
}

void
ddlframe_push(DdlFrame *frame)
{
	memset(frame, 0, sizeof(*frame));
	frame->outer = innermost;
	frame->context = CurrentMemoryContext;
	innermost = frame;
}

void
ddlframe_pop(DdlFrame *frame)
{
	innermost = frame->outer;
}
