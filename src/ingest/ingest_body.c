/*
 * ingest_body.c
 *	  The body of a request, as it comes: unpacked, and bounded.
 *
 * Room is taken as bytes come, not as the client announces them, and at most
 * doubles.  A body that has grown beyond a bound is given up at once: what is
 * packed can be a thousand times as long when unpacked.
 */
#include "postgres.h"

#include <zlib.h>

#include "ingest/ingest_body.h"
#include "ingest/ingest_settings.h"
#include "ingest/ingest_share.h"

#define BODY_FIRST (16 * 1024)
#define BODY_LEAST_ROOM ((size_t) 64 * 1024 * 1024)
#define BODY_GZIP_ONLY (15 + 16)	/* the largest window, a gzip header */

static size_t held = 0;			/* capacities of all bodies */

size_t
ingest_body_limit(void)
{
	return (size_t) ingest_settings_max_body * 1024;
}

bool
ingest_body_has_room(size_t len)
{
	return held + len <= Max(BODY_LEAST_ROOM, 4 * ingest_body_limit());
}

static void
ingest_body_note_held(size_t from, size_t to)
{
	held = held - from + to;
	pg_atomic_write_u64(&ingest_share_counters->queue_bytes, held);
}

bool
ingest_body_reserve(IngestBody *body, size_t len)
{
	size_t		capacity = Max(body->capacity, BODY_FIRST);
	char	   *data;

	if (len <= body->capacity)
		return true;
	while (capacity < len)
		capacity *= 2;
	capacity = Max(len, Min(capacity, ingest_body_limit()));
	if (!ingest_body_has_room(capacity - body->capacity))
		return false;
	data = realloc(body->data, capacity);
	if (data == NULL)
		return false;
	ingest_body_note_held(body->capacity, capacity);
	body->data = data;
	body->capacity = capacity;
	return true;
}

static void
ingest_body_drop(IngestBody *body)
{
	ingest_body_note_held(body->capacity, 0);
	free(body->data);
	body->data = NULL;
	body->len = body->capacity = 0;
	if (body->zip != NULL)
	{
		(void) inflateEnd(body->zip);
		free(body->zip);
		body->zip = NULL;
	}
}

static void
ingest_body_fail(IngestBody *body, BodyVerdict verdict)
{
	ingest_body_drop(body);
	body->verdict = verdict;
}

void
ingest_body_begin(IngestBody *body, bool gzip)
{
	memset(body, 0, sizeof(IngestBody));
	if (!gzip)
		return;
	body->zip = calloc(1, sizeof(z_stream));
	if (body->zip != NULL && inflateInit2(body->zip, BODY_GZIP_ONLY) == Z_OK)
		return;
	free(body->zip);
	body->zip = NULL;
	body->verdict = BODY_NO_ROOM;
}

static void
ingest_body_add_plain(IngestBody *body, const char *data, size_t len)
{
	if (len > ingest_body_limit() - Min(body->len, ingest_body_limit()))
		ingest_body_fail(body, BODY_TOO_LARGE);
	else if (!ingest_body_reserve(body, body->len + len))
		ingest_body_fail(body, BODY_NO_ROOM);
	else
	{
		memcpy(body->data + body->len, data, len);
		body->len += len;
	}
}

/* Unpack into the room that there is, which is some. */
static int
ingest_body_inflate(IngestBody *body)
{
	z_stream   *zip = body->zip;
	size_t		room = Min(body->capacity - body->len, 1 << 30);
	int			result;

	zip->next_out = (Bytef *) body->data + body->len;
	zip->avail_out = (uInt) room;
	result = inflate(zip, Z_NO_FLUSH);
	body->len += room - zip->avail_out;
	return result;
}

/* Members may follow each other, as gzip itself has it. */
static void
ingest_body_add_packed(IngestBody *body, const char *data, size_t len)
{
	z_stream   *zip = body->zip;
	int			result = Z_OK;

	zip->next_in = (Bytef *) unconstify(char *, data);
	zip->avail_in = (uInt) len;
	/* when all the room was used, there may be more to come out */
	while (zip->avail_in > 0 || (result == Z_OK && zip->avail_out == 0))
	{
		if (body->zip_ended)
		{
			(void) inflateReset(zip);
			body->zip_ended = false;
		}
		if (body->len > ingest_body_limit())
			return ingest_body_fail(body, BODY_TOO_LARGE);
		/* a byte more than the limit may come, to tell that it is more */
		if (body->len == body->capacity &&
			!ingest_body_reserve(body, body->len + 1))
			return ingest_body_fail(body, BODY_NO_ROOM);
		result = ingest_body_inflate(body);
		if (result == Z_STREAM_END)
			body->zip_ended = true;
		else if (result == Z_BUF_ERROR)
			break;
		else if (result != Z_OK)
			return ingest_body_fail(body, BODY_BAD_GZIP);
	}
}

void
ingest_body_add(IngestBody *body, const char *data, size_t len)
{
	if (body->verdict != BODY_FINE || len == 0)
		return;
	if (body->zip != NULL)
		ingest_body_add_packed(body, data, len);
	else
		ingest_body_add_plain(body, data, len);
}

BodyVerdict
ingest_body_end(IngestBody *body)
{
	if (body->verdict != BODY_FINE || body->zip == NULL)
		return body->verdict;
	if (!body->zip_ended)
		ingest_body_fail(body, BODY_BAD_GZIP);
	else if (body->len > ingest_body_limit())
		ingest_body_fail(body, BODY_TOO_LARGE);
	else
	{
		(void) inflateEnd(body->zip);
		free(body->zip);
		body->zip = NULL;
	}
	return body->verdict;
}

void
ingest_body_free(IngestBody *body)
{
	ingest_body_drop(body);
}
