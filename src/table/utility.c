/*
 * utility.c
 *	  DDL on rusts tables: the ProcessUtility hook.
 *
 * PostgreSQL validates storage parameters against a list of its own, in which
 * a table access method has no say.  So "rusts.*" parameters are taken out of
 * a statement before the server looks at it and put into pg_class.reloptions
 * afterwards, in the same command:
 *
 *	CREATE TABLE, CREATE TABLE AS, CREATE MATERIALIZED VIEW
 *		the statement runs without ours, then the new relation's row gets
 *		them.  Until then options_get finds them in the frame (ddlframe.h).
 *	ALTER TABLE ... SET, RESET
 *		the server validates the whole array as merged from old and new, so
 *		ours are also taken out of the catalog for the time of the command.
 *	everything else
 *		is left alone; afterwards the parameters follow columns that were
 *		renamed or dropped, however that came about.
 *
 * An ALTER TABLE that sets parameters among other things is split in two.
 * First the other subcommands, with the parameters in the catalog as they
 * were: a rewrite of the table reads them.  Then the parameters, checked
 * against the columns as they are now.
 *
 * Nothing here commits or catches errors: a failed command leaves no trace
 * because its transaction is rolled back.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_inherits.h"
#include "catalog/toasting.h"
#include "commands/defrem.h"
#include "commands/event_trigger.h"
#include "commands/tablecmds.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "table/ddlframe.h"
#include "table/handler.h"
#include "table/namelist.h"
#include "table/optionlist.h"
#include "table/options.h"
#include "table/utility.h"
#include "tcop/utility.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/* The arguments of a ProcessUtility hook, to pass them on as one. */
typedef struct UtilityCall
{
	PlannedStmt *pstmt;
	const char *query_string;
	bool		read_only_tree;
	ProcessUtilityContext context;
	ParamListInfo params;
	QueryEnvironment *query_env;
	DestReceiver *dest;
	QueryCompletion *qc;
	DdlFrame	frame;
} UtilityCall;

extern Datum rusts_table_handler(PG_FUNCTION_ARGS);

bool		utility_makes_table = false;

static ProcessUtility_hook_type previous_hook = NULL;

/* Is this table access method ours, under whatever name? */
static bool
utility_am_is_rusts(Oid amoid)
{
	HeapTuple	tuple = SearchSysCache1(AMOID, ObjectIdGetDatum(amoid));
	Form_pg_am	form;
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_am) GETSTRUCT(tuple);
	result = form->amtype == AMTYPE_TABLE &&
		GetTableAmRoutine(form->amhandler) == (const TableAmRoutine *)
		DatumGetPointer(DirectFunctionCall1(rusts_table_handler, (Datum) 0));
	ReleaseSysCache(tuple);
	return result;
}

static bool
utility_am_name_is_rusts(const char *name)
{
	Oid			amoid;

	if (name == NULL)
		name = default_table_access_method;
	amoid = get_table_am_oid(name, true);
	return OidIsValid(amoid) && utility_am_is_rusts(amoid);
}

static Oid
utility_relation_am(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			amoid;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	amoid = ((Form_pg_class) GETSTRUCT(tuple))->relam;
	ReleaseSysCache(tuple);
	return amoid;
}

/* Indexes have a relam too; it is not ours, and not a table's. */
static bool
utility_relation_is_rusts(Oid relid)
{
	Oid			amoid = utility_relation_am(relid);

	return OidIsValid(amoid) && amoid != HEAP_TABLE_AM_OID &&
		utility_am_is_rusts(amoid);
}

static void
utility_refuse_parameters(const char *relname, bool partitioned)
{
	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("storage parameters \"rusts.*\" cannot be set for \"%s\"",
					relname),
			 partitioned ?
			 errdetail("A partitioned table holds no rows.") :
			 errdetail("It does not use the table access method rusts."),
			 partitioned ?
			 errhint("Set them on the partitions, which use rusts when created with USING rusts or under default_table_access_method = rusts.") :
			 errhint("Create tables with USING rusts, or convert one with ALTER TABLE ... SET ACCESS METHOD rusts.")));
}

/* Run the statement itself. */
static void
utility_run(UtilityCall *call)
{
	ProcessUtility_hook_type next = previous_hook ? previous_hook :
	standard_ProcessUtility;

	next(call->pstmt, call->query_string, call->read_only_tree, call->context,
		 call->params, call->query_env, call->dest, call->qc);
}

