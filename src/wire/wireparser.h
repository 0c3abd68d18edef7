/*
 * wireparser.h
 *	  Line protocol, line after line: the interface of this folder.
 *
 *	  parser = memory of wireparser_size() bytes;
 *	  wireparser_init(parser);
 *	  wireparser_begin(parser, &batch);
 *	  while ((item = wireparser_next(parser)) != NULL)
 *		  item->reason == WIRE_GOOD ? a point : a bad line
 *
 * Nothing is allocated, and there is nothing to free.  The item, its arrays
 * and its keys are good until the next call; values of tags and fields as long
 * as the batch's input and arena.
 *
 * For filling columns: keep what a shape's number maps to (table, columns by
 * place in the arrays), and look names up again only when the number changes
 * or is 0.  Types are each field's own and may change within a shape.
 */
#ifndef RUSTS_WIREPARSER_H
#define RUSTS_WIREPARSER_H

#include "wire/wire.h"

typedef struct WireParser WireParser;

typedef struct WireBatch
{
	const char *data;
	size_t		len;
	char	   *arena;			/* len bytes, for what is unescaped */
	int64_t		unit;			/* from wireparser_unit */
	size_t		max_line;		/* longer lines are bad; 0: no limit */
} WireBatch;

extern size_t wireparser_size(void);

/* Shapes and their numbers live from here on, across batches. */
extern void wireparser_init(WireParser *parser);

extern void wireparser_begin(WireParser *parser, const WireBatch *batch);

/* NULL at the end of the batch. */
extern const WireItem *wireparser_next(WireParser *parser);

/*
 * Do without guessed shapes, for tests: the same items, more slowly.  (Numbers
 * of shapes as well.)
 */
extern const WireItem *wireparser_next_exactly(WireParser *parser);

/*
 * What has been seen of a line that is not yet whole.  All zeroes: nothing,
 * the next byte is the first of a line.
 */
typedef struct WireEnding
{
	long		balance;		/* equals signs less commas in the fields */
	bool		begun;			/* something else than blanks */
	bool		comment;
	bool		in_fields;
	bool		quoted;
	bool		escaped;		/* the last byte was a backslash */
} WireEnding;

/*
 * For lines that come in pieces: how much of this piece, from its beginning,
 * is up to the end of a line; 0: none of it.  Each byte is looked at once, and
 * what comes before the cut can be parsed without what comes after it.
 */
extern size_t wireparser_complete(WireEnding *ending, const char *data,
								  size_t len);

/* Nanoseconds in n, ns, u, us, ms, s, m or h; 0 for any other text. */
extern int64_t wireparser_unit(const char *name, size_t len);

#endif							/* RUSTS_WIREPARSER_H */
