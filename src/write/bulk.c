/*
 * bulk.c
 *	  Large writes go straight into segments.
 *
 * A command that inserts many rows into a table (COPY, CREATE TABLE AS, a
 * table rewrite, INSERT ... SELECT) sends the first rusts.bulk_rows of them
 * to the heap and buffers the rest, column by column, within
 * rusts.bulk_memory.  A full buffer is sorted and written as segments under
 * the command's xid and command id, so that its rows are visible exactly when
 * heap rows of the same command are.
 *
 * Sorting means that a row's TID is known only when it is written.  So rows
 * are buffered only where nobody can ask for a TID: no index, no AFTER ROW
 * trigger (foreign keys among them), no RETURNING, no ON CONFLICT.  Segments
 * are not decoded, so nobody may be able to decode the table (decodable.c).
 *
 * The buffer is written at the end of the command (finish_bulk_insert or
 * ExecutorFinish), before any scan of the table by its own transaction (a
 * volatile function of the command may look; if it does so often, buffering is
 * given up), and, if something slipped through, before commit and prepare.  It
 * belongs to the subtransaction that inserted its rows: a rollback of that
 * discards it.  A scan from inside a nested subtransaction cannot write it
 * (the rows would roll back with the wrong one) and is refused.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/predicate.h"
#include "utils/memutils.h"

#include "option/settings.h"
#include "segment/segment_builder.h"
#include "segment/segment_sort.h"
#include "segment/segment_write.h"
#include "write/bulk.h"
#include "write/decodable.h"
#include "write/size.h"
#include "write/spec.h"

/* So often a command may look at the few rows it has just buffered. */
#define SMALL_WRITES_MAX 3

/* One table's rows of one command. */
typedef struct BulkState
{
	Oid			relid;
	CommandId	cid;
	SubTransactionId subid;
	bool		eligible;
	bool		undecodable;	/* it has been asked, and nobody can decode */
	bool		frozen;			/* HEAP_INSERT_FROZEN was asked for */
	int64		hot_rows;		/* of this command, before buffering */
	int			small_writes;	/* that were forced by reads of the table */
	SegmentBuilder *builder;	/* NULL until buffering starts */
	Size		memory;			/* of the builder, as counted in bulk_memory */
	struct BulkState *next;
} BulkState;

/* Commands that may buffer although they do not say so at each insert. */
typedef struct BulkCommand
{
	CommandId	cid;
	SubTransactionId subid;
	struct BulkCommand *next;
} BulkCommand;

/* All in TopTransactionContext, gone at the end of the transaction. */
static BulkState *bulk_states = NULL;
static BulkCommand *bulk_commands = NULL;
static Size bulk_memory = 0;	/* of all builders */


/* ---------- which commands and tables ---------- */

/* May rows of this table be buffered at all?  See the file header. */
static bool
bulk_table_eligible(Relation rel, int options)
{
	TriggerDesc *triggers = rel->trigdesc;

	return settings_enable_bulk_write &&
		store_exists(rel) &&
		!rel->rd_rel->relhasindex &&
		(triggers == NULL || !triggers->trig_insert_after_row) &&
		(options & HEAP_INSERT_SPECULATIVE) == 0;
}

static bool
bulk_command_registered(CommandId cid)
{
	BulkCommand *command;

	for (command = bulk_commands; command != NULL; command = command->next)
		if (command->cid == cid &&
			command->subid == GetCurrentSubTransactionId())
			return true;
	return false;
}

static BulkState *
bulk_find(Oid relid, CommandId cid)
{
	BulkState  *state;

	for (state = bulk_states; state != NULL; state = state->next)
		if (state->relid == relid && state->cid == cid &&
			state->subid == GetCurrentSubTransactionId())
			return state;
	return NULL;
}

static BulkState *
bulk_begin(Relation rel, CommandId cid, int options)
{
	BulkState  *state = MemoryContextAllocZero(TopTransactionContext,
											   sizeof(BulkState));

	state->relid = RelationGetRelid(rel);
	state->cid = cid;
	state->subid = GetCurrentSubTransactionId();
	state->eligible = bulk_table_eligible(rel, options);
	state->frozen = (options & HEAP_INSERT_FROZEN) != 0;
	state->next = bulk_states;
	bulk_states = state;
	return state;
}

/* Count what the state's builder takes now. */
static void
bulk_count_memory(BulkState *state)
{
	Size		now = state->builder == NULL ? 0 :
	segment_builder_memory(state->builder);

	bulk_memory += now - state->memory;
	state->memory = now;
}

static void
bulk_drop_buffer(BulkState *state)
{
	if (state->builder != NULL)
		segment_builder_destroy(state->builder);
	state->builder = NULL;
	bulk_count_memory(state);
}

