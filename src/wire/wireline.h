/*
 * wireline.h
 *	  One line by the letter of the grammar, whatever is in it.
 */
#ifndef RUSTS_WIRELINE_H
#define RUSTS_WIRELINE_H

#include "wire/wirestate.h"

/*
 * The new line that ends the line at at, or end: the first one that is neither
 * after a backslash nor in a string, as InfluxDB sees strings before it has
 * parsed the line.
 */
extern const char *wireline_end(const char *at, const char *end);

/*
 * The same for a line that comes in pieces: the next one, and what is known of
 * those before it.  What is known after a new line is of no use.
 */
extern const char *wireline_scan(WireEnding *ending, const char *at,
								 const char *end);

/*
 * Parse a line, which is neither blank nor a comment, has no blanks before it
 * and no line end after it.  Fills the parser's item and arrays when good.
 */
extern WireReason wireline_parse(WireParser *parser, const char *at,
								 const char *end);

#endif							/* RUSTS_WIRELINE_H */
