/*
 * wireparser.c
 *	  Line protocol, line after line: the interface of this folder.
 */
#include "wire/wireparser.h"

#include <string.h>

#include "wire/wirefast.h"
#include "wire/wireline.h"
#include "wire/wirestate.h"
#include "wire/wiretext.h"

size_t
wireparser_size(void)
{
	return sizeof(WireParser);
}

void
wireparser_init(WireParser *parser)
{
	memset(&parser->item, 0, sizeof(parser->item));
	parser->at = parser->end = NULL;
	parser->loaded = -1;
	wireshape_reset(&parser->shapes);
}

void
wireparser_begin(WireParser *parser, const WireBatch *batch)
{
	parser->at = batch->data;
	parser->end = batch->data + batch->len;
	parser->line = 1;
	parser->arena = batch->arena;
	parser->unit = batch->unit;
	parser->max_line = batch->max_line != 0 ? batch->max_line : SIZE_MAX;
}

/* ---------- a line by the letter ---------- */

/*
 * Go past blank lines and comments, to the first byte of a line that is
 * neither; false at the end of the batch.  A comment ends with its line,
 * whatever is in it.
 */
static bool
skip_to_line(WireParser *parser)
{
	while (parser->at < parser->end)
	{
		const char *at = parser->at;

		while (at < parser->end && WIRETEXT_IS(*at, WIRETEXT_BLANK))
			at++;
		if (at < parser->end && *at == '#')
		{
			at = memchr(at, '\n', (size_t) (parser->end - at));
			if (at == NULL)
				break;
		}
		else if (at + 1 < parser->end && *at == '\r' && at[1] == '\n')
			at++;
		else if (at == parser->end || (at + 1 == parser->end && *at == '\r'))
			break;
		if (*at != '\n')
			return true;
		parser->at = at + 1;
		parser->line++;
	}
	parser->at = parser->end;
	return false;
}

static long
count_lines(const char *at, const char *end)
{
	long		count = 0;

	while (at < end && (at = memchr(at, '\n', (size_t) (end - at))) != NULL)
	{
		count++;
		at++;
	}
	return count;
}

static void
next_line(WireParser *parser)
{
	WireItem   *item = &parser->item;
	const char *begin = parser->at;
	const char *stop = wireline_end(begin, parser->end);
	const char *end = stop;

	while (WIRETEXT_IS(*begin, WIRETEXT_BLANK))
		begin++;
	if (end > begin && end[-1] == '\r')
		end--;
	item->line = parser->line;
	item->source.data = begin;
	item->source.len = (size_t) (end - begin);
	parser->line += count_lines(begin, stop) + (stop < parser->end);
	parser->at = stop < parser->end ? stop + 1 : stop;
	item->reason = item->source.len > parser->max_line ? WIRE_LONG_LINE :
		wireline_parse(parser, begin, end);
}

const WireItem *
wireparser_next_exactly(WireParser *parser)
{
	if (!skip_to_line(parser))
		return NULL;
	next_line(parser);
	return &parser->item;
}

/* ---------- a line of a guessed shape ---------- */

static bool
try_guesses(WireParser *parser)
{
	const WireShapes *shapes = &parser->shapes;
	int			i;

	if (shapes->current < 0)
		return false;
	for (i = 0; i < WIRESHAPE_GUESSES; i++)
	{
		int			place = shapes->shapes[shapes->current].guesses[i];

		if (place >= 0 && wirefast_parse(parser, place))
		{
			wireshape_follow(&parser->shapes, place);
			return true;
		}
	}
	return false;
}

const WireItem *
wireparser_next(WireParser *parser)
{
	if (try_guesses(parser))
		return &parser->item;
	return wireparser_next_exactly(parser);
}

/* ---------- lines in pieces ---------- */

/* Is it a comment?  Blanks before it do not tell. */
static void
begin_line(WireEnding *ending, const char *at, const char *end)
{
	while (at < end && WIRETEXT_IS(*at, WIRETEXT_BLANK))
		at++;
	if (at == end)
		return;
	ending->begun = true;
	ending->comment = *at == '#';
}

size_t
wireparser_complete(WireEnding *ending, const char *data, size_t len)
{
	const char *at = data;
	const char *end = data + len;

	while (at < end)
	{
		const char *stop;

		if (!ending->begun)
			begin_line(ending, at, end);
		if (ending->comment)
			stop = memchr(at, '\n', (size_t) (end - at));
		else
			stop = wireline_scan(ending, at, end);
		if (stop == NULL || stop == end)
			break;
		at = stop + 1;
		memset(ending, 0, sizeof(WireEnding));
	}
	return (size_t) (at - data);
}

int64_t
wireparser_unit(const char *name, size_t len)
{
	static const struct
	{
		const char *name;
		int64_t		unit;
	}			units[] = {
		{"n", 1}, {"ns", 1}, {"u", 1000}, {"us", 1000}, {"ms", 1000000},
		{"s", 1000000000}, {"m", INT64_C(60000000000)},
		{"h", INT64_C(3600000000000)}
	};
	size_t		i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].name) == len &&
			memcmp(units[i].name, name, len) == 0)
			return units[i].unit;
	return 0;
}
