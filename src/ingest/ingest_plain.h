/*
 * ingest_plain.h
 *	  Line protocol without HTTP: TCP and UDP, as one role.
 */
#ifndef RUSTS_INGEST_PLAIN_H
#define RUSTS_INGEST_PLAIN_H

#include "ingest/ingest_request.h"

/* Open the ports, if there is a role to write as; what fails is logged. */
extern void ingest_plain_open(void);

/* Each turn: retries, deadlines, and does the role still exist? */
extern void ingest_plain_tend(void);

extern void ingest_plain_answered(WriteRequest *write);

/* How long it can be left alone, in milliseconds, or most. */
extern long ingest_plain_timeout(long most);

/* The server stops: nothing more is read, nothing tried again. */
extern void ingest_plain_stop(void);

#endif							/* RUSTS_INGEST_PLAIN_H */
