/*
 * segment_write.c
 *	  Write one piece of sorted rows as a segment's stream.
 *
 * Everything a piece needs while it is written lives in a context of its own
 * that goes with segment_write_finish.  The stream is written as it is made;
 * an error in the middle leaves chunks of an aborted transaction behind,
 * which VACUUM of the TOAST relation removes like any others.
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "segment/column_encode.h"
#include "segment/segment_write.h"
#include "segment/zone_map.h"

/* Code of a dictionary entry that the piece does not use. */
#define CODE_UNUSED PG_UINT32_MAX

struct SegmentWriter
{
	MemoryContext context;
	SegmentBuilder *builder;
	Store	   *store;
	StoreWriter *stream;
	CommandId	cid;
	const uint32 *order;		/* the piece's rows */
	uint32	   *run_start;		/* runs of one series, nruns + 1 */
	uint32		nruns;
	DirectoryEntry entry;
	SegmentHeaderData header;
	SegmentColumnData *columns;
	uint32	  **codes;			/* per column: rank -> code in this piece */
	uint8		(*digests)[SUMMARY_DIGEST_LENGTH];	/* of tags' dictionaries */
};

/* ---------- sections ---------- */

static void
write_section(SegmentWriter *writer, const PackedBuffer *raw,
			  SegmentSectionData *section)
{
	CodecCompression kind = writer->builder->spec.compression;
	Size		bound;
	uint8	   *out;
	size_t		stored;

	memset(section, 0, sizeof(*section));
	if (raw->used > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("segment has too many distinct values"),
				 errhint("Lower rusts.segment_rows.")));
	section->offset = writer->stream->length;
	section->raw = section->stored = raw->used;
	section->compression = CODEC_COMPRESSION_NONE;
	if (kind != CODEC_COMPRESSION_NONE && raw->used > 64)
	{
		bound = compress_bound(kind, raw->used);
		out = palloc_extended(bound, MCXT_ALLOC_HUGE);
		if (compress_encode(kind, writer->builder->spec.level, raw->data,
							raw->used, out, bound, &stored) == CODEC_OK &&
			stored < raw->used)
		{
			section->stored = stored;
			section->compression = kind;
			store_writer_append(writer->stream, out, stored);
			pfree(out);
			return;
		}
		pfree(out);
	}
	store_writer_append(writer->stream, raw->data, raw->used);
}

/* ---------- dictionaries ---------- */

/* Note that `rows` rows of the piece have what `row` has. */
static void
use_code(SegmentWriter *writer, int c, uint32 *code, uint32 row, uint32 rows)
{
	ColumnBuffer *column = &writer->builder->columns[c];
	SegmentColumnData *data = &writer->columns[c];

	if (column_buffer_is_null(column, row))
	{
		data->null_count += rows;
		return;
	}
	code[column->rank[column->codes[row]]] = 1;
	data->raw_bytes += (uint64) rows *
		(column->type.byval ? column->type.typlen :
		 column->dict.entries[column->codes[row]].len);
}

/*
 * Which entries does this piece use?  Codes are their ranks, closed up.  A
 * tag is the same all through a run.
 */
static void
assign_codes(SegmentWriter *writer, int c)
{
	ColumnBuffer *column = &writer->builder->columns[c];
	uint32		n = column->dict.n;
	uint32	   *code = palloc_extended(Max(n, 1) * sizeof(uint32),
									   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	uint32		next = 0;
	uint32		i;

	if (column->is_tag)
		for (i = 0; i < writer->nruns; i++)
			use_code(writer, c, code, writer->order[writer->run_start[i]],
					 writer->run_start[i + 1] - writer->run_start[i]);
	else
		for (i = 0; i < writer->entry.d.rows; i++)
			use_code(writer, c, code, writer->order[i], 1);
	for (i = 0; i < n; i++)
		code[i] = code[i] != 0 ? next++ : CODE_UNUSED;
	writer->columns[c].dict_entries = next;
	writer->codes[c] = code;
}

/*
 * Segments with the same digest hold the same values of a tag, for all that
 * anybody could find out: it is the beginning of SHA-256.
 */
static void
digest_dictionary(SegmentWriter *writer, int c, const PackedBuffer *raw)
{
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);

	if (context == NULL || pg_cryptohash_init(context) < 0 ||
		pg_cryptohash_update(context, raw->data, raw->used) < 0 ||
		pg_cryptohash_final(context, digest, sizeof(digest)) < 0)
		elog(ERROR, "could not compute SHA-256");
	pg_cryptohash_free(context);
	memcpy(writer->digests[c], digest, SUMMARY_DIGEST_LENGTH);
}

