/*
 * optionclause.c
 *	  Storage parameters "rusts.*" in statements.
 *
 * A statement may spell them with the prefix as a namespace,
 * WITH (rusts.tags = 'a'), or, as pg_dump does, with a dot in the name,
 * WITH ("rusts.tags" = 'a').
 */
#include "postgres.h"

#include "commands/defrem.h"
#include "nodes/makefuncs.h"
#include "option/optionclause.h"
#include "option/optionlist.h"
#include "option/options.h"

/* The name behind our prefix, or NULL when the parameter is not ours. */
static const char *
optionclause_our_name(const DefElem *definition)
{
	if (definition->defnamespace != NULL)
		return strcmp(definition->defnamespace, "rusts") == 0 ?
			definition->defname : NULL;
	if (strncmp(definition->defname, OPTIONLIST_PREFIX,
				OPTIONLIST_PREFIX_LEN) == 0)
		return definition->defname + OPTIONLIST_PREFIX_LEN;
	return NULL;
}

bool
optionclause_has_ours(List *definitions)
{
	ListCell   *cell;

	foreach(cell, definitions)
	{
		if (optionclause_our_name(lfirst(cell)) != NULL)
			return true;
	}
	return false;
}

/*
 * The text of a value.  A bare word arrives as the name of a type, and a word
 * that SQL knows as a type, such as time, with the schema of that type; here
 * it is a column.
 */
static char *
optionclause_value(DefElem *definition)
{
	if (IsA(definition->arg, TypeName))
	{
		TypeName   *type = (TypeName *) definition->arg;

		if (list_length(type->names) == 2 &&
			strcmp(strVal(linitial(type->names)), "pg_catalog") == 0)
			return strVal(lsecond(type->names));
	}
	return defGetString(definition);
}

/* Check the parts of one definition that do not depend on the table. */
static DefElem *
optionclause_make(DefElem *definition, const char *name, bool reset)
{
	if (!options_is_name(name))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized parameter \"rusts.%s\"", name),
				 errhint("Parameters of rusts tables are %s.",
						 options_all_names())));
	if (reset && definition->arg != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("RESET must not include values for parameters")));
	if (!reset && definition->arg == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("parameter \"rusts.%s\" requires a value", name)));
	return makeDefElem(pstrdup(name),
					   reset ? NULL :
					   (Node *) makeString(optionclause_value(definition)),
					   definition->location);
}

List *
optionclause_extract(List **definitions, bool reset)
{
	List	   *ours = NIL;
	List	   *others = NIL;
	ListCell   *cell;

	foreach(cell, *definitions)
	{
		DefElem    *definition = lfirst_node(DefElem, cell);
		const char *name = optionclause_our_name(definition);

		if (name == NULL)
		{
			others = lappend(others, definition);
			continue;
		}
		if (optionlist_find(ours, name) != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("parameter \"rusts.%s\" specified more than once",
							name)));
		ours = lappend(ours, optionclause_make(definition, name, reset));
	}
	*definitions = others;
	return ours;
}
