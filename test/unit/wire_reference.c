/*
 * wire_reference.c
 *	  Line protocol as docs/ingest.md says it, slowly, and random lines.
 *
 * Nothing here is shared with src/wire but its types.  Each part is first cut
 * out and then looked at, byte by byte, with no thought of speed.
 */
#include "wire_reference.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define MAX_PARTS 2000
#define TIME_LIMIT INT64_C(9223372036854775806)

/* what is unescaped of a line */
static char pool[1000000];
static size_t pool_used;

/* ---------- words ---------- */

static char *
put_text(char *out, const char *text, size_t len)
{
	size_t		i;

	for (i = 0; i < len; i++)
	{
		if (text[i] > ' ' && text[i] <= '~' && text[i] != '%')
			*out++ = text[i];
		else
			out += sprintf(out, "%%%02x", (uint8_t) text[i]);
	}
	*out = '\0';
	return out;
}

static char *
put_number(char *out, double number)
{
	uint64_t	bits;

	memcpy(&bits, &number, sizeof(bits));
	return out + sprintf(out, "float:%016llx", (unsigned long long) bits);
}

static char *
put_value(char *out, const WireField *field)
{
	switch (field->type)
	{
		case WIRE_FLOAT:
			return put_number(out, field->value.number);
		case WIRE_INTEGER:
			return out + sprintf(out, "integer:%lld",
								 (long long) field->value.integer);
		case WIRE_UNSIGNED:
			return out + sprintf(out, "unsigned:%llu",
								 (unsigned long long) field->value.natural);
		case WIRE_BOOLEAN:
			return out + sprintf(out, "boolean:%d", field->value.boolean);
		case WIRE_STRING:
			out += sprintf(out, "string:");
			return put_text(out, field->value.string.data,
							field->value.string.len);
	}
	return out;
}

void
wire_reference_words(const WireItem *item, const char *data, char *out)
{
	int			i;

	out += sprintf(out, "%ld %zu %zu ", item->line,
				   (size_t) (item->source.data - data), item->source.len);
	if (item->reason != WIRE_GOOD)
	{
		sprintf(out, "bad");
		return;
	}
	out = put_text(out, item->measurement.data, item->measurement.len);
	for (i = 0; i < item->tag_count; i++)
	{
		out += sprintf(out, " tag ");
		out = put_text(out, item->tags[i].key.data, item->tags[i].key.len);
		out += sprintf(out, " ");
		out = put_text(out, item->tags[i].value.data, item->tags[i].value.len);
	}
	for (i = 0; i < item->field_count; i++)
	{
		out += sprintf(out, " field ");
		out = put_text(out, item->fields[i].key.data, item->fields[i].key.len);
		out += sprintf(out, " ");
		out = put_value(out, &item->fields[i]);
	}
	if (item->has_time)
		sprintf(out, " at %lld", (long long) item->time);
}

/* ---------- cutting ---------- */

/* A piece of the input, and what it becomes. */
typedef struct Part
{
	const char *text;
	size_t		len;
} Part;

typedef struct Line
{
	const char *text;
	size_t		len;
	size_t		at;
	Part		measurement;
	Part		tags[MAX_PARTS][2];
	Part		fields[MAX_PARTS][2];
	int			tag_count;
	int			field_count;
	size_t		series_len;
	bool		has_time;
	int64_t		time;
} Line;

static bool
at_end(const Line *line)
{
	return line->at >= line->len;
}

static bool
one_of(char byte, const char *set)
{
	return byte != '\0' && strchr(set, byte) != NULL;
}

/*
 * Cut up to the first byte of the set that has no backslash before it; the
 * first byte of the part is never one that ends it.  False at the line's end.
 */
static bool
cut_bare(Line *line, const char *set, Part *part)
{
	size_t		begin = line->at++;

	while (!at_end(line) && !(one_of(line->text[line->at], set) &&
							  line->text[line->at - 1] != '\\'))
		line->at++;
	part->text = line->text + begin;
	part->len = line->at - begin;
	return !at_end(line);
}

/* Cut up to a byte of the set, where backslashes skip a byte. */
static bool
cut_pairs(Line *line, const char *set, Part *part)
{
	size_t		begin = line->at;

	while (!at_end(line) && !one_of(line->text[line->at], set))
		line->at += line->text[line->at] == '\\' &&
			line->at + 1 < line->len ? 2 : 1;
	part->text = line->text + begin;
	part->len = line->at - begin;
	return !at_end(line);
}

