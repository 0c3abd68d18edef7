/*
 * utility.c
 *	  DDL on rusts tables.
 *
 * PostgreSQL validates storage parameters against a list of its own, in which
 * a table access method has no say.  So "rusts.*" parameters are taken out of
 * a statement before the server looks at it, and put into pg_class.reloptions
 * while it runs: other extensions' hooks, which may be run inside of ours,
 * and event triggers read the catalog when the server is done, and must find
 * them there.
 *
 *	CREATE TABLE, CREATE TABLE AS, CREATE MATERIALIZED VIEW
 *		the statement runs without ours, and the relation's row gets them as
 *		soon as the server reports that it is there.
 *	ALTER TABLE ... SET, RESET
 *		the server validates the whole array as merged from old and new, so
 *		ours are also taken out of the catalog.  They go back in, changed,
 *		when it reports that it has dealt with the last SET or RESET.  That is
 *		after columns were added, dropped and altered, and before the table is
 *		rewritten, which reads them.
 *	everything else
 *		is left alone; the parameters follow columns that are renamed or
 *		dropped, however that comes about.
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
#include "commands/tablecmds.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "option/brin.h"
#include "option/ddlframe.h"
#include "option/namelist.h"
#include "option/optionclause.h"
#include "option/optionlist.h"
#include "option/options.h"
#include "option/ours.h"
#include "option/utility.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

bool		utility_makes_table = false;
bool		utility_storage_wanted = false;

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
	call->next(call->pstmt, call->query_string, call->read_only_tree,
			   call->context, call->params, call->query_env, call->dest,
			   call->qc);
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
static List *
utility_extract_create(List **definitions, const char *access_method,
					   RangeVar *relation, bool partitioned)
{
	List	   *parameters = optionclause_extract(definitions, false);

	if (partitioned || !ours_is_method_name(access_method))
		utility_refuse_parameters(relation->relname, partitioned);
	return parameters;
}

/*
 * The access method that a new table is told to use: by its own statement, or
 * by the partitioned table that it is a partition of; NULL for the default.
 */
static const char *
utility_access_method(CreateStmt *create)
{
	HeapTuple	tuple;
	Oid			parent;
	Oid			amoid = InvalidOid;

	if (create->accessMethod != NULL || create->partbound == NULL)
		return create->accessMethod;
	parent = RangeVarGetRelid(linitial_node(RangeVar, create->inhRelations),
							  NoLock, true);
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(parent));
	if (HeapTupleIsValid(tuple))
	{
		amoid = ((Form_pg_class) GETSTRUCT(tuple))->relam;
		ReleaseSysCache(tuple);
	}
	return OidIsValid(amoid) ? get_am_name(amoid) : NULL;
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
		utility_storage_wanted = true;
		AlterTableCreateToastTable(relid, (Datum) 0, AccessExclusiveLock);
		CommandCounterIncrement();
	}
}

/*
 * A relation was created: if it is the statement's own, write its parameters.
 * Its columns are there, its constraints and TOAST relation are not yet.
 */
static void
utility_created(DdlFrame *frame, Oid relid)
{
	Relation	rel;

	if (frame->creating == NULL)
		return;
	CommandCounterIncrement();
	if (get_rel_relkind(relid) != RELKIND_RELATION &&
		get_rel_relkind(relid) != RELKIND_MATVIEW)
		return;
	if (strcmp(get_rel_name(relid), frame->creating) != 0)
		return;
	frame->creating = NULL;
	if (!ours_is_relation(relid))
		return;					/* LIKE a table of ours */
	rel = table_open(relid, NoLock);
	optionlist_write(relid, options_validate(rel, frame->parameters));
	table_close(rel, NoLock);
}

/* Run a statement that creates a relation with these parameters. */
static void
utility_run_create(UtilityCall *call, const RangeVar *relation,
				   List *parameters, const char *access_method)
{
	utility_storage_wanted = access_method != NULL || parameters != NIL;
	if (parameters != NIL)
	{
		call->frame.parameters = parameters;
		call->frame.creating = relation->relname;
	}
	utility_run(call);
}

static void
utility_create(UtilityCall *call)
{
	CreateStmt *create = (CreateStmt *) call->pstmt->utilityStmt;
	const char *access_method = utility_access_method(create);
	List	   *parameters = NIL;

	if (optionclause_has_ours(create->options))
	{
		create = (CreateStmt *) utility_own_tree(call);
		parameters = utility_extract_create(&create->options, access_method,
											create->relation,
											create->partspec != NULL);
	}
	parameters = optionlist_merge(utility_like_parameters(create), parameters);
	utility_run_create(call, create->relation, parameters, access_method);
}

