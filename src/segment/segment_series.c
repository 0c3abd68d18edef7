/*
 * segment_series.c
 *	  The series of an open segment: runs of rows with the same tags.
 *
 * Codes of tags are checked against their dictionaries when the index is read,
 * so that code which uses them need not.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "segment/packed.h"
#include "segment/segment_open.h"
#include "segment/segment_series.h"

/* Turn the lengths of runs into where they start; starts has n + 1. */
static void
series_start_runs(SegmentReader *segment, const int64 *lengths, uint32 *starts)
{
	uint32		n = segment->header.series;
	uint64		row = 0;
	uint32		i;

	for (i = 0; i < n; i++)
	{
		starts[i] = row;
		if (lengths[i] <= 0 || lengths[i] > segment->header.rows - row)
			segment_open_corrupt(segment, 0, "series runs do not add up");
		row += lengths[i];
	}
	starts[n] = row;
	if (row != segment->header.rows)
		segment_open_corrupt(segment, 0, "series runs do not add up");
}

/* Is each code of a tag NULL's, 0, or that of an entry, plus 1? */
static void
check_codes(SegmentReader *segment, int tag, const int64 *codes)
{
	int64		entries = -1;
	uint32		i;

	for (i = 0; i < segment->header.ncolumns; i++)
		if (segment->columns[i].tag == tag + 1)
			entries = segment->columns[i].dict_entries;
	for (i = 0; i < segment->header.series; i++)
		if (codes[i] < 0 || codes[i] > entries)
			segment_open_corrupt(segment, 0,
								   "code is not in the dictionary");
}

/* Read the series index; what is wanted of it goes into part. */
static void
series_read(SegmentReader *segment, MemoryContext part, uint32 **run_start,
			int64 ***run_codes)
{
	uint32		n = segment->header.series;
	int			ntags = segment->header.ntags;
	uint8	   *raw = segment_open_section(segment, 0,
											 &segment->header.series_index);
	int64	   *lengths = palloc_extended(Max(n, 1) * sizeof(int64),
										  MCXT_ALLOC_HUGE);
	PackedReader reader;
	int			t;

	reader.at = raw;
	reader.left = segment->header.series_index.raw;
	if (n == 0 || packed_get_ints(&reader, lengths, n) != CODEC_OK)
		segment_open_corrupt(segment, 0, "series index is damaged");
	*run_start = MemoryContextAllocHuge(part, ((Size) n + 1) * sizeof(uint32));
	series_start_runs(segment, lengths, *run_start);
	*run_codes = MemoryContextAlloc(part, Max(1, ntags) * sizeof(int64 *));
	for (t = 0; t < ntags; t++)
	{
		(*run_codes)[t] = MemoryContextAllocHuge(part, n * sizeof(int64));
		if (packed_get_ints(&reader, (*run_codes)[t], n) != CODEC_OK)
			segment_open_corrupt(segment, 0, "series index is damaged");
		check_codes(segment, t, (*run_codes)[t]);
	}
	pfree(lengths);
	pfree(raw);
}

static void
load_series(SegmentReader *segment)
{
	CachedSegment *cached = segment->pin.segment;
	MemoryContext part;
	uint32	   *run_start;
	int64	  **run_codes;

	if (segment->run_start != NULL)
		return;
	if (cached == NULL || cached->run_start == NULL)
	{
		part = segment_open_begin_part(segment);
		series_read(segment, part, &run_start, &run_codes);
		if (segment_open_keep_part(segment, part))
		{
			cached->run_codes = run_codes;
			cached->run_start = run_start;
		}
	}
	else
	{
		run_codes = cached->run_codes;
		run_start = cached->run_start;
	}
	segment->run_codes = run_codes;
	segment->run_start = run_start;
}

uint32
segment_series_count(const SegmentReader *segment)
{
	return segment->header.ntags > 0 ? segment->header.series : 0;
}

bool
segment_series_is_tag(const SegmentReader *segment, AttrNumber attnum)
{
	const ColumnReader *column = &segment->readers[attnum - 1];

	return column->present && column->data.encoding == CODEC_SERIES;
}

const uint32 *
segment_series_starts(SegmentReader *segment)
{
	load_series(segment);
	return segment->run_start;
}

uint32
segment_series_find_run(SegmentReader *segment, uint32 row)
{
	uint32		low = 0;
	uint32		high = segment->header.series;

	load_series(segment);
	while (high - low > 1)
	{
		uint32		mid = low + (high - low) / 2;

		if (segment->run_start[mid] <= row)
			low = mid;
		else
			high = mid;
	}
	Assert(row < segment->header.rows && segment->run_start[low] <= row &&
		   row < segment->run_start[low + 1]);
	return low;
}
