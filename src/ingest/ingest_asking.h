/*
 * ingest_asking.h
 *	  Queries over HTTP: between the library and those who run them.
 */
#ifndef RUSTS_INGEST_ASKING_H
#define RUSTS_INGEST_ASKING_H

#include "ingest/ingest_call.h"

/*
 * The request is whole: start it.  Later, when it need not wait any more: go
 * on.  Both either set the call's reply, or have queued an answer of their
 * own, or have the connection wait.
 */
extern enum MHD_Result ingest_asking_begin(HttpCall *call);
extern enum MHD_Result ingest_asking_go_on(HttpCall *call);

/* The request is over, one way or the other. */
extern void ingest_asking_end(HttpCall *call);

/* Something may have come for those that wait: have the library ask. */
extern void ingest_asking_wake(void);

/* Now and then: stop those whose clients have gone. */
extern void ingest_asking_tend(void);

/* Stop all. */
extern void ingest_asking_stop(void);

extern int	ingest_asking_count(void);

#endif							/* RUSTS_INGEST_ASKING_H */
