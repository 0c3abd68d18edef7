/*
 * zone_map.h
 *	  Per block and column: NULLs, minimum, maximum, sum.
 */
#ifndef RUSTS_ZONE_MAP_H
#define RUSTS_ZONE_MAP_H

#include "segment/column_encode.h"

/* Zone map of a column under construction; also its totals. */
typedef struct ZoneMap
{
	uint32		n;				/* blocks so far */
	bool		has_minmax;
	bool		has_sum;
	bool		is_float;
	int64	   *null_count;
	int64	   *min;			/* int64, or the bits of doubles */
	int64	   *max;
	int64	   *sum;
	uint32		total_nulls;
	int64		total_min;
	int64		total_max;
	int64		total_sum;
	bool		any;			/* some value was not NULL */
} ZoneMap;

extern void zone_map_begin(ZoneMap *zone, const ColumnPiece *piece,
						   uint32 nblocks);
extern void zone_map_add(ZoneMap *zone, const ColumnPiece *piece);
extern void zone_map_put(ZoneMap *zone, PackedBuffer *buffer);

#endif							/* RUSTS_ZONE_MAP_H */