static void
skip(Line *line, const char *set)
{
	while (!at_end(line) && (one_of(line->text[line->at], set) ||
							 line->text[line->at] == '\0'))
		line->at++;
}

static bool
next_is(const Line *line, const char *set)
{
	return !at_end(line) && one_of(line->text[line->at], set);
}

/* The part without the backslashes that escape a byte of the set. */
static Part
unescaped(Part part, const char *set)
{
	char	   *out = pool + pool_used;
	Part		result = {out, 0};
	size_t		i;

	pool_used += part.len;
	if (pool_used > sizeof(pool))
		abort();
	for (i = 0; i < part.len; i++)
	{
		if (part.text[i] == '\\' && i + 1 < part.len &&
			one_of(part.text[i + 1], set))
			i++;
		out[result.len++] = part.text[i];
	}
	return result;
}

static bool
same_part(Part a, Part b)
{
	return a.len == b.len && memcmp(a.text, b.text, a.len) == 0;
}

/* ---------- series ---------- */

static bool
cut_tag(Line *line)
{
	Part	   *tag = line->tags[line->tag_count];
	int			i;

	if (line->tag_count >= WIRE_MAX_COLUMNS || at_end(line) ||
		next_is(line, " ,=") || !cut_bare(line, " ,=", &tag[0]) ||
		line->text[line->at] != '=')
		return false;
	line->at++;
	if (at_end(line) || next_is(line, " ,") ||
		!cut_bare(line, " ,=", &tag[1]) || line->text[line->at] == '=')
		return false;
	tag[0] = unescaped(tag[0], " ,=");
	tag[1] = unescaped(tag[1], " ,=");
	line->tag_count++;
	for (i = 0; i < line->tag_count - 1; i++)
		if (same_part(line->tags[i][0], tag[0]))
			return false;
	return true;
}

static bool
cut_series(Line *line)
{
	if (at_end(line) || next_is(line, ",") ||
		!cut_bare(line, " ,", &line->measurement))
		return false;
	line->measurement = unescaped(line->measurement, " ,=\"");
	while (line->text[line->at] == ',')
	{
		line->at++;
		if (!cut_tag(line))
			return false;
	}
	line->series_len = line->at;
	return line->series_len <= 65535;
}

/* ---------- values ---------- */

static size_t
count_digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* sign? (digits [. digits?] | . digits) ([eE] sign? digits)? */
static bool
is_decimal(const char *text)
{
	size_t		before;
	size_t		after = 0;

	text += *text == '-';
	text += before = count_digits(text);
	if (*text == '.')
		text += 1 + (after = count_digits(text + 1));
	if (before + after == 0)
		return false;
	if (*text == 'e' || *text == 'E')
	{
		text++;
		text += *text == '-' || *text == '+';
		if (count_digits(text) == 0)
			return false;
		text += count_digits(text);
	}
	return *text == '\0';
}

/* Digits without more zeros than needed, to compare with a limit as text. */
static bool
at_most(const char *digits, const char *limit)
{
	while (digits[0] == '0' && digits[1] != '\0')
		digits++;
	return strlen(digits) < strlen(limit) ||
		(strlen(digits) == strlen(limit) && strcmp(digits, limit) <= 0);
}

static bool
is_integer(char *text)
{
	bool		negative = *text == '-';
	size_t		count = count_digits(text + negative);

	if (count == 0 || strcmp(text + negative + count, "i") != 0)
		return false;
	text[negative + count] = '\0';
	return at_most(text + negative, negative ? "9223372036854775808" :
				   "9223372036854775807");
}

static bool
is_unsigned(char *text)
{
	size_t		count = count_digits(text);

	if (count == 0 || strcmp(text + count, "u") != 0)
		return false;
	text[count] = '\0';
	return at_most(text, "18446744073709551615");
}

static int
boolean_of(const char *text)
{
	static const char *const words[] = {
		"f", "F", "false", "False", "FALSE", "t", "T", "true", "True", "TRUE"
	};
	int			i;

	for (i = 0; i < 10; i++)
		if (strcmp(text, words[i]) == 0)
			return i >= 5;
	return -1;
}

