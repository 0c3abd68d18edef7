/*
 * wireline.c
 *	  One line by the letter of the grammar, whatever is in it.
 *
 * This is the definition: it is written to be compared with docs/ingest.md,
 * and what is faster must give the same (wire invariant 2).
 *
 * Whether a byte is escaped differs by place, as in InfluxDB.  In measurement
 * and tags it is when a backslash stands before it, even when that one has a
 * backslash before itself.  In field keys and strings backslashes are read in
 * pairs from the left.
 */
#include "wire/wireline.h"

#include <string.h>

#include "wire/wirenumber.h"
#include "wire/wiretext.h"

/* InfluxDB's separator between a series and a field, which counts as well */
#define SEPARATOR 4

/* up to so many keys each is compared with each */
#define FEW_KEYS 16

typedef struct Line
{
	WireParser *parser;
	const char *begin;
	const char *at;
	const char *end;
	size_t		key_len;		/* measurement and tags */
	int			tag_count;
	int			field_count;
	bool		in_buckets;		/* the names of this part */
} Line;

/* ---------- where a line ends ---------- */

/* Bytes that decide nothing about it are passed over first. */
const char *
wireline_scan(WireEnding *ending, const char *at, const char *end)
{
	bool		in_fields = ending->in_fields;
	bool		quoted = ending->quoted;
	long		balance = ending->balance;

	if (ending->escaped && at < end)
	{
		ending->escaped = false;
		at++;
	}
	for (; at < end; at++)
	{
		while (at < end && !WIRETEXT_IS(*at, WIRETEXT_ENDING))
			at++;
		if (at == end)
			break;
		if (*at == '\\')
		{
			ending->escaped = ++at == end;
			if (ending->escaped)
				break;
		}
		else if (*at == '\n' && !quoted)
			return at;
		else if (*at == '"' && in_fields && balance > 0)
			quoted = !quoted;
		else if (*at == ' ')
			in_fields = true;
		else if (in_fields && !quoted)
			balance += (*at == '=') - (*at == ',');
	}
	ending->in_fields = in_fields;
	ending->quoted = quoted;
	ending->balance = balance;
	return end;
}

const char *
wireline_end(const char *at, const char *end)
{
	WireEnding	ending = {0};

	return wireline_scan(&ending, at, end);
}

/* ---------- small parts ---------- */

static WireText
slice(const char *begin, const char *end)
{
	WireText	text = {begin, (size_t) (end - begin)};

	return text;
}

static const char *
skip_blanks(const char *at, const char *end)
{
	while (at < end && WIRETEXT_IS(*at, WIRETEXT_BLANK))
		at++;
	return at;
}

/*
 * The first byte of the classes that has no backslash before it, or the end.
 * There is a byte before at.
 */
static const char *
find_bare(const char *at, const char *end, int classes)
{
	while (at < end && (!WIRETEXT_IS(*at, classes) || at[-1] == '\\'))
		at++;
	return at;
}

/* The next comma or space, or the end. */
static const char *
find_value_end(const char *at, const char *end)
{
	while (at < end && *at != ',' && *at != ' ')
		at++;
	return at;
}

/* ---------- duplicates ---------- */

static uint32_t
hash_name(WireText name)
{
	uint32_t	hash = 2166136261u;
	size_t		i;

	for (i = 0; i < name.len; i++)
		hash = (hash ^ (uint8_t) name.data[i]) * 16777619u;
	return hash ^ hash >> 15;
}

/* Through the buckets, which hold the n names; adds this one when it is new. */
static int
find_among_many(WireParser *parser, const WireText *names, int n, WireText name)
{
	uint32_t	bucket = hash_name(name) % WIRESTATE_BUCKETS;

	for (; parser->buckets[bucket] != 0;
		 bucket = (bucket + 1) % WIRESTATE_BUCKETS)
	{
		int			i = parser->buckets[bucket] - 1;

		if (wiretext_same(names[i], name.data, name.len))
			return i;
	}
	parser->buckets[bucket] = (uint16_t) (n + 1);
	return n;
}

/*
 * The name among n that equals this one, as an index; n when there is none.
 * Beyond a few names they are in buckets, so that a long line does not take
 * the square of its length.
 */
