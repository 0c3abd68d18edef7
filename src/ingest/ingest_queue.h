/*
 * ingest_queue.h
 *	  Writes that are whole, until the worker's loop comes to them.
 */
#ifndef RUSTS_INGEST_QUEUE_H
#define RUSTS_INGEST_QUEUE_H

#include "ingest/ingest_request.h"

extern void ingest_queue_add(WriteRequest *request);
extern bool ingest_queue_is_empty(void);

/*
 * Have all of them written, which is the group that commits together, and hand
 * each back with its answer.  What waits for a lock stays in the queue: as
 * long as there is any, come again within some 10 ms.  Outside of transactions.
 */
extern void ingest_queue_write(void (*answered) (WriteRequest *request));

/* Have none of them written: the client should come again. */
extern void ingest_queue_refuse(void (*answered) (WriteRequest *request),
								const char *reason);

#endif							/* RUSTS_INGEST_QUEUE_H */