/* The entries that the piece uses, by rank: lengths, then bytes. */
static void
write_dictionary(SegmentWriter *writer, int c)
{
	ColumnBuffer *column = &writer->builder->columns[c];
	SegmentColumnData *data = &writer->columns[c];
	const uint32 *code = writer->codes[c];
	int64	   *lengths = palloc_extended(Max(data->dict_entries, 1) *
										  sizeof(int64), MCXT_ALLOC_HUGE);
	PackedBuffer raw;
	PackedBuffer bytes;
	uint32		next = 0;
	uint32		rank;

	packed_init(&raw);
	packed_init(&bytes);
	for (rank = 0; rank < column->dict.n; rank++)
	{
		DictEntry  *entry = &column->dict.entries[column->by_rank[rank]];

		if (code[rank] == CODE_UNUSED)
			continue;
		lengths[next] = entry->len;
		packed_append(&bytes, column->arena.data + entry->offset, entry->len);
		next++;
	}
	packed_put_ints(&raw, lengths, data->dict_entries);
	packed_append(&raw, bytes.data, bytes.used);
	if (data->tag == 1)
		digest_dictionary(writer, c, &raw);
	write_section(writer, &raw, &data->dict);
}

/* ---------- the series index ---------- */

/* Find the runs of rows of one series. */
static void
find_runs(SegmentWriter *writer, const uint32 *series)
{
	uint32		rows = writer->entry.d.rows;
	uint32		n = 0;
	uint32		i;

	writer->run_start = palloc_extended(((Size) rows + 1) * sizeof(uint32),
										MCXT_ALLOC_HUGE);
	for (i = 0; i < rows; i++)
		if (i == 0 || series[writer->order[i - 1]] != series[writer->order[i]])
			writer->run_start[n++] = i;
	writer->run_start[n] = rows;
	writer->nruns = n;
}

/* Run lengths, then for each tag column the code (0: NULL) of each run. */
static void
write_series_index(SegmentWriter *writer)
{
	SegmentBuilder *builder = writer->builder;
	uint32		n = writer->nruns;
	int64	   *values = palloc_extended(n * sizeof(int64), MCXT_ALLOC_HUGE);
	PackedBuffer raw;
	uint32		i;
	int			t;

	packed_init(&raw);
	for (i = 0; i < n; i++)
		values[i] = writer->run_start[i + 1] - writer->run_start[i];
	packed_put_ints(&raw, values, n);
	for (t = 0; t < builder->spec.ntags; t++)
	{
		ColumnBuffer *tag = builder->tags[t];
		const uint32 *code = writer->codes[tag - builder->columns];

		for (i = 0; i < n; i++)
		{
			uint32		row = writer->order[writer->run_start[i]];

			values[i] = column_buffer_is_null(tag, row) ? 0 :
				(int64) code[tag->rank[tag->codes[row]]] + 1;
		}
		packed_put_ints(&raw, values, n);
	}
	writer->header.series = n;
	write_section(writer, &raw, &writer->header.series_index);
}

/* ---------- columns ---------- */

typedef struct FrameLengths
{
	int64	   *blocks;
	int64	   *frames;			/* length * 2 + compressed */
	uint32		nframes;
} FrameLengths;

static void
write_frame(SegmentWriter *writer, ColumnPiece *piece, PackedBuffer *frame,
			FrameLengths *lengths)
{
	const uint8 *compressed = NULL;
	size_t		stored;

	/* pieces are compressed as they are encoded */
	if (piece->compress && piece->encoding != CODEC_BYTES_PIECES)
		compressed = column_encode_compress(piece, frame->data, frame->used,
											&stored);
	if (compressed != NULL)
	{
		store_writer_append(writer->stream, compressed, stored);
		lengths->frames[lengths->nframes++] = (int64) stored * 2 + 1;
	}
	else
	{
		store_writer_append(writer->stream, frame->data, frame->used);
		lengths->frames[lengths->nframes++] = (int64) frame->used * 2;
	}
	frame->used = 0;
}

