/*
 * segment_open.c
 *	  An open segment: its bytes, sections, header, and what to say when they
 *	  are damaged.
 *
 * This is the layer below columns, series and rows, which read what they need
 * through here, when asked.  The header is read at once.  Metadata come from
 * the cache where they can, and are left there.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "segment/segment_open.h"

/* A column's name for messages; NULL for none. */
static const char *
column_name(SegmentReader *segment, AttrNumber attnum)
{
	if (attnum <= 0)
		return NULL;
	return NameStr(TupleDescAttr(segment->desc, attnum - 1)->attname);
}

void
segment_open_corrupt(SegmentReader *segment, AttrNumber attnum,
					   const char *what)
{
	store_report_corruption(segment->store, segment->entry.d.first_block,
							column_name(segment, attnum), what);
}

void
segment_open_bytes(SegmentReader *segment, AttrNumber attnum, uint64 offset,
					 Size len, void *out)
{
	StoreStream stream;

	stream.chunk_id = segment->entry.d.chunk_id;
	stream.length = segment->entry.d.stream_length;
	stream.place = segment->pin.segment == NULL ? &segment->place :
		&segment->pin.segment->place;
	stream.segment = segment->entry.d.first_block;
	stream.column = column_name(segment, attnum);
	store_read(segment->store, &stream, offset, len, out);
}

uint8 *
segment_open_section(SegmentReader *segment, AttrNumber attnum,
					   const SegmentSectionData *section)
{
	uint64		length = segment->entry.d.stream_length;
	uint8	   *stored;
	uint8	   *raw;

	if (section->offset > length || section->stored > length - section->offset ||
		section->raw > MaxAllocSize ||
		(section->compression == CODEC_COMPRESSION_NONE &&
		 section->raw != section->stored))
		segment_open_corrupt(segment, attnum, "section lies outside the stream");
	stored = palloc(Max(section->stored, 1));
	segment_open_bytes(segment, attnum, section->offset, section->stored,
						 stored);
	if (section->compression == CODEC_COMPRESSION_NONE)
		return stored;
	raw = palloc(Max(section->raw, 1));
	if (compress_decode(section->compression, stored, section->stored, raw,
						section->raw) != CODEC_OK)
		segment_open_corrupt(segment, attnum, "section does not decompress");
	pfree(stored);
	return raw;
}

/* ---------- opening ---------- */

static void
read_header(SegmentReader *segment)
{
	const DirectoryEntryData *d = &segment->entry.d;
	SegmentHeaderData *header = &segment->header;
	char	   *bytes;

	if (d->header_length < sizeof(SegmentHeaderData))
		segment_open_corrupt(segment, 0, "header is too short");
	bytes = palloc(d->header_length);
	segment_open_bytes(segment, 0, d->header_offset, d->header_length, bytes);
	memcpy(header, bytes, sizeof(*header));
	if (header->magic != SEGMENT_MAGIC)
		segment_open_corrupt(segment, 0, "header has the wrong magic number");
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
		segment_open_corrupt(segment, 0, "header contradicts the directory");
	segment->columns = (SegmentColumnData *) (bytes + sizeof(*header));
}

/* Is a stored column's header possible, and of the type that is wanted? */
static void
check_column(SegmentReader *segment, const SegmentColumnData *data,
					Form_pg_attribute attribute)
{
	uint64		length = segment->entry.d.stream_length;
	bool		known = data->kind >= VALUE_INT && data->kind <= VALUE_BYTES;

	if (!known || data->null_count > segment->header.rows ||
		data->data_offset > length ||
		data->data_length > length - data->data_offset ||
		data->tag > segment->header.ntags ||
		(data->encoding == CODEC_SERIES && data->tag == 0))
		segment_open_corrupt(segment, attribute->attnum,
							   "column header is impossible");
	if (data->typlen != attribute->attlen || data->byval != attribute->attbyval)
		segment_open_corrupt(segment, attribute->attnum,
							   "column was written with another type");
}

static void
attach_columns(SegmentReader *segment)
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
		check_column(segment, data, attribute);
		segment->readers[data->attnum - 1].present = true;
		segment->readers[data->attnum - 1].stored = i;
		segment->readers[data->attnum - 1].data = *data;
	}
}

/* The header, from the cache or for it. */
static void
load_header(SegmentReader *segment)
{
	const DirectoryEntryData *d = &segment->entry.d;
	CachedSegment *cached;

	if (!segment_cache_find(segment->store, d, segment->context,
							&segment->pin))
	{
		read_header(segment);
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

/* The rows that are not there: born dead, or gone since. */
static void
load_dead(SegmentReader *segment)
{
	const DirectoryEntry *entry = &segment->entry;
	Size		bytes = (entry->d.rows + 7) / 8;
	uint32		i;

	if (directory_entry_dead(entry) == 0)
		return;
	segment->dead = palloc0(bytes);
	if (entry->d.dead_rows > 0)
		segment_open_bytes(segment, 0, entry->d.dead_offset, bytes,
						   segment->dead);
	for (i = 0; i < entry->ngone; i++)
		segment->dead[entry->gone[i] >> 3] |= 1 << (entry->gone[i] & 7);
}

SegmentReader *
segment_open(Store *store, const DirectoryEntry *entry, TupleDesc desc,
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
		read_header(segment);
	}
	else
		load_header(segment);
	attach_columns(segment);
	load_dead(segment);
	MemoryContextSwitchTo(old);
	return segment;
}

MemoryContext
segment_open_begin_part(SegmentReader *segment)
{
	if (segment->pin.segment == NULL)
		return segment->context;
	return AllocSetContextCreate(segment->context, "rusts segment part",
								 ALLOCSET_SMALL_SIZES);
}

bool
segment_open_keep_part(SegmentReader *segment, MemoryContext part)
{
	return segment->pin.segment != NULL &&
		segment_cache_keep(segment->pin.segment, part);
}

void
segment_open_column_corrupt(ColumnReader *column, const char *what)
{
	segment_open_corrupt(column->segment, column->attnum, what);
}

void
segment_open_check(ColumnReader *column, CodecStatus status)
{
	if (status != CODEC_OK)
		segment_open_column_corrupt(column, codec_status_message(status));
}