/* The statement, as a copy that may be changed. */
static Node *
utility_own_tree(UtilityCall *call)
{
	if (call->read_only_tree)
	{
		call->pstmt = copyObject(call->pstmt);
		call->read_only_tree = false;
	}
	return call->pstmt->utilityStmt;
}

/*
 * Take our parameters out of a statement that creates a table.  Called with
 * each such statement, so it looks before it copies.
 */
static void
utility_extract_create(UtilityCall *call, List **definitions,
					   const char *access_method, RangeVar *relation,
					   bool partitioned)
{
	call->frame.pending = optionlist_extract(definitions, false);
	if (partitioned || !utility_am_name_is_rusts(access_method))
		utility_refuse_parameters(relation->relname, partitioned);
}

/* The CREATE TABLE AS inside an EXPLAIN, or NULL. */
static CreateTableAsStmt *
utility_explained_ctas(ExplainStmt *explain)
{
	Query	   *query;

	if (!IsA(explain->query, Query))
		return NULL;
	query = (Query *) explain->query;
	if (query->commandType != CMD_UTILITY ||
		!IsA(query->utilityStmt, CreateTableAsStmt))
		return NULL;
	return (CreateTableAsStmt *) query->utilityStmt;
}

static CreateTableAsStmt *
utility_as_ctas(Node *statement)
{
	if (IsA(statement, CreateTableAsStmt))
		return (CreateTableAsStmt *) statement;
	if (IsA(statement, ExplainStmt))
		return utility_explained_ctas((ExplainStmt *) statement);
	return NULL;
}

/* Storage parameters of tables that LIKE ... INCLUDING STORAGE names. */
static List *
utility_like_parameters(CreateStmt *create)
{
	List	   *result = NIL;
	ListCell   *cell;

	foreach(cell, create->tableElts)
	{
		TableLikeClause *like = lfirst(cell);
		Oid			relid;

		if (!IsA(like, TableLikeClause) ||
			!(like->options & CREATE_TABLE_LIKE_STORAGE))
			continue;
		relid = RangeVarGetRelid(like->relation, NoLock, true);
		if (OidIsValid(relid))
			result = optionlist_merge(result, optionlist_read(relid));
	}
	return result;
}

/* A table without TOAST has no place for segments. */
static void
utility_require_toast(Oid relid)
{
	Relation	rel = table_open(relid, NoLock);
	bool		missing = !OidIsValid(rel->rd_rel->reltoastrelid);

	table_close(rel, NoLock);
	if (missing)
	{
		CommandCounterIncrement();
		LockRelationOid(relid, AccessExclusiveLock);
		handler_storage_wanted = true;
		AlterTableCreateToastTable(relid, (Datum) 0, AccessExclusiveLock);
		CommandCounterIncrement();
	}
}

/* Write the parameters of the table that the statement just created. */
static void
utility_finish_create(UtilityCall *call, List *inherited)
{
	List	   *parameters;
	Relation	rel;
	Oid			relid;

	if (call->frame.created == NIL ||
		(call->frame.pending == NIL && inherited == NIL))
		return;
	CommandCounterIncrement();
	relid = linitial_oid(call->frame.created);
	if (!utility_relation_is_rusts(relid))
		return;
	parameters = optionlist_merge(inherited, call->frame.pending);
	rel = table_open(relid, NoLock);
	parameters = options_validate(rel, parameters);
	table_close(rel, NoLock);
	optionlist_write(relid, parameters);
	utility_require_toast(relid);
	call->frame.pending = NIL;
}

static void
utility_create(UtilityCall *call)
{
	CreateStmt *create = (CreateStmt *) call->pstmt->utilityStmt;
	List	   *inherited = NIL;
	List	   *like_source = NIL;
	ListCell   *cell;

	handler_storage_wanted = create->accessMethod != NULL;
	if (optionlist_has_ours(create->options))
	{
		handler_storage_wanted = true;
		create = (CreateStmt *) utility_own_tree(call);
		utility_extract_create(call, &create->options, create->accessMethod,
							   create->relation, create->partspec != NULL);
	}
	/* the server's processing consumes the list of elements */
	foreach(cell, create->tableElts)
	{
		if (IsA(lfirst(cell), TableLikeClause))
			like_source = lappend(like_source, copyObject(lfirst(cell)));
	}
	utility_run(call);
	if (like_source != NIL)
	{
		CreateStmt	copy = *create;

		copy.tableElts = like_source;
		inherited = utility_like_parameters(&copy);
	}
	utility_finish_create(call, inherited);
}

