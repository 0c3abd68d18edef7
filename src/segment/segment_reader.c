/*
 * segment_reader.c
 *	  Segments, read: blocks, values, rows, deletions.
 *
 * A reader belongs to one scan.  Memory: per column used one block of Datums, the
 * bytes of one frame or of a few chunks, one frame decompressed; metadata that
 * found no room in the cache.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "segment/column_meta.h"
#include "segment/column_pieces.h"
#include "segment/column_read.h"
#include "segment/segment_reader.h"
#include "segment/segment_series.h"

SegmentReader *
segment_reader_open(Store *store, const DirectoryEntry *entry, TupleDesc desc,
					bool sequential, MemoryContext parent)
{
	SegmentReader *segment = segment_open(store, entry, desc, false, parent);

	segment->sequential = sequential;
	return segment;
}

SegmentReader *
segment_reader_open_fresh(Store *store, const DirectoryEntry *entry,
						  TupleDesc desc, MemoryContext parent)
{
	SegmentReader *segment = segment_open(store, entry, desc, true, parent);

	segment->sequential = true;
	return segment;
}

void
segment_reader_close(SegmentReader *reader)
{
	MemoryContextDelete(reader->context);
}

const DirectoryEntry *
segment_reader_entry(SegmentReader *reader)
{
	return &reader->entry;
}

uint32
segment_reader_rows(SegmentReader *reader)
{
	return reader->header.rows;
}

/* ---------- deletions ---------- */

bool
segment_reader_row_dead(SegmentReader *reader, uint32 row)
{
	return reader->dead != NULL &&
		(reader->dead[row >> 3] & (1 << (row & 7))) != 0;
}

int64
segment_reader_next_live(SegmentReader *reader, int64 row)
{
	while (row < reader->header.rows && segment_reader_row_dead(reader, row))
		row++;
	return row;
}

int64
segment_reader_prev_live(SegmentReader *reader, int64 row)
{
	while (row >= 0 && segment_reader_row_dead(reader, row))
		row--;
	return row;
}

bool
segment_reader_mask_dead(SegmentReader *reader, uint32 block, uint64 *selected)
{
	const uint8 *dead;
	uint32		bytes;
	bool		any = false;
	uint32		i;

	if (reader->dead == NULL)
		return false;
	dead = reader->dead + block * (CODEC_BLOCK_ROWS / 8);
	bytes = (segment_open_block_rows(reader, block) + 7) / 8;
	for (i = 0; i < bytes; i++)
	{
		selected[i / 8] &= ~((uint64) dead[i] << (i % 8 * 8));
		any |= dead[i] != 0;
	}
	return any;
}

/* ---------- zone maps ---------- */

bool
segment_reader_zone(SegmentReader *reader, AttrNumber attnum, uint32 block,
					DirectorySummaryData *zone)
{
	ColumnReader *column = &reader->readers[attnum - 1];
	ColumnMeta *meta;

	if (!column->present || column->data.encoding == CODEC_SERIES)
		return false;
	meta = column_meta_get(column);
	memset(zone, 0, sizeof(*zone));
	zone->attnum = attnum;
	zone->null_count = (uint32) meta->null_count[block];

	/* the zone map of a dictionary column is one of codes */
	if (meta->min == NULL || column->data.encoding == CODEC_DICTIONARY)
		return true;
	zone->flags = SUMMARY_HAS_MINMAX;
	if (meta->sum != NULL)
		zone->flags |= SUMMARY_HAS_SUM;
	if (column->data.flags & COLUMN_ZONE_FLOAT)
		zone->flags |= SUMMARY_IS_FLOAT;
	zone->min = meta->min[block];
	zone->max = meta->max[block];
	if (meta->sum != NULL)
		zone->sum = meta->sum[block];
	return true;
}

/* ---------- values ---------- */

uint32
segment_reader_block_rows(const SegmentReader *reader, uint32 block)
{
	return segment_open_block_rows(reader, block);
}

bool
segment_reader_has_codes(SegmentReader *reader, AttrNumber attnum)
{
	const ColumnReader *column = &reader->readers[attnum - 1];

	return column->present && (column->data.encoding == CODEC_DICTIONARY ||
							   column->data.encoding == CODEC_SERIES);
}

void
segment_reader_codes(SegmentReader *reader, AttrNumber attnum, uint32 block,
					 SegmentVector *vector, SegmentDictionary *dictionary)
{
	ColumnReader *column = &reader->readers[attnum - 1];

	column_read_codes(column, block);
	*vector = column->vector;
	column_meta_give_dictionary(column, dictionary);
}

void
segment_reader_block(SegmentReader *reader, AttrNumber attnum, uint32 block,
					 SegmentVector *vector)
{
	ColumnReader *column = &reader->readers[attnum - 1];

	Assert(attnum >= 1 && attnum <= reader->desc->natts);
	column_read_block(column, block);
	Assert(!column->transposed);
	*vector = column->vector;
}

