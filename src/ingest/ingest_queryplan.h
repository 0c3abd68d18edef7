/*
 * ingest_queryplan.h
 *	  The body of a query's request as a statement that is ready to run.
 */
#ifndef RUSTS_INGEST_QUERYPLAN_H
#define RUSTS_INGEST_QUERYPLAN_H

#include "utils/portal.h"

/* What a client asks for, in the server's encoding. */
typedef struct QueryText
{
	char	   *sql;
	int			nparams;
	char	  **params;			/* as input functions take them; NULL: null */
} QueryText;

/* From {"query": "...", "params": [...]}; in CurrentMemoryContext. */
extern QueryText *ingest_queryplan_parse(const char *body, Size len);

/*
 * A portal that has been defined and not started.  Raises an error for what is
 * not one statement that only reads.  In a transaction, with an active
 * snapshot; text must live as long as the portal.
 */
extern Portal ingest_queryplan_portal(const QueryText *text);

#endif							/* RUSTS_INGEST_QUERYPLAN_H */