static void
utility_create_as(UtilityCall *call, CreateTableAsStmt *ctas)
{
	handler_storage_wanted = ctas->into->accessMethod != NULL;
	if (optionlist_has_ours(ctas->into->options))
	{
		handler_storage_wanted = true;
		ctas = utility_as_ctas(utility_own_tree(call));
		utility_extract_create(call, &ctas->into->options,
							   ctas->into->accessMethod, ctas->into->rel,
							   false);
	}
	utility_run(call);
	utility_finish_create(call, NIL);
}

/*
 * Let a list of names follow a column that is now called name, or is gone
 * (NULL).  Returns whether the column was in the list.
 */
static bool
utility_follow_column(DefElem *parameter, const char *old_name,
					  const char *name)
{
	bool		pairs = strcmp(parameter->defname, "encoding") == 0;
	bool		found = false;
	List	   *kept = NIL;
	List	   *items;
	ListCell   *cell;

	if (!namelist_parse(strVal(parameter->arg), pairs, &items))
		return false;
	foreach(cell, items)
	{
		NameItem   *item = lfirst(cell);

		if (strcmp(item->name, old_name) == 0)
		{
			found = true;
			if (name == NULL)
				continue;
			item->name = pstrdup(name);
		}
		kept = lappend(kept, item);
	}
	if (found)
		parameter->arg = kept == NIL ? NULL :
			(Node *) makeString(namelist_format(kept));
	return found;
}

/* The name of a column now; NULL when it is dropped. */
static char *
utility_column_name(DdlColumn *column)
{
	HeapTuple	tuple = SearchSysCacheAttNum(column->relid, column->attnum);
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	name = pstrdup(NameStr(((Form_pg_attribute) GETSTRUCT(tuple))->attname));
	ReleaseSysCache(tuple);
	return name;
}

/* A column was altered or dropped: rename or remove it where it is named. */
static bool
utility_follow_in_list(DdlColumn *column, List *parameters)
{
	static const char *const naming[] = {"time", "tags", "encoding"};
	char	   *name = utility_column_name(column);
	bool		changed = false;
	int			i;

	if (name != NULL && strcmp(name, column->name) == 0)
		return false;
	for (i = 0; i < lengthof(naming); i++)
	{
		DefElem    *parameter = optionlist_find(parameters, naming[i]);

		if (parameter == NULL || parameter->arg == NULL ||
			!utility_follow_column(parameter, column->name, name))
			continue;
		changed = true;
		if (name == NULL)
			ereport(NOTICE,
					(errmsg("column \"%s\" is removed from parameter \"rusts.%s\" of table \"%s\"",
							column->name, naming[i],
							get_rel_name(column->relid))));
	}
	return changed;
}

/* Bring parameters in line with the columns that the frame has seen change. */
static void
utility_follow_columns(DdlFrame *frame)
{
	ListCell   *cell;

	foreach(cell, frame->columns)
	{
		DdlColumn  *column = lfirst(cell);
		List	   *parameters;

		if (column->followed)
			continue;
		column->followed = true;
		parameters = optionlist_read(column->relid);
		if (parameters != NIL && utility_follow_in_list(column, parameters))
			optionlist_write(column->relid,
							 optionlist_merge(NIL, parameters));
	}
}

/* What an ALTER TABLE says about parameters, and what it says besides. */
typedef struct AlterParts
{
	List	   *rest;			/* other subcommands */
	List	   *options;		/* SET and RESET of the server's parameters */
	List	   *changes;		/* ours; without a value: reset */
	bool		sets_am;
} AlterParts;

static bool
utility_is_set_or_reset(const AlterTableCmd *command)
{
	return command->subtype == AT_SetRelOptions ||
		command->subtype == AT_ResetRelOptions;
}

