/*
 * zone_map.c
 *	  Per block and column: NULLs, minimum, maximum, sum.
 *
 * Minimum and maximum are kept where the order of the stored number is the
 * order of the type: signed integers and times, floats (NaN above everything,
 * as float8's operators have it), and the codes of an ordered dictionary.
 * Sums are exact for integers or absent; for floats they are the sum in row
 * order.
 */
#include "postgres.h"

#include "common/int.h"
#include "utils/float.h"

#include "segment/zone_map.h"

void
zone_map_begin(ZoneMap *zone, const ColumnPiece *piece, uint32 nblocks)
{
	const ColumnBuffer *column = piece->column;

	memset(zone, 0, sizeof(*zone));
	if (column->mode == COLUMN_CODES)
		zone->has_minmax = value_order_is_sql(column->order);
	else if (column->type.kind == VALUE_INT)
	{
		zone->has_minmax = column->type.ordered;
		zone->has_sum = column->type.summable;
	}
	else if (column->type.kind != VALUE_BYTES)
		zone->has_minmax = zone->has_sum = zone->is_float = true;
	zone->null_count = palloc0(nblocks * sizeof(int64));
	zone->min = palloc0(nblocks * sizeof(int64));
	zone->max = palloc0(nblocks * sizeof(int64));
	zone->sum = palloc0(nblocks * sizeof(int64));
}

static inline int64
float_bits(double value)
{
	int64		bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static inline double
bits_float(int64 bits)
{
	double		value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static inline bool
block_has(const BlockValues *block, int i)
{
	return block->null_count == 0 ||
		(block->bitmap[i >> 3] & (1 << (i & 7))) == 0;
}

/* Filled-in NULLs repeat values of the block, so extremes may count them. */
static void
zone_add_ints(ZoneMap *zone, const BlockValues *block)
{
	int64		min = block->ints[0];
	int64		max = block->ints[0];
	int64		sum = 0;
	int			i;

	for (i = 1; i < block->n; i++)
	{
		min = Min(min, block->ints[i]);
		max = Max(max, block->ints[i]);
	}
	if (zone->has_sum)
		for (i = 0; i < block->n; i++)
			if (block_has(block, i) &&
				pg_add_s64_overflow(sum, block->ints[i], &sum))
			{
				zone->has_sum = false;
				break;
			}
	zone->min[zone->n] = min;
	zone->max[zone->n] = max;
	zone->sum[zone->n] = sum;
	if (zone->has_sum &&
		pg_add_s64_overflow(zone->total_sum, sum, &zone->total_sum))
		zone->has_sum = false;
	zone->total_min = zone->any ? Min(zone->total_min, min) : min;
	zone->total_max = zone->any ? Max(zone->total_max, max) : max;
}

static void
zone_add_floats(ZoneMap *zone, const ColumnPiece *piece)
{
	const BlockValues *block = piece->block;
	bool		single = piece->column->type.kind == VALUE_FLOAT4;
	double		min = 0;
	double		max = 0;
	double		sum = 0;
	bool		first = true;
	int			i;

	for (i = 0; i < block->n; i++)
	{
		double		value;

		if (!block_has(block, i))
			continue;
		value = single ? (double) block->floats[i] :
			bits_float(block->ints[i]);
		sum += value;
		if (first || float8_lt(value, min))
			min = value;
		if (first || float8_gt(value, max))
			max = value;
		first = false;
	}
	zone->min[zone->n] = float_bits(min);
	zone->max[zone->n] = float_bits(max);
	zone->sum[zone->n] = float_bits(sum);
	if (!zone->any || float8_lt(min, bits_float(zone->total_min)))
		zone->total_min = float_bits(min);
	if (!zone->any || float8_gt(max, bits_float(zone->total_max)))
		zone->total_max = float_bits(max);
	zone->total_sum = float_bits(bits_float(zone->total_sum) + sum);
}

/* Account for the block that was gathered last. */
void
zone_map_add(ZoneMap *zone, const ColumnPiece *piece)
{
	const BlockValues *block = piece->block;

	zone->null_count[zone->n] = block->null_count;
	zone->total_nulls += block->null_count;
	if (block->null_count < block->n && zone->has_minmax)
	{
		if (zone->is_float)
			zone_add_floats(zone, piece);
		else
			zone_add_ints(zone, block);
		zone->any = true;
	}
	zone->n++;
}

void
zone_map_put(ZoneMap *zone, PackedBuffer *buffer)
{
	packed_put_ints(buffer, zone->null_count, zone->n);
	if (!zone->has_minmax)
		return;
	if (zone->is_float)
	{
		packed_put_floats(buffer, (double *) zone->min, zone->n);
		packed_put_floats(buffer, (double *) zone->max, zone->n);
		packed_put_floats(buffer, (double *) zone->sum, zone->n);
		return;
	}
	packed_put_ints(buffer, zone->min, zone->n);
	packed_put_ints(buffer, zone->max, zone->n);
	if (zone->has_sum)
		packed_put_ints(buffer, zone->sum, zone->n);
}
