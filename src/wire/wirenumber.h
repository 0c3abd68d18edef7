/*
 * wirenumber.h
 *	  Numbers, booleans and timestamps of line protocol.
 *
 * A value is the bytes up to the next comma, space or end.  Nothing depends on
 * the locale.  Rounding is to nearest, ties to even.
 */
#ifndef RUSTS_WIRENUMBER_H
#define RUSTS_WIRENUMBER_H

#include "wire/wire.h"

/* A float, an integer with "i" or an unsigned integer with "u". */
extern WireReason wirenumber_parse(const char *at, const char *end,
								   WireField *field);

extern WireReason wirenumber_boolean(const char *at, const char *end,
									 WireField *field);

/* Digits, perhaps with a sign, times unit: nanoseconds. */
extern WireReason wirenumber_time(const char *at, const char *end,
								  int64_t unit, int64_t *time);

/* The same for what has been read already, sign included. */
extern WireReason wirenumber_scale_time(int64_t count, int64_t unit,
										int64_t *time);

/*
 * Nearest float of +-digits * 10^exponent; false where that takes more than
 * 128 bits to say.
 */
extern bool wirenumber_nearest(uint64_t digits, int exponent, bool negative,
							   double *number);

/* The same by strtod, for all decimals that the grammar allows. */
extern WireReason wirenumber_slow_float(const char *at, const char *end,
										double *number);

#endif							/* RUSTS_WIRENUMBER_H */
