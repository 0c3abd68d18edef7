/*
 * vexpr_range.h
 *	  Between what bounds does the result of a function lie?
 */
#ifndef RUSTS_VEXPR_RANGE_H
#define RUSTS_VEXPR_RANGE_H

#include "datatype/timestamp.h"

/* Arithmetic of times this close to the year 2000 cannot fail. */
#define RANGE_USECS (INT64CONST(1) << 56)	/* 2,280 years */
#define RANGE_DAYS 800000

/*
 * What is known of a value: the value itself, bounds that it lies between (of
 * a number, or of a time in microseconds or days), or nothing.
 */
typedef struct Range
{
	Oid			type;
	bool		known;			/* value is it, unless isnull */
	bool		isnull;
	Datum		value;
	bool		bounded;
	double		low;
	double		high;
} Range;

extern Range vexpr_range_of_value(Oid type, Datum value, bool isnull);
/* The range of a value that may be either; unknown where one is. */
extern Range vexpr_range_union(Range a, Range b);

/*
 * Is it certain that a function does not fail for arguments in these ranges?
 * False also when nothing is known of it.  *result, whose type is set, gets
 * the range of the function's result.
 */
extern bool vexpr_range_of_call(Oid function, const Range *args, int nargs,
						  Range *result);

/* Is it a text that any time type accepts, in ISO 8601's order of fields? */
extern bool vexpr_range_is_iso_time(const Range *text);

#endif							/* RUSTS_VEXPR_RANGE_H */