static void
write_frames(SegmentWriter *writer, ColumnPiece *piece, ZoneMap *zone,
			 FrameLengths *lengths)
{
	uint32		nblocks = (piece->nrows + CODEC_BLOCK_ROWS - 1) /
	CODEC_BLOCK_ROWS;
	PackedBuffer frame;
	uint32		in_frame = 0;
	uint32		b;

	packed_init(&frame);
	for (b = 0; b < nblocks; b++)
	{
		Size		before = frame.used;

		CHECK_FOR_INTERRUPTS();
		column_encode_gather(piece, b);
		zone_map_add(zone, piece);
		column_encode_block(piece, &frame);
		lengths->blocks[b] = frame.used - before;
		in_frame++;
		if (segment_frame_full(in_frame, frame.used) || b + 1 == nblocks)
		{
			write_frame(writer, piece, &frame, lengths);
			in_frame = 0;
		}
	}
}

static uint64
column_raw_bytes(SegmentWriter *writer, const ColumnBuffer *column)
{
	uint64		bytes = 0;
	uint32		i;

	for (i = 0; i < writer->entry.d.rows; i++)
	{
		uint32		row = writer->order[i];

		if (column_buffer_is_null(column, row))
			continue;
		bytes += column->mode == COLUMN_REFS ? column->refs[row].len :
			column->type.typlen;
	}
	return bytes;
}

/* Encoding asked for by the table's options, if this column can have it. */
static CodecEncoding
forced_encoding(SegmentBuilder *builder, const ColumnBuffer *column)
{
	if (builder->spec.encoding == NULL || column->mode != COLUMN_VALUES)
		return CODEC_NONE;
	return builder->spec.encoding[column->attribute->attnum - 1];
}

static void
fill_column_header(SegmentColumnData *data, const ColumnPiece *piece,
				   const ZoneMap *zone)
{
	const ColumnBuffer *column = piece->column;

	data->compression = piece->compress ? piece->compression :
		CODEC_COMPRESSION_NONE;
	if (column->mode == COLUMN_CODES)
	{
		data->encoding = CODEC_DICTIONARY;
		data->code_encoding = piece->encoding;
		if (value_order_is_sql(column->order))
			data->flags |= COLUMN_DICT_ORDERED;
	}
	else
		data->encoding = piece->encoding;
	data->null_count = zone->total_nulls;
	if (zone->has_minmax)
		data->flags |= COLUMN_HAS_MINMAX;
	if (zone->has_sum)
		data->flags |= COLUMN_HAS_SUM;
	if (zone->is_float)
		data->flags |= COLUMN_ZONE_FLOAT;
	data->min = zone->total_min;
	data->max = zone->total_max;
	data->sum = zone->has_sum ? zone->total_sum : 0;
}

static void
write_column(SegmentWriter *writer, int c)
{
	SegmentBuilder *builder = writer->builder;
	ColumnBuffer *column = &builder->columns[c];
	SegmentColumnData *data = &writer->columns[c];
	uint32		rows = writer->entry.d.rows;
	uint32		nblocks = (rows + CODEC_BLOCK_ROWS - 1) / CODEC_BLOCK_ROWS;
	ColumnPiece piece = {0};
	FrameLengths lengths;
	ZoneMap		zone;
	PackedBuffer meta;

	piece.column = column;
	piece.order = writer->order;
	piece.nrows = rows;
	piece.code = writer->codes[c];
	piece.tier = builder->spec.tier;
	piece.compression = builder->spec.compression;
	piece.level = builder->spec.level;
	piece.forced = forced_encoding(builder, column);
	if (column->mode != COLUMN_CODES)
		data->raw_bytes = column_raw_bytes(writer, column);
	piece.raw_bytes = data->raw_bytes;
	column_encode_begin(&piece);
	column_encode_choose(&piece);
	zone_map_begin(&zone, &piece, nblocks);
	lengths.blocks = palloc(nblocks * sizeof(int64));
	lengths.frames = palloc(nblocks * sizeof(int64));
	lengths.nframes = 0;

	data->data_offset = writer->stream->length;
	write_frames(writer, &piece, &zone, &lengths);
	data->data_length = writer->stream->length - data->data_offset;
	fill_column_header(data, &piece, &zone);

	packed_init(&meta);
	packed_put_ints(&meta, lengths.blocks, nblocks);
	packed_put_ints(&meta, lengths.frames, lengths.nframes);
	zone_map_put(&zone, &meta);
	write_section(writer, &meta, &data->meta);
	if (column->mode == COLUMN_CODES)
		write_dictionary(writer, c);
}

