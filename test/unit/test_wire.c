/*
 * test_wire.c
 *	  Line protocol: each rule by example, and all of it against a reference.
 */
#include <dirent.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "wire/wireline.h"
#include "wire/wirenumber.h"
#include "wire/wiretext.h"
#include "wire_reference.h"

#define RANDOM_BATCHES 3000
#define RANDOM_ROOM 3000
#define RANDOM_NUMBERS 300000

static WireParser *parser;
static char words[WIRE_REFERENCE_ROOM];

/* ---------- rules ---------- */

typedef struct Example
{
	const char *input;
	WireReason	reason;
	const char *words;			/* after line and place, when good */
} Example;

static const Example examples[] = {
	/* measurement */
	{"m f=1", WIRE_GOOD, "m field f float:3ff0000000000000"},
	{"m\\,a\\ b\\=c\\\"d\\e f=t", WIRE_GOOD, "m,a%20b=c\"d\\e field f boolean:1"},
	{"m=x\" f=t", WIRE_GOOD, "m=x\" field f boolean:1"},
	{"m\\\\ x f=t", WIRE_GOOD, "m\\%20x field f boolean:1"},
	{"\\#m f=t", WIRE_GOOD, "\\#m field f boolean:1"},
	{"m\tn f=t", WIRE_GOOD, "m%09n field f boolean:1"},
	{",a=b f=1", WIRE_NO_MEASUREMENT, NULL},
	{"m", WIRE_NO_FIELDS, NULL},
	{"m ", WIRE_NO_FIELDS, NULL},
	{"m\\", WIRE_NO_FIELDS, NULL},
	{"m\\ f=1", WIRE_NO_FIELDS, NULL},
	/* tags */
	{"m,a=b,c=d f=t", WIRE_GOOD, "m tag a b tag c d field f boolean:1"},
	{"m,c=d,a=b f=t", WIRE_GOOD, "m tag c d tag a b field f boolean:1"},
	{"m,a\\ b\\,c\\=d\\\"\\e=x\\ y\\,z\\=w\\\"\\v f=t", WIRE_GOOD,
		"m tag a%20b,c=d\\\"\\e x%20y,z=w\\\"\\v field f boolean:1"},
	{"m,a==b f=t", WIRE_GOOD, "m tag a =b field f boolean:1"},
	{"m,a=# f=t", WIRE_GOOD, "m tag a # field f boolean:1"},
	{"m,\"a\"=\"b\" f=t", WIRE_GOOD, "m tag \"a\" \"b\" field f boolean:1"},
	{"m,a=x\\\ny f=t", WIRE_GOOD, "m tag a x\\%0ay field f boolean:1"},
	{"m, f=1", WIRE_NO_TAG_KEY, NULL},
	{"m,=b f=1", WIRE_NO_TAG_KEY, NULL},
	{"m,,a=b f=1", WIRE_NO_TAG_KEY, NULL},
	{"m,a=b, f=1", WIRE_NO_TAG_KEY, NULL},
	{"m,a f=1", WIRE_NO_TAG_VALUE, NULL},
	{"m,a= f=1", WIRE_NO_TAG_VALUE, NULL},
	{"m,a=,c=d f=1", WIRE_NO_TAG_VALUE, NULL},
	{"m,a=\"b,c\" f=1", WIRE_NO_TAG_VALUE, NULL},
	{"m,a=b=c f=1", WIRE_BAD_TAG, NULL},
	{"m,a=b\\\\ f=1", WIRE_BAD_TAG, NULL},
	{"m,a=b", WIRE_NO_FIELDS, NULL},
	{"m,a=b,a=b f=1", WIRE_DUPLICATE_TAG, NULL},
	{"m,b=1,a=2,b=3 f=1", WIRE_DUPLICATE_TAG, NULL},
	/* field keys */
	{"m f\\ g\\,h\\=i\\\"j\\k=t", WIRE_GOOD, "m field f%20g,h=i\"j\\k boolean:1"},
	{"m c\\\\\\=y=t", WIRE_GOOD, "m field c\\\\=y boolean:1"},
	{"m \"f\"=t", WIRE_GOOD, "m field \"f\" boolean:1"},
	{"m \\ =t", WIRE_GOOD, "m field %20 boolean:1"},
	{"m f=t,g=f,f=f", WIRE_GOOD, "m field f boolean:0 field g boolean:0"},
	{"m f=t,f=1i", WIRE_GOOD, "m field f integer:1"},
	{"m f\\\"=t,f\"=f", WIRE_GOOD, "m field f\" boolean:0"},
	{"m,f=x f=t", WIRE_GOOD, "m tag f x field f boolean:1"},
	{"m =1", WIRE_NO_FIELD_KEY, NULL},
	{"m a=1,=2", WIRE_NO_FIELD_KEY, NULL},
	{"m b\\\\=1", WIRE_BAD_FIELD, NULL},
	{"m \\=1", WIRE_BAD_FIELD, NULL},
	{"m f", WIRE_BAD_FIELD, NULL},
	{"m f =1", WIRE_BAD_FIELD, NULL},
	{"m f,g=1", WIRE_BAD_FIELD, NULL},
	{"m f=1,", WIRE_BAD_FIELD, NULL},
	{"m f=1,g", WIRE_BAD_FIELD, NULL},
	{"m f=1,,g=2", WIRE_BAD_FIELD, NULL},
	{"m f=1, g=2", WIRE_BAD_FIELD, NULL},
	/* strings */
	{"m f=\"\"", WIRE_GOOD, "m field f string:"},
	{"m f=\"a,b=c d\\\"e\\\\f\\n\ng\"", WIRE_GOOD,
		"m field f string:a,b=c%20d\"e\\f\\n%0ag"},
	{"m f=\"\\\\\"", WIRE_GOOD, "m field f string:\\"},
	{"m f=\"a", WIRE_OPEN_QUOTE, NULL},
	{"m f=\"a\\\"", WIRE_OPEN_QUOTE, NULL},
	{"m f=\"a\\", WIRE_OPEN_QUOTE, NULL},
	{"m f=\"a\"b", WIRE_AFTER_QUOTE, NULL},
	{"m f=\"a\"\"b\"", WIRE_AFTER_QUOTE, NULL},
	{"m f='a'", WIRE_BAD_BOOLEAN, NULL},
	/* numbers */
	{"m f=1.,g=.5,h=-0,i=-.5", WIRE_GOOD, "m field f float:3ff0000000000000 "
		"field g float:3fe0000000000000 field h float:8000000000000000 "
	"field i float:bfe0000000000000"},
	{"m f=1e5,g=1E+5,h=1.e-1", WIRE_GOOD, "m field f float:40f86a0000000000 "
	"field g float:40f86a0000000000 field h float:3fb999999999999a"},
	{"m f=1e-400,g=-1e-400", WIRE_GOOD, "m field f float:0000000000000000 "
	"field g float:8000000000000000"},
	{"m f=12345678901234567890,g=1.2345678901234567890", WIRE_GOOD,
	"m field f float:43e56a95319d63e1 field g float:3ff3c0ca428c59fb"},
	{"m f=18446744073709551616", WIRE_GOOD, "m field f float:43f0000000000000"},
	{"m f=9999999999999999999,g=0.1234567890123456789", WIRE_GOOD,
	"m field f float:43e158e460913d00 field g float:3fbf9add3746f65f"},
	{"m f=00012i,g=-0i", WIRE_GOOD, "m field f integer:12 field g integer:0"},
	{"m f=9223372036854775807i,g=-9223372036854775808i", WIRE_GOOD,
	"m field f integer:9223372036854775807 field g integer:-9223372036854775808"},
	{"m f=0u,g=18446744073709551615u", WIRE_GOOD,
	"m field f unsigned:0 field g unsigned:18446744073709551615"},
	{"m f=9223372036854775808i", WIRE_INTEGER_RANGE, NULL},
	{"m f=-9223372036854775809i", WIRE_INTEGER_RANGE, NULL},
	{"m f=99999999999999999999999i", WIRE_INTEGER_RANGE, NULL},
	{"m f=18446744073709551616u", WIRE_UNSIGNED_RANGE, NULL},
	{"m f=1e309", WIRE_FLOAT_RANGE, NULL},
	{"m f=-1e99999999999999999999", WIRE_FLOAT_RANGE, NULL},
	{"m f=nan", WIRE_BAD_NUMBER, NULL},
	{"m f=NaN", WIRE_BAD_NUMBER, NULL},
	{"m f=-inf", WIRE_BAD_NUMBER, NULL},
	{"m f=-", WIRE_BAD_NUMBER, NULL},
	{"m f=.", WIRE_BAD_NUMBER, NULL},
	{"m f=-.", WIRE_BAD_NUMBER, NULL},
	{"m f=1e", WIRE_BAD_NUMBER, NULL},
	{"m f=.e5", WIRE_BAD_NUMBER, NULL},
	{"m f=1e5.5", WIRE_BAD_NUMBER, NULL},
	{"m f=1.1.1", WIRE_BAD_NUMBER, NULL},
	{"m f=1-5", WIRE_BAD_NUMBER, NULL},
	{"m f=0x10", WIRE_BAD_NUMBER, NULL},
	{"m f=1_000", WIRE_BAD_NUMBER, NULL},
	{"m f=1.5i", WIRE_BAD_NUMBER, NULL},
	{"m f=1e5i", WIRE_BAD_NUMBER, NULL},
	{"m f=1i2", WIRE_BAD_NUMBER, NULL},
	{"m f=1ii", WIRE_BAD_NUMBER, NULL},
	{"m f=-i", WIRE_BAD_NUMBER, NULL},
	{"m f=-1u", WIRE_BAD_NUMBER, NULL},
	{"m f=1=2", WIRE_BAD_NUMBER, NULL},
	{"m f=1\t5", WIRE_BAD_NUMBER, NULL},
	{"m f=1\\", WIRE_BAD_NUMBER, NULL},
	{"m f=+1", WIRE_BAD_BOOLEAN, NULL},
	{"m f=inf", WIRE_BAD_BOOLEAN, NULL},
	{"m f==1", WIRE_BAD_BOOLEAN, NULL},
	{"m f=", WIRE_NO_FIELD_VALUE, NULL},
	{"m f= 1", WIRE_NO_FIELD_VALUE, NULL},
	{"m f=,g=1", WIRE_NO_FIELD_VALUE, NULL},
	/* booleans */
	{"m a=t,b=T,c=true,d=True,e=TRUE", WIRE_GOOD, "m field a boolean:1 "
		"field b boolean:1 field c boolean:1 field d boolean:1 "
	"field e boolean:1"},
	{"m a=f,b=F,c=false,d=False,e=FALSE", WIRE_GOOD, "m field a boolean:0 "
		"field b boolean:0 field c boolean:0 field d boolean:0 "
	"field e boolean:0"},
	{"m f=tRUE", WIRE_BAD_BOOLEAN, NULL},
	{"m f=yes", WIRE_BAD_BOOLEAN, NULL},
	/* timestamps */
	{"m f=t 0", WIRE_GOOD, "m field f boolean:1 at 0"},
	{"m f=t -5", WIRE_GOOD, "m field f boolean:1 at -5"},
	{"m  \t f=t \t 007  ", WIRE_GOOD, "m field f boolean:1 at 7"},
	{"m f=t 9223372036854775806", WIRE_GOOD,
	"m field f boolean:1 at 9223372036854775806"},
	{"m f=t -9223372036854775806", WIRE_GOOD,
	"m field f boolean:1 at -9223372036854775806"},
	{"m f=t 9223372036854775807", WIRE_TIME_RANGE, NULL},
	{"m f=t 9999999999999999999", WIRE_TIME_RANGE, NULL},
	{"m f=t -9999999999999999999", WIRE_TIME_RANGE, NULL},
	{"m f=t 18446744073709551617", WIRE_TIME_RANGE, NULL},
	{"m f=t -9223372036854775807", WIRE_TIME_RANGE, NULL},
	{"m f=t 99999999999999999999999", WIRE_TIME_RANGE, NULL},
	{"m f=t 1x", WIRE_BAD_TIME, NULL},
	{"m f=t 1.5", WIRE_BAD_TIME, NULL},
	{"m f=t -", WIRE_BAD_TIME, NULL},
	{"m f=t +1", WIRE_BAD_TIME, NULL},
	{"m f=t 1\t", WIRE_BAD_TIME, NULL},
	{"m f=t , g=t", WIRE_BAD_TIME, NULL},
	{"m f=t 5 6", WIRE_AFTER_TIME, NULL},
};

