/*
 * ingest_points.c
 *	  Lines become rows of tables.
 *
 * Lines are parsed and put into stages, a stage for each table, which are
 * inserted when they are full and at the end.  What is wrong with a line alone
 * (its syntax, a type that does not fit) is found on the way, without an
 * error.  What the server finds (constraints, triggers, casts) is an error of
 * some rows.  In a careful pass these are tried again by halves, each half in a
 * subtransaction, until it is known whose fault it is (a few rows are tried one
 * by one at once):
 *
 *	  n rows with k bad ones cost at most 2 k log2 n subtransactions.
 *
 * Halves go in order, so of two points in one place the later one wins as
 * always.  A half whose error is not about its rows (ingest_fault.c) is not
 * tried again; the error ends the pass.
 */
#include "postgres.h"

#include "access/xact.h"
#include "ingest/ingest_encoding.h"
#include "ingest/ingest_fault.h"
#include "ingest/ingest_points.h"
#include "ingest/ingest_shape.h"
#include "ingest/ingest_stage.h"
#include "ingest/ingest_value.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"
#include "wire/wireparser.h"
#include "wire/wiretext.h"

#define POINTS_FEW 8			/* rows that are tried one by one */
#define POINTS_SHOWN 100		/* bytes of a bad line, in an answer */

static WireParser *parser;

void
ingest_points_init(void)
{
	parser = MemoryContextAlloc(TopMemoryContext, wireparser_size());
	wireparser_init(parser);
}

/* ---------- lines that are not taken ---------- */

/* A text of a client's: cut, and readable whatever it was. */
static char *
ingest_points_show(WireText text, size_t room)
{
	size_t		len = Min(text.len, room);
	char	   *shown = palloc(len + 4);
	size_t		i;

	len = pg_mbcliplen(text.data, text.len, (int) len);
	memcpy(shown, text.data, len);
	if (pg_encoding_verifymbstr(GetDatabaseEncoding(), shown, len) != len)
		for (i = 0; i < len; i++)
			if (IS_HIGHBIT_SET(shown[i]))
				shown[i] = '?';
	for (i = 0; i < len; i++)
		if ((unsigned char) shown[i] < ' ' || shown[i] == 0x7f)
			shown[i] = ' ';
	strcpy(shown + len, len < text.len ? "..." : "");
	return shown;
}

static void
ingest_points_keep(Pass *pass, Outcome *outcome, const StageOrigin *origin,
				   TargetRefusal refusal)
{
	IngestError *error = &outcome->errors[outcome->kept++];
	WireText	reason = {refusal.reason, strlen(refusal.reason)};

	error->at = GetCurrentTimestamp();
	error->role = pass->group->role;
	error->reject = refusal.reject;
	error->line = origin->line;
	strlcpy(error->measurement,
			ingest_points_show(origin->measurement, NAMEDATALEN - 4),
			NAMEDATALEN);
	strlcpy(error->text, ingest_points_show(origin->source, INGEST_SHARE_TEXT - 4),
			INGEST_SHARE_TEXT);
	strlcpy(error->reason, ingest_points_show(reason, INGEST_SHARE_TEXT - 4),
			INGEST_SHARE_TEXT);
}

/*
 * The message that a client gets for its first bad line.  Conflicts of types
 * read as InfluxDB's, which agents look at.
 */
static char *
ingest_points_message(const StageOrigin *origin, TargetRefusal refusal)
{
	if (strncmp(refusal.reason, "field type conflict:", 20) == 0)
		return pstrdup(refusal.reason);
	return psprintf("%s '%s': %s (line %ld)",
					refusal.reject == INGEST_REJECT_SYNTAX ? "unable to parse" :
					"unable to write",
					ingest_points_show(origin->source, POINTS_SHOWN),
					refusal.reason, origin->line);
}

static void
ingest_points_reject(Pass *pass, const StageOrigin *origin,
					 TargetRefusal refusal)
{
	Outcome    *outcome = &pass->group->outcomes[origin->request];
	MemoryContext old = MemoryContextSwitchTo(pass->group->context);

	outcome->rejected[refusal.reject]++;
	if (outcome->dropped++ == 0 || origin->line < outcome->first_line)
	{
		outcome->first_line = origin->line;
		outcome->first_message = ingest_points_message(origin, refusal);
	}
	if (outcome->kept < PASS_KEPT_ERRORS)
		ingest_points_keep(pass, outcome, origin, refusal);
	MemoryContextSwitchTo(old);
}

/* ---------- rows that are inserted ---------- */

typedef enum HalfVerdict
{
	HALF_INSERTED,
	HALF_FAILED
} HalfVerdict;

