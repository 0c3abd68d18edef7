/*
 * ingest_request.h
 *	  What a client asks for, from its first byte to its answer.
 *
 * A request belongs to the front (ingest_http, ingest_listen) until it is
 * whole, then to the worker's loop, which has it answered, and then to the
 * front again.  Its memory comes from malloc: it outlives transactions, and
 * the library that calls the front does not expect errors that jump.
 */
#ifndef RUSTS_INGEST_REQUEST_H
#define RUSTS_INGEST_REQUEST_H

#include "datatype/timestamp.h"
#include "ingest/ingest_settings.h"
#include "lib/ilist.h"

/* Whose habits the answer follows. */
typedef enum RequestApi
{
	REQUEST_V1,					/* /write, /query */
	REQUEST_V2,					/* /api/v2/write */
	REQUEST_STREAM				/* TCP, UDP: nobody reads an answer */
} RequestApi;

/* Points that somebody wants to write. */
typedef struct WriteRequest
{
	dlist_node	node;			/* in the queue of the worker's loop */
	RequestApi	api;
	Oid			role;			/* who writes */
	IngestWalMode wal_mode;
	int64		unit;			/* of timestamps: nanoseconds */
	char	   *body;			/* from malloc, unpacked */
	size_t		body_len;
	void	   *owner;			/* the front's */

	/* Private to ingest_write; begin with zeroes. */
	TimestampTz first_tried;

	/* The answer, set by ingest_write_run. */
	int			status;			/* 204, 400, ...; 0: not yet */
	char	   *answer;			/* malloc: a JSON text, or NULL: no body */
	int			retry_after;	/* seconds; 0: no such header */
} WriteRequest;

#endif							/* RUSTS_INGEST_REQUEST_H */