static void
utility_split_alter(List *commands, AlterParts *parts)
{
	ListCell   *cell;

	memset(parts, 0, sizeof(AlterParts));
	foreach(cell, commands)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);
		List	   *definitions;
		List	   *ours;
		ListCell   *change;

		if (!utility_is_set_or_reset(command))
		{
			parts->sets_am |= command->subtype == AT_SetAccessMethod;
			parts->rest = lappend(parts->rest, command);
			continue;
		}
		definitions = (List *) command->def;
		ours = optionlist_extract(&definitions,
								  command->subtype == AT_ResetRelOptions);
		command->def = (Node *) definitions;
		if (definitions != NIL)
			parts->options = lappend(parts->options, command);
		foreach(change, ours)
		{
			DefElem    *parameter = lfirst_node(DefElem, change);
			DefElem    *earlier = optionlist_find(parts->changes,
												  parameter->defname);

			if (earlier)
				earlier->arg = parameter->arg;
			else
				parts->changes = lappend(parts->changes, parameter);
		}
	}
}

/*
 * A subcommand that does nothing, in place of a SET of nothing but ours.  An
 * empty SET would do too, but takes an exclusive lock that keeps readers out.
 */
static AlterTableCmd *
utility_noop_command(void)
{
	AlterTableCmd *command = makeNode(AlterTableCmd);

	command->subtype = AT_ResetRelOptions;
	command->def = (Node *) list_make1(makeDefElem(pstrdup("rusts"),
												   NULL, -1));
	return command;
}

/* Parameters that a table cannot have any more go, with a word. */
static void
utility_drop_parameters(Oid relid)
{
	if (optionlist_read(relid) == NIL)
		return;
	ereport(NOTICE,
			(errmsg("storage parameters \"rusts.*\" of table \"%s\" are dropped",
					get_rel_name(relid))));
	optionlist_write(relid, NIL);
}

/* After the other subcommands: the parameters, old merged with new. */
static void
utility_apply_changes(Oid relid, List *stored, List *changes)
{
	List	   *parameters = optionlist_merge(stored, changes);
	Relation	rel;

	if (!utility_relation_is_rusts(relid))
	{
		if (changes != NIL)
			utility_refuse_parameters(get_rel_name(relid),
									  get_rel_relkind(relid) ==
									  RELKIND_PARTITIONED_TABLE);
		return;
	}
	rel = table_open(relid, NoLock);
	parameters = options_validate(rel, parameters);
	table_close(rel, NoLock);
	optionlist_write(relid, parameters);
	if (parameters != NIL)
		utility_require_toast(relid);
}

/*
 * SET and RESET only: one command to the server, with a lock no stronger than
 * the parameters need, which ours do not add to: the access method reads them
 * anew for each statement.
 */
static void
utility_alter_parameters(UtilityCall *call, AlterTableStmt *alter,
						 AlterParts *parts)
{
	List	   *stored;
	Oid			relid;

	alter->cmds = parts->options;
	if (alter->cmds == NIL)
		alter->cmds = list_make1(utility_noop_command());
	relid = AlterTableLookupRelation(alter,
									 AlterTableGetLockLevel(alter->cmds));
	if (!OidIsValid(relid))
	{
		utility_run(call);		/* says that there is no such table */
		return;
	}
	if (!utility_relation_is_rusts(relid))
		utility_refuse_parameters(alter->relation->relname,
								  get_rel_relkind(relid) ==
								  RELKIND_PARTITIONED_TABLE);
	stored = optionlist_read(relid);
	if (stored != NIL)
		optionlist_write(relid, NIL);
	utility_run(call);
	utility_apply_changes(relid, stored, parts->changes);
}

/* After the other subcommands: what SET ACCESS METHOD asks for. */
static void
utility_finish_access_method(Oid relid)
{
	if (utility_relation_is_rusts(relid))
		utility_require_toast(relid);
	else
		utility_drop_parameters(relid);
}

/* Other subcommands first, then parameters if there are any. */
static void
utility_alter_split(UtilityCall *call, AlterTableStmt *alter,
					AlterParts *parts, Oid relid)
{
	List	   *stored;

	alter->cmds = parts->rest;
	utility_run(call);
	if (!OidIsValid(relid))
		return;
	CommandCounterIncrement();
	utility_follow_columns(&call->frame);
	if (parts->sets_am)
		utility_finish_access_method(relid);
	stored = optionlist_read(relid);
	if (parts->options != NIL)
	{
		if (stored != NIL)
			optionlist_write(relid, NIL);
		EventTriggerInhibitCommandCollection();
		AlterTableInternal(relid, parts->options, false);
		EventTriggerUndoInhibitCommandCollection();
		CommandCounterIncrement();
	}
	if (parts->options != NIL || parts->changes != NIL)
		utility_apply_changes(relid, stored, parts->changes);
}