/* A tag column is its dictionary; the rest is in the series index. */
static void
write_tag_column(SegmentWriter *writer, int c)
{
	ColumnBuffer *column = &writer->builder->columns[c];
	SegmentColumnData *data = &writer->columns[c];

	data->encoding = CODEC_SERIES;
	if (value_order_is_sql(column->order))
		data->flags |= COLUMN_DICT_ORDERED | COLUMN_HAS_MINMAX;
	data->max = data->dict_entries > 0 ? data->dict_entries - 1 : 0;
	write_dictionary(writer, c);
}

/* Position among the tags, from 1; 0 for other columns. */
static uint16
tag_position(SegmentBuilder *builder, const ColumnBuffer *column)
{
	int			t;

	for (t = 0; t < builder->spec.ntags; t++)
		if (builder->tags[t] == column)
			return t + 1;
	return 0;
}

static void
begin_column(SegmentWriter *writer, int c)
{
	ColumnBuffer *column = &writer->builder->columns[c];
	SegmentColumnData *data = &writer->columns[c];

	memset(data, 0, sizeof(*data));
	data->attnum = column->attribute->attnum;
	data->kind = column->type.kind;
	data->byval = column->type.byval;
	data->typlen = column->type.typlen;
	data->typid = column->type.typid;
	data->tag = tag_position(writer->builder, column);
	if (column->mode == COLUMN_CODES)
		assign_codes(writer, c);
}

/* ---------- the directory entry ---------- */

static void
summarize_column(SegmentWriter *writer, int c, DirectorySummaryData *summary)
{
	const SegmentColumnData *data = &writer->columns[c];

	summary->attnum = data->attnum;
	summary->null_count = data->null_count;
	if (data->tag > 0)
	{
		summary->flags = SUMMARY_HAS_DIGEST;
		memcpy(&summary->min, writer->digests[c], SUMMARY_DIGEST_LENGTH);
		return;
	}
	summary->flags = SUMMARY_HAS_MINMAX;
	if (data->flags & COLUMN_HAS_SUM)
		summary->flags |= SUMMARY_HAS_SUM;
	if (data->flags & COLUMN_ZONE_FLOAT)
		summary->flags |= SUMMARY_IS_FLOAT;
	summary->min = data->min;
	summary->max = data->max;
	summary->sum = data->sum;
}

/*
 * Codes mean nothing without the dictionary.  Of the first tag, which names a
 * series as a rule, there is a digest; of all tags would make the directory
 * half as large again.
 */
static bool
column_has_summary(SegmentWriter *writer, int c)
{
	if (writer->columns[c].tag > 0)
		return writer->columns[c].tag == 1;
	return writer->builder->columns[c].mode != COLUMN_CODES &&
		(writer->columns[c].flags & COLUMN_HAS_MINMAX) != 0;
}

static void
summarize_columns(SegmentWriter *writer)
{
	DirectoryEntryData *d = &writer->entry.d;
	int			c;

	writer->entry.summaries = palloc0(DIRECTORY_MAX_SUMMARIES *
									  sizeof(DirectorySummaryData));
	for (c = 0; c < writer->builder->ncolumns; c++)
	{
		SegmentColumnData *data = &writer->columns[c];

		d->raw_bytes += data->raw_bytes;
		if (&writer->builder->columns[c] == writer->builder->time &&
			data->null_count < d->rows)
		{
			d->flags |= DIRECTORY_HAS_TIME;
			d->min_time = data->min;
			d->max_time = data->max;
		}
		if (column_has_summary(writer, c) &&
			d->nsummaries < DIRECTORY_MAX_SUMMARIES)
			summarize_column(writer, c,
							 &writer->entry.summaries[d->nsummaries++]);
	}
}

static void
write_header(SegmentWriter *writer)
{
	DirectoryEntryData *d = &writer->entry.d;

	writer->header.magic = SEGMENT_MAGIC;
	writer->header.version = SEGMENT_VERSION;
	writer->header.ncolumns = writer->builder->ncolumns;
	writer->header.rows = d->rows;
	writer->header.block_rows = CODEC_BLOCK_ROWS;
	writer->header.ntags = writer->builder->spec.ntags;
	d->header_offset = writer->stream->length;
	store_writer_append(writer->stream, &writer->header,
						sizeof(writer->header));
	store_writer_append(writer->stream, writer->columns,
						writer->builder->ncolumns * sizeof(SegmentColumnData));
	d->header_length = writer->stream->length - d->header_offset;
}

