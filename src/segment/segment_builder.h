/*
 * segment_builder.h
 *	  Rows on their way into segments: column buffers in memory.
 */
#ifndef RUSTS_SEGMENT_BUILDER_H
#define RUSTS_SEGMENT_BUILDER_H

#include "access/tupdesc.h"
#include "segment/segment_spec.h"

/*
 * A builder lives in its own memory context below parent.  desc and spec are
 * copied.  Values are copied (detoasted) on append.
 */
extern SegmentBuilder *segment_builder_create(TupleDesc desc,
											  const SegmentSpec *spec,
											  MemoryContext parent);
extern void segment_builder_destroy(SegmentBuilder *builder);
extern void segment_builder_reset(SegmentBuilder *builder);
extern void segment_builder_append(SegmentBuilder *builder,
								   const Datum *values, const bool *isnull);
extern uint32 segment_builder_rows(SegmentBuilder *builder);
extern Size segment_builder_memory(SegmentBuilder *builder);
/* Rows are at spec.max_rows, or some column cannot take more. */
extern bool segment_builder_full(SegmentBuilder *builder);

/*
 * Rows of a builder, sorted, cut into partitions and ready to write.  Piece p
 * holds rows order[start[p]] .. order[start[p + 1] - 1].
 */
typedef struct SegmentPlan
{
	uint32		nrows;
	uint32	   *order;			/* append position of each row, sorted */
	uint32	   *series;			/* by append position: number of its series */
	int			npieces;
	uint32	   *start;			/* npieces + 1 */
	int64	   *partition;		/* start of each piece's window */
	bool		has_time;
} SegmentPlan;

#endif							/* RUSTS_SEGMENT_BUILDER_H */
