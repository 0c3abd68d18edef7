/*
 * ingest_fault.h
 *	  What an error of the server means to a client.
 */
#ifndef RUSTS_INGEST_FAULT_H
#define RUSTS_INGEST_FAULT_H

#include "ingest/ingest_share.h"

typedef enum FaultKind
{
	FAULT_LINE,					/* the values are at fault: 400 */
	FAULT_CONFLICT,				/* with another transaction: again at once */
	FAULT_LATER,				/* a retry heals it: 503 */
	FAULT_SERVER				/* somebody has to look: 500 */
} FaultKind;

extern FaultKind ingest_fault_kind(int sqlstate);
/* Under which heading a line is counted. */
extern IngestReject ingest_fault_reject(int sqlstate);

#endif							/* RUSTS_INGEST_FAULT_H */
