/*
 * vector_bench.c
 *	  Speed of the vector kernels, on one core.
 *
 * Each kernel runs over the same few vectors again and again, from the second
 * level cache: what a query sees after a block was decoded.  Selections are
 * full, three rows of four at random, and one row of fifty.  Speeds are the
 * best of five rounds, in 10^9 rows (selected or not) a second.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "vector/compare.h"
#include "vector/scatter.h"
#include "vector/selection.h"
#include "vector/vextreme.h"
#include "vector/vsum.h"

#define VECTORS 16
#define ROWS SELECTION_ROWS
#define GROUPS 100
#define ROUNDS 5
#define REPEATS 2000

static double doubles[VECTORS][ROWS];
static int64_t integers[VECTORS][ROWS];
static uint32_t groups[ROWS];
static uint64_t selections[3][SELECTION_WORDS];

static double sums[GROUPS];
static int64_t counts[GROUPS];
static VectorInt128 int_sums[GROUPS];
static Variance variances[GROUPS];

/* results end here, so that nothing is optimised away */
static volatile double sink;

static uint64_t
random_bits(void)
{
	static uint64_t state = 42;
	uint64_t	z = state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

static void
fill(void)
{
	int			v;
	int			i;

	for (v = 0; v < VECTORS; v++)
		for (i = 0; i < ROWS; i++)
		{
			doubles[v][i] = (double) (random_bits() % 10000) / 100;
			integers[v][i] = (int64_t) (random_bits() % 10000);
		}
	for (i = 0; i < ROWS; i++)
	{
		groups[i] = (uint32_t) (random_bits() % GROUPS);
		selection_add(selections[0], i);
		if (random_bits() % 4 != 0)
			selection_add(selections[1], i);
		if (random_bits() % 50 == 0)
			selection_add(selections[2], i);
	}
}

typedef void (*Kernel) (int v, const uint64_t *selection);

static void
float_sum(int v, const uint64_t *selection)
{
	sink = selection != NULL ? vsum_float_selected(doubles[v], selection) :
		vsum_float_range(doubles[v], 0, ROWS);
}

static void
int_sum(int v, const uint64_t *selection)
{
	sink = (double) (selection != NULL ?
					 vsum_int_selected(integers[v], selection) :
					 vsum_int_range(integers[v], 0, ROWS));
}

static void
int_squares(int v, const uint64_t *selection)
{
	sink = (double) (selection != NULL ?
					 vsum_int32_squares_selected(integers[v], selection) :
					 vsum_int32_squares_range(integers[v], 0, ROWS));
}

static void
variance(int v, const uint64_t *selection)
{
	sink = selection != NULL ?
		vsum_variance_selected(doubles[v], selection).sxx :
		vsum_variance_range(doubles[v], 0, ROWS).sxx;
}

static void
float_min(int v, const uint64_t *selection)
{
	sink = selection != NULL ?
		vextreme_float_min_selected(doubles[v], selection) :
		vextreme_float_min_range(doubles[v], 0, ROWS);
}

static void
float_max(int v, const uint64_t *selection)
{
	sink = selection != NULL ?
		vextreme_float_max_selected(doubles[v], selection) :
		vextreme_float_max_range(doubles[v], 0, ROWS);
}

static void
int_max(int v, const uint64_t *selection)
{
	sink = (double) (selection != NULL ?
					 vextreme_int_max_selected(integers[v], selection) :
					 vextreme_int_max_range(integers[v], 0, ROWS));
}

static void
by_group_sum(int v, const uint64_t *selection)
{
	scatter_sum_float(doubles[v], groups, selection, sums, counts);
}

static void
by_group_int_sum(int v, const uint64_t *selection)
{
	scatter_sum_int(integers[v], groups, selection, int_sums, counts);
}

static void
by_group_max(int v, const uint64_t *selection)
{
	scatter_max_float(doubles[v], groups, selection, sums);
}

static void
by_group_variance(int v, const uint64_t *selection)
{
	scatter_variance(doubles[v], groups, selection, variances);
}

static void
int_less(int v, const uint64_t *selection)
{
	uint64_t	result[SELECTION_WORDS];

	compare_int_constant(OP_LT, integers[v], ROWS, 5000, result);
	sink = (double) result[3];
}

static void
int_equal(int v, const uint64_t *selection)
{
	uint64_t	result[SELECTION_WORDS];

	compare_int_constant(OP_EQ, integers[v], ROWS, 5000, result);
	sink = (double) result[3];
}

static void
int_between(int v, const uint64_t *selection)
{
	uint64_t	result[SELECTION_WORDS];

	compare_int_between(integers[v], ROWS, 5000, 7000, result);
	sink = (double) result[3];
}

static void
float_greater(int v, const uint64_t *selection)
{
	uint64_t	result[SELECTION_WORDS];

	compare_float_constant(OP_GT, doubles[v], ROWS, 90, result);
	sink = (double) result[3];
}

static void
float_two_vectors(int v, const uint64_t *selection)
{
	uint64_t	result[SELECTION_WORDS];

	compare_float_vectors(OP_LT, doubles[v], doubles[(v + 1) % VECTORS],
						  ROWS, result);
	sink = (double) result[3];
}

static double
speed(Kernel kernel, const uint64_t *selection)
{
	double		best = 1e9;
	int			round;
	int			i;

	for (round = 0; round < ROUNDS; round++)
	{
		double		start = seconds();

		for (i = 0; i < REPEATS; i++)
			kernel(i % VECTORS, selection);
		best = fmin(best, seconds() - start);
	}
	return 1e-9 * REPEATS * ROWS / best;
}

static void
print_selected(Kernel kernel)
{
	printf(" %8.2f %8.2f %8.2f\n", speed(kernel, selections[0]),
		   speed(kernel, selections[1]), speed(kernel, selections[2]));
}

static void
print_aggregate(const char *name, Kernel kernel)
{
	printf("%-22s %8.2f", name, speed(kernel, NULL));
	print_selected(kernel);
}

static void
print_by_group(const char *name, Kernel kernel)
{
	printf("%-22s %8s", name, "");
	print_selected(kernel);
}

static void
print_compare(const char *name, Kernel kernel)
{
	printf("%-22s %8.2f\n", name, speed(kernel, NULL));
}

int
main(void)
{
	fill();
	printf("%-22s %8s %8s %8s %8s   10^9 rows/s\n", "aggregate", "range",
		   "all", "3 of 4", "1 of 50");
	print_aggregate("sum of doubles", float_sum);
	print_aggregate("sum of integers", int_sum);
	print_aggregate("squares of integers", int_squares);
	print_aggregate("variance", variance);
	print_aggregate("min of doubles", float_min);
	print_aggregate("max of doubles", float_max);
	print_aggregate("max of integers", int_max);
	print_by_group("by group: sum, count", by_group_sum);
	print_by_group("by group: integers", by_group_int_sum);
	print_by_group("by group: max", by_group_max);
	print_by_group("by group: variance", by_group_variance);
	print_compare("integers <", int_less);
	print_compare("integers =", int_equal);
	print_compare("integers between", int_between);
	print_compare("doubles >", float_greater);
	print_compare("doubles < doubles", float_two_vectors);
	return EXIT_SUCCESS;
}
