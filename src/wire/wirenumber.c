/*
 * wirenumber.c
 *	  Numbers, booleans and timestamps of line protocol.
 *
 * A float is digits * 10^exponent.  There are three ways to round it, all of
 * which give the nearest double:
 *
 * 1. Both digits and 10^|exponent| are doubles (up to 2^53 and 10^22), so one
 *    multiplication or division rounds once (Clinger, "How to Read Floating
 *    Point Numbers Accurately", 1990).
 * 2. Up to 19 digits and powers up to 10^19 are 64-bit integers.  Their product
 *    has at most 128 bits, and their quotient is taken to at least 63 bits
 *    plus the knowledge whether something is left.  Rounding an integer to 53
 *    bits once, by what was cut off, is exact.  Results are between 10^-19 and
 *    2^128, so none is subnormal or infinite.
 * 3. strtod, which is correctly rounded in the C libraries that PostgreSQL
 *    runs on.  It gets digits and an exponent without a decimal point, because
 *    the point is the only thing in which a locale has a say.
 */
#include "wire/wirenumber.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A double between two others has at most 767 significant digits at the
 * midpoint.  More digits matter only in whether one of them is not zero.
 */
#define SIGNIFICANT 800

/* exponents beyond this are zero or infinity, however long the digits are */
#define EXPONENT_LIMIT INT64_C(1000000000000000)

#define EXACT_POWER 22
#define INTEGER_POWER 19
#define EXACT_DIGITS (UINT64_C(1) << 53)

/* the largest and smallest that InfluxDB takes are one and two off the type's */
#define TIME_LIMIT (INT64_MAX - 1)

/* excess precision would round twice */
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD == 0
#define DOUBLES_ARE_EXACT 1
#else
#define DOUBLES_ARE_EXACT 0
#endif

static const double exact_powers[EXACT_POWER + 1] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
};

#ifdef __SIZEOF_INT128__
static const uint64_t integer_powers[INTEGER_POWER + 1] = {
	UINT64_C(1), UINT64_C(10), UINT64_C(100), UINT64_C(1000),
	UINT64_C(10000), UINT64_C(100000), UINT64_C(1000000),
	UINT64_C(10000000), UINT64_C(100000000), UINT64_C(1000000000),
	UINT64_C(10000000000), UINT64_C(100000000000),
	UINT64_C(1000000000000), UINT64_C(10000000000000),
	UINT64_C(100000000000000), UINT64_C(1000000000000000),
	UINT64_C(10000000000000000), UINT64_C(100000000000000000),
	UINT64_C(1000000000000000000), UINT64_C(10000000000000000000)
};
#endif

static inline bool
is_digit(char byte)
{
	return (uint8_t) (byte - '0') < 10;
}

/* ---------- floats ---------- */

#ifdef __SIZEOF_INT128__

/* 2^exponent, which is a normal number here */
static inline double
two_to(int exponent)
{
	uint64_t	bits = (uint64_t) (1023 + exponent) << 52;
	double		power;

	memcpy(&power, &bits, sizeof(power));
	return power;
}

/*
 * The double nearest to value * 2^exponent, and a bit more when sticky.
 * value is at least 2^54 when sticky, so that what is left is below the bit
 * that decides.
 */
static double
round_integer(unsigned __int128 value, int exponent, bool sticky)
{
	uint64_t	high = (uint64_t) (value >> 64);
	int			bits = high != 0 ? 128 - __builtin_clzll(high) :
		64 - __builtin_clzll((uint64_t) value);
	int			cut = bits - 53;
	uint64_t	kept;
	unsigned __int128 rest;
	unsigned __int128 half;

	if (cut <= 0)
		return (double) (uint64_t) value * two_to(exponent);
	kept = (uint64_t) (value >> cut);
	rest = value - ((unsigned __int128) kept << cut);
	half = (unsigned __int128) 1 << (cut - 1);
	if (rest > half || (rest == half && (sticky || (kept & 1) != 0)))
		kept++;
	return (double) kept * two_to(cut + exponent);
}