static void
begin(const char *data, size_t len, const char *precision, size_t max_line)
{
	static char arena[1000000];
	WireBatch	batch = {data, len, arena, 0, max_line};

	batch.unit = wireparser_unit(precision, strlen(precision));
	wireparser_begin(parser, &batch);
}

/* Does one line alone give this? */
static void
check_example(const Example *example)
{
	const WireItem *item;
	const char *after = words;
	int			i;

	begin(example->input, strlen(example->input), "ns", 0);
	item = wireparser_next(parser);
	UNIT_CHECK(item != NULL && item->reason == example->reason, example->input);
	if (item == NULL || item->reason != WIRE_GOOD || example->words == NULL)
		return;
	wire_reference_words(item, example->input, words);
	for (i = 0; i < 3; i++)
		after = strchr(after, ' ') + 1;
	UNIT_CHECK(strcmp(after, example->words) == 0, example->input);
	UNIT_CHECK(wireparser_next(parser) == NULL, example->input);
}

/*
 * The same amid lines of its shape and of another one, so that the shape is
 * guessed, and far from the end of the batch.
 */
static void
check_amid_others(const char *line)
{
	static const char *const others =
		"m f=1 1\nm f=1 1\nm,a=b f=1\nm,a=b f=1\n";
	char		input[2000];
	int			i;
	char	   *out = input;

	for (i = 0; i < 3; i++)
		out += sprintf(out, "%s%s\n%s\r\n", others, line, line);
	sprintf(out, "%s%s", others, others);
	UNIT_CHECK(wire_reference_agrees(parser, input, strlen(input), 1), line);
}

