/*
 * optionlist.c
 *	  Storage parameters "rusts.*" in the catalog.
 *
 * They live in pg_class.reloptions as 'rusts.tags=host,region', among the
 * heap's own, so that pg_dump prints them and they survive whatever copies a
 * pg_class row.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "compat/minor.h"
#include "option/optionlist.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/syscache.h"

DefElem *
optionlist_find(List *parameters, const char *name)
{
	ListCell   *cell;

	foreach(cell, parameters)
	{
		DefElem    *parameter = lfirst_node(DefElem, cell);

		if (strcmp(parameter->defname, name) == 0)
			return parameter;
	}
	return NULL;
}

List *
optionlist_merge(List *base, List *changes)
{
	List	   *result = NIL;
	ListCell   *cell;

	foreach(cell, base)
	{
		DefElem    *parameter = lfirst_node(DefElem, cell);

		if (optionlist_find(changes, parameter->defname) == NULL)
			result = lappend(result, copyObject(parameter));
	}
	foreach(cell, changes)
	{
		DefElem    *parameter = lfirst_node(DefElem, cell);

		if (parameter->arg != NULL)
			result = lappend(result, copyObject(parameter));
	}
	return result;
}

/* The elements of a reloptions array, as C strings. */
static List *
optionlist_elements(HeapTuple class_tuple)
{
	List	   *result = NIL;
	Datum		array;
	Datum	   *elements;
	bool		isnull;
	int			count;
	int			i;

	array = SysCacheGetAttr(RELOID, class_tuple, Anum_pg_class_reloptions,
							&isnull);
	if (isnull)
		return NIL;
	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false,
					  TYPALIGN_INT, &elements, NULL, &count);
	for (i = 0; i < count; i++)
		result = lappend(result, TextDatumGetCString(elements[i]));
	return result;
}

static bool
optionlist_is_our_element(const char *element)
{
	return strncmp(element, OPTIONLIST_PREFIX, OPTIONLIST_PREFIX_LEN) == 0;
}

List *
optionlist_read(Oid relid)
{
	HeapTuple	tuple;
	List	   *result = NIL;
	ListCell   *cell;

	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	if (!HeapTupleIsValid(tuple))
		return NIL;
	foreach(cell, optionlist_elements(tuple))
	{
		char	   *element = lfirst(cell);
		char	   *equals = strchr(element, '=');

		if (!optionlist_is_our_element(element) || equals == NULL)
			continue;
		*equals = '\0';
		result = lappend(result,
						 makeDefElem(pstrdup(element + OPTIONLIST_PREFIX_LEN),
									 (Node *) makeString(equals + 1), -1));
	}
	ReleaseSysCache(tuple);
	return result;
}

/* The whole array: the others as they are, then ours. */
static ArrayType *
optionlist_form_array(HeapTuple class_tuple, List *parameters)
{
	List	   *old = optionlist_elements(class_tuple);
	Datum	   *elements;
	int			count = 0;
	ListCell   *cell;

	elements = palloc(sizeof(Datum) *
					  (list_length(old) + list_length(parameters) + 1));
	foreach(cell, old)
	{
		char	   *element = lfirst(cell);

		if (!optionlist_is_our_element(element))
			elements[count++] = CStringGetTextDatum(element);
	}
	foreach(cell, parameters)
	{
		DefElem    *parameter = lfirst_node(DefElem, cell);
		char	   *element = psprintf(OPTIONLIST_PREFIX "%s=%s",
									   parameter->defname,
									   strVal(parameter->arg));

		elements[count++] = CStringGetTextDatum(element);
	}
	if (count == 0)
		return NULL;
	return construct_array(elements, count, TEXTOID, -1, false, TYPALIGN_INT);
}

void
optionlist_write(Oid relid, List *parameters)
{
	Relation	pg_class = table_open(RelationRelationId, RowExclusiveLock);
	Datum		values[Natts_pg_class] = {0};
	bool		nulls[Natts_pg_class] = {0};
	bool		replaces[Natts_pg_class] = {0};
	HeapTuple	tuple;
	HeapTuple	updated;
	ItemPointerData otid;
	ArrayType  *array;

	/* locked against in-place updates of the row, which VACUUM does */
	tuple = SearchSysCacheLockedCopy1(RELOID, ObjectIdGetDatum(relid));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	otid = tuple->t_self;
	array = optionlist_form_array(tuple, parameters);
	replaces[Anum_pg_class_reloptions - 1] = true;
	if (array == NULL)
		nulls[Anum_pg_class_reloptions - 1] = true;
	else
		values[Anum_pg_class_reloptions - 1] = PointerGetDatum(array);
	updated = heap_modify_tuple(tuple, RelationGetDescr(pg_class), values,
								nulls, replaces);
	CatalogTupleUpdate(pg_class, &otid, updated);
	UnlockTuple(pg_class, &otid, InplaceUpdateTupleLock);
	table_close(pg_class, RowExclusiveLock);
	CommandCounterIncrement();
}
