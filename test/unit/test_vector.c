/*
 * test_vector.c
 *	  The kernels of src/vector against one value after the other.
 *
 * Every kernel runs on every shape of data and every size, over selections of
 * every density, with rubbish in the rows that are not selected.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "vector/compare.h"
#include "vector/scatter.h"
#include "vector/selection.h"
#include "vector/varith.h"
#include "vector/vblend.h"
#include "vector/vextreme.h"
#include "vector/vgrid.h"
#include "vector/vsum.h"

#define ROWS SELECTION_ROWS
#define GROUPS 7

/* Percentages of rows selected. */
static const int densities[] = {0, 1, 10, 50, 95, 100};

#define DENSITIES ((int) (sizeof(densities) / sizeof(densities[0])))

static int64_t ints[ROWS];
static double doubles[ROWS];
static uint64_t selection[SELECTION_WORDS];

static void
select_some(int n, int density)
{
	int			i;

	selection_clear(selection);
	for (i = 0; i < n; i++)
	{
		if ((int) (unit_random() % 100) < density)
			selection_add(selection, i);
	}
}

/* The server's order of floats. */
static int
float_order(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) - isnan(b);
	return a < b ? -1 : a > b;
}

static bool
holds(CompareOp op, int order)
{
	switch (op)
	{
		case OP_LT:
			return order < 0;
		case OP_LE:
			return order <= 0;
		case OP_EQ:
			return order == 0;
		case OP_GE:
			return order >= 0;
		case OP_GT:
			return order > 0;
		case OP_NE:
			return order != 0;
	}
	return false;
}