static void
check_examples(void)
{
	size_t		i;
	int			reason;

	for (i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
	{
		check_example(&examples[i]);
		UNIT_CHECK(wire_reference_agrees(parser, examples[i].input,
										 strlen(examples[i].input), 1),
				   examples[i].input);
		check_amid_others(examples[i].input);
	}
	for (reason = 0; reason < WIRE_REASONS; reason++)
		UNIT_CHECK((wiretext_reason((WireReason) reason)[0] == '\0') ==
				   (reason == WIRE_GOOD), "reasons in words");
}

/* ---------- lines ---------- */

/* Each line's number and whether it is good, as "1+ 3- ". */
static void
check_lines(const char *input, const char *expected)
{
	const WireItem *item;
	char	   *out = words;

	*out = '\0';
	begin(input, strlen(input), "ns", 0);
	while ((item = wireparser_next(parser)) != NULL)
		out += sprintf(out, "%ld%c ", item->line,
					   item->reason == WIRE_GOOD ? '+' : '-');
	UNIT_CHECK(strcmp(words, expected) == 0, input);
	UNIT_CHECK(wire_reference_agrees(parser, input, strlen(input), 1), input);
}

static void
check_batches(void)
{
	check_lines("", "");
	check_lines("\n\n \n\t\n\r\n \r\n\r", "");
	check_lines("# m f=1\n #\n#", "");
	check_lines("m f=1\nm f=2\n", "1+ 2+ ");
	check_lines("m f=1\nm f=2", "1+ 2+ ");
	check_lines("m f=1\r\nm f=2 5\r\nm f=\"a\"\r\nm f=t\r", "1+ 2+ 3+ 4+ ");
	check_lines("\n#c\n\n  m f=1\n", "4+ ");
	check_lines("m f=1\nbad\nm f=2\n", "1+ 2- 3+ ");
	/* a string and its new lines are in one line */
	check_lines("m f=\"a\n\nb\"\nm f=1\n", "1+ 4+ ");
	check_lines("m f=1 f=\"a\nm f=2\n\"\nm f=1\n", "1- 4+ ");
	check_lines("m f=\"a\nm f=1\nm f=1\n", "1- ");
	/* quotes mean something only in values of fields */
	check_lines("m,a=\" f=1\nm f=1\n", "1+ 2+ ");
	check_lines("m \"f=1\nm f=1\n", "1+ 2+ ");
	check_lines("m f\"=1,\"g=2\nm f=1\n", "1+ 2+ ");
	/* a backslash takes the new line with it */
	check_lines("m f=1\\\nm f=1\nm f=1\n", "1- 3+ ");
	check_lines("m,a=\\\\\nm f=1\n", "1- 2+ ");
	/* a comment ends with its line, whatever is in it */
	check_lines("# a b=\"\nm f=1\n# \\\nm f=2\n", "2+ 4+ ");
	/* the place of a blank and of a return at the end */
	check_lines(" \tm f=1 \nm f=1\r \nm f=1\n", "1+ 2- 3+ ");
}

static void
check_precision(void)
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
	const WireItem *item;
	char		line[100];
	size_t		i;
	int			more;

	for (i = 0; i < 8; i++)
		for (more = -1; more <= 1; more += 2)
		{
			int64_t		most = INT64_MAX / units[i].unit - (i < 2);

			begin(line, (size_t) sprintf(line, "m f=1 %lld\nm f=1 %lld",
										 (long long) most * more,
										 (long long) (most + 1) * more),
				  units[i].name, 0);
			item = wireparser_next(parser);
			UNIT_CHECK(item->reason == WIRE_GOOD && item->has_time &&
					   item->time == most * more * units[i].unit,
					   units[i].name);
			UNIT_CHECK(wireparser_next(parser)->reason == WIRE_TIME_RANGE,
					   units[i].name);
		}
	UNIT_CHECK(wireparser_unit("", 0) == 0 && wireparser_unit("nsx", 3) == 0 &&
			   wireparser_unit("M", 1) == 0, "no such unit");
}

