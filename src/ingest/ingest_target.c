/*
 * ingest_target.c
 *	  A table that takes points, as one transaction sees it.
 *
 * Looked up anew in each transaction: what DDL has changed meanwhile needs no
 * notice.  The table's lock is taken only when it is free, so that a worker
 * never waits behind an ALTER TABLE while other clients wait behind it.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relation.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "compat/privilege.h"
#include "ingest/ingest_target.h"
#include "miscadmin.h"
#include "option/options.h"
#include "option/ours.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/relcache.h"
#include "utils/rls.h"
#include "utils/typcache.h"

#define TARGET_REPLACE (ACL_UPDATE | ACL_SELECT)

/* ---------- columns ---------- */

static TargetKind
ingest_target_kind(Oid type)
{
	switch (type)
	{
		case FLOAT8OID:
			return TARGET_FLOAT8;
		case FLOAT4OID:
			return TARGET_FLOAT4;
		case INT8OID:
			return TARGET_INT8;
		case INT4OID:
			return TARGET_INT4;
		case INT2OID:
			return TARGET_INT2;
		case BOOLOID:
			return TARGET_BOOL;
		case TEXTOID:
			return TARGET_TEXT;
		case NUMERICOID:
			return TARGET_CAST_NUMBER;
		default:
			return TARGET_CAST_STRING;
	}
}

static int
ingest_target_compare(const void *a, const void *b, void *arg)
{
	TupleDesc	desc = (TupleDesc) arg;

	return strcmp(NameStr(TupleDescAttr(desc, *(const AttrNumber *) a - 1)->attname),
				  NameStr(TupleDescAttr(desc, *(const AttrNumber *) b - 1)->attname));
}

/*
 * A type may have a default of its own, and a domain may refuse NULL.  INSERT
 * sees to both where a row lacks the column.
 */
static bool
ingest_target_type_decides(Oid type)
{
	return get_typdefault(type) != NULL ||
		(get_typtype(type) == TYPTYPE_DOMAIN && DomainHasConstraints(type));
}

static void
ingest_target_add_column(Target *target, Form_pg_attribute attribute)
{
	TargetColumn *column = &target->columns[attribute->attnum - 1];

	column->kind = ingest_target_kind(attribute->atttypid);
	column->generated = attribute->attgenerated != '\0' ||
		attribute->attidentity == ATTRIBUTE_IDENTITY_ALWAYS;
	column->has_default = attribute->atthasdef ||
		attribute->attidentity != '\0' ||
		ingest_target_type_decides(attribute->atttypid);
	if (column->has_default)
		target->defaults = bms_add_member(target->defaults,
										  attribute->attnum);
	else if (attribute->attnotnull && !column->generated)
		target->required = bms_add_member(target->required,
										  attribute->attnum);
	target->by_name[target->named++] = attribute->attnum;
}

static void
ingest_target_add_columns(Target *target)
{
	TupleDesc	desc = RelationGetDescr(target->rel);
	int			i;

	target->columns = palloc0(sizeof(TargetColumn) * desc->natts);
	target->by_name = palloc(sizeof(AttrNumber) * desc->natts);
	for (i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			ingest_target_add_column(target, TupleDescAttr(desc, i));
	qsort_arg(target->by_name, target->named, sizeof(AttrNumber),
			  ingest_target_compare, desc);
}

AttrNumber
ingest_target_column(const Target *target, const char *name)
{
	TupleDesc	desc = RelationGetDescr(target->rel);
	int			low = 0;
	int			high = target->named - 1;

	while (low <= high)
	{
		int			middle = (low + high) / 2;
		AttrNumber	attnum = target->by_name[middle];
		int			order = strcmp(name,
								   NameStr(TupleDescAttr(desc, attnum - 1)->attname));

		if (order == 0)
			return attnum;
		if (order < 0)
			high = middle - 1;
		else
			low = middle + 1;
	}
	return InvalidAttrNumber;
}

/* ---------- the time ---------- */

static bool
ingest_target_is_time(Oid type)
{
	return type == TIMESTAMPTZOID || type == TIMESTAMPOID || type == DATEOID;
}

/* What rusts tables have by default, for tables that are none. */
static AttrNumber
ingest_target_guess_time(Target *target)
{
	TupleDesc	desc = RelationGetDescr(target->rel);
	AttrNumber	found = ingest_target_column(target, "time");
	int			i;

	if (found != InvalidAttrNumber && !target->columns[found - 1].generated &&
		(ingest_target_is_time(TupleDescAttr(desc, found - 1)->atttypid) ||
		 TupleDescAttr(desc, found - 1)->atttypid == INT8OID))
		return found;
	found = InvalidAttrNumber;
	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (attribute->attisdropped || target->columns[i].generated ||
			!ingest_target_is_time(attribute->atttypid))
			continue;
		if (attribute->attnotnull)
			return attribute->attnum;
		if (found == InvalidAttrNumber)
			found = attribute->attnum;
	}
	return found;
}

