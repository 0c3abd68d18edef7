/*
 * zone_verdict.h
 *	  What a filter can come to, known from minimum, maximum and NULL count.
 */
#ifndef RUSTS_ZONE_VERDICT_H
#define RUSTS_ZONE_VERDICT_H

#include "vexpr/vexpr.h"

/* What is known of the values of a column in some rows. */
typedef struct Zone
{
	uint32		rows;
	uint32		nulls;
	bool		has_minmax;		/* of the values that are not NULL */
	int64		min;			/* int64 or the bits of a double, by type */
	int64		max;
} Zone;

/* Fill in the zone of a column; false: nothing is known. */
typedef bool (*ZoneLookup) (void *arg, AttrNumber attno, Zone *zone);

/* What a filter comes to for the rows of a zone. */
typedef enum ZoneVerdict
{
	ZONE_NONE,					/* true for no row */
	ZONE_SOME,
	ZONE_ALL					/* true for every row */
} ZoneVerdict;

typedef struct ZoneTest ZoneTest;

/*
 * When a test is evaluated: the values it compares with may not be known yet.
 */
typedef enum ZoneTime
{
	ZONE_AHEAD,					/* gives the same in all participants */
	ZONE_AMID					/* uses values that rows have needed, too */
} ZoneTime;

/*
 * Make the test of a conjunct on a table with descriptor desc, in the current
 * memory context; NULL when zones say nothing about it.  filter: the same
 * conjunct, compiled, whose values without columns are shared; parent: for
 * parameters.
 */
extern ZoneTest *zone_verdict_compile(Expr *expr, VExpr *filter,
								   PlanState *parent, TupleDesc desc);
/* Parameters may have changed; after vexpr_rescan of the filter. */
extern void zone_verdict_rescan(ZoneTest *test);
extern ZoneVerdict zone_verdict_eval(ZoneTest *test, ZoneTime time,
								  ZoneLookup lookup, void *arg);

#endif							/* RUSTS_ZONE_VERDICT_H */