/* ---------- limits ---------- */

static WireReason
reason_of(const char *line, size_t max_line)
{
	begin(line, strlen(line), "ns", max_line);
	return wireparser_next(parser)->reason;
}

static char *
put_many(char *out, char c, size_t count)
{
	memset(out, c, count);
	out[count] = '\0';
	return out + count;
}

static void
check_lengths(void)
{
	static char line[200000];
	char	   *out;
	size_t		len;

	for (len = 65530; len < 65540; len++)
	{
		/* the series alone, with a field's name, and a field's name alone */
		out = put_many(line, 'm', len - 4);
		strcpy(out, ",a=b f=1");
		UNIT_CHECK(reason_of(line, 0) == (len + 4 + 1 > 65535 ? WIRE_LONG_KEY :
										  WIRE_GOOD), "length of a series");
		UNIT_CHECK(wire_reference_agrees(parser, line, strlen(line), 1),
				   "length of a series");
		out = put_many(strcpy(line, "m ") + 2, 'f', len - 5);
		strcpy(out, "=1");
		UNIT_CHECK(reason_of(line, 0) == (len > 65535 ? WIRE_LONG_KEY :
										  WIRE_GOOD), "length of a key");
		/* values of fields do not count */
		out = put_many(strcpy(line, "m f=\"") + 5, 'x', len + 10);
		strcpy(out, "\"");
		UNIT_CHECK(reason_of(line, 0) == WIRE_GOOD, "length of a string");
	}
	UNIT_CHECK(reason_of("m f=1 5\n", 7) == WIRE_GOOD &&
			   reason_of("m f=1 56\n", 7) == WIRE_LONG_LINE, "line's length");
}

