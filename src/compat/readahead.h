/*
 * readahead.h
 *	  Pages that are read one after another.
 *
 * PostgreSQL 17 has streams, which read many neighbouring pages with one call
 * (upstream b5a9b18cd0), 18 does so in the background.  Before, each page is
 * read when it is asked for, and the operating system reads ahead.
 */
#ifndef RUSTS_READAHEAD_H
#define RUSTS_READAHEAD_H

#include "storage/bufmgr.h"
#include "utils/rel.h"

#if PG_VERSION_NUM >= 170000
#include "storage/read_stream.h"

/* Fewer pages do not pay for a stream. */
#define COMPAT_READAHEAD_PAGES 4

typedef struct CompatReadahead
{
	ReadStream *stream;			/* NULL: too few pages */
	BlockNumber next;
	BlockNumber end;
} CompatReadahead;

static inline BlockNumber
compat_readahead_next(ReadStream *stream, void *arg, void *per_buffer)
{
	CompatReadahead *ahead = arg;

	return ahead->next < ahead->end ? ahead->next++ : InvalidBlockNumber;
}

/* For pages first .. end - 1, all of which there are. */
static inline void
compat_readahead_begin(CompatReadahead *ahead, Relation rel, BlockNumber first,
					   BlockNumber end)
{
	ahead->stream = NULL;
	ahead->next = first;
	ahead->end = end;
	if (end - first >= COMPAT_READAHEAD_PAGES)
		ahead->stream = read_stream_begin_relation(READ_STREAM_SEQUENTIAL |
												   READ_STREAM_FULL,
												   NULL, rel, MAIN_FORKNUM,
												   compat_readahead_next,
												   ahead, 0);
}

/* Bring the next page into the buffers: pinned, or InvalidBuffer. */
static inline Buffer
compat_readahead_page(CompatReadahead *ahead)
{
	return ahead->stream == NULL ? InvalidBuffer :
		read_stream_next_buffer(ahead->stream, NULL);
}

static inline void
compat_readahead_end(CompatReadahead *ahead)
{
	if (ahead->stream != NULL)
		read_stream_end(ahead->stream);
}

#else

typedef int CompatReadahead;

#define compat_readahead_begin(ahead, rel, first, end) ((void) (ahead))
#define compat_readahead_page(ahead) InvalidBuffer
#define compat_readahead_end(ahead) ((void) (ahead))

#endif

#endif							/* RUSTS_READAHEAD_H */
