/*
 * ingest_shape.c
 *	  Which column takes which tag or field: once for all lines of a shape.
 *
 * Lines of a shape have the same names (src/wire), so they go to the same
 * columns or are refused for the same reason.  Types of fields may differ, and
 * are the business of ingest_value.c.
 */
#include "postgres.h"

#include "ingest/ingest_names.h"
#include "ingest/ingest_shape.h"
#include "ingest/ingest_stage.h"
#include "ingest/ingest_value.h"
#include "miscadmin.h"

/* A table as the pass has found it. */
typedef struct PassTable
{
	char		name[NAMEDATALEN];	/* the hash key */
	TargetVerdict verdict;
	Target	   *target;
	TargetRefusal refusal;
	Need	   *need;			/* of this attempt, or NULL */
} PassTable;

Size
ingest_shape_table_size(void)
{
	return sizeof(PassTable);
}

/* ---------- tables ---------- */

static const Refused *
ingest_shape_refused(const WriteGroup *group, const char *table, const char *column)
{
	RefusedName name = {{0}};

	if (group->refused == NULL)
		return NULL;
	strlcpy(name.table, table, NAMEDATALEN);
	strlcpy(name.column, column, NAMEDATALEN);
	return hash_search(group->refused, &name, HASH_FIND, NULL);
}

static PassTable *
ingest_shape_table(Pass *pass, WireText measurement)
{
	char		name[NAMEDATALEN] = {0};
	PassTable  *table;
	bool		found;

	ingest_names_identifier(measurement, name);
	table = hash_search(pass->tables, name, HASH_ENTER, &found);
	if (found)
		return table;
	table->target = NULL;
	table->need = NULL;
	table->verdict = ingest_target_open(pass->schema, name, &table->target,
										&table->refusal);
	if (table->verdict == TARGET_FOUND)
	{
		ingest_stage_create(table->target);
		pass->stages = lappend(pass->stages, table->target->stage);
	}
	return table;
}

/* ---------- what is missing ---------- */

static void
ingest_shape_need(Pass *pass, PassTable *table)
{
	pass->incomplete = true;
	if (table->need != NULL)
		return;
	table->need = palloc0(sizeof(Need));
	strlcpy(table->need->table, table->name, NAMEDATALEN);
	pass->group->needs = lappend(pass->group->needs, table->need);
}

static void
ingest_shape_refuse(Shape *shape, IngestReject reject, const char *reason)
{
	shape->refusal.reject = reject;
	shape->refusal.reason = reason;
}

/*
 * The first line that has a field says what type its column gets.  A line for
 * whose columns there is no more room costs nobody else's.
 */
static void
ingest_shape_need_column(Pass *pass, Shape *shape, const char *table,
						 const NeedColumn *asked)
{
	PassTable  *entry = hash_search(pass->tables, table, HASH_FIND, NULL);
	int			there = shape->target == NULL ? 1 :
		RelationGetDescr(shape->target->rel)->natts;
	List	   *columns = entry->need == NULL ? NIL : entry->need->columns;
	MemoryContext old;
	ListCell   *cell;

	foreach(cell, columns)
		if (strcmp(((NeedColumn *) lfirst(cell))->name, asked->name) == 0)
			return;
	if (list_length(columns) + there >= MaxHeapAttributeNumber)
	{
		ingest_shape_refuse(shape, INGEST_REJECT_SCHEMA,
							psprintf("tables can have at most %d columns",
									 MaxHeapAttributeNumber));
		return;
	}
	old = MemoryContextSwitchTo(pass->group->context);
	ingest_shape_need(pass, entry);
	entry->need->columns = lappend(columns,
								   memcpy(palloc(sizeof(NeedColumn)), asked,
										  sizeof(NeedColumn)));
	MemoryContextSwitchTo(old);
}

static bool
ingest_shape_is(WireText text, const char *name)
{
	return text.len == strlen(name) && memcmp(text.data, name, text.len) == 0;
}

/* InfluxDB refuses a tag that is called time. */
static void
ingest_shape_refuse_time_tag(Shape *shape, const char *table,
							 const char *column)
{
	ingest_shape_refuse(shape, INGEST_REJECT_SCHEMA,
						psprintf("invalid tag key: input tag \"%s\" on measurement \"%s\" is invalid",
								 column, table));
}

/* ... and leaves out a field of that name, unless there is no other. */
static void
ingest_shape_refuse_time_alone(Shape *shape, const char *table)
{
	ingest_shape_refuse(shape, INGEST_REJECT_SCHEMA,
						psprintf("invalid field name: input field \"time\" on measurement \"%s\" is invalid",
								 table));
}

static void
ingest_shape_check_time(Shape *shape, const char *table, const WireItem *item)
{
	int			i;

	for (i = 0; i < item->field_count; i++)
		if (!ingest_shape_is(item->fields[i].key, "time"))
			break;
	if (i == item->field_count)
		ingest_shape_refuse_time_alone(shape, table);
	for (i = 0; i < item->tag_count; i++)
		if (ingest_shape_is(item->tags[i].key, "time"))
			ingest_shape_refuse_time_tag(shape, table, "time");
}

