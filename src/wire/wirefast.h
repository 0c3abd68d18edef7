/*
 * wirefast.h
 *	  A line of a known shape, quickly.
 */
#ifndef RUSTS_WIREFAST_H
#define RUSTS_WIREFAST_H

#include "wire/wirestate.h"

/*
 * Parse the line at the parser's place as one of the shape kept at a place.
 * False, with nothing changed that matters, when it is another, is bad, or has
 * anything unusual in it: then it is to be parsed by the letter.
 */
extern bool wirefast_parse(WireParser *parser, int place);

#endif							/* RUSTS_WIREFAST_H */
