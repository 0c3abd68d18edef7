/*
 * wirefast.c
 *	  A line of a known shape, quickly.
 *
 * The keys are those of the shape, so only the values are read.  What is
 * accepted here is part of the grammar: no backslash in a name, none after
 * another in a tag, one space between the parts, no new line but the one at the
 * end.  On that part all readings of the grammar agree:
 *
 * - The line starts with the shape's measurement, which is not blank and not a
 *   comment, and a bare space is nowhere before the fields.  So
 *   wireline_end sees the fields begin where they do, sees one more equals
 *   sign than commas exactly at values, and ends the line at the same place.
 * - The shape's keys are distinct and their lengths were accepted before.  A
 *   limit that depends on values (WIRE_MAX_KEY) is far away or left to
 *   wireline.c.
 *
 * Reading goes WIREFAST_AHEAD bytes beyond the current one, so the last bytes
 * of a batch are left to wireline.c as well.
 */
#include "wire/wirefast.h"

#include <string.h>

#include "simd/codec_simd.h"
#include "wire/wirenumber.h"
#include "wire/wiretext.h"

#if defined(__SSE2__) && !defined(WIREFAST_NO_SSE2)
#include <emmintrin.h>
#define WIREFAST_SSE2 1
#else
#define WIREFAST_SSE2 0
#endif

/* a number with its sign, point and suffix, and the line end after it */
#define WIREFAST_AHEAD 64

/* digits that 64 bits always hold */
#define MAX_DIGITS 19

/* measurement and tags; room for a field's key is left (wireshape.h) */
#define MAX_SERIES (WIRE_MAX_KEY - WIRESHAPE_BYTES - 16)

typedef struct Reader
{
	const char *at;
	const char *limit;			/* at most here, AHEAD may be read */
	char	   *arena;			/* the parser's, once the line is accepted */
} Reader;

/* ---------- scanning ---------- */

#if WIREFAST_SSE2

/* Are the bytes the shape's?  Both may be read 16 bytes beyond. */
CODEC_INLINE bool
same_piece(const char *at, const char *piece, size_t len)
{
	for (;;)
	{
		__m128i		ours = _mm_loadu_si128((const __m128i *) at);
		__m128i		theirs = _mm_loadu_si128((const __m128i *) piece);
		unsigned	differ = 0xFFFFu &
			~(unsigned) _mm_movemask_epi8(_mm_cmpeq_epi8(ours, theirs));

		if (len <= 16)
			return (differ & (0xFFFFu >> (16 - len))) == 0;
		if (differ != 0)
			return false;
		at += 16;
		piece += 16;
		len -= 16;
	}
}

