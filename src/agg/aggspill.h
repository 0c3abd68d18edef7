/*
 * aggspill.h
 *	  What memory has no room for: on disk, by parts of the hash space.
 */
#ifndef RUSTS_AGGSPILL_H
#define RUSTS_AGGSPILL_H

#include "lib/stringinfo.h"

typedef struct AggSpill AggSpill;

/*
 * Lives, with its file, below a context; end it to remove it sooner.  memory:
 * what records may take; buffers of tapes take up to a quarter besides.
 */
extern AggSpill *aggspill_create(MemoryContext parent, Size memory);
extern void aggspill_end(AggSpill *spill);
/* Into how many parts what is too much is cut at a time. */
extern int	aggspill_parts(Size memory);

/* Write a record.  Not when the part at hand cannot be cut further. */
extern bool aggspill_can_put(const AggSpill *spill);
extern void aggspill_put(AggSpill *spill, uint32 hash,
						 const StringInfoData *record);
/* Was anything written since the last aggspill_next? */
extern bool aggspill_has_put(const AggSpill *spill);

/*
 * Go on to the next part, to be read and, if it is still too much, cut: what is
 * written from now on goes to parts of it.  False: there is none left.
 */
extern bool aggspill_next(AggSpill *spill);
extern bool aggspill_is_last(const AggSpill *spill);
/* Is there a part being read, rather than what is below the node? */
extern bool aggspill_is_reading(const AggSpill *spill);
/* The next record of the part; false: that was all. */
extern bool aggspill_get(AggSpill *spill, StringInfo record);

/* The size of the file, for EXPLAIN. */
extern int64 aggspill_bytes(const AggSpill *spill);

#endif							/* RUSTS_AGGSPILL_H */