static bool
nearest_by_integers(uint64_t digits, int exponent, double *number)
{
	uint64_t	power;
	int			shift;
	int			scale;
	unsigned __int128 dividend;
	unsigned __int128 quotient;

	if (exponent > INTEGER_POWER || exponent < -INTEGER_POWER)
		return false;
	power = integer_powers[exponent < 0 ? -exponent : exponent];
	if (exponent >= 0)
	{
		*number = round_integer((unsigned __int128) digits * power, 0, false);
		return true;
	}

	/*
	 * 127 bits by 64 bits, both with their highest bit set: the quotient has
	 * 63 or 64 bits, which one instruction of the processor divides out.
	 */
	shift = __builtin_clzll(digits);
	scale = __builtin_clzll(power);
	dividend = (unsigned __int128) (digits << shift) << 63;
	power <<= scale;
	quotient = dividend / power;
	*number = round_integer(quotient, scale - shift - 63,
							quotient * power != dividend);
	return true;
}

#else

static bool
nearest_by_integers(uint64_t digits, int exponent, double *number)
{
	return false;
}

#endif

bool
wirenumber_nearest(uint64_t digits, int exponent, bool negative,
				   double *number)
{
	if (digits == 0)
		*number = 0;
	else if (DOUBLES_ARE_EXACT && digits <= EXACT_DIGITS &&
			 exponent >= -EXACT_POWER && exponent <= EXACT_POWER)
		*number = exponent < 0 ?
			(double) digits / exact_powers[-exponent] :
			(double) digits * exact_powers[exponent];
	else if (!nearest_by_integers(digits, exponent, number))
		return false;
	if (negative)
		*number = -*number;
	return true;
}

/* A decimal as it is read, checked but not yet rounded. */
typedef struct Decimal
{
	bool		negative;
	bool		whole;			/* neither point nor exponent */
	const char *digits;			/* the first digit or the point */
	const char *digits_end;
	int64_t		point_places;	/* digits after the point */
	int64_t		exponent;		/* as written, up to EXPONENT_LIMIT or so */
} Decimal;

static const char *
skip_digits(const char *at, const char *end)
{
	while (at < end && is_digit(*at))
		at++;
	return at;
}

/* The exponent after its "e"; NULL when there is none. */
static const char *
read_exponent(const char *at, const char *end, int64_t *exponent)
{
	bool		negative = at < end && *at == '-';
	const char *begin;

	if (at < end && (*at == '-' || *at == '+'))
		at++;
	begin = at;
	for (*exponent = 0; at < end && is_digit(*at); at++)
	{
		if (*exponent < EXPONENT_LIMIT)
			*exponent = *exponent * 10 + (*at - '0');
	}
	if (negative)
		*exponent = -*exponent;
	return at > begin ? at : NULL;
}

/* Where the decimal at the beginning ends; NULL when there is none. */
static const char *
read_decimal(const char *at, const char *end, Decimal *decimal)
{
	const char *point;

	decimal->negative = at < end && *at == '-';
	if (decimal->negative)
		at++;
	decimal->digits = at;
	decimal->exponent = 0;
	decimal->point_places = 0;
	point = skip_digits(at, end);
	decimal->whole = point == end || (*point != '.' && *point != 'e' &&
									  *point != 'E');
	at = point;
	if (at < end && *at == '.')
	{
		at = skip_digits(at + 1, end);
		decimal->point_places = at - point - 1;
	}
	decimal->digits_end = at;
	/* neither nothing nor a point alone */
	if (at == decimal->digits || (at == point + 1 && point == decimal->digits))
		return NULL;
	if (at < end && (*at == 'e' || *at == 'E'))
		at = read_exponent(at + 1, end, &decimal->exponent);
	return at;
}

/* strtod, fed with digits and an exponent. */
static WireReason
round_by_library(const Decimal *decimal, double *number)
{
	char		text[SIGNIFICANT + 40];
	char	   *out = text;
	const char *at;
	int64_t		exponent = decimal->exponent - decimal->point_places;
	int			count = 0;
	bool		sticky = false;

	if (decimal->negative)
		*out++ = '-';
	*out++ = '0';
	for (at = decimal->digits; at < decimal->digits_end; at++)
	{
		if (*at == '.' || (*at == '0' && count == 0))
			continue;
		if (count < SIGNIFICANT)
			*out++ = *at;
		else
		{
			sticky |= *at != '0';
			exponent++;
		}
		count += count < SIGNIFICANT;
	}
	if (sticky)
	{
		*out++ = '1';
		exponent--;
	}
	sprintf(out, "e%lld", (long long) exponent);
	*number = strtod(text, NULL);
	return isinf(*number) ? WIRE_FLOAT_RANGE : WIRE_GOOD;
}