/* Try some rows in a subtransaction; errors that are not theirs go on. */
static HalfVerdict
ingest_points_try(Stage *stage, int from, int to, TargetRefusal *refusal)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile HalfVerdict verdict = HALF_INSERTED;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		ingest_stage_insert(stage, from, to);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (ingest_fault_kind(error->sqlerrcode) != FAULT_LINE)
			PG_RE_THROW();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		refusal->reject = ingest_fault_reject(error->sqlerrcode);
		refusal->reason = error->message;
		verdict = HALF_FAILED;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return verdict;
}

static void
ingest_points_insert_carefully(Pass *pass, Stage *stage, int from, int to)
{
	TargetRefusal refusal;
	int			i;

	if (ingest_points_try(stage, from, to, &refusal) == HALF_INSERTED)
		return;
	if (to - from == 1)
	{
		ingest_points_reject(pass, &stage->origins[from], refusal);
		pass->group->outcomes[stage->origins[from].request].points--;
	}
	else if (to - from <= POINTS_FEW)
	{
		for (i = from; i < to; i++)
			ingest_points_insert_carefully(pass, stage, i, i + 1);
	}
	else
	{
		ingest_points_insert_carefully(pass, stage, from, (from + to) / 2);
		ingest_points_insert_carefully(pass, stage, (from + to) / 2, to);
	}
}

static void
ingest_points_flush(Pass *pass, Stage *stage)
{
	if (stage->rows > 0 && !pass->busy && !pass->incomplete)
	{
		if (pass->careful)
			ingest_points_insert_carefully(pass, stage, 0, stage->rows);
		else
			ingest_stage_insert(stage, 0, stage->rows);
	}
	ingest_stage_reset(stage);
}

/* ---------- one line ---------- */

static bool
ingest_points_refuse_field(Pass *pass, const StageOrigin *origin,
						   const WireItem *item, const WireField *field,
						   ValueVerdict verdict, AttrNumber attnum)
{
	Stage	   *stage = ingest_shape_find(pass, item)->target->stage;
	char	   *key = ingest_points_show(field->key, NAMEDATALEN);
	char	   *measurement = ingest_points_show(item->measurement, NAMEDATALEN);
	const char *type = ingest_value_column_type(stage->target, attnum);
	TargetRefusal refusal = {INGEST_REJECT_TYPE, NULL};

	if (verdict == VALUE_CONFLICT)
		refusal.reason = psprintf("field type conflict: input field \"%s\" on measurement \"%s\" is type %s, already exists as type %s",
								  key, measurement,
								  ingest_value_wire_type(field->type), type);
	else
		refusal.reason = psprintf("value of field \"%s\" on measurement \"%s\" is out of range for type %s",
								  key, measurement, type);
	ingest_points_reject(pass, origin, refusal);
	return false;
}

static bool
ingest_points_refuse_tag(Pass *pass, const StageOrigin *origin,
						 const WireItem *item, const WireTag *tag,
						 const char *type)
{
	TargetRefusal refusal = {INGEST_REJECT_TYPE, NULL};

	refusal.reason = psprintf("tag \"%s\" on measurement \"%s\" is no value for a column of type %s",
							  ingest_points_show(tag->key, NAMEDATALEN),
							  ingest_points_show(item->measurement, NAMEDATALEN),
							  type);
	ingest_points_reject(pass, origin, refusal);
	return false;
}

static bool
ingest_points_fill(Pass *pass, const Shape *shape, const WireItem *item,
				   const StageOrigin *origin)
{
	Stage	   *stage = shape->target->stage;
	Datum	   *values;
	bool	   *nulls;
	ValueVerdict verdict;
	int			i;

	ingest_stage_row(stage, &values, &nulls);
	for (i = 0; i < item->tag_count; i++)
	{
		AttrNumber	attnum = shape->tags[i];

		if (ingest_value_tag(stage, attnum, item->tags[i].value,
							 &values[attnum - 1]) != VALUE_FITS)
			return ingest_points_refuse_tag(pass, origin, item, &item->tags[i],
											ingest_value_column_type(shape->target,
																	 attnum));
		nulls[attnum - 1] = false;
	}
	for (i = 0; i < item->field_count; i++)
	{
		AttrNumber	attnum = shape->fields[i];

		if (attnum == InvalidAttrNumber)
			continue;
		verdict = ingest_value_field(stage, attnum, &item->fields[i],
									 &values[attnum - 1]);
		if (verdict != VALUE_FITS)
			return ingest_points_refuse_field(pass, origin, item,
											  &item->fields[i], verdict,
											  attnum);
		nulls[attnum - 1] = false;
	}
	return true;
}

