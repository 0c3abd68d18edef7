/*
 * aggdistinct.h
 *	  count(DISTINCT value).
 */
#ifndef RUSTS_AGGDISTINCT_H
#define RUSTS_AGGDISTINCT_H

#include "exec/aggfunc.h"

/* What an AggFunc of kind AGG_DISTINCT needs. */
extern void aggdistinct_compile(AggFunc *func);
/* Forget all values; their memory has been reset. */
extern void aggdistinct_forget(AggFunc *func);
/* Count the selected values, NULLs among them, that their group has not had. */
extern void aggdistinct_update(AggFunc *func, const Vector *vector,
							   const uint64 *selected,
							   const AggGroups *groups);

#endif							/* RUSTS_AGGDISTINCT_H */