bool
segment_reader_block_unordered(SegmentReader *reader, AttrNumber attnum,
							   uint32 block, SegmentVector *vector)
{
	ColumnReader *column = &reader->readers[attnum - 1];

	column_read_unordered(column, block);
	*vector = column->vector;
	return column->transposed;
}

bool
segment_reader_by_value(SegmentReader *reader, AttrNumber attnum)
{
	const ColumnReader *column = &reader->readers[attnum - 1];

	return column->present && column->data.encoding == CODEC_BYTES_PIECES;
}

Datum
segment_reader_value(SegmentReader *reader, AttrNumber attnum, uint32 row,
					 bool *isnull)
{
	ColumnReader *column = &reader->readers[attnum - 1];
	uint32		i = row % CODEC_BLOCK_ROWS;

	if (segment_reader_by_value(reader, attnum))
		return column_pieces_read_value(column, row, isnull);
	column_read_block(column, row / CODEC_BLOCK_ROWS);
	Assert(i < column->vector.n);
	*isnull = column->vector.isnull != NULL && column->vector.isnull[i];
	return column->vector.values[i];
}

void
segment_reader_tag(SegmentReader *reader, AttrNumber attnum, SegmentTag *tag)
{
	ColumnReader *column = &reader->readers[attnum - 1];

	if (!segment_series_is_tag(reader, attnum))
		elog(ERROR, "column %d is not a tag", attnum);
	/* the codes are there with the starts */
	(void) segment_series_starts(reader);
	column_meta_get_dictionary(column);
	tag->codes = reader->run_codes[column->data.tag - 1];
	column_meta_give_dictionary(column, &tag->dictionary);
}

HeapTuple
segment_reader_tuple(SegmentReader *reader, uint32 row)
{
	int			natts = reader->desc->natts;
	Datum	   *values = palloc(natts * sizeof(Datum));
	bool	   *isnull = palloc(natts * sizeof(bool));
	HeapTuple	tuple;
	int			i;

	for (i = 0; i < natts; i++)
		values[i] = segment_reader_value(reader, i + 1, row, &isnull[i]);
	tuple = heap_form_tuple(reader->desc, values, isnull);
	HeapTupleHeaderSetXmin(tuple->t_data, reader->entry.xmin);
	HeapTupleHeaderSetCmin(tuple->t_data, FirstCommandId);
	HeapTupleHeaderSetXmax(tuple->t_data, InvalidTransactionId);
	tuple->t_data->t_infomask |= HEAP_XMAX_INVALID;
	rowid_set(&tuple->t_self, reader->entry.d.first_block, row);
	tuple->t_data->t_ctid = tuple->t_self;
	tuple->t_tableOid = reader->store->relid;
	pfree(values);
	pfree(isnull);
	return tuple;
}

/*
 * ALTER TABLE ... ADD COLUMN ... DEFAULT leaves old rows alone and keeps their
 * value in the catalog.
 */
bool
segment_reader_lacks_values(SegmentReader *reader)
{
	int			i;

	for (i = 0; i < reader->desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(reader->desc, i);

		if (!reader->readers[i].present && !attribute->attisdropped &&
			attribute->atthasmissing)
			return true;
	}
	return false;
}

/* ---------- facts ---------- */

/* A bound of a column as a Datum of its type. */
static Datum
column_bound(ColumnReader *column, int64 bound)
{
	double		value;

	if (column->data.encoding == CODEC_DICTIONARY ||
		column->data.encoding == CODEC_SERIES)
	{
		column_meta_get_dictionary(column);
		if (bound < 0 || bound >= column->data.dict_entries)
			segment_open_corrupt(column->segment, column->attnum,
								   "code is not in the dictionary");
		return column->dictionary[bound];
	}
	memcpy(&value, &bound, sizeof(value));
	if (column->data.kind == VALUE_FLOAT8)
		return Float8GetDatum(value);
	if (column->data.kind == VALUE_FLOAT4)
		return Float4GetDatum((float4) value);
	return (Datum) bound;
}

bool
segment_reader_column_info(SegmentReader *reader, int i,
						   SegmentColumnInfo *info)
{
	SegmentColumnData *data;
	ColumnReader *column;

	memset(info, 0, sizeof(*info));
	if (i >= reader->header.ncolumns)
		return false;
	data = &reader->columns[i];
	info->attnum = data->attnum;
	info->typid = data->typid;
	info->encoding = data->encoding;
	info->compression = data->compression;
	info->raw_bytes = data->raw_bytes;
	info->stored_bytes = data->data_length + data->meta.stored +
		data->dict.stored;
	/* The series index serves all tags: count it with the first. */
	if (data->tag == 1)
		info->stored_bytes += reader->header.series_index.stored;
	info->null_count = data->null_count;
	info->entries = data->dict_entries;
	if (data->attnum < 1 || data->attnum > reader->desc->natts)
		return true;
	column = &reader->readers[data->attnum - 1];
	if (column->present && (data->flags & COLUMN_HAS_MINMAX) &&
		data->null_count < reader->header.rows)
	{
		info->has_minmax = true;
		info->min = column_bound(column, data->min);
		info->max = column_bound(column, data->max);
	}
	return true;
}
