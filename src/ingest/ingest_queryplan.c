/*
 * ingest_queryplan.c
 *	  The body of a query's request as a statement that is ready to run.
 *
 * Parameters are values to the parser and never part of the statement's text.
 * It infers their types from where they stand, as it does for PREPARE.
 */
#include "postgres.h"

#include "ingest/ingest_queryplan.h"
#include "mb/pg_wchar.h"
#include "nodes/params.h"
#include "nodes/parsenodes.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"

#define QUERYPLAN_MAX_PARAMS 65535	/* as in PostgreSQL's protocol */

/* ---------- the body ---------- */

static void
ingest_queryplan_refuse_body(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the request is not a query"),
			 errdetail_internal("%s", detail),
			 errhint("Send {\"query\": \"SELECT ... WHERE a = $1\", \"params\": [1]}.")));
}

/* A value as an input function takes it. */
static char *
ingest_queryplan_param(JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNull:
			return NULL;
		case jbvString:
			return pnstrdup(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			return DatumGetCString(DirectFunctionCall1(numeric_out,
													   NumericGetDatum(value->val.numeric)));
		case jbvBool:
			return pstrdup(value->val.boolean ? "true" : "false");
		case jbvBinary:
			return JsonbToCString(NULL, value->val.binary.data,
								  value->val.binary.len);
		default:
			elog(ERROR, "unexpected kind of JSON value: %d",
				 (int) value->type);
			return NULL;
	}
}

/* The i-th of an array, from 0, or of an object with keys "1", "2", ... */
static JsonbValue *
ingest_queryplan_element(JsonbContainer *container, int i)
{
	char		key[16];

	if (JsonContainerIsArray(container))
		return getIthJsonbValueFromContainer(container, i);
	snprintf(key, sizeof(key), "%d", i + 1);
	return getKeyJsonValueFromContainer(container, key, strlen(key), NULL);
}

static void
ingest_queryplan_parse_params(JsonbValue *value, QueryText *text)
{
	JsonbContainer *container;
	int			i;

	if (value->type != jbvBinary)
		ingest_queryplan_refuse_body("\"params\" is not an array.");
	container = value->val.binary.data;
	text->nparams = JsonContainerSize(container);
	if (text->nparams > QUERYPLAN_MAX_PARAMS)
		ingest_queryplan_refuse_body("There are too many parameters.");
	text->params = palloc0(sizeof(char *) * Max(text->nparams, 1));
	for (i = 0; i < text->nparams; i++)
	{
		JsonbValue *element = ingest_queryplan_element(container, i);

		if (element == NULL)
			ingest_queryplan_refuse_body("Keys of \"params\" are not \"1\", \"2\" and so on.");
		text->params[i] = ingest_queryplan_param(element);
	}
}

static bool
ingest_queryplan_is_key(const JsonbValue *value, const char *key)
{
	return value->val.string.len == strlen(key) &&
		memcmp(value->val.string.val, key, strlen(key)) == 0;
}

/* A key that is misspelt would be a query without parameters. */
static void
ingest_queryplan_check_keys(JsonbContainer *object)
{
	JsonbIterator *iterator = JsonbIteratorInit(object);
	JsonbValue	value;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY &&
			!ingest_queryplan_is_key(&value, "query") &&
			!ingest_queryplan_is_key(&value, "params"))
			ingest_queryplan_refuse_body("Its keys are \"query\" and \"params\".");
	}
}

