/*
 * shapes.c
 *	  Blocks of data as tables hold them, and as nobody's table holds them.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

/* one integer shape for each width, after the named ones */
#define NAMED_INTEGERS 17
#define WIDTHS 64

static uint64_t
random_bits(int width)
{
	return width == 0 ? 0 : unit_random() >> (64 - width);
}

/* Hosts' clocks: jitter around 10 s, and a new host every now and then. */
static void
fill_timestamps(int64_t *values, int n, int64_t jitter, int run)
{
	int64_t		t = INT64_C(757382400000000);
	int			i;

	for (i = 0; i < n; i++)
	{
		t += 10000000;
		if (run > 0 && i % run == run - 1)
			t -= INT64_C(86400000000);
		values[i] = t;
		if (jitter > 0)
			values[i] += (int64_t) (unit_random() % (uint64_t) jitter);
	}
}

static void
fill_walk(int64_t *values, int n, double step)
{
	int64_t		v = 5000;
	int			i;

	for (i = 0; i < n; i++)
	{
		v += (int64_t) lround(step * unit_normal());
		v = v < 0 ? 0 : v > 10000 ? 10000 : v;
		values[i] = v;
	}
}

static int64_t
integer_at(int index, int i)
{
	switch (index)
	{
		case 0:
			return 0;
		case 1:
			return INT64_MIN;
		case 2:
			return INT64_MAX;
		case 3:
			return i % 2 ? INT64_MIN : INT64_MAX;
		case 4:
			return 1000 - 3 * (int64_t) i;
		case 5:
			return (int64_t) i * i * i;
		case 6:
			return i / 100;
		case 7:
			return i % 50 == 49 ? (int64_t) unit_random() : 7;
		case 8:
			return (int64_t) (random_bits(7) +
							  (unit_random() % 80 == 0 ? 1 << 20 : 0));
		default:
			return (int64_t) unit_random();
	}
}

const char *
unit_integers(int index, int64_t *values, int n)
{
	static const char *const names[NAMED_INTEGERS] = {
		"zeros", "minimum", "maximum", "alternating extremes", "ramp", "cubes",
		"steps", "rare random", "outliers above", "random",
		"constant interval", "jitter", "interval with series changes",
		"jitter with series changes", "random walk", "wide random walk",
		"seconds as microseconds"
	};
	int			i;

	if (index >= NAMED_INTEGERS + WIDTHS)
		return NULL;
	if (index == 10 || index == 12)
		fill_timestamps(values, n, 0, index == 10 ? 0 : 300);
	else if (index == 11 || index == 13)
		fill_timestamps(values, n, 20000, index == 11 ? 0 : 300);
	else if (index == 14 || index == 15)
		fill_walk(values, n, index == 14 ? 1 : 100);
	else if (index == 16)
	{
		for (i = 0; i < n; i++)
			values[i] = 1000000 * (int64_t) (unit_random() % 100000) - 17;
	}
	else
	{
		for (i = 0; i < n; i++)
			values[i] = index < NAMED_INTEGERS ? integer_at(index, i) :
				(int64_t) (random_bits(index - NAMED_INTEGERS + 1) - 12345);
	}
	return index < NAMED_INTEGERS ? names[index] : "random of one width";
}

static double
from_bits(uint64_t bits)
{
	double		v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

static double
special_double(int i)
{
	static const uint64_t specials[] = {
		UINT64_C(0x7ff0000000000000), UINT64_C(0xfff0000000000000),
		UINT64_C(0x7ff8000000000000), UINT64_C(0xfff8000000000000),
		UINT64_C(0x7ff0000000000001), UINT64_C(0x7ff8dead0000beef),
		UINT64_C(0xfff4000000000123), UINT64_C(0x8000000000000000),
		UINT64_C(0x0000000000000001), UINT64_C(0x800fffffffffffff),
		UINT64_C(0x7fefffffffffffff), UINT64_C(0x0010000000000000),
		UINT64_C(0x3ff0000000000000), UINT64_C(0x0000000000000000),
		UINT64_C(0x4330000000000000), UINT64_C(0xc338000000000001)
	};

	return from_bits(specials[i % 16]);
}

static double
double_at(int index, int i)
{
	switch (index)
	{
		case 0:
			return 0.0;
		case 1:
			return special_double(i);
		case 2:
			return from_bits(unit_random());
		case 3:
			return (double) i;
		case 4:
			return i % 7 == 3 ? special_double(i / 7) : (double) i / 4;
		case 5:
			return sin(i);
		case 6:
			return (double) ((int64_t) unit_random() >> 12) / 1e5;
		case 7:
			return (double) (unit_random() % 100000) * 0.01;
		case 8:
			return (double) (unit_random() % 1000) / 10 + i % 60 * 1e-7;
		case 9:
			return (double) i * 1e300;
		case 10:
			return i < 10 ? special_double(2) : 2.5;
		default:
			return (double) (unit_random() % 1000000) / 1e12;
	}
}

const char *
unit_doubles(int index, double *values, int n)
{
	static const char *const names[] = {
		"zeros", "specials", "random patterns", "whole numbers",
		"specials among decimals", "sine", "many digits", "scaled integers",
		"mixed digits", "huge", "NaN first", "small", "random walk"
	};
	int64_t		walk[CODEC_BLOCK_ROWS];
	int			i;

	if (index >= (int) (sizeof(names) / sizeof(names[0])))
		return NULL;
	if (index == 12)
	{
		fill_walk(walk, n, 100);
		for (i = 0; i < n; i++)
			values[i] = (double) walk[i] / 100;
		return names[index];
	}
	for (i = 0; i < n; i++)
		values[i] = double_at(index, i);
	return names[index];
}

/* The same shapes; those of bit patterns as patterns of 32 bits. */
const char *
unit_floats(int index, float *values, int n)
{
	double		doubles[CODEC_BLOCK_ROWS];
	const char *name = unit_doubles(index, doubles, n);
	uint32_t	bits;
	int			i;

	for (i = 0; i < n && name != NULL; i++)
	{
		values[i] = (float) doubles[i];
		/* signalling NaNs too, which no conversion gives */
		if (index == 2 || (index == 1 && i % 16 == 4))
		{
			bits = index == 2 ? (uint32_t) unit_random() : 0x7f800001;
			memcpy(&values[i], &bits, sizeof(bits));
		}
	}
	return name;
}
