/*
 * ingest_datagram.h
 *	  Line protocol over UDP.
 */
#ifndef RUSTS_INGEST_DATAGRAM_H
#define RUSTS_INGEST_DATAGRAM_H

#include "ingest/ingest_request.h"

/* Open the port, unless it is open.  All lines are written as this role. */
extern bool ingest_datagram_open(Oid role);
extern void ingest_datagram_close(void);

extern void ingest_datagram_answered(WriteRequest *write);

/* Now and then: what is to be tried again. */
extern void ingest_datagram_tend(void);

/* Datagrams that are being written. */
extern int	ingest_datagram_count(void);

#endif							/* RUSTS_INGEST_DATAGRAM_H */