/* Does any subcommand need more than the server does on its own? */
static bool
utility_alter_concerns_us(AlterTableStmt *alter)
{
	bool		parameters = false;
	ListCell   *cell;
	Oid			relid;

	foreach(cell, alter->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);

		if (command->subtype == AT_SetAccessMethod)
			return true;
		if (!utility_is_set_or_reset(command))
			continue;
		if (optionlist_has_ours((List *) command->def))
			return true;
		parameters = true;
	}
	if (!parameters)
		return false;
	relid = RangeVarGetRelid(alter->relation, NoLock, true);
	return OidIsValid(relid) && utility_relation_is_rusts(relid);
}

static void
utility_alter_table(UtilityCall *call)
{
	AlterTableStmt *alter = (AlterTableStmt *) call->pstmt->utilityStmt;
	AlterParts	parts;
	Oid			relid;

	/* where the server refuses to write, it should be the one to say so */
	if (XactReadOnly || RecoveryInProgress() || IsInParallelMode() ||
		!utility_alter_concerns_us(alter))
	{
		utility_run(call);
		return;
	}
	alter = (AlterTableStmt *) utility_own_tree(call);
	utility_split_alter(alter->cmds, &parts);
	if (parts.rest == NIL)
	{
		utility_alter_parameters(call, alter, &parts);
		return;
	}
	alter->cmds = parts.rest;
	relid = AlterTableLookupRelation(alter,
									 AlterTableGetLockLevel(list_concat_copy(parts.rest,
																			 parts.options)));
	utility_alter_split(call, alter, &parts, relid);
}

/*
 * A changed type may have made a parameter invalid, which is an error: the
 * same statement can reset it.
 */
static void
utility_validate_columns(DdlFrame *frame)
{
	List	   *done = NIL;
	ListCell   *cell;

	foreach(cell, frame->columns)
	{
		Oid			relid = ((DdlColumn *) lfirst(cell))->relid;
		List	   *parameters = optionlist_read(relid);
		Relation	rel;

		if (list_member_oid(done, relid) || parameters == NIL ||
			!utility_relation_is_rusts(relid))
			continue;
		done = lappend_oid(done, relid);
		rel = table_open(relid, NoLock);
		(void) options_validate(rel, parameters);
		table_close(rel, NoLock);
	}
}

/*
 * Act on what the frame collected.  Nothing is collected by statements that
 * touch no relation, so those that must not read catalogs here (ROLLBACK)
 * do not.
 */
static void
utility_finish(DdlFrame *frame)
{
	if (frame->columns == NIL)
		return;
	CommandCounterIncrement();
	utility_follow_columns(frame);
	utility_validate_columns(frame);
}

static void
utility_dispatch(UtilityCall *call)
{
	Node	   *statement = call->pstmt->utilityStmt;
	CreateTableAsStmt *ctas = utility_as_ctas(statement);

	if (ctas != NULL)
		utility_create_as(call, ctas);
	else if (IsA(statement, CreateStmt))
		utility_create(call);
	else if (IsA(statement, AlterTableStmt))
		utility_alter_table(call);
	else
		utility_run(call);
	utility_finish(&call->frame);
}

static void
utility_hook(PlannedStmt *pstmt, const char *query_string, bool read_only_tree,
			 ProcessUtilityContext context, ParamListInfo params,
			 QueryEnvironment *query_env, DestReceiver *dest,
			 QueryCompletion *qc)
{
	UtilityCall call = {
		pstmt, query_string, read_only_tree, context, params, query_env, dest,
		qc
	};
	bool		storage_wanted = handler_storage_wanted;
	bool		makes_table = utility_makes_table;

	handler_storage_wanted = false;
	utility_makes_table = utility_as_ctas(pstmt->utilityStmt) != NULL ||
		IsA(pstmt->utilityStmt, RefreshMatViewStmt);
	ddlframe_push(&call.frame);
	PG_TRY();
	{
		utility_dispatch(&call);
	}
	PG_FINALLY();
	{
		ddlframe_pop(&call.frame);
		handler_storage_wanted = storage_wanted;
		utility_makes_table = makes_table;
	}
	PG_END_TRY();
}

void
utility_init(void)
{
	ddlframe_init();
	previous_hook = ProcessUtility_hook;
	ProcessUtility_hook = utility_hook;
}