/* The value in words; NULL when it is none. */
static char *
put_value_of(char *out, Part value)
{
	char	   *text = calloc(1, value.len + 1);
	Part		inside = {value.text + 1, value.len - 2};
	char	   *result = NULL;

	memcpy(text, value.text, value.len);
	if (value.len > 0 && value.text[0] == '"')
	{
		inside = unescaped(inside, "\"\\");
		out += sprintf(out, "string:");
		result = put_text(out, inside.text, inside.len);
	}
	else if (strlen(text) != value.len)
		result = NULL;
	else if (is_decimal(text))
		result = isinf(strtod(text, NULL)) ? NULL :
			put_number(out, strtod(text, NULL));
	else if (is_integer(text))
		result = out + sprintf(out, "integer:%lld", strtoll(text, NULL, 10));
	else if (is_unsigned(text))
		result = out + sprintf(out, "unsigned:%llu", strtoull(text, NULL, 10));
	else if (boolean_of(text) >= 0)
		result = out + sprintf(out, "boolean:%d", boolean_of(text));
	free(text);
	return result;
}

/* ---------- fields ---------- */

/* The value's first quote is a string's; it ends with the next bare one. */
static bool
cut_string(Line *line, Part *value)
{
	size_t		begin = line->at++;
	Part		inside;

	if (!cut_pairs(line, "\"", &inside))
		return false;
	line->at++;
	value->text = line->text + begin;
	value->len = line->at - begin;
	return true;
}

static bool
cut_field(Line *line)
{
	static char words[WIRE_REFERENCE_ROOM];
	Part		key;
	Part		value;
	int			place;

	if (!cut_pairs(line, " ,=", &key) || line->text[line->at] != '=' ||
		key.len == 0 || key.text[key.len - 1] == '\\' ||
		line->series_len + 4 + key.len > 65535)
		return false;
	line->at++;
	if (next_is(line, "\""))
	{
		if (!cut_string(line, &value))
			return false;
	}
	else
	{
		value.text = line->text + line->at;
		while (!at_end(line) && !next_is(line, " ,"))
			line->at++;
		value.len = (size_t) (line->text + line->at - value.text);
	}
	if (!at_end(line) && !next_is(line, " ,"))
		return false;
	key = unescaped(key, " ,=\"");
	for (place = 0; place < line->field_count; place++)
		if (same_part(line->fields[place][0], key))
			break;
	if (place == line->field_count &&
		line->tag_count + ++line->field_count > WIRE_MAX_COLUMNS)
		return false;
	line->fields[place][0] = key;
	line->fields[place][1] = value;
	/* also a value that a later one replaces */
	return put_value_of(words, value) != NULL;
}

/* ---------- the rest of a line ---------- */

static bool
cut_time(Line *line, int64_t unit)
{
	char		text[100] = "";
	size_t		count = 0;
	bool		negative;
	__int128	time;

	skip(line, " \t");
	if (at_end(line))
		return true;
	line->has_time = true;
	negative = next_is(line, "-");
	line->at += negative;
	for (; next_is(line, "0123456789"); line->at++)
	{
		/* zeros in front do not count */
		if ((count > 0 || line->text[line->at] != '0') && count < 30)
			text[count++] = line->text[line->at];
		else if (count == 0)
			text[0] = '0';
	}
	if (text[0] == '\0' || !at_most(text, "9223372036854775808"))
		return false;
	time = (__int128) strtoull(text, NULL, 10) * (negative ? -unit : unit);
	line->time = (int64_t) time;
	skip(line, " ");
	return at_end(line) && time <= TIME_LIMIT && time >= -TIME_LIMIT &&
		line->text[line->len - 1] != '\0';
}

static bool
put_line(Line *line, char *out)
{
	int			i;

	out = put_text(out, line->measurement.text, line->measurement.len);
	for (i = 0; i < line->tag_count; i++)
	{
		out += sprintf(out, " tag ");
		out = put_text(out, line->tags[i][0].text, line->tags[i][0].len);
		out += sprintf(out, " ");
		out = put_text(out, line->tags[i][1].text, line->tags[i][1].len);
	}
	for (i = 0; i < line->field_count; i++)
	{
		out += sprintf(out, " field ");
		out = put_text(out, line->fields[i][0].text, line->fields[i][0].len);
		out += sprintf(out, " ");
		out = put_value_of(out, line->fields[i][1]);
		if (out == NULL)
			return false;
	}
	if (line->has_time)
		sprintf(out, " at %lld", (long long) line->time);
	return true;
}

static bool
cut_fields(Line *line)
{
	skip(line, " \t");
	for (;;)
	{
		if (!cut_field(line))
			return false;
		if (!next_is(line, ","))
			return true;
		line->at++;
	}
}

static bool
parse_line(const char *text, size_t len, int64_t unit, char *out)
{
	static Line line;

	pool_used = 0;
	memset(&line, 0, sizeof(line));
	line.text = text;
	line.len = len;
	return cut_series(&line) && cut_fields(&line) && cut_time(&line, unit) &&
		put_line(&line, out);
}