/* All of a line's columns, for a table that is not there. */
static void
ingest_shape_need_table(Pass *pass, Shape *shape, PassTable *table,
						const WireItem *item)
{
	MemoryContext old;
	NeedColumn	column = {{0}};
	int			i;

	ingest_shape_check_time(shape, table->name, item);
	if (shape->refusal.reason != NULL)
		return;
	old = MemoryContextSwitchTo(pass->group->context);
	ingest_shape_need(pass, table);
	MemoryContextSwitchTo(old);
	for (i = 0; i < item->tag_count && shape->refusal.reason == NULL; i++)
	{
		ingest_names_identifier(item->tags[i].key, column.name);
		column.tag = true;
		column.type = WIRE_STRING;
		ingest_shape_need_column(pass, shape, table->name, &column);
	}
	for (i = 0; i < item->field_count && shape->refusal.reason == NULL; i++)
	{
		if (ingest_shape_is(item->fields[i].key, "time"))
			continue;
		ingest_names_identifier(item->fields[i].key, column.name);
		column.tag = false;
		column.type = item->fields[i].type;
		ingest_shape_need_column(pass, shape, table->name, &column);
	}
}

/* ---------- columns ---------- */

/* A column for a name; InvalidAttrNumber: the shape says why not. */
static AttrNumber
ingest_shape_column(Pass *pass, Shape *shape, const char *name, bool tag,
					WireType type)
{
	Target	   *target = shape->target;
	AttrNumber	attnum = ingest_target_column(target, name);
	const Refused *refused;
	NeedColumn	asked = {{0}, tag, type};

	if (attnum != InvalidAttrNumber)
	{
		if (target->columns[attnum - 1].generated)
			ingest_shape_refuse(shape, INGEST_REJECT_SCHEMA,
								psprintf("column \"%s\" of table \"%s\" is generated always",
										 name, target->name));
		else if (bms_is_member(attnum, shape->used))
			ingest_shape_refuse(shape, INGEST_REJECT_TYPE,
								psprintf("column \"%s\" of table \"%s\" cannot take both a tag and a field",
										 name, target->name));
		else
			return attnum;
		return InvalidAttrNumber;
	}
	refused = ingest_shape_refused(pass->group, target->name, name);
	if (refused != NULL)
		shape->refusal = refused->refusal;
	else if (!ingest_settings_auto_create)
		ingest_shape_refuse(shape, INGEST_REJECT_SCHEMA,
							psprintf("table \"%s\" has no column \"%s\", and rusts.ingest_auto_create is off",
									 target->name, name));
	else
	{
		strlcpy(asked.name, name, NAMEDATALEN);
		ingest_shape_need_column(pass, shape, target->name, &asked);
	}
	return InvalidAttrNumber;
}

/*
 * A key that lacks a tag of a line does not say that the line's point is there
 * already: what it finds may be another series' point, which must not be
 * replaced.  To the table it is a violation of the index then.
 */
static void
ingest_shape_check_key(Target *target, AttrNumber attnum)
{
	if (!bms_is_member(attnum, target->key))
		target->key = NULL;
}

static bool
ingest_shape_add_tag(Pass *pass, Shape *shape, const WireItem *item, int i)
{
	char		name[NAMEDATALEN];
	AttrNumber	attnum;

	ingest_names_identifier(item->tags[i].key, name);
	attnum = strcmp(name, "time") == 0 ? shape->target->time_attnum :
		ingest_shape_column(pass, shape, name, true, WIRE_STRING);
	if (attnum == shape->target->time_attnum)
		ingest_shape_refuse_time_tag(shape, shape->target->name, name);
	if (attnum != InvalidAttrNumber)
		ingest_shape_check_key(shape->target, attnum);
	shape->tags[i] = attnum;
	shape->used = bms_add_member(shape->used, attnum);
	return shape->refusal.reason == NULL;
}

static bool
ingest_shape_refuse_field(Shape *shape, const WireField *field,
						  const char *name)
{
	ingest_shape_refuse(shape, INGEST_REJECT_TYPE,
						psprintf("field type conflict: input field \"%s\" on measurement \"%s\" is type %s, already exists as a tag",
								 name, shape->target->name,
								 ingest_value_wire_type(field->type)));
	return false;
}

static bool
ingest_shape_add_field(Pass *pass, Shape *shape, const WireField *field,
					   AttrNumber *place)
{
	char		name[NAMEDATALEN];
	AttrNumber	attnum;

	*place = InvalidAttrNumber;
	ingest_names_identifier(field->key, name);
	if (strcmp(name, "time") == 0)
		return true;
	attnum = ingest_shape_column(pass, shape, name, false, field->type);
	if (attnum == shape->target->time_attnum)
		return true;
	if (attnum != InvalidAttrNumber &&
		shape->target->columns[attnum - 1].is_tag)
		return ingest_shape_refuse_field(shape, field, name);
	*place = attnum;
	shape->used = bms_add_member(shape->used, attnum);
	return shape->refusal.reason == NULL;
}

