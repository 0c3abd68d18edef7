/*
 * ingest_stream.h
 *	  Line protocol over plain TCP.
 */
#ifndef RUSTS_INGEST_STREAM_H
#define RUSTS_INGEST_STREAM_H

#include "ingest/ingest_request.h"

/* Open the port, unless it is open.  All lines are written as this role. */
extern bool ingest_stream_open(Oid role);

/* No new clients; and those that are there have been heard. */
extern void ingest_stream_close(void);

extern void ingest_stream_answered(WriteRequest *write);

/* Now and then: what is to be tried again, who has taken too long. */
extern void ingest_stream_tend(void);

extern int	ingest_stream_count(void);

#endif							/* RUSTS_INGEST_STREAM_H */
