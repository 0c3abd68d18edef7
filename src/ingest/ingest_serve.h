/*
 * ingest_serve.h
 *	  HTTP requests: which there are, who may, and what becomes of them.
 */
#ifndef RUSTS_INGEST_SERVE_H
#define RUSTS_INGEST_SERVE_H

#include "ingest/ingest_call.h"

/*
 * The headers have come.  *call is what the request is known by from here on;
 * ingest_serve_end gives it back.
 */
extern enum MHD_Result ingest_serve_begin(struct MHD_Connection *mhd,
										  const char *url, const char *method,
										  HttpCall **call);

/* A piece of the body. */
extern void ingest_serve_add_body(HttpCall *call, const char *data,
								  size_t len);

/* Nothing more comes; or it had to wait and need not any more. */
extern enum MHD_Result ingest_serve_finish(HttpCall *call);

/* The answer has been sent, or the connection is lost. */
extern void ingest_serve_end(HttpCall *call);

/* From the queue. */
extern void ingest_serve_answered(WriteRequest *write);

/* From now on all are refused: the server stops. */
extern void ingest_serve_stop(void);

#endif							/* RUSTS_INGEST_SERVE_H */