static int
int_order(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static bool
same_selection(const uint64_t *a, const uint64_t *b)
{
	return memcmp(a, b, SELECTION_WORDS * sizeof(uint64_t)) == 0;
}

static bool
same_double(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

/* Sums in another order: near, or both infinite or NaN. */
static bool
near_double(double a, double b, double scale)
{
	if (!isfinite(a) || !isfinite(b) || !isfinite(scale))
		return true;
	return fabs(a - b) <= 1e-12 * scale + 1e-300;
}

/* ---------- selections ---------- */

static void
check_ranges(void)
{
	uint64_t	range[SELECTION_WORDS];
	int			round;

	for (round = 0; round < 300; round++)
	{
		int			from = (int) (unit_random() % (ROWS + 1));
		int			to = from + (int) (unit_random() % (uint64_t) (ROWS + 1 - from));
		int			count = 0;
		bool		right = true;
		int			i;

		select_some(ROWS, densities[round % DENSITIES]);
		selection_set_range(range, from, to);
		for (i = 0; i < ROWS; i++)
		{
			right &= selection_has(range, i) == (i >= from && i < to);
			count += i >= from && i < to && selection_has(selection, i);
		}
		UNIT_CHECK(right, "selection_set_range");
		UNIT_CHECK(selection_count(range) == to - from, "selection_count");
		UNIT_CHECK(selection_count_range(selection, from, to) == count,
				   "selection_count_range");
		selection_and(range, selection);
		selection_and_range(selection, from, to);
		UNIT_CHECK(same_selection(range, selection), "selection_and_range");
	}
}

static void
check_flags(void)
{
	bool		flags[ROWS];
	uint64_t	again[SELECTION_WORDS];
	uint16_t	numbers[ROWS];
	int			size;
	int			n;
	int			i;

	for (size = 0; unit_size(size, &n); size++)
	{
		bool	   *exact = malloc((size_t) n);
		int			count = 0;
		bool		right = true;

		select_some(n, 40);
		selection_to_bools(selection, flags, n);
		memcpy(exact, flags, (size_t) n);
		for (i = 0; i < n; i++)
			right &= flags[i] == selection_has(selection, i);
		UNIT_CHECK(right, "selection_to_bools");
		for (SELECTION_EACH(i, selection))
			right &= flags[i] && ++count <= n;
		UNIT_CHECK(right && count == selection_count(selection),
				   "selection_next");
		UNIT_CHECK(selection_to_rows(selection, numbers) == count,
				   "selection_to_rows");
		for (i = 0; i < count; i++)
			right &= selection_has(selection, numbers[i]);
		UNIT_CHECK(right, "selection_to_rows");
		selection_set_range(again, 0, n);
		selection_and_not_bools(again, exact, n);
		selection_and(selection, again);
		UNIT_CHECK(selection_is_empty(selection), "selection_and_not_bools");
		UNIT_CHECK(selection_count(again) == n - count,
				   "selection_and_not_bools");
		free(exact);
	}
}

/* ---------- comparisons ---------- */

static void
check_int_compare(int n, int64_t constant, const char *label)
{
	int64_t    *values = (int64_t *) unit_exact_copy((uint8_t *) ints, (size_t) n * 8);
	int64_t    *others = (int64_t *) unit_exact_copy((uint8_t *) ints, (size_t) n * 8);
	uint64_t	result[SELECTION_WORDS];
	uint64_t	wanted[SELECTION_WORDS];
	int			op;
	int			i;

	for (i = 0; i < n; i++)
		others[i] = unit_random() % 3 == 0 ? values[i] : values[n - 1 - i];
	for (op = OP_LT; op <= OP_NE; op++)
	{
		selection_clear(wanted);
		for (i = 0; i < n; i++)
			if (holds((CompareOp) op, int_order(values[i], constant)))
				selection_add(wanted, i);
		compare_int_constant((CompareOp) op, values, n, constant, result);
		UNIT_CHECK(same_selection(result, wanted), label);
		selection_clear(wanted);
		for (i = 0; i < n; i++)
			if (holds((CompareOp) op, int_order(values[i], others[i])))
				selection_add(wanted, i);
		compare_int_vectors((CompareOp) op, values, others, n, result);
		UNIT_CHECK(same_selection(result, wanted), label);
	}
	selection_clear(wanted);
	for (i = 0; i < n; i++)
		if (values[i] >= constant && values[i] <= others[0])
			selection_add(wanted, i);
	compare_int_between(values, n, constant, others[0], result);
	UNIT_CHECK(same_selection(result, wanted), label);
	free(values);
	free(others);
}

static void
check_float_compare(int n, double constant, const char *label)
{
	double	   *values = (double *) unit_exact_copy((uint8_t *) doubles, (size_t) n * 8);
	double	   *others = (double *) unit_exact_copy((uint8_t *) doubles, (size_t) n * 8);
	uint64_t	result[SELECTION_WORDS];
	uint64_t	wanted[SELECTION_WORDS];
	int			op;
	int			i;

	for (i = 0; i < n; i++)
		others[i] = unit_random() % 3 == 0 ? values[i] : values[n - 1 - i];
	for (op = OP_LT; op <= OP_NE; op++)
	{
		selection_clear(wanted);
		for (i = 0; i < n; i++)
			if (holds((CompareOp) op, float_order(values[i], constant)))
				selection_add(wanted, i);
		compare_float_constant((CompareOp) op, values, n, constant, result);
		UNIT_CHECK(same_selection(result, wanted), label);
		selection_clear(wanted);
		for (i = 0; i < n; i++)
			if (holds((CompareOp) op, float_order(values[i], others[i])))
				selection_add(wanted, i);
		compare_float_vectors((CompareOp) op, values, others, n, result);
		UNIT_CHECK(same_selection(result, wanted), label);
	}
	free(values);
	free(others);
}

/* ---------- sums and extremes ---------- */

static void
check_int_aggregates(const char *label)
{
	VectorInt128 sum = 0;
	VectorInt128 squares = 0;
	int64_t		low = VMIN_INT_START;
	int64_t		high = VMAX_INT_START;
	int64_t		narrow[ROWS];
	int			i;

	for (i = 0; i < ROWS; i++)
		narrow[i] = (int32_t) ints[i];
	for (SELECTION_EACH(i, selection))
	{
		sum += ints[i];
		squares += (VectorInt128) narrow[i] * narrow[i];
		low = ints[i] < low ? ints[i] : low;
		high = ints[i] > high ? ints[i] : high;
	}
	UNIT_CHECK(vsum_int_selected(ints, selection) == sum, label);
	UNIT_CHECK(vsum_int32_squares_selected(narrow, selection) == squares, label);
	UNIT_CHECK(vextreme_int_min_selected(ints, selection) == low, label);
	UNIT_CHECK(vextreme_int_max_selected(ints, selection) == high, label);
}

static void
check_int_ranges(int from, int to, const char *label)
{
	selection_set_range(selection, from, to);
	UNIT_CHECK(vsum_int_range(ints, from, to) ==
			   vsum_int_selected(ints, selection), label);
	UNIT_CHECK(vsum_int32_squares_range(ints, from, to) ==
			   vsum_int32_squares_selected(ints, selection), label);
	UNIT_CHECK(vextreme_int_min_range(ints, from, to) ==
			   vextreme_int_min_selected(ints, selection), label);
	UNIT_CHECK(vextreme_int_max_range(ints, from, to) ==
			   vextreme_int_max_selected(ints, selection), label);
}

static void
check_float_aggregates(const char *label)
{
	double		sum = VSUM_FLOAT_START;
	double		scale = 0;
	double		low = VMIN_FLOAT_START;
	double		high = VMAX_FLOAT_START;
	bool		nonfinite = false;
	Variance	wanted = {0, 0, 0};
	Variance	variance = vsum_variance_selected(doubles, selection);
	double		result = vsum_float_selected(doubles, selection);
	int			i;

	for (SELECTION_EACH(i, selection))
	{
		double		v = doubles[i];

		sum += v;
		scale += fabs(v);
		nonfinite |= !isfinite(v);
		low = float_order(v, low) < 0 ? v : low;
		high = float_order(v, high) > 0 ? v : high;
		vsum_variance_add(&wanted, v);
	}
	UNIT_CHECK(near_double(result, sum, scale) &&
			   (signbit(result) == signbit(sum) || result != 0), label);
	UNIT_CHECK(vsum_nonfinite_selected(doubles, selection) == nonfinite, label);
	UNIT_CHECK(same_double(vextreme_float_min_selected(doubles, selection), low),
			   label);
	UNIT_CHECK(same_double(vextreme_float_max_selected(doubles, selection), high),
			   label);
	UNIT_CHECK(variance.n == wanted.n &&
			   near_double(variance.sx, wanted.sx, scale) &&
			   near_double(variance.sxx, wanted.sxx, scale * scale), label);
}

static void
check_float_ranges(int from, int to, const char *label)
{
	double		scale = 0;
	Variance	parts;
	Variance	more;
	Variance	whole = vsum_variance_range(doubles, from, to);
	int			middle = from + (to - from) / 3;
	int			i;

	selection_set_range(selection, from, to);
	for (i = from; i < to; i++)
		scale += fabs(doubles[i]);
	UNIT_CHECK(near_double(vsum_float_range(doubles, from, to),
						   vsum_float_selected(doubles, selection), scale),
			   label);
	UNIT_CHECK(vsum_nonfinite_range(doubles, from, to) ==
			   vsum_nonfinite_selected(doubles, selection), label);
	UNIT_CHECK(same_double(vextreme_float_min_range(doubles, from, to),
						   vextreme_float_min_selected(doubles, selection)),
			   label);
	UNIT_CHECK(same_double(vextreme_float_max_range(doubles, from, to),
						   vextreme_float_max_selected(doubles, selection)),
			   label);
	parts = vsum_variance_range(doubles, from, middle);
	more = vsum_variance_range(doubles, middle, to);
	vsum_variance_combine(&parts, &more);
	UNIT_CHECK(parts.n == whole.n &&
			   near_double(parts.sxx, whole.sxx, scale * scale), label);
}

/* ---------- groups ---------- */

static void
check_scatter(const char *label)
{
	uint32_t	groups[ROWS];
	int64_t		counts[GROUPS] = {0};
	double		sums[GROUPS];
	VectorInt128 int_sums[GROUPS] = {0};
	double		lows[GROUPS];
	double		highs[GROUPS];
	int64_t		int_lows[GROUPS];
	int64_t		int_highs[GROUPS];
	Variance	variances[GROUPS] = {{0, 0, 0}};
	int			g;
	int			i;

	for (i = 0; i < ROWS; i++)
		groups[i] = (uint32_t) (unit_random() % GROUPS);
	for (g = 0; g < GROUPS; g++)
	{
		sums[g] = VSUM_FLOAT_START;
		lows[g] = VMIN_FLOAT_START;
		highs[g] = VMAX_FLOAT_START;
		int_lows[g] = VMIN_INT_START;
		int_highs[g] = VMAX_INT_START;
	}
	scatter_sum_float(doubles, groups, selection, sums, counts);
	scatter_sum_int(ints, groups, selection, int_sums, NULL);
	scatter_min_float(doubles, groups, selection, lows);
	scatter_max_float(doubles, groups, selection, highs);
	scatter_min_int(ints, groups, selection, int_lows);
	scatter_max_int(ints, groups, selection, int_highs);
	scatter_variance(doubles, groups, selection, variances);
	for (g = 0; g < GROUPS; g++)
	{
		uint64_t	own[SELECTION_WORDS] = {0};
		double		scale = 0;

		for (SELECTION_EACH(i, selection))
		{
			if (groups[i] != (uint32_t) g)
				continue;
			selection_add(own, i);
			scale += fabs(doubles[i]);
		}
		UNIT_CHECK(counts[g] == selection_count(own) &&
				   variances[g].n == counts[g], label);
		UNIT_CHECK(near_double(sums[g], vsum_float_selected(doubles, own), scale),
				   label);
		UNIT_CHECK(int_sums[g] == vsum_int_selected(ints, own), label);
		UNIT_CHECK(same_double(lows[g], vextreme_float_min_selected(doubles, own)) &&
				   same_double(highs[g], vextreme_float_max_selected(doubles, own)),
				   label);
		UNIT_CHECK(int_lows[g] == vextreme_int_min_selected(ints, own) &&
				   int_highs[g] == vextreme_int_max_selected(ints, own), label);
	}
}

/* ---------- arithmetic ---------- */

typedef bool (*IntKernel) (const int64_t *a, const int64_t *b, int n,
						   int64_t low, int64_t high, int64_t *out);

static void
check_int_kernel(int which, int n, int64_t high, const char *label)
{
	static const IntKernel kernels[] = {
		varith_int_add, varith_int_subtract, varith_int_multiply
	};
	static int64_t other[ROWS];
	int64_t		out[ROWS];
	bool		bad = false;
	bool		right = true;
	bool		suspicious;
	int			i;

	for (i = 0; i < n; i++)
		other[i] = ints[n - 1 - i] >> (unit_random() % 64);
	suspicious = kernels[which] (ints, other, n, -high - 1, high, out);
	for (i = 0; i < n; i++)
	{
		VectorInt128 a = ints[i];
		VectorInt128 exact = which == 0 ? a + other[i] :
			which == 1 ? a - other[i] : a * other[i];

		if (exact > high || exact < (VectorInt128) -high - 1)
			bad = true;
		else
			right &= out[i] == (int64_t) exact;
	}
	UNIT_CHECK(suspicious == bad && right, label);
}

static void
check_division(int n, const char *label)
{
	static int64_t other[ROWS];
	int64_t		quotients[ROWS];
	int64_t		rests[ROWS];
	bool		bad = false;
	bool		right = true;
	int			i;

	for (i = 0; i < n; i++)
	{
		other[i] = (int64_t) unit_random() >> (unit_random() % 64);
		bad |= other[i] == 0 || other[i] == -1;
	}
	UNIT_CHECK(varith_int_divide(ints, other, n, quotients) == bad, label);
	UNIT_CHECK(varith_int_modulo(ints, other, n, rests) == bad, label);
	for (i = 0; i < n; i++)
		if (other[i] != 0 && other[i] != -1)
			right &= quotients[i] * other[i] + rests[i] == ints[i];
	UNIT_CHECK(right, label);
}

static void
check_float_kernels(int n, const char *label)
{
	static double other[ROWS];
	double		out[4][ROWS];
	int64_t		rounded[ROWS];
	bool		suspicious[4];
	bool		bad[4] = {false};
	bool		right = true;
	int			op;
	int			i;

	for (i = 0; i < n; i++)
		other[i] = unit_random() % 2 ? doubles[n - 1 - i] : unit_normal();
	suspicious[0] = varith_float_add(doubles, other, n, out[0]);
	suspicious[1] = varith_float_subtract(doubles, other, n, out[1]);
	suspicious[2] = varith_float_multiply(doubles, other, n, out[2]);
	suspicious[3] = varith_float_divide(doubles, other, n, out[3]);
	for (i = 0; i < n; i++)
	{
		double		a = doubles[i];
		double		b = other[i];
		double		exact[4] = {a + b, a - b, a * b, a / b};

		for (op = 0; op < 4; op++)
		{
			right &= same_double(out[op][i], exact[op]);
			bad[op] |= isinf(exact[op]) != 0;
		}
		bad[2] |= exact[2] == 0 && a != 0 && b != 0;
		bad[3] |= b == 0 || (exact[3] == 0 && a != 0);
	}
	UNIT_CHECK(right, label);
	UNIT_CHECK(memcmp(bad, suspicious, sizeof(bad)) == 0, label);
	bad[0] = false;
	suspicious[0] = varith_float_to_int(doubles, n, -2147483648.0, 2147483648.0,
										rounded);
	for (i = 0; i < n; i++)
	{
		if (!(rint(doubles[i]) >= -2147483648.0 && rint(doubles[i]) < 2147483648.0))
			bad[0] = true;
		else
			right &= rounded[i] == llrint(doubles[i]);
	}
	UNIT_CHECK(right && bad[0] == suspicious[0], label);
	varith_int_to_float(ints, n, out[0]);
	for (i = 0; i < n; i++)
		right &= out[0][i] == (double) ints[i];
	UNIT_CHECK(right, label);
}

static void
check_grid(int n, const char *label)
{
	int64_t		values[ROWS];
	int64_t		starts[ROWS];
	int64_t		width = 1 + (int64_t) (unit_random() >> (8 + unit_random() % 50));
	int64_t		anchor = (int64_t) unit_random() >> 4;
	bool		right = true;
	int			i;

	for (i = 0; i < n; i++)
		values[i] = ints[i] >> 3;
	vgrid_floor(values, n, anchor, width, starts);
	for (i = 0; i < n; i++)
		right &= starts[i] <= values[i] && values[i] - starts[i] < width &&
			(starts[i] - anchor) % width == 0;
	UNIT_CHECK(right, label);
	right = true;
	for (i = 0; i < n; i++)
		right &= starts[i] == starts[0] && values[i] - starts[0] < width / 2;
	UNIT_CHECK(vgrid_all_in(starts, values, n, starts[0], width / 2) == right,
			   label);
}

static void
check_blend(const char *label)
{
	uint64_t	values[ROWS];
	uint64_t	blended[ROWS];
	uint64_t	constant[ROWS];
	bool		right = true;
	int			i;

	for (i = 0; i < ROWS; i++)
	{
		values[i] = unit_random();
		blended[i] = constant[i] = (uint64_t) i;
	}
	vblend_values(blended, values, selection);
	vblend_constant(constant, 77777, selection);
	for (i = 0; i < ROWS; i++)
	{
		bool		in = selection_has(selection, i);

		right &= blended[i] == (in ? values[i] : (uint64_t) i);
		right &= constant[i] == (in ? 77777 : (uint64_t) i);
	}
	UNIT_CHECK(right, label);
}

/* ---------- all of it ---------- */

static void
check_integers(int n)
{
	const char *label;
	int			shape;
	int			i;

	for (shape = 0; (label = unit_integers(shape, ints, n)) != NULL; shape++)
	{
		int			from = (int) (unit_random() % (uint64_t) n);

		for (i = n; i < ROWS; i++)
			ints[i] = (int64_t) unit_random();
		check_int_compare(n, ints[n / 2], label);
		check_int_compare(n, INT64_MAX, label);
		check_int_compare(n, INT64_MIN, label);
		for (i = 0; i < DENSITIES; i++)
		{
			select_some(n, densities[i]);
			check_int_aggregates(label);
			check_blend(label);
		}
		check_int_ranges(from, n, label);
		check_int_ranges(from, from, label);
		for (i = 0; i < 3; i++)
		{
			check_int_kernel(i, n, INT16_MAX, label);
			check_int_kernel(i, n, INT32_MAX, label);
			check_int_kernel(i, n, INT64_MAX, label);
		}
		check_division(n, label);
		check_grid(n, label);
	}
}

static void
check_doubles(int n)
{
	static const double rubbish[] = {NAN, -NAN, INFINITY, -INFINITY, -0.0, 1e308};
	const char *label;
	int			shape;
	int			i;

	for (shape = 0; (label = unit_doubles(shape, doubles, n)) != NULL; shape++)
	{
		int			from = (int) (unit_random() % (uint64_t) n);

		for (i = n; i < ROWS; i++)
			doubles[i] = rubbish[i % 6];
		check_float_compare(n, doubles[n / 2], label);
		for (i = 0; i < 6; i++)
			check_float_compare(n, rubbish[i], label);
		for (i = 0; i < DENSITIES; i++)
		{
			select_some(n, densities[i]);
			check_float_aggregates(label);
			check_scatter(label);
		}
		check_float_ranges(from, n, label);
		check_float_ranges(from, from, label);
		check_float_kernels(n, label);
	}
}

static void
check_specials(void)
{
	int			i;

	/* sums of nothing, and of negative zeroes */
	UNIT_CHECK(signbit(vsum_float_range(doubles, 5, 5)), "sum of nothing");
	for (i = 0; i < ROWS; i++)
		doubles[i] = -0.0;
	UNIT_CHECK(signbit(vsum_float_range(doubles, 0, 1000)), "negative zeroes");
	select_some(ROWS, 50);
	UNIT_CHECK(signbit(vsum_float_selected(doubles, selection)),
			   "negative zeroes");
	for (i = 0; i < ROWS; i++)
		doubles[i] = NAN;
	UNIT_CHECK(isnan(vextreme_float_min_range(doubles, 0, 100)),
			   "minimum of NaN");
	doubles[50] = INFINITY;
	UNIT_CHECK(vextreme_float_min_range(doubles, 0, 100) == (double) INFINITY,
			   "minimum of NaN and infinity");
	UNIT_CHECK(compare_swapped(OP_LE) == OP_GE &&
			   compare_swapped(OP_NE) == OP_NE, "operators");
}

int
main(void)
{
	int			size;
	int			n;

	check_ranges();
	check_flags();
	for (size = 0; unit_size(size, &n); size++)
	{
		check_integers(n);
		check_doubles(n);
	}
	check_specials();
	return unit_finish("test_vector");
}