static void
ingest_target_set_time(Target *target)
{
	TupleDesc	desc = RelationGetDescr(target->rel);

	if (ours_is_table(target->rel))
	{
		TableOptions *options = options_get(target->rel);
		int			i;

		target->time_attnum = options->time_attnum;
		for (i = 0; i < options->ntags; i++)
			target->columns[options->tags[i] - 1].is_tag = true;
	}
	else
		target->time_attnum = ingest_target_guess_time(target);
	if (target->time_attnum != InvalidAttrNumber)
		target->time_type = TupleDescAttr(desc, target->time_attnum - 1)->atttypid;
}

/* ---------- unique indexes ---------- */

/* The columns of an index that can tell which point is there already. */
static Bitmapset *
ingest_target_index_key(Relation rel, Oid indexid)
{
	Relation	index = index_open(indexid, AccessShareLock);
	Form_pg_index form = index->rd_index;
	Bitmapset  *key = NULL;
	int			i;

	if (form->indisunique && form->indimmediate && form->indisvalid &&
		RelationGetIndexExpressions(index) == NIL &&
		RelationGetIndexPredicate(index) == NIL)
		for (i = 0; i < form->indnkeyatts; i++)
			key = bms_add_member(key, form->indkey.values[i]);
	index_close(index, AccessShareLock);
	return key;
}

static bool
ingest_target_key_fits(const Target *target, Bitmapset *key)
{
	int			i;

	if (!bms_is_member(target->time_attnum, key))
		return false;
	for (i = 0; i < RelationGetDescr(target->rel)->natts; i++)
		if (target->columns[i].is_tag && !bms_is_member(i + 1, key))
			return false;
	return true;
}

/*
 * A primary key comes first, then the oldest.  Who may not change rows cannot
 * write a point again: for such a role it is an error of the index.
 */
static void
ingest_target_set_key(Target *target)
{
	List	   *indexes = RelationGetIndexList(target->rel);
	Oid			primary = target->rel->rd_pkindex;
	ListCell   *cell;

	if (pg_class_aclmask(RelationGetRelid(target->rel), GetUserId(),
						 TARGET_REPLACE, ACLMASK_ALL) != TARGET_REPLACE)
		return;
	if (OidIsValid(primary))
		indexes = lcons_oid(primary, indexes);
	foreach(cell, indexes)
	{
		Bitmapset  *key = ingest_target_index_key(target->rel, lfirst_oid(cell));

		if (key != NULL && ingest_target_key_fits(target, key))
		{
			target->key = key;
			target->key_index = lfirst_oid(cell);
			return;
		}
	}
}

/* ---------- what else a table has ---------- */

