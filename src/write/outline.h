/*
 * outline.h
 *	  What the planner may know of a table's segments.
 */
#ifndef RUSTS_OUTLINE_H
#define RUSTS_OUTLINE_H

#include "write/size.h"

/* A window of time that has rows; values of the time column. */
typedef struct OutlineSpan
{
	int64		from;			/* smallest and largest time in it */
	int64		to;
	double		rows;
	double		windows;		/* so many like this one, where not all were
								 * looked at */
} OutlineSpan;

typedef struct OutlineColumn
{
	bool		has_range;		/* of a type that is kept as an integer */
	int64		min;
	int64		max;
	double		nulls;
	uint32		entries;		/* of the dictionary in the largest segment, 0:
								 * it has none */
} OutlineColumn;

typedef struct Outline
{
	SegmentTotals totals;
	bool		looked;			/* into the largest segment */
	uint32		largest;
	uint32		series;			/* in it, 0: there are no tags */
	AttrNumber	time;			/* the time column, 0: none */
	int			natts;
	int			nspans;			/* ordered by from; 0: no time column */
	OutlineColumn *columns;		/* per attribute */
	OutlineSpan *spans;
} Outline;

extern void outline_totals(Relation rel, SegmentTotals *totals);
/*
 * Copy the outline into the current memory context; NULL when the table has no
 * segments.  look: fill in series and entries, for which a segment is opened.
 */
extern Outline *outline_get(Relation rel, bool look);
/* Get one column only; head: all but columns and spans; false: no segments. */
extern bool outline_get_column(Relation rel, AttrNumber attnum,
							   Outline *head, OutlineColumn *column);

#endif							/* RUSTS_OUTLINE_H */