static WireReason
round_decimal(const Decimal *decimal, double *number)
{
	uint64_t	digits = 0;
	int			count = 0;
	const char *at;

	for (at = decimal->digits; at < decimal->digits_end; at++)
	{
		if (*at == '.')
			continue;
		if (++count > INTEGER_POWER)
			return round_by_library(decimal, number);
		digits = digits * 10 + (uint64_t) (*at - '0');
	}
	if (wirenumber_nearest(digits, (int) (decimal->exponent -
										  decimal->point_places),
						   decimal->negative, number))
		return WIRE_GOOD;
	return round_by_library(decimal, number);
}

WireReason
wirenumber_slow_float(const char *at, const char *end, double *number)
{
	Decimal		decimal;

	if (read_decimal(at, end, &decimal) != end)
		return WIRE_BAD_NUMBER;
	return round_by_library(&decimal, number);
}

/* ---------- integers ---------- */

/* Digits as a number; false when it is too large. */
static bool
read_natural(const char *at, const char *end, uint64_t *natural)
{
	*natural = 0;
	for (; at < end; at++)
	{
		if (__builtin_mul_overflow(*natural, UINT64_C(10), natural) ||
			__builtin_add_overflow(*natural, (uint64_t) (*at - '0'), natural))
			return false;
	}
	return true;
}

/* The number with a sign; false when it is too large. */
static bool
apply_sign(uint64_t natural, bool negative, int64_t *integer)
{
	if (natural > (uint64_t) INT64_MAX + (negative ? 1 : 0))
		return false;
	*integer = (int64_t) (negative ? -natural : natural);
	return true;
}

static WireReason
parse_integer(const Decimal *decimal, char suffix, WireField *field)
{
	uint64_t	natural;
	bool		fits;

	if (!decimal->whole || (suffix == 'u' && decimal->negative))
		return WIRE_BAD_NUMBER;
	fits = read_natural(decimal->digits, decimal->digits_end, &natural);
	if (suffix == 'u')
	{
		field->type = WIRE_UNSIGNED;
		field->value.natural = natural;
		return fits ? WIRE_GOOD : WIRE_UNSIGNED_RANGE;
	}
	field->type = WIRE_INTEGER;
	if (!fits || !apply_sign(natural, decimal->negative, &field->value.integer))
		return WIRE_INTEGER_RANGE;
	return WIRE_GOOD;
}

WireReason
wirenumber_parse(const char *at, const char *end, WireField *field)
{
	Decimal		decimal;
	const char *stop = read_decimal(at, end, &decimal);

	if (stop == NULL)
		return WIRE_BAD_NUMBER;
	if (stop == end - 1 && (*stop == 'i' || *stop == 'u'))
		return parse_integer(&decimal, *stop, field);
	if (stop != end)
		return WIRE_BAD_NUMBER;
	field->type = WIRE_FLOAT;
	return round_decimal(&decimal, &field->value.number);
}

/* ---------- booleans ---------- */

WireReason
wirenumber_boolean(const char *at, const char *end, WireField *field)
{
	static const char *const spellings[] = {
		"t", "T", "true", "True", "TRUE", "f", "F", "false", "False", "FALSE"
	};
	size_t		len = (size_t) (end - at);
	int			i;

	for (i = 0; i < 10; i++)
	{
		if (strlen(spellings[i]) != len || memcmp(at, spellings[i], len) != 0)
			continue;
		field->type = WIRE_BOOLEAN;
		field->value.boolean = i < 5;
		return WIRE_GOOD;
	}
	return WIRE_BAD_BOOLEAN;
}

/* ---------- timestamps ---------- */

WireReason
wirenumber_scale_time(int64_t count, int64_t unit, int64_t *time)
{
	if (__builtin_mul_overflow(count, unit, time) ||
		*time > TIME_LIMIT || *time < -TIME_LIMIT)
		return WIRE_TIME_RANGE;
	return WIRE_GOOD;
}

WireReason
wirenumber_time(const char *at, const char *end, int64_t unit, int64_t *time)
{
	bool		negative = at < end && *at == '-';
	uint64_t	natural;
	int64_t		count;

	if (negative)
		at++;
	if (at == end || skip_digits(at, end) != end)
		return WIRE_BAD_TIME;
	if (!read_natural(at, end, &natural) ||
		!apply_sign(natural, negative, &count))
		return WIRE_TIME_RANGE;
	return wirenumber_scale_time(count, unit, time);
}
