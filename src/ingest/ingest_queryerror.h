/*
 * ingest_queryerror.h
 *	  What becomes of an error of a query on its way to the client.
 */
#ifndef RUSTS_INGEST_QUERYERROR_H
#define RUSTS_INGEST_QUERYERROR_H

#include "lib/stringinfo.h"

typedef struct QueryError
{
	int			sqlstate;		/* 0: no error of SQL */
	const char *message;
	const char *detail;			/* NULL: none */
	const char *hint;			/* NULL: none */
} QueryError;

/* The status of the answer.  timed_out: the query took too long. */
extern int	ingest_queryerror_status(int sqlstate, bool timed_out);

/* Seconds until the client may come again; 0: it need not. */
extern int	ingest_queryerror_retry_after(int status);

/* "error":"...","code":"..." and so on, in the encoding of the texts. */
extern void ingest_queryerror_fields(StringInfo out, const QueryError *error);

#endif							/* RUSTS_INGEST_QUERYERROR_H */