static void
ingest_points_set_time(const Pass *pass, const Shape *shape,
					   const WireItem *item, int request)
{
	Target	   *target = shape->target;
	Datum	   *values;
	bool	   *nulls;
	bool		rounded;
	int			natts = RelationGetDescr(target->rel)->natts;
	int64		time = item->time;

	if (!item->has_time)
	{
		time = (pass->group->now + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) *
				USECS_PER_DAY) * 1000;
		time -= time % pass->group->requests[request]->unit;
	}
	values = target->stage->values + (size_t) target->stage->rows * natts;
	nulls = target->stage->nulls + (size_t) target->stage->rows * natts;
	values[target->time_attnum - 1] = ingest_value_time(target, time,
														&rounded);
	nulls[target->time_attnum - 1] = false;
	pass->group->outcomes[request].rounded += rounded;
}

/*
 * Rows of one insert have the same columns where the table has defaults, so
 * that who lacks a column gets its default.
 */
static void
ingest_points_make_room(Pass *pass, Stage *stage, const Shape *shape)
{
	if (stage->rows == stage->room ||
		(stage->rows > 0 && !bms_equal(stage->used, shape->used) &&
		 !bms_is_empty(stage->target->defaults)))
		ingest_points_flush(pass, stage);
	if (stage->rows == 0)
	{
		stage->used = shape->used;
		stage->as_statement = shape->as_statement;
	}
	else if (!bms_is_subset(shape->used, stage->used))
	{
		stage->used = bms_union(stage->used, shape->used);
		stage->as_statement |= shape->as_statement;
	}
}

static void
ingest_points_line(Pass *pass, const WireItem *item, const StageOrigin *origin)
{
	Outcome    *outcome = &pass->group->outcomes[origin->request];
	Shape	   *shape = ingest_shape_find(pass, item);

	if (shape->refusal.reason != NULL)
	{
		ingest_points_reject(pass, origin, shape->refusal);
		return;
	}
	if (pass->busy || pass->incomplete)
		return;
	ingest_points_make_room(pass, shape->target->stage, shape);
	if (!ingest_points_fill(pass, shape, item, origin))
		return;
	ingest_points_set_time(pass, shape, item, origin->request);
	ingest_stage_push(shape->target->stage, *origin);
	outcome->points++;
}

/* ---------- requests ---------- */

static void
ingest_points_refuse(Pass *pass, const StageOrigin *origin, const char *reason)
{
	TargetRefusal refusal = {INGEST_REJECT_SYNTAX, reason};

	ingest_points_reject(pass, origin, refusal);
}

/*
 * All of a body's text is looked at once; where that finds something, each line
 * is.  Text becomes columns' values without any further check.
 */
static void
ingest_points_request(Pass *pass, int number)
{
	WriteRequest *request = pass->group->requests[number];
	Outcome    *outcome = &pass->group->outcomes[number];
	StageOrigin origin = {number};
	WireBatch	batch = {0};
	EncodingText text;
	const WireItem *item;

	ingest_encoding_receive(request->body, request->body_len, &text);
	batch.data = text.data;
	batch.len = text.len;
	batch.arena = MemoryContextAllocHuge(pass->context, text.len + 1);
	batch.unit = request->unit;
	wireparser_begin(parser, &batch);
	while ((item = wireparser_next(parser)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		origin.line = item->line;
		origin.source = item->source;
		origin.measurement.len = 0;
		outcome->lines++;
		if (item->reason != WIRE_GOOD)
			ingest_points_refuse(pass, &origin, wiretext_reason(item->reason));
		else if (!ingest_encoding_is_good(&text, item->source.data,
										  item->source.len))
			ingest_points_refuse(pass, &origin,
								 "text is not valid in the encoding of the database");
		else
		{
			origin.measurement = item->measurement;
			ingest_points_line(pass, item, &origin);
		}
	}
}

static HTAB *
ingest_points_hash(Pass *pass, const char *name, Size key, Size entry,
				   int flags)
{
	HASHCTL		control = {0};

	control.keysize = key;
	control.entrysize = entry;
	control.hcxt = pass->context;
	return hash_create(name, 64, &control, HASH_ELEM | HASH_CONTEXT | flags);
}

void
ingest_points_write(Pass *pass)
{
	MemoryContext old = MemoryContextSwitchTo(pass->context);
	ListCell   *cell;
	int			i;

	pass->tables = ingest_points_hash(pass, "rusts ingest tables", NAMEDATALEN,
									  ingest_shape_table_size(), HASH_STRINGS);
	pass->shapes = ingest_points_hash(pass, "rusts ingest shapes",
									  sizeof(uint64), sizeof(Shape),
									  HASH_BLOBS);
	for (i = pass->first; i < pass->first + pass->count; i++)
	{
		memset(&pass->group->outcomes[i], 0, sizeof(Outcome));
		ingest_points_request(pass, i);
	}
	foreach(cell, pass->stages)
		ingest_points_flush(pass, lfirst(cell));
	foreach(cell, pass->stages)
	{
		Stage	   *stage = lfirst(cell);

		ingest_stage_end(stage);
		ingest_target_close(stage->target);
	}
	MemoryContextSwitchTo(old);
}
