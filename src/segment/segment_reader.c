/*
 * segment_reader.c
 *	  Segments, read: open, columns, rows, deletions.
 *
 * A reader belongs to one scan.  It reads the header when it is opened and
 * everything else when somebody asks.  Metadata come from the cache where they
 * can, and are left there.  Memory: per column used one block of Datums, the
 * bytes of one frame or of a few chunks, one frame decompressed; metadata that
 * found no room in the cache.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "segment/column_pieces.h"
#include "segment/packed.h"

/* A column's name for messages; NULL for none. */
static const char *
reader_column_name(SegmentReader *segment, AttrNumber attnum)
{
	if (attnum <= 0)
		return NULL;
	return NameStr(TupleDescAttr(segment->desc, attnum - 1)->attname);
}

void
segment_reader_corrupt(SegmentReader *segment, AttrNumber attnum,
					   const char *what)
{
	store_report_corruption(segment->store, segment->entry.d.first_block,
							reader_column_name(segment, attnum), what);
}

void
segment_reader_bytes(SegmentReader *segment, AttrNumber attnum, uint64 offset,
					 Size len, void *out)
{
	StoreStream stream;

	stream.chunk_id = segment->entry.d.chunk_id;
	stream.length = segment->entry.d.stream_length;
	stream.place = segment->pin.segment == NULL ? &segment->place :
		&segment->pin.segment->place;
	stream.segment = segment->entry.d.first_block;
	stream.column = reader_column_name(segment, attnum);
	store_read(segment->store, &stream, offset, len, out);
}

uint8 *
segment_reader_section(SegmentReader *segment, AttrNumber attnum,
					   const SegmentSectionData *section)
{
	uint64		length = segment->entry.d.stream_length;
	uint8	   *stored;
	uint8	   *raw;

	if (section->offset > length || section->stored > length - section->offset ||
		section->raw > MaxAllocSize ||
		(section->compression == CODEC_COMPRESSION_NONE &&
		 section->raw != section->stored))
		segment_reader_corrupt(segment, attnum, "section lies outside the stream");
	stored = palloc(Max(section->stored, 1));
	segment_reader_bytes(segment, attnum, section->offset, section->stored,
						 stored);
	if (section->compression == CODEC_COMPRESSION_NONE)
		return stored;
	raw = palloc(Max(section->raw, 1));
	if (compress_decode(section->compression, stored, section->stored, raw,
						section->raw) != CODEC_OK)
		segment_reader_corrupt(segment, attnum, "section does not decompress");
	pfree(stored);
	return raw;
}

/* ---------- opening ---------- */

static void
reader_read_header(SegmentReader *segment)
{
	const DirectoryEntryData *d = &segment->entry.d;
	SegmentHeaderData *header = &segment->header;
	char	   *bytes;

	if (d->header_length < sizeof(SegmentHeaderData))
		segment_reader_corrupt(segment, 0, "header is too short");
	bytes = palloc(d->header_length);
	segment_reader_bytes(segment, 0, d->header_offset, d->header_length, bytes);
	memcpy(header, bytes, sizeof(*header));
	if (header->magic != SEGMENT_MAGIC)
		segment_reader_corrupt(segment, 0, "header has the wrong magic number");
	if (header->version != SEGMENT_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("segment has format %u, this version reads %d",
						header->version, SEGMENT_VERSION),
				 errhint("Update rusts.")));
	if (header->rows != d->rows || header->block_rows != CODEC_BLOCK_ROWS ||
		header->series > header->rows ||
		d->header_length != sizeof(*header) +
		header->ncolumns * sizeof(SegmentColumnData))
		segment_reader_corrupt(segment, 0, "header contradicts the directory");
	segment->columns = (SegmentColumnData *) (bytes + sizeof(*header));
}

/* Is a stored column's header possible, and of the type that is wanted? */
static void
reader_check_column(SegmentReader *segment, const SegmentColumnData *data,
					Form_pg_attribute attribute)
{
	uint64		length = segment->entry.d.stream_length;
	bool		known = data->class >= VALUE_INT && data->class <= VALUE_BYTES;

	if (!known || data->null_count > segment->header.rows ||
		data->data_offset > length ||
		data->data_length > length - data->data_offset ||
		data->tag > segment->header.ntags ||
		(data->encoding == CODEC_SERIES && data->tag == 0))
		segment_reader_corrupt(segment, attribute->attnum,
							   "column header is impossible");
	if (data->typlen != attribute->attlen || data->byval != attribute->attbyval)
		segment_reader_corrupt(segment, attribute->attnum,
							   "column was written with another type");
}

