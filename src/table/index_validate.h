/*
 * index_validate.h
 *	  The second pass of CREATE INDEX CONCURRENTLY.
 */
#ifndef RUSTS_INDEX_VALIDATE_H
#define RUSTS_INDEX_VALIDATE_H

#include "access/tableam.h"
#include "nodes/execnodes.h"

/* callback */
extern void index_validate_scan(Relation table, Relation index,
								IndexInfo *info, Snapshot snapshot,
								struct ValidateIndexState *state);

#endif							/* RUSTS_INDEX_VALIDATE_H */
