/*
 * d1.c
 *	  Generator of data set D1: host metrics as COPY text on stdout.
 *
 * A row for each host and step, in time order, then host order: time, ten tags
 * that are constant for a host, ten metrics.  Each metric starts uniform in
 * 0..100 and walks by N(0,1) a step, clamped to 0..100.  The float variant
 * writes two decimals, the integer variant truncates; the walk itself is the
 * same, so both have the same shape.
 *
 * The same seed gives the same bytes on every machine: integer arithmetic and
 * IEEE doubles only, with the one library call (log, sqrt) that libm rounds
 * alike in practice.
 */
#define _DEFAULT_SOURCE

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define METRICS 10
#define TAG_BYTES 192
#define LINE_BYTES (TAG_BYTES + 32 + METRICS * 8)
#define EPOCH_2024 1704067200	/* 2024-01-01T00:00:00Z */

typedef struct Options
{
	int			hosts;
	int			step;			/* seconds */
	int			span;			/* seconds */
	uint64_t	seed;
	bool		integers;
} Options;

typedef struct Host
{
	char		tags[TAG_BYTES];
	int			tags_len;
	double		value[METRICS];
} Host;

static uint64_t random_state;
static double spare_normal;
static bool have_spare_normal;

/* splitmix64: short, seedable with any number, good enough for a walk */
static uint64_t
random_next(void)
{
	uint64_t	z = (random_state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static double
random_uniform(void)
{
	return (random_next() >> 11) * 0x1p-53;
}

static int
random_below(int n)
{
	return (int) (random_uniform() * n);
}

/* Marsaglia's polar method: two normal values from each accepted point */
static double
random_normal(void)
{
	double		u;
	double		v;
	double		s;

	if (have_spare_normal)
	{
		have_spare_normal = false;
		return spare_normal;
	}
	do
	{
		u = 2 * random_uniform() - 1;
		v = 2 * random_uniform() - 1;
		s = u * u + v * v;
	} while (s >= 1 || s == 0);
	s = sqrt(-2 * log(s) / s);
	spare_normal = v * s;
	have_spare_normal = true;
	return u * s;
}

static void
host_init(Host *host, int number)
{
	static const char *const regions[] = {
		"us-east-1", "us-west-1", "us-west-2", "eu-west-1", "eu-central-1",
		"ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "sa-east-1"
	};
	static const char *const systems[] = {
		"Ubuntu22.04LTS", "Ubuntu20.04LTS", "Debian12"
	};
	static const char *const archs[] = {"x64", "arm64"};
	static const char *const teams[] = {"SF", "NYC", "LON", "CHI"};
	static const char *const environments[] = {
		"production", "staging", "test"
	};
	const char *region = regions[random_below(9)];
	char		zone = (char) ('a' + random_below(3));
	int			rack = random_below(100);
	const char *os = systems[random_below(3)];
	const char *arch = archs[random_below(2)];
	const char *team = teams[random_below(4)];
	int			service = random_below(20);
	int			version = random_below(2);
	int			i;

	host->tags_len = snprintf(host->tags, TAG_BYTES,
							  "host_%d\t%s\t%s%c\t%d\t%s\t%s\t%s\t%d\t%d\t%s",
							  number, region, region, zone, rack, os, arch,
							  team, service, version,
							  environments[random_below(3)]);
	for (i = 0; i < METRICS; i++)
		host->value[i] = 100 * random_uniform();
}

/* 0 <= n <= 100 * 100: at most "100.00" */
static char *
put_metric(char *out, double value, bool integers)
{
	int			cents = integers ? (int) value * 100 : (int) (value * 100 + 0.5);
	int			whole = cents / 100;

	*out++ = '\t';
	if (whole >= 100)
		*out++ = '1';
	if (whole >= 10)
		*out++ = (char) ('0' + whole / 10 % 10);
	*out++ = (char) ('0' + whole % 10);
	if (!integers)
	{
		*out++ = '.';
		*out++ = (char) ('0' + cents / 10 % 10);
		*out++ = (char) ('0' + cents % 10);
	}
	return out;
}

static void
write_row(Host *host, const char *stamp, size_t stamp_len, bool integers)
{
	char		line[LINE_BYTES];
	char	   *out = line;
	int			i;

	memcpy(out, stamp, stamp_len);
	out += stamp_len;
	memcpy(out, host->tags, (size_t) host->tags_len);
	out += host->tags_len;
	for (i = 0; i < METRICS; i++)
	{
		double		value = host->value[i];

		out = put_metric(out, value, integers);
		value += random_normal();
		host->value[i] = value < 0 ? 0 : value > 100 ? 100 : value;
	}
	*out++ = '\n';
	fwrite(line, 1, (size_t) (out - line), stdout);
}

static void
write_rows(const Options *options, Host *hosts)
{
	int			second;
	int			h;

	for (second = 0; second < options->span; second += options->step)
	{
		time_t		now = EPOCH_2024 + second;
		struct tm	tm;
		char		stamp[32];
		size_t		len;

		gmtime_r(&now, &tm);
		len = strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S+00\t", &tm);
		for (h = 0; h < options->hosts; h++)
			write_row(&hosts[h], stamp, len, options->integers);
	}
}

static void
usage(void)
{
	fputs("usage: d1 [-h HOSTS] [-s STEP_SECONDS] [-t SPAN_SECONDS]"
		  " [-r SEED] [-v float|int]\n", stderr);
	exit(2);
}

static void
parse_options(Options *options, int argc, char **argv)
{
	int			c;

	while ((c = getopt(argc, argv, "h:s:t:r:v:")) != -1)
	{
		if (c == 'h')
			options->hosts = atoi(optarg);
		else if (c == 's')
			options->step = atoi(optarg);
		else if (c == 't')
			options->span = atoi(optarg);
		else if (c == 'r')
			options->seed = strtoull(optarg, NULL, 10);
		else if (c == 'v' && strcmp(optarg, "int") == 0)
			options->integers = true;
		else if (c != 'v' || strcmp(optarg, "float") != 0)
			usage();
	}
	if (optind < argc || options->hosts <= 0 || options->step <= 0 ||
		options->span <= 0)
		usage();
}

int
main(int argc, char **argv)
{
	Options		options = {1000, 10, 24 * 3600, 1, false};
	Host	   *hosts;
	int			h;

	parse_options(&options, argc, argv);
	random_state = options.seed;
	hosts = calloc((size_t) options.hosts, sizeof(Host));
	if (hosts == NULL)
	{
		fputs("d1: out of memory\n", stderr);
		return 1;
	}
	for (h = 0; h < options.hosts; h++)
		host_init(&hosts[h], h);
	write_rows(&options, hosts);
	free(hosts);
	return fflush(stdout) == 0 ? 0 : 1;
}
