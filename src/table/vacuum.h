/*
 * vacuum.h
 *	  VACUUM of a rusts table.
 */
#ifndef RUSTS_VACUUM_H
#define RUSTS_VACUUM_H

#include "storage/bufmgr.h"
#include "utils/rel.h"

struct VacuumParams;

extern void vacuum_relation(Relation rel, struct VacuumParams *params,
							BufferAccessStrategy bstrategy);

#endif							/* RUSTS_VACUUM_H */
