/*
 * segment_open.h
 *	  An open segment, as the files of this folder see it.
 */
#ifndef RUSTS_SEGMENT_OPEN_H
#define RUSTS_SEGMENT_OPEN_H

#include "segment/segment_cache.h"
#include "segment/segment_format.h"
#include "segment/segment_vector.h"
#include "segment/value.h"

/* What a block is decoded to. */
typedef enum ColumnForm
{
	FORM_VALUES,				/* Datums in row order */
	FORM_INDEXES,				/* codes of the dictionary */
	FORM_UNORDERED			/* Datums in any order */
} ColumnForm;

typedef struct ColumnReader
{
	SegmentReader *segment;
	AttrNumber	attnum;
	bool		present;		/* the segment has this column */
	int			stored;			/* if so, its number in the segment */
	SegmentColumnData data;
	struct ColumnMeta *meta;			/* loaded when first needed */
	Datum	   *dictionary;		/* loaded when first needed */
	bool		sorted;			/* its entries ascend, as bytes */
	int64		block;			/* in values, or -1 */
	ColumnForm	form;			/* of values */
	bool		transposed;		/* they are in lane order */
	SegmentVector vector;
	Datum	   *values;
	bool	   *isnull;
	uint32	   *lengths;
	uint8	   *held;			/* bytes held_from .. held_to as stored */
	Size		held_size;
	uint64		held_from;
	uint64		held_to;
	uint32		ahead;			/* chunks the last read was for */
	uint8	   *frame;			/* the current one, decompressed */
	Size		frame_size;
	int64		current_frame;	/* or -1 */
	char	   *arena;			/* by-reference values of the block */
	Size		arena_size;
	struct ColumnPieces *pieces;	/* of long strings; NULL: not needed yet */
} ColumnReader;

struct SegmentReader
{
	MemoryContext context;
	Store	   *store;
	DirectoryEntry entry;
	TupleDesc	desc;
	bool		sequential;
	SegmentCachePin pin;		/* what other readers share with this one */
	StorePlace	place;			/* of its chunks, if there is no pin */
	SegmentHeaderData header;
	SegmentColumnData *columns; /* as stored */
	ColumnReader *readers;		/* per attribute of desc */
	uint8	   *dead;			/* bitmap, or NULL */
	uint32	   *run_start;		/* series + 1; loaded when first needed */
	int64	  **run_codes;		/* per tag */
};

/* Open a segment.  fresh: no cache, and each chunk through the index. */
extern SegmentReader *segment_open(Store *store, const DirectoryEntry *entry,
								   TupleDesc desc, bool fresh,
								   MemoryContext parent);

/*
 * Read bytes of the segment's stream on behalf of a column (0: of none): as
 * they are, or a section, which is decompressed and palloc'd in the current
 * memory context.
 */
extern void segment_open_bytes(SegmentReader *segment, AttrNumber attnum,
								 uint64 offset, Size len, void *out);
extern uint8 *segment_open_section(SegmentReader *segment,
									 AttrNumber attnum,
									 const SegmentSectionData *section);

/*
 * A part of the segment's metadata is built in a context of its own, which
 * segment_open_keep_part offers to the cache when it is complete; true:
 * other readers may have it.
 */
extern MemoryContext segment_open_begin_part(SegmentReader *segment);
extern bool segment_open_keep_part(SegmentReader *segment,
									 MemoryContext part);
pg_noreturn extern void segment_open_corrupt(SegmentReader *segment,
											 AttrNumber attnum,
											 const char *what);

/* Report damage of a column; the second only if status is not CODEC_OK. */
pg_noreturn extern void segment_open_column_corrupt(ColumnReader *column,
													const char *what);
extern void segment_open_check(ColumnReader *column, CodecStatus status);

static inline uint32
segment_open_block_rows(const SegmentReader *segment, uint32 block)
{
	return Min(segment->header.rows - block * CODEC_BLOCK_ROWS,
			   CODEC_BLOCK_ROWS);
}

#endif							/* RUSTS_SEGMENT_OPEN_H */