QueryText *
ingest_queryplan_parse(const char *body, Size len)
{
	QueryText  *text = palloc0(sizeof(QueryText));
	char	   *json = pnstrdup(body, len);
	JsonbContainer *object;
	JsonbValue *value;

	/* pnstrdup has stopped at a zero byte, of which JSON has none */
	if (strlen(json) != len)
		ingest_queryplan_refuse_body("There is a zero byte in it.");
	json = pg_any_to_server(json, (int) len, PG_UTF8);
	object = &DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
												 CStringGetDatum(json)))->root;
	if (!JsonContainerIsObject(object))
		ingest_queryplan_refuse_body("It is not a JSON object.");
	ingest_queryplan_check_keys(object);
	value = getKeyJsonValueFromContainer(object, "query", strlen("query"),
										 NULL);
	if (value == NULL || value->type != jbvString)
		ingest_queryplan_refuse_body("\"query\" is not a string.");
	text->sql = pnstrdup(value->val.string.val, value->val.string.len);
	value = getKeyJsonValueFromContainer(object, "params", strlen("params"),
										 NULL);
	if (value != NULL && value->type != jbvNull)
		ingest_queryplan_parse_params(value, text);
	return text;
}

/* ---------- the statement ---------- */

/* SELECT, VALUES, TABLE, WITH ... SELECT, and no SELECT INTO. */
static bool
ingest_queryplan_is_select(Node *node)
{
	SelectStmt *select;

	if (!IsA(node, SelectStmt))
		return false;
	/* of UNION and the like, the leftmost has INTO */
	for (select = (SelectStmt *) node; select->op != SETOP_NONE;)
		select = select->larg;
	return select->intoClause == NULL;
}

static bool
ingest_queryplan_only_reads(Node *node)
{
	if (IsA(node, ExplainStmt))
		return ingest_queryplan_is_select(((ExplainStmt *) node)->query);
	return IsA(node, VariableShowStmt) || ingest_queryplan_is_select(node);
}

/* What it says it does; what it does in truth the transaction sees to. */
static RawStmt *
ingest_queryplan_statement(const char *sql)
{
	List	   *statements = pg_parse_query(sql);
	RawStmt    *statement;

	if (list_length(statements) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("a query is one statement"),
				 errdetail("There are %d.", list_length(statements))));
	statement = linitial_node(RawStmt, statements);
	if (!ingest_queryplan_only_reads(statement->stmt))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s is not a query that only reads",
						GetCommandTagName(CreateCommandTag(statement->stmt))),
				 errhint("Use SELECT without INTO, VALUES, TABLE, WITH, SHOW, or EXPLAIN of a SELECT.")));
	return statement;
}

static ParamListInfo
ingest_queryplan_bind(const QueryText *text, const Oid *types, int ntypes)
{
	ParamListInfo list;
	int			i;

	if (ntypes != text->nparams)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_PARAMETER),
				 errmsg("the query has %d parameters, and %d are given",
						ntypes, text->nparams)));
	if (ntypes == 0)
		return NULL;
	list = makeParamList(ntypes);
	for (i = 0; i < ntypes; i++)
	{
		ParamExternData *param = &list->params[i];
		Oid			input;
		Oid			io_param;

		getTypeInputInfo(types[i], &input, &io_param);
		param->value = OidInputFunctionCall(input, text->params[i], io_param,
											-1);
		param->isnull = text->params[i] == NULL;
		/* the plan is for these values */
		param->pflags = PARAM_FLAG_CONST;
		param->ptype = types[i];
	}
	return list;
}

Portal
ingest_queryplan_portal(const QueryText *text)
{
	RawStmt    *statement = ingest_queryplan_statement(text->sql);
	Oid		   *types = NULL;
	int			ntypes = 0;
	List	   *queries;
	List	   *plans;
	ParamListInfo params;
	Portal		portal;

	queries = pg_analyze_and_rewrite_varparams(statement, text->sql, &types,
											   &ntypes, NULL);
	params = ingest_queryplan_bind(text, types, ntypes);
	plans = pg_plan_queries(queries, text->sql, CURSOR_OPT_PARALLEL_OK,
							params);
	portal = CreatePortal("", true, true);
	portal->visible = false;
	PortalDefineQuery(portal, NULL, text->sql,
					  CreateCommandTag(statement->stmt), plans, NULL);
	portal->portalParams = params;
	return portal;
}
