/*
 * aggupdate.h
 *	  Rows of a batch into states.
 */
#ifndef RUSTS_AGGUPDATE_H
#define RUSTS_AGGUPDATE_H

#include "agg/aggkind.h"
#include "vexpr/aggkeys.h"

/* Add the selected rows of a batch, whose groups are known. */
extern void aggupdate_function(AggFunc *func, Batch *batch,
							   const AggGroups *groups);

#endif							/* RUSTS_AGGUPDATE_H */