static char *
put_columns(char *out, int tags, int fields, int duplicates)
{
	int			i;

	*out++ = 'm';
	for (i = 0; i < tags; i++)
		out += sprintf(out, ",t%d=%d", i, i);
	for (i = 0; i < fields + duplicates; i++)
		out += sprintf(out, "%cf%d=%d", i == 0 ? ' ' : ',', i % fields, i);
	return out;
}

static void
check_columns(void)
{
	static const int counts[][4] = {
		{0, 1599, 0, WIRE_GOOD}, {0, 1600, 0, WIRE_MANY_COLUMNS},
		{1598, 1, 0, WIRE_GOOD}, {1599, 1, 0, WIRE_MANY_COLUMNS},
		{1600, 1, 0, WIRE_MANY_COLUMNS}, {800, 799, 500, WIRE_GOOD},
		{17, 17, 3, WIRE_GOOD}, {16, 16, 16, WIRE_GOOD}, {15, 1, 2000, WIRE_GOOD}
	};
	static char line[100000];
	size_t		i;
	char	   *out;

	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
	{
		out = put_columns(line, counts[i][0], counts[i][1], counts[i][2]);
		*out = '\0';
		UNIT_CHECK(reason_of(line, 0) == (WireReason) counts[i][3],
				   "number of columns");
		UNIT_CHECK(wire_reference_agrees(parser, line, strlen(line), 1),
				   "number of columns");
	}
	/* a duplicate among many */
	out = line + sprintf(line, "m,t31=1");
	for (i = 0; i < 60; i++)
		out += sprintf(out, ",t%zu=%zu", i, i);
	strcpy(out, " f=1");
	UNIT_CHECK(reason_of(line, 0) == WIRE_DUPLICATE_TAG, "duplicate of many");
}

