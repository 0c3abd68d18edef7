/*
 * wire_targets.c
 *	  Targets for line protocol: lines, and numbers.
 *
 * Promises: the parser gives what the reference gives, whether it guesses
 * shapes or not; values lie in the batch or the arena; a bad line put between
 * two lines changes neither; a float is the same in each way to round it.
 */
#include "wire_targets.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "wire/wirenumber.h"
#include "wire_reference.h"

#define BAD_LINE "bad\n"
#define BAD_LEN (sizeof(BAD_LINE) - 1)

static void
promise(bool kept, const char *what)
{
	if (kept)
		return;
	fprintf(stderr, "fuzz: broken promise: %s\n", what);
	abort();
}

/* Shapes live from one input to the next, as they do in a worker. */
static WireParser *
get_parser(void)
{
	static WireParser *parser = NULL;

	if (parser == NULL)
	{
		parser = malloc(wireparser_size());
		wireparser_init(parser);
	}
	return parser;
}

/* ---------- places of slices ---------- */

static bool
is_inside(WireText text, const char *data, size_t len)
{
	return text.data >= data && text.data + text.len <= data + len;
}

static bool
is_kept(WireText text, const WireBatch *batch)
{
	return is_inside(text, batch->data, batch->len) ||
		is_inside(text, batch->arena, batch->len);
}

static void
check_slices(const WireItem *item, const WireBatch *batch)
{
	bool		kept = is_inside(item->source, batch->data, batch->len);
	int			i;

	if (item->reason == WIRE_GOOD)
	{
		for (i = 0; i < item->tag_count; i++)
			kept &= is_kept(item->tags[i].value, batch);
		for (i = 0; i < item->field_count; i++)
			if (item->fields[i].type == WIRE_STRING)
				kept &= is_kept(item->fields[i].value.string, batch);
	}
	promise(kept, "place of a slice");
}

/* Where line number wanted begins, blanks included; len when there is none. */
static size_t
find_line(const WireBatch *batch, int wanted)
{
	WireParser *parser = get_parser();
	const WireItem *item;
	size_t		begin = batch->len;
	int			count = 0;

	wireparser_begin(parser, batch);
	while ((item = wireparser_next(parser)) != NULL)
	{
		check_slices(item, batch);
		if (count++ == wanted)
			begin = (size_t) (item->source.data - batch->data);
	}
	if (count <= wanted)
		return batch->len;
	while (begin > 0 && batch->data[begin - 1] != '\n')
		begin--;
	return begin;
}

/* ---------- a bad line between ---------- */

/* What a line says, without its place. */
static const char *
say(const WireItem *item, const char *data, char *words)
{
	const char *after = words;
	int			i;

	wire_reference_words(item, data, words);
	for (i = 0; i < 3; i++)
		after = strchr(after, ' ') + 1;
	return after;
}

/* The lines of one batch are those of another, which has a bad line at a place. */
static void
check_between(const WireBatch *whole, const WireBatch *with, int place)
{
	static char words[2][WIRE_REFERENCE_ROOM];
	static WireParser *second = NULL;
	WireParser *parser = get_parser();
	const WireItem *item;
	const WireItem *other;
	int			i;

	if (second == NULL)
	{
		second = malloc(wireparser_size());
		wireparser_init(second);
	}
	wireparser_begin(parser, whole);
	wireparser_begin(second, with);
	for (i = 0; (item = wireparser_next(parser)) != NULL; i++)
	{
		other = wireparser_next(second);
		if (i == place)
		{
			promise(other != NULL && other->reason == WIRE_NO_FIELDS,
					"a bad line");
			other = wireparser_next(second);
		}
		promise(other != NULL && strcmp(say(item, whole->data, words[0]),
										say(other, with->data, words[1])) == 0,
				"lines around a bad line");
	}
}

void
wire_targets_lines(int argument, int n, const uint8_t *in, size_t len)
{
	WireBatch	whole = {(const char *) in, len, malloc(len + 1), 1, 0};
	WireBatch	with = {NULL, len + BAD_LEN, malloc(len + BAD_LEN), 1, 0};
	char	   *data = malloc(len + BAD_LEN);
	int			place = n % 8;
	size_t		begin;

	promise(wire_reference_agrees(get_parser(), (const char *) in, len, 1),
			"what the reference says");
	begin = find_line(&whole, place);
	if (begin < len)
	{
		memcpy(data, in, begin);
		memcpy(data + begin, BAD_LINE, BAD_LEN);
		memcpy(data + begin + BAD_LEN, in + begin, len - begin);
		with.data = data;
		check_between(&whole, &with, place);
	}
	free(whole.arena);
	free(with.arena);
	free(data);
}

size_t
wire_targets_seed_lines(int argument, int i, int n, uint8_t *out,
						size_t capacity)
{
	if (i >= 40)
		return 0;
	return wire_reference_random((char *) out, (size_t) (n < 400 ? n + 400 : 2 * n));
}

/* ---------- numbers ---------- */

void
wire_targets_number(int argument, int n, const uint8_t *in, size_t len)
{
	const char *text = (const char *) in;
	WireField	field;
	double		slow;
	WireReason	reason = wirenumber_parse(text, text + len, &field);
	bool		is_float = wirenumber_slow_float(text, text + len, &slow) !=
		WIRE_BAD_NUMBER;
	char	   *copy;

	if (!is_float)
	{
		promise(reason != WIRE_GOOD || field.type != WIRE_FLOAT, "a float");
		return;
	}
	promise(reason == WIRE_FLOAT_RANGE || field.type == WIRE_FLOAT, "a float");
	copy = calloc(1, len + 1);
	memcpy(copy, text, len);
	if (reason == WIRE_GOOD)
	{
		double		library = strtod(copy, NULL);

		promise(memcmp(&field.value.number, &slow, sizeof(slow)) == 0 &&
				memcmp(&library, &slow, sizeof(slow)) == 0, "rounding");
	}
	free(copy);
}

size_t
wire_targets_seed_number(int argument, int i, int n, uint8_t *out,
						 size_t capacity)
{
	double		number;
	uint64_t	bits = unit_random();

	if (i >= 60)
		return 0;
	if (i % 3 == 0)
		return (size_t) sprintf((char *) out, "%.2f", unit_normal() * 1000);
	if (i % 3 == 1)
		return (size_t) sprintf((char *) out, "%llu.%llue%d",
								(unsigned long long) bits >> bits % 64,
								(unsigned long long) unit_random(),
								(int) (bits % 600) - 300);
	memcpy(&number, &bits, sizeof(number));
	return (size_t) sprintf((char *) out, "%.*g", (int) (n % 800),
							number - number == 0 ? number : 0.1);
}