static void
reader_attach_columns(SegmentReader *segment)
{
	int			natts = segment->desc->natts;
	int			i;

	segment->readers = palloc0(Max(1, natts) * sizeof(ColumnReader));
	for (i = 0; i < natts; i++)
	{
		ColumnReader *reader = &segment->readers[i];

		reader->segment = segment;
		reader->attnum = i + 1;
		reader->block = -1;
		reader->current_frame = -1;
	}
	for (i = 0; i < segment->header.ncolumns; i++)
	{
		SegmentColumnData *data = &segment->columns[i];
		Form_pg_attribute attribute;

		if (data->attnum < 1 || data->attnum > natts)
			continue;			/* the caller wants fewer columns */
		attribute = TupleDescAttr(segment->desc, data->attnum - 1);
		if (attribute->attisdropped)
			continue;
		reader_check_column(segment, data, attribute);
		segment->readers[data->attnum - 1].present = true;
		segment->readers[data->attnum - 1].stored = i;
		segment->readers[data->attnum - 1].data = *data;
	}
}

/* The header, from the cache or for it. */
static void
reader_load_header(SegmentReader *segment)
{
	const DirectoryEntryData *d = &segment->entry.d;
	CachedSegment *cached;

	if (!segment_cache_find(segment->store, d, segment->context,
							&segment->pin))
	{
		reader_read_header(segment);
		if (!segment_cache_enter(segment->store, d, &segment->header,
								 segment->columns, segment->context,
								 &segment->pin))
			return;
		segment->pin.segment->place = segment->place;
		pfree((char *) segment->columns - sizeof(SegmentHeaderData));
	}
	cached = segment->pin.segment;
	segment->header = cached->header;
	segment->columns = cached->columns;
}

static SegmentReader *
reader_open(Store *store, const DirectoryEntry *entry, TupleDesc desc,
			bool fresh, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent,
												  "rusts segment reader",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	SegmentReader *segment = palloc0(sizeof(SegmentReader));

	segment->context = context;
	segment->store = store;
	segment->entry = *entry;
	segment->desc = desc;
	if (fresh)
	{
		/* each chunk through the index, so that it is verified too */
		segment->place.layout = STORE_APART;
		reader_read_header(segment);
	}
	else
		reader_load_header(segment);
	reader_attach_columns(segment);
	if (entry->d.dead_rows > 0)
	{
		Size		bytes = (entry->d.rows + 7) / 8;

		segment->dead = palloc(bytes);
		segment_reader_bytes(segment, 0, entry->d.dead_offset, bytes,
							 segment->dead);
	}
	MemoryContextSwitchTo(old);
	return segment;
}

SegmentReader *
segment_reader_open(Store *store, const DirectoryEntry *entry, TupleDesc desc,
					bool sequential, MemoryContext parent)
{
	SegmentReader *segment = reader_open(store, entry, desc, false, parent);

	segment->sequential = sequential;
	return segment;
}

SegmentReader *
segment_reader_open_fresh(Store *store, const DirectoryEntry *entry,
						  TupleDesc desc, MemoryContext parent)
{
	SegmentReader *segment = reader_open(store, entry, desc, true, parent);

	segment->sequential = true;
	return segment;
}

MemoryContext
segment_reader_begin_part(SegmentReader *segment)
{
	if (segment->pin.segment == NULL)
		return segment->context;
	return AllocSetContextCreate(segment->context, "rusts segment part",
								 ALLOCSET_SMALL_SIZES);
}

bool
segment_reader_keep_part(SegmentReader *segment, MemoryContext part)
{
	return segment->pin.segment != NULL &&
		segment_cache_keep(segment->pin.segment, part);
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

uint32
segment_reader_series(SegmentReader *reader)
{
	return reader->header.ntags > 0 ? reader->header.series : 0;
}

/* ---------- the series index ---------- */

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
			segment_reader_corrupt(segment, 0, "series runs do not add up");
		row += lengths[i];
	}
	starts[n] = row;
	if (row != segment->header.rows)
		segment_reader_corrupt(segment, 0, "series runs do not add up");
}

