/*
 * ingest_reply.h
 *	  What a client is answered, and how it is put.
 */
#ifndef RUSTS_INGEST_REPLY_H
#define RUSTS_INGEST_REPLY_H

#include <microhttpd.h>

#include "ingest/ingest_request.h"

/* An answer that has been decided on. */
typedef struct IngestReply
{
	int			status;			/* 0: not yet */
	const char *content_type;	/* static; NULL: no body */
	char	   *body;			/* malloc */
	size_t		body_len;
	int			retry_after;	/* seconds; 0: no such header */
	const char *allow;			/* of 405: methods */
	bool		close;			/* the connection, after it */
} IngestReply;

/* An error in the words and the form of the API. */
extern void ingest_reply_set_error(IngestReply *reply, RequestApi api,
								   int status, const char *message);

/* Its text alone, from malloc; NULL: no memory. */
extern char *ingest_reply_error_text(RequestApi api, int status,
									 const char *message);

/* JSON text that somebody else has written; takes it over.  May be NULL. */
extern void ingest_reply_set_json(IngestReply *reply, int status, char *json);

extern void ingest_reply_set_text(IngestReply *reply, int status,
								  const char *content_type, char *text);

/* Hand it to the library; the reply is empty then. */
extern enum MHD_Result ingest_reply_send(struct MHD_Connection *connection,
										 IngestReply *reply, RequestApi api);

/* Headers that each answer has. */
extern void ingest_reply_add_headers(struct MHD_Response *response);

extern void ingest_reply_free(IngestReply *reply);

/* What clients take us for. */
#define INGEST_REPLY_VERSION "1.8.10"

#endif							/* RUSTS_INGEST_REPLY_H */