/* ---------- lines ---------- */

/*
 * A new line ends a line, unless a backslash skips it or a quote is open.
 * Quotes count in a field's value, which is where, after the first space, more
 * equals signs than commas were seen outside of quotes.
 */
static size_t
find_line_end(const char *data, size_t at, size_t len)
{
	bool		fields = false;
	bool		open = false;
	int			balance = 0;

	for (; at < len; at++)
	{
		if (data[at] == '\\')
			at++;
		else if (data[at] == '\n' && !open)
			return at;
		else if (data[at] == '"' && fields && balance > 0)
			open = !open;
		else if (data[at] == ' ')
			fields = true;
		else if (fields && !open && data[at] == '=')
			balance++;
		else if (fields && !open && data[at] == ',')
			balance--;
	}
	return len;
}

static void
step_over(WireReference *reference, size_t end)
{
	for (; reference->at < end; reference->at++)
		reference->line += reference->data[reference->at] == '\n';
}

bool
wire_reference_next(WireReference *reference, char *out)
{
	const char *data = reference->data;
	size_t		begin;
	size_t		end;

	for (;;)
	{
		const char *newline;

		begin = reference->at;
		if (begin >= reference->len)
			return false;
		newline = memchr(data + begin, '\n', reference->len - begin);
		end = newline != NULL ? (size_t) (newline - data) : reference->len;
		while (begin < end && (data[begin] == ' ' || data[begin] == '\t' ||
							   data[begin] == '\0'))
			begin++;
		if (begin < end && data[begin] != '#' &&
			!(begin + 1 == end && data[begin] == '\r'))
			break;
		step_over(reference, end + 1 < reference->len ? end + 1 :
				  reference->len);
	}
	end = find_line_end(data, reference->at, reference->len);
	out += sprintf(out, "%ld ", reference->line);
	step_over(reference, end + 1 < reference->len ? end + 1 : reference->len);
	if (data[end - 1] == '\r')
		end--;
	out += sprintf(out, "%zu %zu ", begin, end - begin);
	if (!parse_line(data + begin, end - begin, reference->unit, out))
		sprintf(out, "bad");
	return true;
}

/* ---------- random lines ---------- */

static const char *
pick(const char *const *words, int n)
{
	return words[unit_random() % (uint64_t) n];
}

#define PICK(words) pick(words, (int) (sizeof(words) / sizeof((words)[0])))

static char *
put_random_value(char *out)
{
	static const char *const values[] = {
		"1", "-0", "1.", ".5", "-.5", "1e5", "1E+5", "2.5e-3", "0", "58.13",
		"100.00", "62.288713455200195", "0.1234567890123456789",
		"123456789012345678", "1234567890123456789", "12345678901234567890",
		"99999999999999999999999999", "1e308", "1e309", "-1e400", "4.9e-324",
		"1e-400", "9007199254740993", "9007199254740993.0", "1e22", "1e23",
		"8.5e19", "nan", "NaN", "inf", "-inf", "1i", "-1i", "0i", "-0i", "007i",
		"9223372036854775807i", "9223372036854775808i", "-9223372036854775808i",
		"-9223372036854775809i", "1.0i", "1u", "18446744073709551615u",
		"18446744073709551616u", "-1u", "t", "T", "true", "True", "TRUE", "f",
		"F", "false", "False", "FALSE", "tRUE", "tr", "\"\"", "\"a b\"",
		"\"a,b=c\"", "\"x\\\"y\"", "\"\\\\\"", "\"\\n\"", "\"a\nb\"", "\"a",
		"\"a\"b", "\"\"\"", "0x10", "1_0", "+1", ".", "-", "1e", "1.5.2", "i"
	};

	if (unit_random() % 2 == 0)
		return out + sprintf(out, "%.2f", unit_normal() * 50);
	return out + sprintf(out, "%s", PICK(values));
}

