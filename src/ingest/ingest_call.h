/*
 * ingest_call.h
 *	  An HTTP request, from its headers to the last byte of its answer.
 */
#ifndef RUSTS_INGEST_CALL_H
#define RUSTS_INGEST_CALL_H

#include <microhttpd.h>

#include "ingest/ingest_body.h"
#include "ingest/ingest_connection.h"
#include "ingest/ingest_reply.h"
#include "ingest/ingest_request.h"

/* What it is about. */
typedef enum CallKind
{
	CALL_NOTHING,				/* no such path */
	CALL_WRITE,
	CALL_QUERY,
	CALL_PING,
	CALL_HEALTH,
	CALL_METRICS
} CallKind;

/*
 *	COMING -> WAITING -> ANSWERED	a write, a query
 *	COMING -------------> ANSWERED	all others, and refusals
 *
 * While it waits, the library does not look at its connection (suspended).
 */
typedef enum CallState
{
	CALL_COMING,				/* body not yet whole */
	CALL_WAITING,				/* for the database */
	CALL_ANSWERED				/* the library has the answer */
} CallState;

typedef struct HttpCall
{
	WriteRequest write;			/* of CALL_WRITE */
	CallKind	kind;
	CallState	state;
	RequestApi	api;
	Oid			role;
	bool		post;
	bool		has_body;
	IngestBody	body;
	IngestReply reply;			/* when decided on */
	struct MHD_Connection *mhd;
	HttpConnection *connection;
	struct QueryCall *query;	/* of CALL_QUERY, once it has been started */
} HttpCall;

/* An argument of the URL, or NULL. */
static inline const char *
call_argument(const HttpCall *call, const char *name)
{
	return MHD_lookup_connection_value(call->mhd, MHD_GET_ARGUMENT_KIND, name);
}

static inline const char *
call_header(const HttpCall *call, const char *name)
{
	return MHD_lookup_connection_value(call->mhd, MHD_HEADER_KIND, name);
}

#endif							/* RUSTS_INGEST_CALL_H */
