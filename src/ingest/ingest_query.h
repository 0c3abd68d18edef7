/*
 * ingest_query.h
 *	  Queries of HTTP clients: InfluxQL, as far as agents need it, and SQL.
 *
 * All of it is called in an ingest worker, outside of transactions, and raises
 * no errors.
 */
#ifndef RUSTS_INGEST_QUERY_H
#define RUSTS_INGEST_QUERY_H

typedef struct QueryRun QueryRun;

typedef struct QueryAnswer
{
	int			status;
	const char *content_type;
	char	   *body;			/* malloc, or NULL: a stream follows */
	size_t		body_len;
	int			retry_after;	/* seconds; 0: no such header */
} QueryAnswer;

/* Strings may be NULL: not given. */
typedef struct QueryRequest
{
	Oid			role;
	bool		post;
	const char *content_type;	/* of the body */
	const char *accept;
	const char *db;
	const char *q;				/* of the URL or a form */
	const char *format;
	const char *epoch;
	const char *body;
	size_t		body_len;
} QueryRequest;

/*
 * NULL: *answer is complete.  Otherwise a run, whose answer comes by the next
 * two.  The request is not needed any more in either case.
 */
extern QueryRun *ingest_query_start(const QueryRequest *request,
									QueryAnswer *answer);

/*
 * 0: not known yet; the process's latch is set when it is.  1: status and type
 * are in *answer.  If there is a body it is an error, and no stream follows.
 */
extern int	ingest_query_head(QueryRun *run, QueryAnswer *answer);

/*
 * Bytes of the answer that have been copied, at least one; 0: none now, the
 * process's latch is set when there are; -1: that was all; -2: there should be
 * more, and the client must notice that there is not.
 */
extern long ingest_query_read(QueryRun *run, char *buffer, size_t room);

/* Also cancels a run that is not at its end. */
extern void ingest_query_close(QueryRun *run);

#endif							/* RUSTS_INGEST_QUERY_H */