static SegmentWriter *
begin_writer(SegmentBuilder *builder, Store *store, CommandId cid)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "rusts segment writer",
												  ALLOCSET_DEFAULT_SIZES);
	SegmentWriter *writer = MemoryContextAllocZero(context,
												   sizeof(SegmentWriter));

	writer->context = context;
	writer->builder = builder;
	writer->store = store;
	writer->cid = cid;
	return writer;
}

SegmentWriter *
segment_write_piece(SegmentBuilder *builder, SegmentPlan *plan, int piece,
					Store *store, uint32 first_block, CommandId cid)
{
	SegmentWriter *writer = begin_writer(builder, store, cid);
	MemoryContext column_context;
	MemoryContext old;
	int			c;

	Assert(piece >= 0 && piece < plan->npieces);
	Assert(plan->start[piece] < plan->start[piece + 1] &&
		   plan->start[piece + 1] <= plan->nrows);
	old = MemoryContextSwitchTo(writer->context);
	writer->order = plan->order + plan->start[piece];
	writer->entry.d.version = DIRECTORY_VERSION;
	writer->entry.d.rows = plan->start[piece + 1] - plan->start[piece];
	writer->entry.d.first_block = first_block;
	writer->entry.d.nblocks = rowid_blocks(writer->entry.d.rows);
	writer->entry.d.tier = builder->spec.tier;
	writer->entry.d.partition = plan->partition[piece];
	writer->columns = palloc0(Max(1, builder->ncolumns) *
							  sizeof(SegmentColumnData));
	writer->codes = palloc0(Max(1, builder->ncolumns) * sizeof(uint32 *));
	writer->digests = palloc0(Max(1, builder->ncolumns) *
							  SUMMARY_DIGEST_LENGTH);
	writer->stream = store_writer_begin(store, cid);
	writer->entry.d.chunk_id = writer->stream->chunk_id;

	if (builder->spec.ntags > 0)
		find_runs(writer, plan->series);
	for (c = 0; c < builder->ncolumns; c++)
		begin_column(writer, c);
	column_context = AllocSetContextCreate(writer->context, "rusts column",
										   ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(column_context);
	for (c = 0; c < builder->ncolumns; c++)
	{
		if (builder->columns[c].is_tag)
			write_tag_column(writer, c);
		else
			write_column(writer, c);
		MemoryContextReset(column_context);
	}
	if (builder->spec.ntags > 0)
		write_series_index(writer);
	MemoryContextSwitchTo(writer->context);
	summarize_columns(writer);
	write_header(writer);
	MemoryContextSwitchTo(old);
	return writer;
}

/* End the stream; the writer's entry is complete then. */
static void
end_stream(SegmentWriter *writer, const uint8 *dead, uint32 ndead)
{
	DirectoryEntryData *d = &writer->entry.d;

	if (ndead > 0)
	{
		d->dead_rows = ndead;
		d->dead_offset = writer->stream->length;
		store_writer_append(writer->stream, dead, (d->rows + 7) / 8);
	}
	d->stream_length = writer->stream->length;
	d->written_at = GetCurrentTimestamp();
	store_writer_end(writer->stream);
}

uint64
segment_write_finish(SegmentWriter *writer, const uint8 *dead, uint32 ndead)
{
	uint64		bytes;

	end_stream(writer, dead, ndead);
	bytes = writer->entry.d.stream_length;
	directory_insert(writer->store, &writer->entry, writer->cid,
					 writer->builder->spec.frozen);
	MemoryContextDelete(writer->context);
	return bytes;
}

DirectoryEntry *
segment_write_close(SegmentWriter *writer, const uint8 *dead, uint32 ndead)
{
	DirectoryEntry *entry = palloc(sizeof(DirectoryEntry));
	Size		size = DIRECTORY_MAX_SUMMARIES * sizeof(DirectorySummaryData);

	end_stream(writer, dead, ndead);
	*entry = writer->entry;
	entry->summaries = palloc(size);
	memcpy(entry->summaries, writer->entry.summaries, size);
	MemoryContextDelete(writer->context);
	return entry;
}
