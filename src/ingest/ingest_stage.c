/*
 * ingest_stage.c
 *	  Rows on their way into a table.
 *
 * There are two ways in.  A table that has nothing but columns, constraints
 * and indexes takes rows as COPY brings them: many at a time, no plan.  All
 * else (triggers, row-level security, generated columns, views, partitions,
 * defaults, casts, points that may be there already) is left to the server: the
 * rows are a named tuplestore, and the statement is
 *
 *	  INSERT INTO table (...) SELECT ... FROM rusts_ingest_rows
 *	  ON CONFLICT (tags, time) DO UPDATE SET field = COALESCE(excluded.field, ...)
 *
 * Both run as the current user.  Which way a row may take does not depend on
 * its values (ingest_target.c, ingest_points.c).
 */
#include "postgres.h"

#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "compat/compat.h"
#include "compat/indexing.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "ingest/ingest_stage.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/queryenvironment.h"
#include "utils/resowner.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

/* A statement costs more than an insert of as many rows by the page. */
#define STAGE_PLAIN_ROWS 256
#define STAGE_ROWS 1000
#define STAGE_CELLS 65536
#define STAGE_PIECE 65536
#define STAGE_NAME "rusts_ingest_rows"

/* ---------- rows ---------- */

Stage *
ingest_stage_create(Target *target)
{
	Stage	   *stage = palloc0(sizeof(Stage));
	int			natts = RelationGetDescr(target->rel)->natts;

	stage->target = target;
	stage->owner = CurrentResourceOwner;
	stage->room = Max(1, Min(target->plain ? STAGE_PLAIN_ROWS : STAGE_ROWS,
							 STAGE_CELLS / natts));
	stage->values = palloc(sizeof(Datum) * natts * stage->room);
	stage->nulls = palloc(sizeof(bool) * natts * stage->room);
	stage->origins = palloc(sizeof(StageOrigin) * stage->room);
	stage->context = AllocSetContextCreate(CurrentMemoryContext,
										   "rusts ingest values",
										   ALLOCSET_DEFAULT_SIZES);
	if (target->plain)
		stage->slots = palloc0(sizeof(TupleTableSlot *) * stage->room);
	target->stage = stage;
	return stage;
}

void
ingest_stage_row(Stage *stage, Datum **values, bool **nulls)
{
	int			natts = RelationGetDescr(stage->target->rel)->natts;

	Assert(stage->rows < stage->room);
	*values = stage->values + (size_t) stage->rows * natts;
	*nulls = stage->nulls + (size_t) stage->rows * natts;
	memset(*nulls, true, natts);
}

void
ingest_stage_push(Stage *stage, StageOrigin origin)
{
	stage->origins[stage->rows++] = origin;
}

void
ingest_stage_reset(Stage *stage)
{
	stage->rows = 0;
	stage->used = NULL;
	stage->as_statement = false;
	stage->free = stage->free_end = NULL;
	MemoryContextReset(stage->context);
}

/*
 * Texts are cut from larger pieces, without alignment: they have the short
 * header, or are made elsewhere.
 */
static char *
ingest_stage_cut(Stage *stage, size_t size)
{
	char	   *cut;

	if (stage->free_end - stage->free < size)
	{
		stage->free = MemoryContextAlloc(stage->context, STAGE_PIECE);
		stage->free_end = stage->free + STAGE_PIECE;
	}
	cut = stage->free;
	stage->free += size;
	return cut;
}

Datum
ingest_stage_text(Stage *stage, WireText text)
{
	struct varlena *datum;

	if (text.len + VARHDRSZ_SHORT <= VARATT_SHORT_MAX)
	{
		datum = (struct varlena *) ingest_stage_cut(stage,
													text.len + VARHDRSZ_SHORT);
		SET_VARSIZE_SHORT(datum, text.len + VARHDRSZ_SHORT);
		memcpy(VARDATA_SHORT(datum), text.data, text.len);
	}
	else
	{
		datum = MemoryContextAlloc(stage->context, text.len + VARHDRSZ);
		SET_VARSIZE(datum, text.len + VARHDRSZ);
		memcpy(VARDATA(datum), text.data, text.len);
	}
	return PointerGetDatum(datum);
}

/* ---------- as COPY does ---------- */

/* It outlives the subtransaction in which it is needed first. */
static TupleTableSlot *
ingest_stage_make_slot(Stage *stage)
{
	MemoryContext context = MemoryContextSwitchTo(GetMemoryChunkContext(stage->slots));
	ResourceOwner owner = CurrentResourceOwner;
	TupleTableSlot *slot;

	CurrentResourceOwner = stage->owner;
	slot = table_slot_create(stage->target->rel, NULL);
	CurrentResourceOwner = owner;
	MemoryContextSwitchTo(context);
	return slot;
}

