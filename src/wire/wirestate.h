/*
 * wirestate.h
 *	  What a parser holds: for the files of this folder only.
 */
#ifndef RUSTS_WIRESTATE_H
#define RUSTS_WIRESTATE_H

#include "wire/wireparser.h"
#include "wire/wireshape.h"

/* for finding duplicates among many keys: a power of two, mostly empty */
#define WIRESTATE_BUCKETS 4096

struct WireParser
{
	/* the batch */
	const char *at;				/* the next line begins here */
	const char *end;
	long		line;			/* its number */
	char	   *arena;			/* the first free byte */
	int64_t		unit;			/* nanoseconds in one of a timestamp */
	size_t		max_line;

	WireItem	item;

	/*
	 * The shape whose keys the arrays below hold since the last line, or -1.
	 */
	int			loaded;

	/* the line */
	WireTag		tags[WIRE_MAX_COLUMNS];
	WireField	fields[WIRE_MAX_COLUMNS];
	WireText	raw_keys[WIRE_MAX_COLUMNS]; /* tags, then fields, as written */
	WireText	names[WIRE_MAX_COLUMNS];	/* the same without escapes */
	uint16_t	buckets[WIRESTATE_BUCKETS]; /* indexes into names, from 1 */

	WireShapes	shapes;
};

#endif							/* RUSTS_WIRESTATE_H */
