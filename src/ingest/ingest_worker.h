/*
 * ingest_worker.h
 *	  The process that listens for line protocol.
 */
#ifndef RUSTS_INGEST_WORKER_H
#define RUSTS_INGEST_WORKER_H

/* Called from _PG_init while libraries are preloaded. */
extern void ingest_worker_register(void);

#endif							/* RUSTS_INGEST_WORKER_H */