static TupleTableSlot *
ingest_stage_slot(Stage *stage, int row)
{
	TupleTableSlot **slot = &stage->slots[row];
	int			natts = RelationGetDescr(stage->target->rel)->natts;

	if (*slot == NULL)
		*slot = ingest_stage_make_slot(stage);
	ExecClearTuple(*slot);
	memcpy((*slot)->tts_values, stage->values + (size_t) row * natts,
		   sizeof(Datum) * natts);
	memcpy((*slot)->tts_isnull, stage->nulls + (size_t) row * natts,
		   sizeof(bool) * natts);
	(*slot)->tts_tableOid = RelationGetRelid(stage->target->rel);
	return ExecStoreVirtualTuple(*slot);
}

static void
ingest_stage_check_plain(Stage *stage, int row, ResultRelInfo *result,
						 EState *estate)
{
	TupleTableSlot *slot = ingest_stage_slot(stage, row);

	ResetPerTupleExprContext(estate);
	if (RelationGetDescr(stage->target->rel)->constr)
		ExecConstraints(result, slot, estate);
}

/*
 * Indexes are opened anew each time.  What an access method keeps between rows
 * of one opening (a pinned page, say) would be gone with a subtransaction that
 * fails, and it would go on to use it in the next.
 */
static void
ingest_stage_insert_plain(Stage *stage, int from, int to)
{
	Relation	rel = stage->target->rel;
	EState	   *estate = CreateExecutorState();
	ResultRelInfo *result = makeNode(ResultRelInfo);
	int			i;

	InitResultRelInfo(result, rel, 0, NULL, 0);
	ExecOpenIndices(result, false);
	for (i = from; i < to; i++)
		ingest_stage_check_plain(stage, i, result, estate);
	table_multi_insert(rel, stage->slots + from, to - from,
					   GetCurrentCommandId(true), 0, NULL);
	for (i = from; i < to; i++)
	{
		ResetPerTupleExprContext(estate);
		if (result->ri_NumIndices > 0)
			list_free(compat_insert_index_tuples(result, stage->slots[i],
												 estate));
		ExecClearTuple(stage->slots[i]);
	}
	ExecCloseIndices(result);
	FreeExecutorState(estate);
}

/* ---------- as a statement ---------- */

static Oid
ingest_stage_row_type(const Stage *stage, AttrNumber attnum)
{
	if (TARGET_IS_CAST(stage->target->columns[attnum - 1].kind) &&
		attnum != stage->target->time_attnum)
		return TEXTOID;
	return TupleDescAttr(RelationGetDescr(stage->target->rel),
						 attnum - 1)->atttypid;
}

/* The rows' own descriptor: used columns, in the order of the table. */
static TupleDesc
ingest_stage_row_desc(const Stage *stage)
{
	TupleDesc	table = RelationGetDescr(stage->target->rel);
	TupleDesc	desc = CreateTemplateTupleDesc(bms_num_members(stage->used));
	int			attnum = -1;
	int			n = 0;

	while ((attnum = bms_next_member(stage->used, attnum)) >= 0)
		TupleDescInitEntry(desc, ++n,
						   NameStr(TupleDescAttr(table, attnum - 1)->attname),
						   ingest_stage_row_type(stage, attnum), -1, 0);
	return desc;
}

static Tuplestorestate *
ingest_stage_store(const Stage *stage, TupleDesc desc, int from, int to)
{
	Tuplestorestate *store = tuplestore_begin_heap(false, false, work_mem);
	int			natts = RelationGetDescr(stage->target->rel)->natts;
	Datum	   *values = palloc(sizeof(Datum) * desc->natts);
	bool	   *nulls = palloc(sizeof(bool) * desc->natts);
	int			i;

	for (i = from; i < to; i++)
	{
		int			attnum = -1;
		int			n = 0;

		while ((attnum = bms_next_member(stage->used, attnum)) >= 0)
		{
			size_t		cell = (size_t) i * natts + attnum - 1;

			values[n] = stage->values[cell];
			nulls[n++] = stage->nulls[cell];
		}
		tuplestore_putvalues(store, desc, values, nulls);
	}
	return store;
}

static const char *
ingest_stage_quoted(const Stage *stage, AttrNumber attnum)
{
	return quote_identifier(NameStr(TupleDescAttr(RelationGetDescr(stage->target->rel),
												  attnum - 1)->attname));
}

static void
ingest_stage_append_names(const Stage *stage, const Bitmapset *columns,
						  StringInfo sql)
{
	int			attnum = -1;

	while ((attnum = bms_next_member(columns, attnum)) >= 0)
		appendStringInfo(sql, "%s%s",
						 sql->data[sql->len - 1] == '(' ? "" : ", ",
						 ingest_stage_quoted(stage, attnum));
}

