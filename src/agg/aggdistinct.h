/*
 * aggdistinct.h
 *	  count(DISTINCT value).
 */
#ifndef RUSTS_AGGDISTINCT_H
#define RUSTS_AGGDISTINCT_H

#include "agg/aggkind.h"
#include "vexpr/aggkeys.h"

/* Set up what an AggFunc of kind AGG_DISTINCT needs. */
extern void aggdistinct_compile(AggFunc *func);
/* Forget all values, and remove the files of those on disk. */
extern void aggdistinct_forget(AggFunc *func);
/* Count the selected values that their group has not had yet, but no NULLs. */
extern void aggdistinct_update(AggFunc *func, const Vector *vector,
							   const uint64 *selected,
							   const AggGroups *groups);

/* Bytes that values take in memory. */
extern Size aggdistinct_memory(const AggFunc *func);
/* Write all values to disk; limit: bytes that they may take in memory. */
extern void aggdistinct_spill(AggFunc *func, Size limit);
/* Count what is on disk: after the last value, before any result. */
extern void aggdistinct_finish(AggFunc *func, Size limit);
/* Bytes that went to disk so far, for all groups. */
extern int64 aggdistinct_disk(const AggFunc *func);

#endif							/* RUSTS_AGGDISTINCT_H */
