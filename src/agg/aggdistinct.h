/*
 * aggdistinct.h
 *	  count(DISTINCT value).
 */
#ifndef RUSTS_AGGDISTINCT_H
#define RUSTS_AGGDISTINCT_H

#include "agg/aggkind.h"
#include "vexpr/aggkeys.h"

/* What an AggFunc of kind AGG_DISTINCT needs. */
extern void aggdistinct_compile(AggFunc *func);
/* Forget all values, and remove the files of those on disk. */
extern void aggdistinct_forget(AggFunc *func);
/* Take the selected values, NULLs among them, that their group has not had. */
extern void aggdistinct_update(AggFunc *func, const Vector *vector,
							   const uint64 *selected,
							   const AggGroups *groups);

/* Bytes that values take in memory. */
extern Size aggdistinct_memory(const AggFunc *func);
/* Put all values to disk; limit: what they may take in memory. */
extern void aggdistinct_spill(AggFunc *func, Size limit);
/* After the last value, before a result: count what is on disk. */
extern void aggdistinct_finish(AggFunc *func, Size limit);
/* Bytes that went to disk, of all groups so far. */
extern int64 aggdistinct_disk(const AggFunc *func);

#endif							/* RUSTS_AGGDISTINCT_H */
