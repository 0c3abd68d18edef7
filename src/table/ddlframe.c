/*
 * ddlframe.c
 *	  What a utility statement does to relations, noted while it runs.
 *
 * The utility hook must know which relations and columns a statement touched,
 * and the parse tree does not tell: ALTER TABLE on a parent renames columns
 * of its partitions, DROP TYPE ... CASCADE drops columns anywhere, and the
 * OID of a new table is known to nobody outside.  PostgreSQL reports each of
 * these through object_access_hook, so a frame per running utility statement
 * collects the reports, and the utility hook acts on them when the statement
 * is done.  Statements nest (a function run by CREATE TABLE AS may create
 * tables); so do frames, and a report goes to the innermost one.
 *
 * Frames are local variables of the utility hook.  It pops its frame on error
 * too, so the stack never points into a dead C frame.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_class.h"
#include "table/ddlframe.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

static DdlFrame *innermost = NULL;
static object_access_hook_type previous_hook = NULL;

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

/* Both callers run before the change is visible: the name is the old one. */
static void
ddlframe_note_column(Oid relid, AttrNumber attnum)
{
	MemoryContext old;
	DdlColumn  *column;
	char	   *name;

	if (attnum <= 0 || !ddlframe_may_be_ours(relid))
		return;
	old = MemoryContextSwitchTo(innermost->context);
	name = get_attname(relid, attnum, true);
	if (name != NULL)
	{
		column = palloc(sizeof(DdlColumn));
		column->relid = relid;
		column->attnum = attnum;
		column->name = name;
		column->followed = false;
		innermost->columns = lappend(innermost->columns, column);
	}
	MemoryContextSwitchTo(old);
}

static void
ddlframe_note_created(Oid relid)
{
	MemoryContext old = MemoryContextSwitchTo(innermost->context);

	innermost->created = lappend_oid(innermost->created, relid);
	MemoryContextSwitchTo(old);
}

static void
ddlframe_object_access(ObjectAccessType access, Oid class_id, Oid object_id,
					   int sub_id, void *arg)
{
	if (previous_hook)
		previous_hook(access, class_id, object_id, sub_id, arg);
	if (innermost == NULL || class_id != RelationRelationId)
		return;
	if (access == OAT_POST_CREATE && sub_id == 0)
		ddlframe_note_created(object_id);
	else if (access == OAT_DROP || access == OAT_POST_ALTER)
		ddlframe_note_column(object_id, sub_id);
}

void
ddlframe_init(void)
{
	previous_hook = object_access_hook;
	object_access_hook = ddlframe_object_access;
}

void
ddlframe_push(DdlFrame *frame)
{
	frame->outer = innermost;
	frame->context = CurrentMemoryContext;
	frame->pending = NIL;
	frame->created = NIL;
	frame->columns = NIL;
	innermost = frame;
}

void
ddlframe_pop(DdlFrame *frame)
{
	innermost = frame->outer;
}

bool
ddlframe_pending(Oid relid, List **parameters)
{
	DdlFrame   *frame;

	for (frame = innermost; frame != NULL; frame = frame->outer)
	{
		if (frame->pending != NIL && frame->created != NIL &&
			linitial_oid(frame->created) == relid)
		{
			*parameters = frame->pending;
			return true;
		}
	}
	return false;
}