static void
bulk_forget(BulkState *state)
{
	BulkState **link = &bulk_states;

	while (*link != state)
		link = &(*link)->next;
	*link = state->next;
	bulk_drop_buffer(state);
	pfree(state);
}

/* ---------- writing ---------- */

static void
bulk_write_pieces(Relation rel, BulkState *state, SegmentPlan *plan)
{
	Store	   *store = store_open(rel, RowExclusiveLock);
	int			p;

	for (p = 0; p < plan->npieces; p++)
	{
		uint32		rows = plan->start[p + 1] - plan->start[p];
		uint32		first = counter_reserve(store, rowid_blocks(rows));
		SegmentWriter *writer;

		writer = segment_write_piece(state->builder, plan, p, store, first,
									 state->cid);
		segment_write_finish(writer, NULL, 0);
	}
	store_close_keep_locks(store);
}

/* Write the buffered rows and empty the buffer. */
static void
bulk_write(Relation rel, BulkState *state)
{
	MemoryContext context;
	MemoryContext old;
	uint32		rows;

	if (state->builder == NULL || segment_builder_rows(state->builder) == 0)
		return;
	rows = segment_builder_rows(state->builder);
	context = AllocSetContextCreate(CurrentMemoryContext, "rusts bulk write",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	CheckForSerializableConflictIn(rel, NULL, InvalidBlockNumber);
	bulk_write_pieces(rel, state, segment_sort(state->builder));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	segment_builder_reset(state->builder);
	size_invalidate(rel);
	pgstat_count_heap_insert(rel, rows);
}

static void
bulk_write_by_oid(BulkState *state)
{
	Relation	rel;

	if (state->builder == NULL || segment_builder_rows(state->builder) == 0)
		return;
	rel = table_open(state->relid, NoLock);
	bulk_write(rel, state);
	table_close(rel, NoLock);
}

/*
 * A command whose functions or triggers read the table as it is filled gets a
 * segment from each read.  When these are small, the rest goes to the heap.
 */
static void
bulk_give_up(BulkState *state)
{
	state->eligible = false;
	bulk_drop_buffer(state);
}

void
bulk_write_pending(Relation rel)
{
	BulkState  *state;
	uint32		rows;

	for (state = bulk_states; state != NULL; state = state->next)
	{
		if (state->relid != RelationGetRelid(rel) || state->builder == NULL ||
			segment_builder_rows(state->builder) == 0)
			continue;
		if (state->subid != GetCurrentSubTransactionId())
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot read table \"%s\" in a subtransaction of the command that is loading it",
							RelationGetRelationName(rel)),
					 errhint("Set rusts.enable_bulk_write to off for this command.")));
		rows = segment_builder_rows(state->builder);
		bulk_write(rel, state);
		if (rows < settings_bulk_rows &&
			++state->small_writes >= SMALL_WRITES_MAX)
			bulk_give_up(state);
	}
}

/* ---------- inserting ---------- */

static void
bulk_start_buffer(Relation rel, BulkState *state)
{
	SegmentSpec spec;

	spec_for_table(rel, &spec);
	spec.frozen = state->frozen;
	state->builder = segment_builder_create(RelationGetDescr(rel), &spec,
											TopTransactionContext);
}

/*
 * All tables of the transaction share the budget (a COPY into a partitioned
 * table fills many buffers): write the largest buffer, and give its memory
 * back unless it is the only one.
 */
static void
bulk_make_room(void)
{
	BulkState  *largest = NULL;
	BulkState  *state;

	for (state = bulk_states; state != NULL; state = state->next)
		if (state->subid == GetCurrentSubTransactionId() &&
			state->builder != NULL &&
			(largest == NULL || state->memory > largest->memory))
			largest = state;
	if (largest == NULL)
		return;
	bulk_write_by_oid(largest);
	if (largest->memory < bulk_memory)
		bulk_drop_buffer(largest);
	bulk_count_memory(largest);
}

static void
bulk_append(Relation rel, BulkState *state, TupleTableSlot *slot)
{
	if (state->builder == NULL)
		bulk_start_buffer(rel, state);
	if (segment_builder_full(state->builder))
		bulk_write(rel, state);
	slot_getallattrs(slot);
	segment_builder_append(state->builder, slot->tts_values,
						   slot->tts_isnull);
	bulk_count_memory(state);
	slot->tts_tableOid = RelationGetRelid(rel);
	ItemPointerSetInvalid(&slot->tts_tid);
	if (bulk_memory > (Size) settings_bulk_memory * 1024)
		bulk_make_room();
}

/*
 * May the rest of the rows be buffered?  Asked when the first of them is there,
 * because the answer costs more than a few rows.
 */
static bool
bulk_may_buffer(Relation rel, BulkState *state)
{
	if (!state->undecodable)
	{
		state->eligible = !decodable_begin_load(rel);
		state->undecodable = state->eligible;
	}
	return state->eligible;
}