static bool
ingest_shape_add_fields(Pass *pass, Shape *shape, const WireItem *item)
{
	bool		any = false;
	int			i;

	for (i = 0; i < item->field_count; i++)
	{
		if (!ingest_shape_add_field(pass, shape, &item->fields[i],
									&shape->fields[i]))
			return false;
		any |= shape->fields[i] != InvalidAttrNumber;
	}
	if (!any && !pass->incomplete)
		ingest_shape_refuse_time_alone(shape, shape->target->name);
	return any;
}

/*
 * Does a row of this shape need a statement?  For a cast, or a default that
 * somebody has to compute.
 */
static bool
ingest_shape_needs_statement(const Shape *shape)
{
	const Target *target = shape->target;
	int			attnum = -1;

	if (!target->plain || !bms_is_subset(target->defaults, shape->used))
		return true;
	while ((attnum = bms_next_member(shape->used, attnum)) > 0)
		if (TARGET_IS_CAST(target->columns[attnum - 1].kind) &&
			attnum != target->time_attnum)
			return true;
	return false;
}

/*
 * What every line of the shape lacks is found out here, and not by an error for
 * each of them.
 */
static void
ingest_shape_check_required(Shape *shape)
{
	const Target *target = shape->target;
	Bitmapset  *lacking = bms_difference(target->required, shape->used);
	int			attnum = bms_next_member(lacking, -1);

	if (attnum > 0)
		ingest_shape_refuse(shape, INGEST_REJECT_CONSTRAINT,
							psprintf("null value in column \"%s\" of relation \"%s\" violates not-null constraint",
									 NameStr(TupleDescAttr(RelationGetDescr(target->rel), attnum - 1)->attname),
									 target->name));
}

static void
ingest_shape_map(Pass *pass, Shape *shape, const WireItem *item)
{
	int			i;

	shape->tags = palloc0(sizeof(AttrNumber) * (item->tag_count + 1));
	shape->fields = palloc0(sizeof(AttrNumber) * (item->field_count + 1));
	for (i = 0; i < item->tag_count; i++)
		if (!ingest_shape_add_tag(pass, shape, item, i))
			return;
	if (!ingest_shape_add_fields(pass, shape, item))
		return;
	shape->used = bms_del_member(shape->used, InvalidAttrNumber);
	shape->used = bms_add_member(shape->used, shape->target->time_attnum);
	if (!pass->incomplete)
		ingest_shape_check_required(shape);
	/* not those of the key that somebody else fills in */
	shape->used = bms_union(shape->used,
							bms_difference(shape->target->key,
										   shape->target->defaults));
	shape->as_statement = ingest_shape_needs_statement(shape);
}

/* ---------- lines ---------- */

static void
ingest_shape_look_up(Pass *pass, Shape *shape, PassTable *table,
					 const WireItem *item)
{
	const Refused *refused;

	switch (table->verdict)
	{
		case TARGET_FOUND:
			shape->target = table->target;
			ingest_shape_map(pass, shape, item);
			break;
		case TARGET_REFUSED:
			shape->refusal = table->refusal;
			break;
		case TARGET_BUSY:
			pass->busy = true;
			break;
		case TARGET_MISSING:
			refused = ingest_shape_refused(pass->group, table->name, "");
			if (refused != NULL)
				shape->refusal = refused->refusal;
			else if (!ingest_settings_auto_create)
				ingest_shape_refuse(shape, INGEST_REJECT_SCHEMA,
									psprintf("table \"%s\" does not exist, and rusts.ingest_auto_create is off",
											 table->name));
			else
				ingest_shape_need_table(pass, shape, table, item);
			break;
	}
}

/* A line that is refused needs nothing: no columns that nobody fills. */
static void
ingest_shape_look_up_line(Pass *pass, Shape *shape, const WireItem *item)
{
	PassTable  *table = ingest_shape_table(pass, item->measurement);
	bool		was_needed = table->need != NULL;
	int			columns = was_needed ? list_length(table->need->columns) : 0;
	bool		was_incomplete = pass->incomplete;

	ingest_shape_look_up(pass, shape, table, item);
	if (shape->refusal.reason == NULL || table->need == NULL)
		return;
	pass->incomplete = was_incomplete;
	table->need->columns = list_truncate(table->need->columns, columns);
	if (was_needed)
		return;
	pass->group->needs = list_delete_last(pass->group->needs);
	table->need = NULL;
}

Shape *
ingest_shape_find(Pass *pass, const WireItem *item)
{
	static Shape unnumbered;
	Shape	   *shape = &unnumbered;
	bool		found = false;

	if (item->shape != 0)
	{
		uint64		number = item->shape;

		shape = hash_search(pass->shapes, &number, HASH_ENTER, &found);
	}
	if (found)
		return shape;
	memset(shape, 0, sizeof(Shape));
	shape->number = item->shape;
	ingest_shape_look_up_line(pass, shape, item);
	return shape;
}
