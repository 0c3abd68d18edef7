/*
 * segment_verify.c
 *	  Read a segment whole and hold it against its own metadata.
 *
 * Checksums, lengths and encodings are checked by reading itself, which
 * throws; what is reported here is metadata that contradicts the values, the
 * things that would give a wrong answer rather than an error.
 */
#include "postgres.h"

#include "common/int.h"
#include "miscadmin.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "segment/column_read.h"
#include "segment/segment_verify.h"

typedef struct VerifyState
{
	SegmentReader *segment;
	SegmentReport report;
	void	   *arg;
	AttrNumber	attnum;
} VerifyState;

static void
verify_complain(VerifyState *state, const char *format, uint32 block)
{
	char		message[256];

	snprintf(message, sizeof(message), format, block);
	state->report(state->arg, state->attnum, message);
}

static bool
same_float(double a, double b)
{
	return (isnan(a) && isnan(b)) || a == b;
}

static inline double
float_of(int64 bits)
{
	double		value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static void
verify_float_zone(VerifyState *state, ColumnReader *column, uint32 block)
{
	const ColumnMeta *meta = column->meta;
	double		min = 0;
	double		max = 0;
	double		sum = 0;
	bool		first = true;
	int			i;

	for (i = 0; i < column->vector.n; i++)
	{
		double		value;

		if (column->vector.isnull && column->vector.isnull[i])
			continue;
		value = column->data.kind == VALUE_FLOAT4 ?
			DatumGetFloat4(column->vector.values[i]) :
			DatumGetFloat8(column->vector.values[i]);
		sum += value;
		if (first || float8_lt(value, min))
			min = value;
		if (first || float8_gt(value, max))
			max = value;
		first = false;
	}
	if (!first && (!same_float(min, float_of(meta->min[block])) ||
				   !same_float(max, float_of(meta->max[block])) ||
				   !same_float(sum, float_of(meta->sum[block]))))
		verify_complain(state, "zone map of block %u is wrong", block);
}

static void
verify_int_zone(VerifyState *state, ColumnReader *column, uint32 block)
{
	const ColumnMeta *meta = column->meta;
	int64		min = PG_INT64_MAX;
	int64		max = PG_INT64_MIN;
	int64		sum = 0;
	int			i;

	for (i = 0; i < column->vector.n; i++)
	{
		int64		value = (int64) column->vector.values[i];

		if (column->vector.isnull && column->vector.isnull[i])
			continue;
		min = Min(min, value);
		max = Max(max, value);
		if (meta->sum != NULL && pg_add_s64_overflow(sum, value, &sum))
			break;
	}
	if (min <= max && (min != meta->min[block] || max != meta->max[block] ||
					   (meta->sum != NULL && sum != meta->sum[block])))
		verify_complain(state, "zone map of block %u is wrong", block);
}

static void
verify_block(VerifyState *state, ColumnReader *column, uint32 block)
{
	const ColumnMeta *meta = column->meta;
	int64		nulls = 0;
	int			i;

	if (column->vector.isnull != NULL)
		for (i = 0; i < column->vector.n; i++)
			nulls += column->vector.isnull[i];
	if (nulls != meta->null_count[block])
		verify_complain(state, "null count of block %u is wrong", block);
	if (meta->min == NULL || column->data.encoding == CODEC_DICTIONARY)
		return;
	if (column->data.flags & COLUMN_ZONE_FLOAT)
		verify_float_zone(state, column, block);
	else
		verify_int_zone(state, column, block);
}

/* Both ways to decode a block must agree; leaves it in row order. */
static void
verify_orders(VerifyState *state, ColumnReader *column, uint32 block)
{
	Datum		unordered[CODEC_BLOCK_ROWS];
	SegmentVector vector;
	bool		same = true;
	int			row;

	if (!segment_reader_block_unordered(state->segment, column->attnum, block,
										&vector))
	{
		column_read_block(column, block);
		return;
	}
	memcpy(unordered, vector.values, sizeof(unordered));
	column_read_block(column, block);
	for (row = 0; row < CODEC_BLOCK_ROWS; row++)
		same &= unordered[row % 32 * 32 + row / 32] ==
			column->vector.values[row];
	if (!same)
		verify_complain(state, "block %u decodes in two ways", block);
}

static void
verify_column(VerifyState *state, ColumnReader *column)
{
	uint32		rows = state->segment->header.rows;
	uint32		nblocks = (rows + CODEC_BLOCK_ROWS - 1) / CODEC_BLOCK_ROWS;
	uint64		nulls = 0;
	uint32		b;
	int			i;

	for (b = 0; b < nblocks; b++)
	{
		CHECK_FOR_INTERRUPTS();
		verify_orders(state, column, b);
		if (column->data.encoding != CODEC_SERIES)
			verify_block(state, column, b);
		if (column->vector.isnull != NULL)
			for (i = 0; i < column->vector.n; i++)
				nulls += column->vector.isnull[i];
	}
	if (nulls != column->data.null_count)
		verify_complain(state, "null count of the column is wrong", 0);
}

/* Dictionary entries must be distinct and, where claimed, in order. */
static void
verify_dictionary(VerifyState *state, ColumnReader *column)
{
	Form_pg_attribute attribute = TupleDescAttr(state->segment->desc,
												column->attnum - 1);
	ValueOrder *order;
	uint32		i;

	column_meta_get_dictionary(column);
	if ((column->data.flags & COLUMN_DICT_ORDERED) == 0)
		return;
	order = value_order_create(attribute);
	for (i = 1; i < column->data.dict_entries; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (value_order_compare(order, column->dictionary[i - 1],
								column->dictionary[i]) >= 0)
		{
			verify_complain(state, "dictionary is out of order at entry %u", i);
			break;
		}
	}
}

void
segment_verify(SegmentReader *reader, SegmentReport report, void *arg)
{
	VerifyState state;
	uint32		dead = 0;
	uint32		row;
	int			i;

	state.segment = reader;
	state.report = report;
	state.arg = arg;
	for (i = 0; i < reader->desc->natts; i++)
	{
		ColumnReader *column = &reader->readers[i];

		if (!column->present)
			continue;
		state.attnum = column->attnum;
		verify_column(&state, column);
		if (column->data.encoding == CODEC_SERIES ||
			column->data.encoding == CODEC_DICTIONARY)
			verify_dictionary(&state, column);
	}
	state.attnum = 0;
	for (row = 0; row < reader->header.rows; row++)
		dead += segment_reader_row_dead(reader, row);
	if (dead != directory_entry_dead(&reader->entry))
		verify_complain(&state, "bitmap of dead rows has %u bits set", dead);
}