static char *
put_random_line(char *out)
{
	static const char *const names[] = {
		"a", "b", "cpu", "usage_user", "a_name_that_is_longer_than_a_vector",
		"a\\ b", "a\\,b", "a\\=b", "a\\\"b", "a\"b", "a\\b", "a\\\\", "a\\\\,b",
		"\xc3\xa9", "time", "c\\", "d\t", "#e"
	};
	static const char *const values[] = {
		"x", "host_1", "a_value_that_is_longer_than_a_vector", "a\\ b", "a\\,b",
		"a\\=b", "=", "a\"b", "\"x\"", "x\\", "y\\\\", "\xe2\x82\xac", "x\\\ny"
	};
	static const char *const ends[] = {
		"", "", " 1", " 1704067200000000000", " -5", "  7 ", " 7 8", " x",
		" 9223372036854775806", " 9223372036854775807", " 99999999999999999999",
		" -", " 1\t", " 12345678", " 0000000000000000000000000000000000000001"
	};
	int			count;

	out += sprintf(out, "%s", PICK(names));
	for (count = (int) (unit_random() % 4); count > 0; count--)
	{
		out += sprintf(out, ",%s%d=", PICK(names), (int) (unit_random() % 9));
		out += sprintf(out, "%s", PICK(values));
	}
	for (count = 0; count == 0 || unit_random() % 3 > 0; count++)
	{
		out += sprintf(out, "%c%s=", count > 0 ? ',' : ' ', PICK(names));
		out = put_random_value(out);
	}
	return out + sprintf(out, "%s", PICK(ends));
}

/* A line like others before it: shapes are guessed only when they repeat. */
static char *
put_plain_line(char *out)
{
	static const char *const lines[] = {
		"cpu,host=h%d,region=eu usage=%.2f,idle=%di %ld",
		"mem used=%d.%.2f,name=\"x\",up=t %ld",
		"a_measurement_of_more_than_sixteen,tag=%d a=%.17g,b=%du,c=T %ld",
		"disk,path=/%d free=%.5e,u=%d"
	};
	int			i = (int) (unit_random() >> 33);

	return out + sprintf(out, lines[unit_random() % 8 % 4], i % 10,
						 i % 7 == 0 ? -0.0 : unit_normal() * 1000, i % 1000,
						 1704067200L + i % 50);
}

static size_t
mutate(char *line, size_t len)
{
	static const char bytes[] = ",,==  \\\\\"\"\n\r\t#ab01.-+eEiutTfFnN";
	size_t		at = unit_random() % len;

	switch (unit_random() % 3)
	{
		case 0:
			line[at] = bytes[unit_random() % sizeof(bytes)];
			return len;
		case 1:
			memmove(line + at, line + at + 1, len - at - 1);
			return len - 1;
		default:
			memmove(line + at + 1, line + at, len - at);
			line[at] = bytes[unit_random() % sizeof(bytes)];
			return len + 1;
	}
}

size_t
wire_reference_random(char *out, size_t room)
{
	static const char *const ends[] = {
		"\n", "\n", "\n", "\n", "\n", "\n", "\r\n", "\n\n", "\n# x=\"\n",
		"\n \r\n", " \n", "\n ", "\n\t"
	};
	char		line[10000];
	char	   *end = out;

	for (;;)
	{
		size_t		len = (size_t) ((unit_random() % 2 ? put_plain_line(line) :
									 put_random_line(line)) - line);

		while (unit_random() % 3 == 0)
			len = mutate(line, len);
		if ((size_t) (end - out) + len + 10 > room)
			return (size_t) (end - out);
		memcpy(end, line, len);
		end += len;
		end += sprintf(end, "%s", PICK(ends));
	}
}

/* ---------- comparing ---------- */

static bool
same_words(const char *expected, const char *words, const char *way)
{
	if (strcmp(expected, words) == 0)
		return true;
	printf("expected: %s\n%-8s: %s\n", expected, way, words);
	return false;
}

bool
wire_reference_agrees(WireParser *parser, const char *data, size_t len,
					  int64_t unit)
{
	static char expected[WIRE_REFERENCE_ROOM];
	static char words[WIRE_REFERENCE_ROOM];
	char	   *copy = (char *) unit_exact_copy((const uint8_t *) data, len);
	char	   *arena = malloc(len > 0 ? len : 1);
	WireBatch	batch = {copy, len, arena, unit, 0};
	const WireItem *item;
	bool		same = true;
	int			exactly;

	for (exactly = 0; exactly < 2 && same; exactly++)
	{
		WireReference reference = {copy, len, 0, 1, unit};
		bool		more = true;

		wireparser_begin(parser, &batch);
		while (same && more)
		{
			item = exactly ? wireparser_next_exactly(parser) :
				wireparser_next(parser);
			strcpy(words, "end");
			if (item != NULL)
				wire_reference_words(item, copy, words);
			more = wire_reference_next(&reference, expected);
			if (!more)
				strcpy(expected, "end");
			same = same_words(expected, words, exactly ? "exactly" : "guessing");
		}
	}
	free(arena);
	free(copy);
	return same;
}