int
bulk_offer(Relation rel, TupleTableSlot **slots, int nslots, CommandId cid,
		   int options, bool bulk_command)
{
	BulkState  *state;
	int			hot;
	int			i;

	if (!bulk_command && !bulk_command_registered(cid))
		return nslots;
	state = bulk_find(RelationGetRelid(rel), cid);
	if (state == NULL)
		state = bulk_begin(rel, cid, options);
	if (!state->eligible)
		return nslots;
	hot = Max(0, Min(nslots, settings_bulk_rows - state->hot_rows));
	state->hot_rows += hot;
	if (hot < nslots && !bulk_may_buffer(rel, state))
		return nslots;
	for (i = hot; i < nslots; i++)
		bulk_append(rel, state, slots[i]);
	return hot;
}

void
bulk_finish(Relation rel)
{
	BulkState  *state;
	BulkState  *next;

	for (state = bulk_states; state != NULL; state = next)
	{
		next = state->next;
		if (state->relid != RelationGetRelid(rel) ||
			state->subid != GetCurrentSubTransactionId())
			continue;
		bulk_write(rel, state);
		bulk_forget(state);
	}
}

/* ---------- the executor ---------- */

static bool
bulk_plan_registers(QueryDesc *query)
{
	PlannedStmt *stmt = query->plannedstmt;

	if (query->operation != CMD_INSERT || stmt->hasReturning ||
		!IsA(stmt->planTree, ModifyTable) ||
		((ModifyTable *) stmt->planTree)->onConflictAction != ONCONFLICT_NONE)
		return false;
	return settings_enable_bulk_write;
}

void
bulk_executor_start(QueryDesc *query, int eflags)
{
	if ((eflags & EXEC_FLAG_EXPLAIN_ONLY) == 0 && bulk_plan_registers(query))
	{
		BulkCommand *command = MemoryContextAlloc(TopTransactionContext,
												  sizeof(BulkCommand));

		command->cid = query->estate->es_output_cid;
		command->subid = GetCurrentSubTransactionId();
		command->next = bulk_commands;
		bulk_commands = command;
	}
}

/* A command ends: write and forget what it buffered, in any table. */
static void
bulk_end_command(CommandId cid)
{
	BulkCommand **link = &bulk_commands;
	BulkState  *state;
	BulkState  *next;

	for (state = bulk_states; state != NULL; state = next)
	{
		next = state->next;
		if (state->cid != cid || state->subid != GetCurrentSubTransactionId())
			continue;
		bulk_write_by_oid(state);
		bulk_forget(state);
	}
	while (*link != NULL)
	{
		BulkCommand *command = *link;

		if (command->cid == cid &&
			command->subid == GetCurrentSubTransactionId())
		{
			*link = command->next;
			pfree(command);
		}
		else
			link = &command->next;
	}
}

void
bulk_executor_finish(QueryDesc *query)
{
	if (query->operation == CMD_INSERT &&
		bulk_command_registered(query->estate->es_output_cid))
		bulk_end_command(query->estate->es_output_cid);
}

/* ---------- ends of transactions ---------- */

static void
bulk_xact_callback(XactEvent event, void *arg)
{
	BulkState  *state;

	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			for (state = bulk_states; state != NULL; state = state->next)
				bulk_write_by_oid(state);
			decodable_check_commit();
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
		case XACT_EVENT_ABORT:
			decodable_forget();
			bulk_states = NULL;
			bulk_commands = NULL;
			bulk_memory = 0;
			break;
		case XACT_EVENT_PARALLEL_PRE_COMMIT:
		case XACT_EVENT_PARALLEL_COMMIT:
		case XACT_EVENT_PARALLEL_ABORT:
			break;
	}
}

static void
bulk_subxact_abort(SubTransactionId subid)
{
	BulkCommand **link = &bulk_commands;
	BulkState  *state;
	BulkState  *next;

	for (state = bulk_states; state != NULL; state = next)
	{
		next = state->next;
		if (state->subid == subid)
			bulk_forget(state);
	}
	while (*link != NULL)
	{
		if ((*link)->subid == subid)
			*link = (*link)->next;
		else
			link = &(*link)->next;
	}
}

static void
bulk_subxact_callback(SubXactEvent event, SubTransactionId subid,
					  SubTransactionId parent, void *arg)
{
	BulkState  *state;

	if (event == SUBXACT_EVENT_ABORT_SUB)
		bulk_subxact_abort(subid);
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		for (state = bulk_states; state != NULL; state = state->next)
			if (state->subid == subid)
				state->subid = parent;
}

void
bulk_init(void)
{
	RegisterXactCallback(bulk_xact_callback, NULL);
	RegisterSubXactCallback(bulk_subxact_callback, NULL);
}
