/*
 * ingest_metrics.h
 *	  What all workers count, as Prometheus reads it.
 */
#ifndef RUSTS_INGEST_METRICS_H
#define RUSTS_INGEST_METRICS_H

/* Text exposition format 0.0.4, from malloc; NULL: no memory. */
extern char *ingest_metrics_text(void);

#endif							/* RUSTS_INGEST_METRICS_H */
