/*
 * wire_reference.h
 *	  Line protocol as docs/ingest.md says it, slowly, and random lines.
 */
#ifndef RUSTS_WIRE_REFERENCE_H
#define RUSTS_WIRE_REFERENCE_H

#include "wire/wireparser.h"

/* room for a line in words */
#define WIRE_REFERENCE_ROOM 400000

typedef struct WireReference
{
	const char *data;
	size_t		len;
	size_t		at;
	long		line;
	int64_t		unit;
} WireReference;

/*
 * The next line that is neither blank nor a comment, in words; false at the
 * end.  A bad line is "LINE BEGIN LENGTH bad".
 */
extern bool wire_reference_next(WireReference *reference, char *out);

/* The same words for what a parser gave. */
extern void wire_reference_words(const WireItem *item, const char *data,
								 char *out);

/* Random lines, good and bad, at most room bytes; returns how many bytes. */
extern size_t wire_reference_random(char *out, size_t room);

/*
 * Does the parser give what the reference gives, guessing shapes or not?
 * Prints the first difference.  Input is copied, so that it ends where its
 * allocation ends.
 */
extern bool wire_reference_agrees(WireParser *parser, const char *data,
								  size_t len, int64_t unit);

#endif							/* RUSTS_WIRE_REFERENCE_H */