/* Read the series index; what is wanted of it goes into part. */
static void
series_read(SegmentReader *segment, MemoryContext part, uint32 **run_start,
			int64 ***run_codes)
{
	uint32		n = segment->header.series;
	int			ntags = segment->header.ntags;
	uint8	   *raw = segment_reader_section(segment, 0,
											 &segment->header.series_index);
	int64	   *lengths = palloc_extended(Max(n, 1) * sizeof(int64),
										  MCXT_ALLOC_HUGE);
	PackedReader reader;
	int			t;

	reader.at = raw;
	reader.left = segment->header.series_index.raw;
	if (n == 0 || packed_get_ints(&reader, lengths, n) != CODEC_OK)
		segment_reader_corrupt(segment, 0, "series index is damaged");
	*run_start = MemoryContextAllocHuge(part, ((Size) n + 1) * sizeof(uint32));
	series_start_runs(segment, lengths, *run_start);
	*run_codes = MemoryContextAlloc(part, Max(1, ntags) * sizeof(int64 *));
	for (t = 0; t < ntags; t++)
	{
		(*run_codes)[t] = MemoryContextAllocHuge(part, n * sizeof(int64));
		if (packed_get_ints(&reader, (*run_codes)[t], n) != CODEC_OK)
			segment_reader_corrupt(segment, 0, "series index is damaged");
	}
	pfree(lengths);
	pfree(raw);
}

void
segment_reader_load_series(SegmentReader *segment)
{
	CachedSegment *cached = segment->pin.segment;
	MemoryContext part;
	uint32	   *run_start;
	int64	  **run_codes;

	if (segment->run_start != NULL)
		return;
	if (cached == NULL || cached->run_start == NULL)
	{
		part = segment_reader_begin_part(segment);
		series_read(segment, part, &run_start, &run_codes);
		if (segment_reader_keep_part(segment, part))
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

/* ---------- deletions ---------- */

bool
segment_reader_row_dead(SegmentReader *reader, uint32 row)
{
	return reader->dead != NULL &&
		(reader->dead[row >> 3] & (1 << (row & 7))) != 0;
}

uint32
segment_reader_find_run(const SegmentReader *segment, uint32 row)
{
	uint32		low = 0;
	uint32		high = segment->header.series;

	while (high - low > 1)
	{
		uint32		mid = low + (high - low) / 2;

		if (segment->run_start[mid] <= row)
			low = mid;
		else
			high = mid;
	}
	return low;
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
	bytes = (segment_reader_block_rows(reader, block) + 7) / 8;
	for (i = 0; i < bytes; i++)
	{
		selected[i / 8] &= ~((uint64) dead[i] << (i % 8 * 8));
		any |= dead[i] != 0;
	}
	return any;
}

/* ---------- values ---------- */

bool
segment_reader_has_codes(SegmentReader *reader, AttrNumber attnum)
{
	const ColumnReader *column = &reader->readers[attnum - 1];

	return column->present && (column->data.encoding == CODEC_DICTIONARY ||
							   column->data.encoding == CODEC_SERIES);
}

void
segment_reader_codes(SegmentReader *reader, AttrNumber attnum, uint32 block,
					 SegmentVector *vector, const Datum **dictionary,
					 uint32 *entries)
{
	ColumnReader *column = &reader->readers[attnum - 1];

	column_read_codes(column, block);
	*vector = column->vector;
	*dictionary = column->dictionary;
	*entries = column->data.dict_entries;
}

void
segment_reader_block(SegmentReader *reader, AttrNumber attnum, uint32 block,
					 SegmentVector *vector)
{
	ColumnReader *column = &reader->readers[attnum - 1];

	column_read_block(column, block);
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
	*isnull = column->vector.isnull != NULL && column->vector.isnull[i];
	return column->vector.values[i];
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
		column_read_dictionary(column);
		if (bound < 0 || bound >= column->data.dict_entries)
			segment_reader_corrupt(column->segment, column->attnum,
								   "code is not in the dictionary");
		return column->dictionary[bound];
	}
	memcpy(&value, &bound, sizeof(value));
	if (column->data.class == VALUE_FLOAT8)
		return Float8GetDatum(value);
	if (column->data.class == VALUE_FLOAT4)
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