/* ---------- shapes ---------- */

static uint64_t
next_shape(void)
{
	const WireItem *item = wireparser_next(parser);

	return item != NULL && item->reason == WIRE_GOOD ? item->shape : 0;
}

/* Same number: same keys.  Kept over batches, bad lines and 63 others. */
static void
check_shapes(void)
{
	static const char *const input =
		"a,t=1 f=1,g=2\na,t=2 f=3i,g=\"x\"\nbad\na,t=1 g=1,f=2\n"
		"a,t=1 f=1\na t=1,f=1,g=2\nb,t=1 f=1,g=2\na,t=x\\ y f=1,g=2\n"
		"a\\ b f=1\na\\ b f=2\n";
	char		line[100];
	uint64_t	first;
	uint64_t	other;
	int			i;

	wireparser_init(parser);
	begin(input, strlen(input), "ns", 0);
	first = next_shape();
	UNIT_CHECK(first != 0 && next_shape() == first, "shape repeats");
	UNIT_CHECK(next_shape() == 0, "bad line");
	for (i = 0; i < 4; i++)
	{
		other = next_shape();
		UNIT_CHECK(other != 0 && other != first, "another shape");
	}
	UNIT_CHECK(next_shape() == first, "the first again");
	other = next_shape();
	UNIT_CHECK(other != 0 && next_shape() == other, "shape with escapes");
	for (i = 0; i < 58; i++)
	{
		begin(line, (size_t) sprintf(line, "x%d f=1", i), "ns", 0);
		UNIT_CHECK(next_shape() > other, "many shapes");
	}
	begin(input, strlen(input), "ns", 0);
	UNIT_CHECK(next_shape() == first, "shape of another batch");
	begin("y f=1\nz f=1", 11, "ns", 0);
	UNIT_CHECK(next_shape() > other && next_shape() > other, "too many shapes");
	begin(input, strlen(input), "ns", 0);
	UNIT_CHECK(next_shape() > first, "numbers are not used again");
}

/* ---------- numbers ---------- */

static uint64_t
bits_of(double number)
{
	uint64_t	bits;

	memcpy(&bits, &number, sizeof(bits));
	return bits;
}

static bool
same_as_library(const char *text)
{
	WireField	field;
	double		slow;
	double		library = strtod(text, NULL);
	const char *end = text + strlen(text);
	WireReason	expected = isinf(library) ? WIRE_FLOAT_RANGE : WIRE_GOOD;

	if (wirenumber_parse(text, end, &field) != expected ||
		wirenumber_slow_float(text, end, &slow) != expected)
		return false;
	return expected != WIRE_GOOD ||
		(bits_of(field.value.number) == bits_of(library) &&
		 bits_of(slow) == bits_of(library));
}

/* Halfway between two doubles, and a bit to each side. */
static void
put_midpoint(char *text, uint64_t random)
{
	uint64_t	digits = (UINT64_C(1) << 53 | random >> 11) * 2 + 1;

	sprintf(text, "%llu%s", (unsigned long long) digits,
			random % 3 == 0 ? ".0000000000000000000000000000000001" :
			random % 3 == 1 ? "" : ".0");
}

