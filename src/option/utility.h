/*
 * utility.h
 *	  DDL on rusts tables.
 */
#ifndef RUSTS_UTILITY_H
#define RUSTS_UTILITY_H

#include "option/ddlframe.h"
#include "tcop/utility.h"

/*
 * The arguments of ProcessUtility, to pass them on as one, and what runs the
 * statement in the end.  The frame is utility_process's.
 */
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
	ProcessUtility_hook_type next;
	DdlFrame	frame;
} UtilityCall;

/* Is a statement under way that makes a table of a query's rows? */
extern bool utility_makes_table;

extern void utility_init(void);
/* Run a statement, and see to its parameters and to what it changes. */
extern void utility_process(UtilityCall *call);

/*
 * Should the table that is being created get segment storage (a TOAST
 * relation) although nothing about its columns asks for it?  Set for the
 * length of a statement.
 */
extern bool utility_storage_wanted;

#endif							/* RUSTS_UTILITY_H */
