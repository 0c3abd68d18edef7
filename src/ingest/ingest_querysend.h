/*
 * ingest_querysend.h
 *	  Messages of a query's process to the ingest worker.
 */
#ifndef RUSTS_INGEST_QUERYSEND_H
#define RUSTS_INGEST_QUERYSEND_H

#include "storage/dsm.h"

/* Once in the life of the process; memory: of a shm_mq. */
extern void ingest_querysend_init(dsm_segment *segment, void *memory);

/*
 * Begin a message of a kind (ingest_queryshare.h) with at most
 * QUERYSHARE_PIECE_BYTES.  Either an error is raised and nothing has begun, or
 * the bytes are copied and are going to be sent before any later message.
 */
extern void ingest_querysend_begin(char kind, const char *bytes, Size len);

/* Wait until the receiver has room for all that has begun. */
extern void ingest_querysend_finish(void);

/* The receiver does not listen any more. */
extern bool ingest_querysend_is_in_vain(void);

#endif							/* RUSTS_INGEST_QUERYSEND_H */
