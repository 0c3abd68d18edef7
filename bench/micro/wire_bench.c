/*
 * wire_bench.c
 *	  Speed of the line protocol parser, on one core.
 *
 * Lines as of the benchmark's data set D1 (10 tags, 10 floats with two
 * decimals, about 366 bytes a line), and variants of them, one thing different
 * each.  A batch has 5,000 lines, and memory holds 20 of them.  Each point's
 * values are summed up, as somebody who fills columns would touch them.
 * Speeds are the best of nine rounds, in 10^9 bytes a second.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "wire/wireparser.h"

#define LINES 5000
#define BATCHES 20
#define HOSTS 1000
#define ROUNDS 9
#define LINE_ROOM 1200

typedef enum Variant
{
	TWO_DECIMALS,
	SEVENTEEN_DIGITS,
	EXPONENTS,
	INTEGERS,
	TWO_MEASUREMENTS,
	ESCAPED_TAG,
	SHUFFLED_KEYS,
	VARIANTS
} Variant;

static const char *const variant_names[VARIANTS] = {
	"two decimals", "17 digits", "exponents", "integers", "two measurements",
	"an escaped tag", "40 shapes"
};

static const char *const metrics[10] = {
	"usage_user", "usage_system", "usage_idle", "usage_nice", "usage_iowait",
	"usage_irq", "usage_softirq", "usage_steal", "usage_guest",
	"usage_guest_nice"
};

static uint64_t random_state = 1;

/* the result ends here, so that nothing is optimised away */
static volatile double sink;

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

static double
uniform(void)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1;
	return (double) (random_state >> 11) / 9007199254740992.0;
}

static char *
put_value(Variant variant, char *out)
{
	double		value = uniform() * 100;

	switch (variant)
	{
		case SEVENTEEN_DIGITS:
			return out + sprintf(out, "%.17g", value);
		case EXPONENTS:
			return out + sprintf(out, "%.5e", value);
		case INTEGERS:
			return out + sprintf(out, "%di", (int) (value * 1000));
		default:
			return out + sprintf(out, "%.2f", value);
	}
}

static char *
put_line(Variant variant, int row, char *out)
{
	static const char *const regions[9] = {
		"ap-northeast-1", "ap-southeast-1", "ap-southeast-2", "eu-central-1",
		"eu-west-1", "sa-east-1", "us-east-1", "us-west-1", "us-west-2"
	};
	static const char *const systems[3] = {
		"Ubuntu16.10", "Ubuntu16.04LTS", "Ubuntu15.10"
	};
	static const char *const teams[4] = {"SF", "NYC", "LON", "CHI"};
	static const char *const environments[3] = {
		"production", "staging", "test"
	};
	int			host = row % HOSTS;
	const char *region = regions[host * 7 % 9];
	int			i;

	out += sprintf(out, "%s,hostname=host_%d,region=%s,datacenter=%s%c,rack=%d,"
				   "os=%s,arch=%s,team=%s,service=%d,service_version=%d,"
				   "service_environment=%s%s",
				   variant == TWO_MEASUREMENTS && row % 2 ? "cpu2" : "cpu",
				   host, region, region, 'a' + host % 3, host * 31 % 100,
				   systems[host % 3], host % 2 ? "x64" : "x86",
				   teams[host / 3 % 4], host * 11 % 20, host / 5 % 2,
				   environments[host / 7 % 3],
				   variant == ESCAPED_TAG ? "\\ 1" : "");
	for (i = 0; i < 10; i++)
	{
		out += sprintf(out, "%c%s%.0d=", i > 0 ? ',' : ' ', metrics[i],
					   variant == SHUFFLED_KEYS ? row % 40 : 0);
		out = put_value(variant, out);
	}
	return out + sprintf(out, " %ld000000000\n", 1704067200L + row / HOSTS * 10);
}

static double
sum_point(const WireItem *item)
{
	double		sum = 0;
	int			i;

	for (i = 0; i < item->tag_count; i++)
		sum += (double) item->tags[i].value.len;
	for (i = 0; i < item->field_count; i++)
		sum += item->fields[i].value.number;
	return sum;
}

static double
parse_all(WireParser *parser, char **starts, char *arena)
{
	WireBatch	batch = {NULL, 0, arena, 1, 0};
	const WireItem *item;
	double		sum = 0;
	int			i;

	for (i = 0; i < BATCHES; i++)
	{
		batch.data = starts[i];
		batch.len = (size_t) (starts[i + 1] - starts[i]);
		wireparser_begin(parser, &batch);
		while ((item = wireparser_next(parser)) != NULL)
		{
			if (item->reason != WIRE_GOOD)
				abort();
			sum += sum_point(item);
		}
	}
	return sum;
}

static void
measure(Variant variant, WireParser *parser, char *memory, char *arena)
{
	char	   *starts[BATCHES + 1];
	char	   *out = memory;
	double		best = 1e9;
	double		bytes;
	int			row;
	int			round;

	for (row = 0; row < LINES * BATCHES; row++)
	{
		if (row % LINES == 0)
			starts[row / LINES] = out;
		out = put_line(variant, row, out);
	}
	starts[BATCHES] = out;
	bytes = (double) (out - memory);
	for (round = 0; round < ROUNDS; round++)
	{
		double		start = seconds();

		sink = parse_all(parser, starts, arena);
		start = seconds() - start;
		best = start < best ? start : best;
	}
	printf("%-18s %6.0f %8.2f %8.0f\n", variant_names[variant],
		   bytes / (LINES * BATCHES), bytes / best * 1e-9,
		   best / (LINES * BATCHES) * 1e9);
}

/* wire_bench [VARIANT]: all variants, or one by its number */
int
main(int argc, char **argv)
{
	int			only = argc > 1 ? atoi(argv[1]) : -1;
	char	   *memory = malloc((size_t) LINES * BATCHES * LINE_ROOM);
	char	   *arena = malloc((size_t) LINES * LINE_ROOM);
	WireParser *parser = malloc(wireparser_size());
	int			variant;

	if (memory == NULL || arena == NULL || parser == NULL)
		return EXIT_FAILURE;
	wireparser_init(parser);
	printf("%-18s %6s %8s %8s\n", "lines", "bytes", "GB/s", "ns/line");
	for (variant = 0; variant < VARIANTS; variant++)
		if (only < 0 || only == variant)
			measure((Variant) variant, parser, memory, arena);
	free(parser);
	free(arena);
	free(memory);
	return EXIT_SUCCESS;
}
