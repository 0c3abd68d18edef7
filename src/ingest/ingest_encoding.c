/*
 * ingest_encoding.c
 *	  Text of clients, which is UTF-8, and text of the database.
 *
 * A body is converted as a whole, before its lines are known: every byte that
 * line protocol knows is ASCII, and stays as it is and where it is among the
 * others.  A character that cannot be converted becomes a question mark, and
 * its place is remembered, so that the line that has it can be refused and all
 * others are kept.
 *
 * A database with SQL_ASCII takes the bytes as they are, if they are UTF-8: what
 * a session with that client_encoding may write as well.
 *
 * The conversions are looked up once.  Using them takes no catalogs then, and
 * so no transaction.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "fmgr.h"
#include "ingest/ingest_encoding.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#define ENCODING_PIECE 65536	/* bytes that are converted at a time */

typedef struct Conversion
{
	int			from;
	int			to;
	bool		exists;
	FmgrInfo	function;
} Conversion;

/* Text that is being converted. */
typedef struct Converted
{
	char	   *data;
	size_t		len;
	size_t		room;
	size_t	   *bad;
	int			bad_count;
	int			bad_room;
} Converted;

static bool converts = false;
static Conversion to_database;
static Conversion to_client;

static void
ingest_encoding_find(Conversion *conversion, int from, int to)
{
	Oid			function = FindDefaultConversionProc(from, to);

	conversion->from = from;
	conversion->to = to;
	conversion->exists = OidIsValid(function);
	if (conversion->exists)
		fmgr_info_cxt(function, &conversion->function, TopMemoryContext);
}

void
ingest_encoding_init(void)
{
	int			database = GetDatabaseEncoding();

	if (database == PG_UTF8 || database == PG_SQL_ASCII)
		return;
	ingest_encoding_find(&to_database, PG_UTF8, database);
	ingest_encoding_find(&to_client, database, PG_UTF8);
	converts = true;
}

/* ---------- conversion ---------- */

static void
ingest_encoding_make_room(Converted *out, size_t more)
{
	if (out->len + more <= out->room)
		return;
	out->room = Max(out->room * 2, out->len + more);
	out->data = out->data == NULL ?
		MemoryContextAllocHuge(CurrentMemoryContext, out->room) :
		repalloc_huge(out->data, out->room);
}

/* As much of a piece as can be; returns how much that was. */
static size_t
ingest_encoding_convert_piece(Conversion *conversion, const char *piece,
							  size_t len, Converted *out)
{
	size_t		done = 0;

	ingest_encoding_make_room(out, len * MAX_CONVERSION_GROWTH + 1);
	if (conversion->exists)
	{
		done = DatumGetInt32(FunctionCall6(&conversion->function,
										   Int32GetDatum(conversion->from),
										   Int32GetDatum(conversion->to),
										   CStringGetDatum(piece),
										   CStringGetDatum(out->data + out->len),
										   Int32GetDatum((int) len),
										   BoolGetDatum(true)));
		out->len += strlen(out->data + out->len);
		return done;
	}
	while (done < len && piece[done] != '\0' && !IS_HIGHBIT_SET(piece[done]))
		out->data[out->len++] = piece[done++];
	return done;
}

static void
ingest_encoding_note_bad(Converted *out)
{
	if (out->bad_count == out->bad_room)
	{
		out->bad_room = Max(64, out->bad_room * 2);
		out->bad = out->bad == NULL ?
			palloc(sizeof(size_t) * out->bad_room) :
			repalloc_huge(out->bad, sizeof(size_t) * out->bad_room);
	}
	out->bad[out->bad_count++] = out->len;
	out->data[out->len++] = '?';
}

/* A character, if it is one, or else a byte: never the end of a line. */
static size_t
ingest_encoding_skip(int encoding, const char *text, size_t len)
{
	int			taken = pg_encoding_verifymbchar(encoding, text,
												 (int) Min(len, MAX_MULTIBYTE_CHAR_LEN));

	return taken > 0 ? taken : 1;
}

static void
ingest_encoding_convert(Conversion *conversion, const char *text, size_t len,
						Converted *out)
{
	size_t		at = 0;

	memset(out, 0, sizeof(Converted));
	while (at < len)
	{
		size_t		piece = Min(len - at, ENCODING_PIECE);
		size_t		done = ingest_encoding_convert_piece(conversion, text + at,
														 piece, out);

		at += done;
		/* the last character of a piece may go on in the next */
		if (done == piece ||
			(at + (piece - done) < len &&
			 piece - done < MAX_MULTIBYTE_CHAR_LEN))
			continue;
		ingest_encoding_note_bad(out);
		at += ingest_encoding_skip(conversion->from, text + at, len - at);
	}
	ingest_encoding_make_room(out, 1);
	out->data[out->len] = '\0';
}

/* ---------- from clients ---------- */

static bool
ingest_encoding_is_utf8(const char *text, size_t len)
{
	return len <= INT_MAX &&
		pg_encoding_verifymbstr(PG_UTF8, text, (int) len) == (int) len;
}

void
ingest_encoding_receive(const char *body, size_t len, EncodingText *text)
{
	Converted	out;

	memset(text, 0, sizeof(EncodingText));
	text->data = body;
	text->len = len;
	if (!converts)
	{
		text->good = ingest_encoding_is_utf8(body, len);
		return;
	}
	ingest_encoding_convert(&to_database, body, len, &out);
	text->data = out.data;
	text->len = out.len;
	text->good = out.bad_count == 0;
	text->bad = out.bad;
	text->bad_count = out.bad_count;
}

bool
ingest_encoding_is_good(const EncodingText *text, const char *part, size_t len)
{
	size_t		from = part - text->data;
	int			low = 0;
	int			high = text->bad_count;

	if (text->good)
		return true;
	if (!converts)
		return ingest_encoding_is_utf8(part, len);
	/* the first bad place that is not before the part */
	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (text->bad[middle] < from)
			low = middle + 1;
		else
			high = middle;
	}
	return low == text->bad_count || text->bad[low] >= from + len;
}

/* ---------- to clients ---------- */

const char *
ingest_encoding_send(const char *text)
{
	size_t		len = strlen(text);
	Converted	out;
	char	   *at;

	if (converts)
	{
		ingest_encoding_convert(&to_client, text, len, &out);
		return out.data;
	}
	if (ingest_encoding_is_utf8(text, len))
		return text;
	text = pstrdup(text);
	for (at = (char *) text; *at != '\0'; at++)
		if (IS_HIGHBIT_SET(*at))
			*at = '?';
	return text;
}
