/*
 * aggspill.h
 *	  What memory has no room for: on disk, by parts of the hash space.
 */
#ifndef RUSTS_AGGSPILL_H
#define RUSTS_AGGSPILL_H

#include "lib/stringinfo.h"

typedef struct AggSpill AggSpill;

/*
 * A spill lives, with its file, in a context below parent; end it to remove it
 * sooner.  memory: bytes that records may take; the tapes' buffers take up to
 * a quarter of that besides.
 */
extern AggSpill *aggspill_create(MemoryContext parent, Size memory);
extern void aggspill_end(AggSpill *spill);
/* How many parts the hash space is cut into at a time. */
extern int	aggspill_parts(Size memory);

/* Write a record, unless the part at hand cannot be cut further. */
extern bool aggspill_can_put(const AggSpill *spill);
extern void aggspill_put(AggSpill *spill, uint32 hash,
						 const StringInfoData *record);
/* Was anything written since the last aggspill_next? */
extern bool aggspill_has_put(const AggSpill *spill);

/*
 * Go on to the next part.  What is written from now on goes to parts of it, in
 * case it is still too large.  False: there is none left.
 */
extern bool aggspill_next(AggSpill *spill);
extern bool aggspill_is_last(const AggSpill *spill);
/* Is a part being read, rather than the input of the node? */
extern bool aggspill_is_reading(const AggSpill *spill);
/* Get the next record of the part; false: there are no more. */
extern bool aggspill_get(AggSpill *spill, StringInfo record);

/* The size of the file, for EXPLAIN. */
extern int64 aggspill_bytes(const AggSpill *spill);

#endif							/* RUSTS_AGGSPILL_H */