static void
ingest_target_set_ways(Target *target)
{
	Relation	rel = target->rel;
	TriggerDesc *triggers = rel->trigdesc;
	TupleConstr *constr = RelationGetDescr(rel)->constr;

	/* a trigger may fill in what is missing */
	if (triggers != NULL && triggers->trig_insert_before_row)
		target->required = NULL;
	/* times are made with all their digits: a statement rounds to fewer */
	target->plain = rel->rd_rel->relkind == RELKIND_RELATION &&
		!rel->rd_rel->relispartition &&
		triggers == NULL && rel->rd_rules == NULL &&
		target->key == NULL &&
		TupleDescAttr(RelationGetDescr(rel),
					  target->time_attnum - 1)->atttypmod == -1 &&
		(constr == NULL || !constr->has_generated_stored) &&
		check_enable_rls(RelationGetRelid(rel), InvalidOid,
						 true) != RLS_ENABLED &&
		pg_class_aclcheck(RelationGetRelid(rel), GetUserId(),
						  ACL_INSERT) == ACLCHECK_OK;
}

static TargetVerdict
ingest_target_refuse(TargetRefusal *refusal, IngestReject reject,
					 const char *reason)
{
	refusal->reject = reject;
	refusal->reason = reason;
	return TARGET_REFUSED;
}

static TargetVerdict
ingest_target_check(Target *target, TargetRefusal *refusal)
{
	Relation	rel = target->rel;
	Oid			relid = RelationGetRelid(rel);

	switch (rel->rd_rel->relkind)
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
		case RELKIND_VIEW:
		case RELKIND_FOREIGN_TABLE:
			break;
		default:
			return ingest_target_refuse(refusal, INGEST_REJECT_SCHEMA,
										psprintf("\"%s\" is not a table",
												 target->name));
	}
	if (pg_class_aclcheck(relid, GetUserId(), ACL_INSERT) != ACLCHECK_OK &&
		pg_attribute_aclcheck_all(relid, GetUserId(), ACL_INSERT,
								  ACLMASK_ANY) != ACLCHECK_OK)
		return ingest_target_refuse(refusal, INGEST_REJECT_PRIVILEGE,
									psprintf("permission denied for table %s",
											 target->name));
	ingest_target_add_columns(target);
	ingest_target_set_time(target);
	if (target->time_attnum == InvalidAttrNumber)
		return ingest_target_refuse(refusal, INGEST_REJECT_SCHEMA,
									psprintf("table \"%s\" has no column for the time",
											 target->name));
	ingest_target_set_key(target);
	ingest_target_set_ways(target);
	return TARGET_FOUND;
}

/*
 * Lock without waiting, and look again: the name may have gone to another
 * table before the lock was there.
 */
static TargetVerdict
ingest_target_lock(Oid schema, const char *name, Oid *relid)
{
	*relid = get_relname_relid(name, schema);
	if (!OidIsValid(*relid))
		return TARGET_MISSING;
	if (!ConditionalLockRelationOid(*relid, RowExclusiveLock))
		return TARGET_BUSY;
	if (get_relname_relid(name, schema) != *relid)
		return TARGET_BUSY;
	return TARGET_FOUND;
}

TargetVerdict
ingest_target_open(Oid schema, const char *name, Target **target,
				   TargetRefusal *refusal)
{
	Oid			relid;
	TargetVerdict verdict;

	if (compat_namespace_aclcheck(schema, GetUserId(),
								  ACL_USAGE) != ACLCHECK_OK)
		return ingest_target_refuse(refusal, INGEST_REJECT_PRIVILEGE,
									psprintf("permission denied for schema %s",
											 get_namespace_name(schema)));
	verdict = ingest_target_lock(schema, name, &relid);
	if (verdict != TARGET_FOUND)
		return verdict;
	*target = palloc0(sizeof(Target));
	strlcpy((*target)->name, name, NAMEDATALEN);
	(*target)->rel = relation_open(relid, NoLock);
	return ingest_target_check(*target, refusal);
}

void
ingest_target_close(Target *target)
{
	relation_close(target->rel, NoLock);
}