static void
utility_create_as(UtilityCall *call, CreateTableAsStmt *ctas)
{
	List	   *parameters = NIL;

	if (optionclause_has_ours(ctas->into->options))
	{
		ctas = utility_as_ctas(utility_own_tree(call));
		parameters = utility_extract_create(&ctas->into->options,
											ctas->into->accessMethod,
											ctas->into->rel, false);
	}
	utility_run_create(call, ctas->into->rel, parameters,
					   ctas->into->accessMethod);
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

/* Rename or remove a column where the parameters name it. */
static bool
utility_follow_in_list(List *parameters, Oid relid, const char *old_name,
					   const char *new_name)
{
	static const char *const naming[] = {"time", "tags", "encoding"};
	bool		changed = false;
	int			i;

	for (i = 0; i < lengthof(naming); i++)
	{
		DefElem    *parameter = optionlist_find(parameters, naming[i]);

		if (parameter == NULL || parameter->arg == NULL ||
			!utility_follow_column(parameter, old_name, new_name))
			continue;
		changed = true;
		if (new_name == NULL)
			ereport(NOTICE,
					(errmsg("column \"%s\" is removed from parameter \"rusts.%s\" of table \"%s\"",
							old_name, naming[i], get_rel_name(relid))));
	}
	return changed;
}

/* A column has a new name, or is being dropped (NULL). */
static void
utility_renamed(DdlFrame *frame, Oid relid, const char *old_name,
				const char *new_name)
{
	List	   *parameters;

	if (frame->altering == relid && frame->remaining > 0)
	{
		(void) utility_follow_in_list(frame->stored, relid, old_name,
									  new_name);
		return;
	}
	parameters = optionlist_read(relid);
	if (!utility_follow_in_list(parameters, relid, old_name, new_name))
		return;
	CommandCounterIncrement();
	optionlist_write(relid, optionlist_merge(NIL, parameters));
}

/* What an ALTER TABLE says about parameters, and what it says besides. */
typedef struct AlterParts
{
	List	   *rest;			/* other subcommands */
	List	   *options;		/* SET and RESET of the server's parameters */
	List	   *changes;		/* ours; without a value: reset */
	bool		sets_method;
	const char *access_method;	/* of SET ACCESS METHOD; NULL: the default */
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
			if (command->subtype == AT_SetAccessMethod)
			{
				parts->sets_method = true;
				parts->access_method = command->name;
			}
			parts->rest = lappend(parts->rest, command);
			continue;
		}
		definitions = (List *) command->def;
		ours = optionclause_extract(&definitions,
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

/*
 * The server has dealt with a SET or RESET: behind the last one the parameters
 * go back into the catalog, old merged with new.
 */
static void
utility_altered(DdlFrame *frame, Oid relid)
{
	List	   *parameters;
	Relation	rel;

	if (frame->altering != relid || frame->remaining == 0 ||
		--frame->remaining > 0 || !frame->stays_rusts)
		return;
	CommandCounterIncrement();
	parameters = optionlist_merge(frame->stored, frame->changes);
	if (parameters == NIL)
		return;
	rel = table_open(relid, NoLock);
	parameters = options_validate(rel, parameters);
	table_close(rel, NoLock);
	optionlist_write(relid, parameters);
}

/* Does the table use rusts when the statement is done? */
static bool
utility_stays_rusts(Oid relid, AlterParts *parts)
{
	if (!parts->sets_method ||
		get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE)
		return ours_is_relation(relid);
	return ours_is_method_name(parts->access_method);
}

/*
 * Take the parameters out of the catalog, and say when they go back in.  SET
 * and RESET come first of those subcommands that report the table itself as
 * altered, so that counting them is enough.
 */
static void
utility_prepare_alter(DdlFrame *frame, Oid relid, AlterParts *parts)
{
	frame->stored = optionlist_read(relid);
	if (frame->stays_rusts && parts->options == NIL && parts->changes == NIL)
		return;
	frame->altering = relid;
	frame->remaining = list_length(parts->options);
	frame->changes = parts->changes;
	if (frame->stored != NIL)
		optionlist_write(relid, NIL);
}

static void
utility_finish_alter(DdlFrame *frame, Oid relid, AlterParts *parts)
{
	if (!frame->stays_rusts)
	{
		if (frame->stored != NIL)
			ereport(NOTICE,
					(errmsg("storage parameters \"rusts.*\" of table \"%s\" are dropped",
							get_rel_name(relid))));
	}
	else if (parts->sets_method || optionlist_read(relid) != NIL)
		utility_require_toast(relid);
}

/*
 * One command for the server.  Without a SET or RESET of its own parameters it
 * gets one that does nothing.  The lock is no stronger than the rest needs,
 * which ours do not add to: the access method reads parameters anew for each
 * statement.
 */
static void
utility_alter_parameters(UtilityCall *call, AlterTableStmt *alter,
						 AlterParts *parts)
{
	DdlFrame   *frame = &call->frame;
	Oid			relid;

	if (parts->options == NIL && parts->changes != NIL)
		parts->options = list_make1(utility_noop_command());
	alter->cmds = list_concat_copy(parts->options, parts->rest);
	relid = AlterTableLookupRelation(alter,
									 AlterTableGetLockLevel(alter->cmds));
	if (!OidIsValid(relid))
	{
		utility_run(call);		/* says that there is no such table */
		return;
	}
	frame->stays_rusts = utility_stays_rusts(relid, parts);
	if (parts->changes != NIL && !frame->stays_rusts)
		utility_refuse_parameters(alter->relation->relname,
								  get_rel_relkind(relid) ==
								  RELKIND_PARTITIONED_TABLE);
	if (frame->stays_rusts && !ours_is_relation(relid))
		brin_check_conversion(relid);
	utility_prepare_alter(frame, relid, parts);
	utility_run(call);
	utility_finish_alter(frame, relid, parts);
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
		if (optionclause_has_ours((List *) command->def))
			return true;
		parameters = true;
	}
	if (!parameters)
		return false;
	relid = RangeVarGetRelid(alter->relation, NoLock, true);
	return OidIsValid(relid) && ours_is_relation(relid);
}

static void
utility_alter_table(UtilityCall *call)
{
	AlterTableStmt *alter = (AlterTableStmt *) call->pstmt->utilityStmt;
	AlterParts	parts;

	/* where the server refuses to write, it should be the one to say so */
	if (XactReadOnly || RecoveryInProgress() || IsInParallelMode() ||
		!utility_alter_concerns_us(alter))
	{
		utility_run(call);
		return;
	}
	alter = (AlterTableStmt *) utility_own_tree(call);
	utility_split_alter(alter->cmds, &parts);
	utility_alter_parameters(call, alter, &parts);
}

/*
 * A changed type may have made a parameter invalid, which is an error: the
 * same statement can reset it.  Nothing is noted by statements that touch no
 * relation, so those that must not read catalogs here (ROLLBACK) do not.
 */
static void
utility_validate_changed(DdlFrame *frame)
{
	ListCell   *cell;

	if (frame->changed == NIL)
		return;
	CommandCounterIncrement();
	foreach(cell, frame->changed)
	{
		Oid			relid = lfirst_oid(cell);
		List	   *parameters = optionlist_read(relid);
		Relation	rel;

		if (parameters == NIL || !ours_is_relation(relid))
			continue;
		rel = table_open(relid, NoLock);
		(void) options_validate(rel, parameters);
		table_close(rel, NoLock);
	}
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
	{
		if (IsA(statement, IndexStmt))
			brin_check_statement((IndexStmt *) statement);
		utility_run(call);
	}
	utility_validate_changed(&call->frame);
}

void
utility_process(UtilityCall *call)
{
	Node	   *statement = call->pstmt->utilityStmt;
	bool		storage_wanted = utility_storage_wanted;
	bool		makes_table = utility_makes_table;

	utility_storage_wanted = false;
	utility_makes_table = utility_as_ctas(statement) != NULL ||
		IsA(statement, RefreshMatViewStmt);
	ddlframe_push(&call->frame);
	PG_TRY();
	{
		utility_dispatch(call);
	}
	PG_FINALLY();
	{
		ddlframe_pop(&call->frame);
		utility_storage_wanted = storage_wanted;
		utility_makes_table = makes_table;
	}
	PG_END_TRY();
}

void
utility_init(void)
{
	static const DdlActions actions = {
		utility_created, utility_altered, utility_renamed
	};

	ddlframe_init(&actions);
}