/* Values, cast where they are text: the type's length is checked later. */
static void
ingest_stage_append_values(const Stage *stage, StringInfo sql)
{
	TupleDesc	desc = RelationGetDescr(stage->target->rel);
	int			attnum = -1;
	const char *separator = "";

	while ((attnum = bms_next_member(stage->used, attnum)) >= 0)
	{
		Oid			type = TupleDescAttr(desc, attnum - 1)->atttypid;

		appendStringInfo(sql, "%s%s", separator,
						 ingest_stage_quoted(stage, attnum));
		if (ingest_stage_row_type(stage, attnum) != type)
			appendStringInfo(sql, "::%s",
							 format_type_extended(type, -1,
												  FORMAT_TYPE_TYPEMOD_GIVEN |
												  FORMAT_TYPE_FORCE_QUALIFY));
		separator = ", ";
	}
}

/* Can old and new value be compared, so that equal ones are left alone? */
static bool
ingest_stage_comparable(const Stage *stage, const Bitmapset *fields)
{
	TupleDesc	desc = RelationGetDescr(stage->target->rel);
	int			attnum = -1;

	while ((attnum = bms_next_member(fields, attnum)) >= 0)
		if (!OidIsValid(lookup_type_cache(TupleDescAttr(desc, attnum - 1)->atttypid,
										  TYPECACHE_EQ_OPR)->eq_opr))
			return false;
	return true;
}

/* A point that is there gets the fields that the new one has. */
static void
ingest_stage_append_conflict(const Stage *stage, StringInfo sql)
{
	Bitmapset  *fields = bms_difference(stage->used, stage->target->key);
	int			attnum = -1;
	const char *separator = "";

	appendStringInfoString(sql, " ON CONFLICT (");
	ingest_stage_append_names(stage, stage->target->key, sql);
	if (bms_is_empty(fields))
	{
		appendStringInfoString(sql, ") DO NOTHING");
		return;
	}
	appendStringInfoString(sql, ") DO UPDATE SET ");
	while ((attnum = bms_next_member(fields, attnum)) >= 0)
	{
		const char *name = ingest_stage_quoted(stage, attnum);

		appendStringInfo(sql, "%s%s = COALESCE(excluded.%s, t.%s)",
						 separator, name, name, name);
		separator = ", ";
	}
	if (!ingest_stage_comparable(stage, fields))
		return;
	separator = " WHERE";
	attnum = -1;
	while ((attnum = bms_next_member(fields, attnum)) >= 0)
	{
		const char *name = ingest_stage_quoted(stage, attnum);

		appendStringInfo(sql, "%s t.%s IS DISTINCT FROM COALESCE(excluded.%s, t.%s)",
						 separator, name, name, name);
		separator = " OR";
	}
}

static char *
ingest_stage_statement(const Stage *stage)
{
	Relation	rel = stage->target->rel;
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "INSERT INTO %s AS t (",
					 quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
												RelationGetRelationName(rel)));
	ingest_stage_append_names(stage, stage->used, &sql);
	appendStringInfoString(&sql, ") SELECT ");
	ingest_stage_append_values(stage, &sql);
	appendStringInfoString(&sql, " FROM " STAGE_NAME);
	if (stage->target->key != NULL)
		ingest_stage_append_conflict(stage, &sql);
	return sql.data;
}

/*
 * Deferred constraints are checked here and not at commit, where nobody could
 * tell any more whose line it was.  They may be those of other tables, which
 * triggers write to.
 */
static void
ingest_stage_insert_statement(Stage *stage, int from, int to)
{
	TupleDesc	desc = ingest_stage_row_desc(stage);
	Tuplestorestate *store = ingest_stage_store(stage, desc, from, to);
	char	   *sql = ingest_stage_statement(stage);
	EphemeralNamedRelation enr = palloc0(sizeof(EphemeralNamedRelationData));
	int			result;

	enr->md.name = STAGE_NAME;
	enr->md.tupdesc = desc;
	enr->md.enrtype = ENR_NAMED_TUPLESTORE;
	enr->md.enrtuples = to - from;
	enr->reldata = store;
	SPI_connect();
	SPI_execute("SET CONSTRAINTS ALL IMMEDIATE", false, 0);
	SPI_register_relation(enr);
	result = SPI_execute(sql, false, 0);
	if (result != SPI_OK_INSERT && result != SPI_OK_REWRITTEN)
		elog(ERROR, "could not insert points: %s",
			 SPI_result_code_string(result));
	SPI_finish();
	tuplestore_end(store);
}

void
ingest_stage_insert(Stage *stage, int from, int to)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "rusts ingest insert",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);

	CHECK_FOR_INTERRUPTS();
	if (stage->target->plain && !stage->as_statement)
		ingest_stage_insert_plain(stage, from, to);
	else
		ingest_stage_insert_statement(stage, from, to);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

void
ingest_stage_end(Stage *stage)
{
	int			i;

	if (stage->slots == NULL)
		return;
	table_finish_bulk_insert(stage->target->rel, 0);
	for (i = 0; i < stage->room; i++)
		if (stage->slots[i] != NULL)
			ExecDropSingleTupleTableSlot(stage->slots[i]);
	stage->slots = NULL;
}