/* Bytes of 16 that end a tag's value, or need care in one. */
CODEC_INLINE unsigned
value_stops(const char *at)
{
	__m128i		bytes = _mm_loadu_si128((const __m128i *) at);
	__m128i		stops = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(','));

	stops = _mm_or_si128(stops, _mm_cmpeq_epi8(bytes, _mm_set1_epi8(' ')));
	stops = _mm_or_si128(stops, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('=')));
	stops = _mm_or_si128(stops, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
	stops = _mm_or_si128(stops, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')));
	return (unsigned) _mm_movemask_epi8(stops);
}

/* The same for strings. */
CODEC_INLINE unsigned
string_stops(const char *at)
{
	__m128i		bytes = _mm_loadu_si128((const __m128i *) at);
	__m128i		stops = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));

	stops = _mm_or_si128(stops, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
	stops = _mm_or_si128(stops, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')));
	return (unsigned) _mm_movemask_epi8(stops);
}

#else

CODEC_INLINE bool
same_piece(const char *at, const char *piece, size_t len)
{
	return memcmp(at, piece, len) == 0;
}

CODEC_INLINE unsigned
value_stops(const char *at)
{
	unsigned	stops = 0;
	int			i;

	for (i = 0; i < 16; i++)
		stops |= (unsigned) (at[i] == ',' || at[i] == ' ' || at[i] == '=' ||
							 at[i] == '\\' || at[i] == '\n') << i;
	return stops;
}

CODEC_INLINE unsigned
string_stops(const char *at)
{
	unsigned	stops = 0;
	int			i;

	for (i = 0; i < 16; i++)
		stops |= (unsigned) (at[i] == '"' || at[i] == '\\' ||
							 at[i] == '\n') << i;
	return stops;
}

#endif

/* ---------- tags ---------- */

CODEC_INLINE bool
skip_piece(Reader *reader, const WireShape *shape, int piece)
{
	size_t		len = wireshape_piece_len(shape, piece);

	if (reader->limit - reader->at < (ptrdiff_t) len ||
		!same_piece(reader->at, shape->bytes + shape->starts[piece], len))
		return false;
	reader->at += len;
	return true;
}

/*
 * Go past a backslash and what it may escape.  In a tag one backslash after
 * another is left to wireline.c, because there its two functions differ about
 * what is escaped (wireline.c, first comment).  So is a new line, which would
 * have to be counted.
 */
CODEC_INLINE bool
skip_escape(Reader *reader, bool in_tag)
{
	char		next = reader->at[1];

	if (next == '\n' || (in_tag && next == '\\'))
		return false;
	reader->at += 2;
	return reader->at <= reader->limit;
}

/* Text of which only this much is unescaped, out of the way of the rest. */
static void __attribute__((noinline))
unescape(WireText *text, int classes, char **arena)
{
	*text = wiretext_unescape(*text, classes, arena);
}

/* A tag's value up to the byte that must end it, which is left. */
CODEC_INLINE bool
read_tag_value(Reader *reader, WireText *value)
{
	const char *begin = reader->at;
	bool		escaped = false;
	unsigned	stops;

	for (;;)
	{
		while ((stops = value_stops(reader->at)) == 0)
		{
			reader->at += 16;
			if (reader->at > reader->limit)
				return false;
		}
		reader->at += __builtin_ctz(stops);
		if (*reader->at != '\\')
			break;
		escaped = true;
		if (!skip_escape(reader, true))
			return false;
	}
	value->data = begin;
	value->len = (size_t) (reader->at - begin);
	if (escaped)
		unescape(value, WIRETEXT_IN_TAG, &reader->arena);
	return value->len > 0 && reader->at <= reader->limit;
}

/* The series, and the space after it. */
CODEC_INLINE bool
read_series(Reader *reader, const WireShape *shape, WireTag *tags)
{
	const char *begin = reader->at;
	int			i;

	if (!skip_piece(reader, shape, 0))
		return false;
	for (i = 0; i < shape->tag_count; i++)
	{
		if (!skip_piece(reader, shape, i + 1) ||
			!read_tag_value(reader, &tags[i].value) ||
			*reader->at != (i + 1 < shape->tag_count ? ',' : ' '))
			return false;
		reader->at++;
	}
	return reader->at - begin <= MAX_SERIES;
}

/* ---------- fields ---------- */

CODEC_INLINE bool
ends_value(char byte)
{
	return byte == ',' || byte == ' ' || byte == '\n' || byte == '\r';
}

CODEC_INLINE bool
is_digit(char byte)
{
	return (uint8_t) (byte - '0') < 10;
}

/*
 * Digits, but not more than one too many.  So two runs of them, a sign, a point
 * and a suffix are within AHEAD.
 */
CODEC_INLINE const char *
read_digits(const char *at, uint64_t *digits)
{
	const char *stop = at + MAX_DIGITS + 1;

	while (is_digit(*at) && at < stop)
		*digits = *digits * 10 + (uint64_t) (*at++ - '0');
	return at;
}

/* A float from its point on, if it has one. */
CODEC_INLINE bool
read_float_rest(Reader *reader, uint64_t digits, bool negative,
				WireField *field)
{
	const char *at = reader->at;
	const char *point = at;
	int			places = 0;

	if (*at == '.')
	{
		at = read_digits(at + 1, &digits);
		places = (int) (at - point - 1);
	}
	if (!ends_value(*at))
		return false;
	reader->at = at;
	field->type = WIRE_FLOAT;
	return wirenumber_nearest(digits, -places, negative, &field->value.number);
}

CODEC_INLINE bool
read_number(Reader *reader, WireField *field)
{
	bool		negative = *reader->at == '-';
	const char *begin = reader->at + negative;
	const char *at;
	uint64_t	digits = 0;

	at = read_digits(begin, &digits);
	reader->at = at;
	if (at == begin)
		return false;
	if (*at != 'i')
		return read_float_rest(reader, digits, negative, field) &&
			reader->at - begin <= MAX_DIGITS;
	reader->at++;
	if (at - begin >= MAX_DIGITS)
		return false;
	field->type = WIRE_INTEGER;
	field->value.integer = negative ? -(int64_t) digits : (int64_t) digits;
	return ends_value(*reader->at);
}

CODEC_INLINE bool
read_string(Reader *reader, WireField *field)
{
	const char *begin = ++reader->at;
	bool		escaped = false;
	unsigned	stops;

	for (;;)
	{
		while ((stops = string_stops(reader->at)) == 0)
		{
			reader->at += 16;
			if (reader->at > reader->limit)
				return false;
		}
		reader->at += __builtin_ctz(stops);
		if (*reader->at != '\\')
			break;
		escaped = true;
		if (!skip_escape(reader, false))
			return false;
	}
	if (*reader->at != '"')
		return false;
	field->type = WIRE_STRING;
	field->value.string.data = begin;
	field->value.string.len = (size_t) (reader->at - begin);
	if (escaped)
		unescape(&field->value.string, WIRETEXT_IN_STRING, &reader->arena);
	reader->at++;
	return ends_value(*reader->at);
}

/* A number of any other form, or a boolean. */
static bool
read_other(Reader *reader, bool number, WireField *field)
{
	const char *begin = reader->at;
	const char *end = begin;
	WireReason	reason;

	while (end < reader->limit && !ends_value(*end))
		end++;
	reader->at = end;
	reason = number ? wirenumber_parse(begin, end, field) :
		wirenumber_boolean(begin, end, field);
	return reason == WIRE_GOOD && ends_value(*end);
}

/* Leaves the reader at the byte that ends the value. */
CODEC_INLINE bool
read_value(Reader *reader, WireField *field)
{
	const char *begin = reader->at;
	bool		number = is_digit(*begin) || *begin == '-';

	if (number && read_number(reader, field))
		return true;
	if (*begin == '"')
		return read_string(reader, field);
	reader->at = begin;
	return read_other(reader, number, field);
}

CODEC_INLINE bool
read_fields(Reader *reader, const WireShape *shape, WireField *fields)
{
	int			i;

	for (i = 0; i < shape->field_count; i++)
	{
		if (i > 0 && *reader->at++ != ',')
			return false;
		if (!skip_piece(reader, shape, shape->tag_count + 1 + i) ||
			!read_value(reader, &fields[i]) ||
			reader->at > reader->limit)
			return false;
	}
	return true;
}

/* ---------- the end of the line ---------- */

/* A timestamp, if there is one, and the line's end; leaves the reader there. */
CODEC_INLINE bool
read_time(Reader *reader, int64_t unit, WireItem *item)
{
	bool		negative;
	const char *begin;
	uint64_t	digits = 0;

	item->has_time = *reader->at == ' ';
	item->time = 0;
	if (item->has_time)
	{
		negative = *++reader->at == '-';
		begin = reader->at + negative;
		reader->at = read_digits(begin, &digits);
		if (reader->at == begin || reader->at - begin > MAX_DIGITS ||
			digits > INT64_MAX ||
			wirenumber_scale_time(negative ? -(int64_t) digits :
								  (int64_t) digits, unit,
								  &item->time) != WIRE_GOOD)
			return false;
	}
	return *reader->at == '\n' || (*reader->at == '\r' && reader->at[1] == '\n');
}

/* The keys of the shape into the arrays, unless they are there. */
static void
load_keys(WireParser *parser, int place)
{
	const WireShape *shape = &parser->shapes.shapes[place];
	const uint16_t *starts = shape->starts;
	int			i;

	for (i = 0; i < shape->tag_count; i++)
	{
		parser->tags[i].key.data = shape->bytes + starts[i + 1];
		parser->tags[i].key.len = wireshape_piece_len(shape, i + 1) - 1;
	}
	for (i = 0; i < shape->field_count; i++)
	{
		int			piece = shape->tag_count + 1 + i;

		parser->fields[i].key.data = shape->bytes + starts[piece];
		parser->fields[i].key.len = wireshape_piece_len(shape, piece) - 1;
	}
	parser->item.measurement.data = shape->bytes;
	parser->item.measurement.len = wireshape_piece_len(shape, 0) - 1;
	parser->item.tags = parser->tags;
	parser->item.fields = parser->fields;
	parser->item.tag_count = shape->tag_count;
	parser->item.field_count = shape->field_count;
	parser->item.shape = shape->number;
	parser->loaded = place;
}

/* The line is good and ends at stop. */
CODEC_INLINE void
accept_line(WireParser *parser, int place, const char *stop)
{
	WireItem   *item = &parser->item;

	if (parser->loaded != place)
		load_keys(parser, place);
	item->reason = WIRE_GOOD;
	item->line = parser->line++;
	item->source.data = parser->at;
	item->source.len = (size_t) (stop - parser->at);
	parser->at = stop + (*stop == '\r') + 1;
}

bool
wirefast_parse(WireParser *parser, int place)
{
	const WireShape *shape = &parser->shapes.shapes[place];
	Reader		reader = {parser->at, parser->end - WIREFAST_AHEAD, parser->arena};

	if (parser->end - parser->at <= WIREFAST_AHEAD || !shape->plain ||
		!read_series(&reader, shape, parser->tags) ||
		!read_fields(&reader, shape, parser->fields) ||
		!read_time(&reader, parser->unit, &parser->item) ||
		(size_t) (reader.at - parser->at) > parser->max_line)
		return false;
	parser->arena = reader.arena;
	accept_line(parser, place, reader.at);
	return true;
}