static int
find_name(Line *line, const WireText *names, int n, WireText name)
{
	int			i;

	if (n < FEW_KEYS)
	{
		for (i = 0; i < n; i++)
			if (wiretext_same(names[i], name.data, name.len))
				break;
		return i;
	}
	if (!line->in_buckets)
	{
		memset(line->parser->buckets, 0, sizeof(line->parser->buckets));
		for (i = 0; i < n; i++)
			(void) find_among_many(line->parser, names, i, names[i]);
		line->in_buckets = true;
	}
	return find_among_many(line->parser, names, n, name);
}

/* ---------- measurement and tags ---------- */

static WireReason
read_measurement(Line *line, WireText *measurement)
{
	const char *begin = line->at;

	if (begin == line->end || *begin == ',')
		return WIRE_NO_MEASUREMENT;
	line->at = find_bare(begin + 1, line->end, WIRETEXT_COMMA | WIRETEXT_SPACE);
	if (line->at == line->end)
		return WIRE_NO_FIELDS;
	*measurement = slice(begin, line->at);
	line->parser->item.measurement =
		wiretext_unescape(*measurement, WIRETEXT_IN_NAME, &line->parser->arena);
	return WIRE_GOOD;
}

static WireReason
add_tag(Line *line, WireText key, WireText value)
{
	WireParser *parser = line->parser;
	WireTag    *tag = &parser->tags[line->tag_count];
	WireText	name = wiretext_unescape(key, WIRETEXT_IN_TAG, &parser->arena);
	int			count = line->tag_count;

	if (find_name(line, parser->names, count, name) < count)
		return WIRE_DUPLICATE_TAG;
	parser->raw_keys[count] = key;
	parser->names[count] = name;
	tag->key = name;
	tag->value = wiretext_unescape(value, WIRETEXT_IN_TAG, &parser->arena);
	line->tag_count++;
	return WIRE_GOOD;
}

/* A tag after its comma.  Any first byte of a value is part of it but two. */
static WireReason
read_tag(Line *line)
{
	const char *key = line->at;
	const char *value;
	const char *stop;

	if (line->tag_count >= WIRE_MAX_COLUMNS)
		return WIRE_MANY_COLUMNS;
	if (key == line->end || WIRETEXT_IS(*key, WIRETEXT_IN_TAG))
		return WIRE_NO_TAG_KEY;
	stop = find_bare(key + 1, line->end, WIRETEXT_IN_TAG);
	if (stop == line->end || *stop != '=')
		return WIRE_NO_TAG_VALUE;
	value = stop + 1;
	if (value == line->end ||
		WIRETEXT_IS(*value, WIRETEXT_COMMA | WIRETEXT_SPACE))
		return WIRE_NO_TAG_VALUE;
	line->at = find_bare(value + 1, line->end, WIRETEXT_IN_TAG);
	if (line->at == line->end)
		return WIRE_NO_FIELDS;
	if (*line->at == '=')
		return WIRE_BAD_TAG;
	return add_tag(line, slice(key, stop), slice(value, line->at));
}

/* Leaves the line at the space after the series. */
static WireReason
read_series(Line *line, WireText *measurement)
{
	WireReason	reason = read_measurement(line, measurement);

	while (reason == WIRE_GOOD && *line->at == ',')
	{
		line->at++;
		reason = read_tag(line);
	}
	line->key_len = (size_t) (line->at - line->begin);
	line->in_buckets = false;
	if (reason == WIRE_GOOD && line->key_len > WIRE_MAX_KEY)
		return WIRE_LONG_KEY;
	return reason;
}

/* ---------- fields ---------- */

static WireReason
read_field_key(Line *line, WireText *key)
{
	const char *begin = line->at;
	const char *at = begin;

	for (; at < line->end && !WIRETEXT_IS(*at, WIRETEXT_IN_TAG); at++)
	{
		if (*at == '\\' && at + 1 < line->end)
			at++;
	}
	if (at == line->end || *at != '=')
		return WIRE_BAD_FIELD;
	if (at == begin)
		return WIRE_NO_FIELD_KEY;
	/* an even number of backslashes, which InfluxDB refuses later on */
	if (at[-1] == '\\')
		return WIRE_BAD_FIELD;
	*key = slice(begin, at);
	line->at = at + 1;
	if (line->key_len + SEPARATOR + key->len > WIRE_MAX_KEY)
		return WIRE_LONG_KEY;
	return WIRE_GOOD;
}