static void
put_random_number(char *text, int kind)
{
	uint64_t	random = unit_random();
	double		number;

	switch (kind % 6)
	{
		case 0:
			sprintf(text, "%.2f", unit_normal() * 1000);
			return;
		case 1:
			memcpy(&number, &random, sizeof(number));
			sprintf(text, "%.17g", isfinite(number) ? number : 1.0);
			return;
		case 2:
			put_midpoint(text, random);
			return;
		case 3:
			sprintf(text, "%llue%d", (unsigned long long) unit_random(),
					(int) (random % 50) - 25);
			return;
		case 4:
			sprintf(text, "%llu.%019llu",
					(unsigned long long) unit_random() >> random % 64,
					(unsigned long long) unit_random() >> 1);
			return;
		default:
			sprintf(text, "%lld.%llue%d", (long long) random % 100,
					(unsigned long long) unit_random() >> random % 64,
					(int) (random % 700) - 350);
	}
}

static void
check_numbers(void)
{
	static char text[20000];
	bool		same = true;
	int			i;

	for (i = 0; i < RANDOM_NUMBERS; i++)
	{
		put_random_number(text, i);
		if (same && !same_as_library(text))
		{
			printf("%s\n", text);
			same = false;
		}
	}
	UNIT_CHECK(same, "floats as strtod has them");
	/* the digit that decides is far away, or the zeros are many */
	for (i = 700; i < 900; i++)
	{
		strcpy(put_many(text + sprintf(text, "9007199254740993."), '0',
						(size_t) i), "1");
		UNIT_CHECK(same_as_library(text), "a far digit");
		sprintf(put_many(text + sprintf(text, "0."), '0', (size_t) i),
				"12345e%d", i + 5);
		UNIT_CHECK(same_as_library(text), "many zeros");
		sprintf(put_many(text, '7', (size_t) i), "e-%d", i);
		UNIT_CHECK(same_as_library(text), "many digits");
	}
}

/* The decimal point is a comma there; a machine may not have the locale. */
static void
check_locale(void)
{
	static const char text[] = "1.25e-30";
	WireField	field;

	if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL &&
		setlocale(LC_NUMERIC, "fr_FR.UTF-8") == NULL)
		printf("no locale with a decimal comma here\n");
	UNIT_CHECK(wirenumber_parse(text, text + strlen(text), &field) ==
			   WIRE_GOOD && field.value.number == 125e-32, "locale");
	setlocale(LC_NUMERIC, "C");
}

/* ---------- everything against the reference ---------- */

static void
check_random(void)
{
	static char data[RANDOM_ROOM];
	bool		same = true;
	int			i;

	for (i = 0; i < RANDOM_BATCHES && same; i++)
	{
		size_t		len = wire_reference_random(data, sizeof(data));

		same = wire_reference_agrees(parser, data, len, 1);
		/* a batch that ends in the middle of something */
		same = same && wire_reference_agrees(parser, data,
											 unit_random() % (len + 1), 1000);
	}
	UNIT_CHECK(same, "random lines as the reference has them");
}

/* Good lines stay what they are when a bad one is put between. */
static void
check_isolation(void)
{
	static const char *const bad[] = {
		"bad\n", "m f=\n", ",\n", "m f=1x\n", "m f=\"a\" \"b\"\n", "m,a=b\n"
	};
	static const char *const good[] = {
		"cpu,host=a usage=1.5 7\n", "cpu,host=b usage=2.5 8\n", "mem f=\"x\ny\"\n",
		"cpu,host=c\\ d usage=3 9\n", "cpu,host=d usage=4 10\n"
	};
	char		input[1000];
	int			i;
	int			k;

	for (i = 0; i < 6; i++)
	{
		const WireItem *item;
		int			seen = 0;

		input[0] = '\0';
		for (k = 0; k < 5; k++)
			strcat(strcat(input, good[k]), bad[i]);
		begin(input, strlen(input), "ns", 0);
		for (k = 0; (item = wireparser_next(parser)) != NULL; k++)
			seen += (item->reason == WIRE_GOOD) == (k % 2 == 0) &&
				strncmp(item->source.data, k % 2 ? bad[i] : good[k / 2],
						item->source.len) == 0;
		UNIT_CHECK(seen == 10, bad[i]);
	}
}

/* ---------- lines in pieces ---------- */

