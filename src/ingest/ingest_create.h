/*
 * ingest_create.h
 *	  Tables and columns for measurements that are new.
 */
#ifndef RUSTS_INGEST_CREATE_H
#define RUSTS_INGEST_CREATE_H

#include "ingest/ingest_pass.h"

/*
 * In a transaction, as the group's role: make what the need says, unless
 * somebody else has.  Raises errors.
 */
extern void ingest_create_needed(Oid schema, const Need *need);

/* The schema of the settings; an error when there is none. */
extern Oid	ingest_create_schema(void);

#endif							/* RUSTS_INGEST_CREATE_H */