/* A string after its first quote. */
static WireReason
read_string(Line *line, WireField *field)
{
	const char *begin = line->at;
	const char *at = begin;

	for (; at < line->end && *at != '"'; at++)
	{
		if (*at == '\\' && at + 1 < line->end)
			at++;
	}
	if (at == line->end)
		return WIRE_OPEN_QUOTE;
	field->type = WIRE_STRING;
	field->value.string = wiretext_unescape(slice(begin, at),
											WIRETEXT_IN_STRING,
											&line->parser->arena);
	line->at = at + 1;
	if (line->at < line->end && *line->at != ',' && *line->at != ' ')
		return WIRE_AFTER_QUOTE;
	return WIRE_GOOD;
}

static WireReason
read_value(Line *line, WireField *field)
{
	const char *begin = line->at;

	if (begin < line->end && *begin == '"')
	{
		line->at++;
		return read_string(line, field);
	}
	line->at = find_value_end(begin, line->end);
	if (line->at == begin)
		return WIRE_NO_FIELD_VALUE;
	/* "nan" is an invalid number rather than an invalid boolean */
	if (memchr("0123456789.-nN", *begin, 14) != NULL)
		return wirenumber_parse(begin, line->at, field);
	return wirenumber_boolean(begin, line->at, field);
}

/* Of fields with one key the last one counts, at the place of the first. */
static WireReason
read_field(Line *line)
{
	WireParser *parser = line->parser;
	WireText   *names = parser->names + line->tag_count;
	WireText	key;
	WireText	name;
	WireReason	reason = read_field_key(line, &key);
	int			place;

	if (reason != WIRE_GOOD)
		return reason;
	name = wiretext_unescape(key, WIRETEXT_IN_NAME, &parser->arena);
	place = find_name(line, names, line->field_count, name);
	if (place == line->field_count)
	{
		if (line->tag_count + line->field_count == WIRE_MAX_COLUMNS)
			return WIRE_MANY_COLUMNS;
		line->field_count++;
		parser->raw_keys[line->tag_count + place] = key;
		names[place] = name;
		parser->fields[place].key = name;
	}
	return read_value(line, &parser->fields[place]);
}

/* Leaves the line at the space after the fields, or at its end. */
static WireReason
read_fields(Line *line)
{
	WireReason	reason;

	line->at = skip_blanks(line->at, line->end);
	if (line->at == line->end)
		return WIRE_NO_FIELDS;
	reason = read_field(line);
	while (reason == WIRE_GOOD && line->at < line->end && *line->at == ',')
	{
		line->at++;
		reason = read_field(line);
	}
	return reason;
}

/* ---------- timestamp ---------- */

static WireReason
read_time(Line *line)
{
	WireItem   *item = &line->parser->item;
	const char *begin = skip_blanks(line->at, line->end);
	WireReason	reason;

	item->has_time = begin < line->end;
	item->time = 0;
	if (!item->has_time)
		return WIRE_GOOD;
	for (line->at = begin; line->at < line->end && *line->at != ' ';)
		line->at++;
	reason = wirenumber_time(begin, line->at, line->parser->unit, &item->time);
	if (reason != WIRE_GOOD)
		return reason;
	while (line->at < line->end && *line->at == ' ')
		line->at++;
	return line->at < line->end ? WIRE_AFTER_TIME : WIRE_GOOD;
}

/* ---------- all of it ---------- */

static void
note_shape(Line *line, WireText measurement)
{
	WireParser *parser = line->parser;
	WireKeys	keys = {measurement, parser->raw_keys,
	line->tag_count, line->field_count};
	int			place = wireshape_note(&parser->shapes, &keys);

	parser->item.shape = place < 0 ? 0 : parser->shapes.shapes[place].number;
}

WireReason
wireline_parse(WireParser *parser, const char *at, const char *end)
{
	Line		line = {.parser = parser, .begin = at, .at = at, .end = end};
	WireText	measurement;
	WireReason	reason;

	parser->loaded = -1;
	reason = read_series(&line, &measurement);
	if (reason == WIRE_GOOD)
		reason = read_fields(&line);
	if (reason == WIRE_GOOD)
		reason = read_time(&line);
	if (reason != WIRE_GOOD)
		return reason;
	parser->item.tags = parser->tags;
	parser->item.fields = parser->fields;
	parser->item.tag_count = line.tag_count;
	parser->item.field_count = line.field_count;
	note_shape(&line, measurement);
	return WIRE_GOOD;
}