/* Where the last whole line ends, found from the beginning, all at once. */
static size_t
last_line_end(const char *data, size_t len)
{
	const char *at = data;
	const char *end = data + len;
	size_t		complete = 0;

	while (at < end)
	{
		const char *first = at;
		const char *stop;

		while (first < end && WIRETEXT_IS(*first, WIRETEXT_BLANK))
			first++;
		stop = first < end && *first == '#' ?
			memchr(first, '\n', (size_t) (end - first)) : wireline_end(at, end);
		if (stop == NULL || stop == end)
			break;
		at = stop + 1;
		complete = (size_t) (at - data);
	}
	return complete;
}

/* In pieces of a few bytes: the cut is at the same place. */
static bool
cut_agrees(const char *data, size_t len)
{
	WireEnding	ending = {0};
	size_t		complete = 0;
	size_t		at;
	size_t		piece;

	for (at = 0; at < len; at += piece)
	{
		size_t		cut;

		piece = 1 + unit_random() % 40;
		if (piece > len - at)
			piece = len - at;
		cut = wireparser_complete(&ending, data + at, piece);
		if (cut > 0)
			complete = at + cut;
	}
	return complete == last_line_end(data, len);
}

static long
count_items(const char *data, size_t len)
{
	long		count = 0;

	begin(data, len, "ns", 0);
	while (wireparser_next(parser) != NULL)
		count++;
	return count;
}

static void
check_pieces(void)
{
	static char data[RANDOM_ROOM];
	bool		same = true;
	int			i;

	for (i = 0; i < RANDOM_BATCHES && same; i++)
	{
		size_t		len = wire_reference_random(data, sizeof(data));
		size_t		cut = last_line_end(data, len);

		same = cut_agrees(data, len) &&
			count_items(data, cut) + count_items(data + cut, len - cut) ==
			count_items(data, len);
	}
	UNIT_CHECK(same, "lines in pieces are cut where lines end");
	UNIT_CHECK(cut_agrees("a f=\"x\ny\"\n # \"\nb,c=\\\n f=1\n", 27),
			   "strings, comments and escaped new lines");
}

/* ---------- real files ---------- */

/* All lines are good, and what the reference says they are. */
static void
check_file(const char *path, const char *name)
{
	static char data[2000000];
	FILE	   *file = fopen(path, "rb");
	size_t		len = file == NULL ? 0 : fread(data, 1, sizeof(data), file);
	const WireItem *item;
	long		lines = 0;
	long		bad = 0;

	UNIT_CHECK(len > 0 && len < sizeof(data), name);
	if (file != NULL)
		fclose(file);
	begin(data, len, strstr(name, "eu-wind") != NULL ? "s" : "ns", 0);
	for (; (item = wireparser_next(parser)) != NULL; lines++)
		bad += item->reason != WIRE_GOOD;
	printf("%s: %ld lines, %ld bad\n", name, lines, bad);
	UNIT_CHECK(lines > 0 && bad == 0, name);
	UNIT_CHECK(wire_reference_agrees(parser, data, len, 1), name);
}

/* The files stand beside the project, where there are any (DATA_DIR). */
static void
check_files(void)
{
	const char *above = getenv("DATA_DIR");
	char		folder[1000];
	char		path[2000];
	DIR		   *dir;
	struct dirent *entry;
	int			files = 0;

	snprintf(folder, sizeof(folder), "%s/lp",
			 above != NULL ? above : "../../../shared/data");
	dir = opendir(folder);
	while (dir != NULL && (entry = readdir(dir)) != NULL)
	{
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		check_file(path, entry->d_name);
		files++;
	}
	if (dir != NULL)
		closedir(dir);
	if (files == 0)
		printf("SKIPPED: no real files in %s (set DATA_DIR)\n", folder);
}

int
main(void)
{
	parser = malloc(wireparser_size());
	if (parser == NULL)
		return EXIT_FAILURE;
	wireparser_init(parser);
	check_examples();
	check_batches();
	check_precision();
	check_lengths();
	check_columns();
	check_shapes();
	check_numbers();
	check_locale();
	check_isolation();
	check_random();
	check_pieces();
	check_files();
	free(parser);
	return unit_finish("test_wire");
}
