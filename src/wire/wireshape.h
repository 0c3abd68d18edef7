/*
 * wireshape.h
 *	  Shapes of lines: their measurement, tag keys and field keys.
 *
 * Most lines repeat the keys of a line shortly before.  The keys of the last
 * few shapes are kept, together with which shape came after which.  So the
 * next line's shape is mostly guessed right, and its keys need only be
 * compared (wirefast.h).  A wrong guess costs time, never a wrong answer.
 *
 * The number of a shape is never used again by the same parser.
 */
#ifndef RUSTS_WIRESHAPE_H
#define RUSTS_WIRESHAPE_H

#include "wire/wire.h"

/* what a kept shape may have; other lines have no shape */
#define WIRESHAPE_KEYS 256
#define WIRESHAPE_BYTES 4096

/* so far one may read after a piece */
#define WIRESHAPE_PADDING 16

#define WIRESHAPE_COUNT 64
#define WIRESHAPE_GUESSES 2

/*
 * A shape as it stands in a line without escapes: measurement and the byte
 * after it, then each key and the equals sign after it.  Piece 0 is the
 * measurement, pieces 1 and on are tags and then fields.
 */
typedef struct WireShape
{
	uint64_t	number;
	int			tag_count;
	int			field_count;
	bool		plain;			/* no backslash in any piece */
	int			guesses[WIRESHAPE_GUESSES]; /* what follows; -1: nothing */
	uint16_t	starts[WIRESHAPE_KEYS + 2]; /* of pieces, and the end */
	char		bytes[WIRESHAPE_BYTES + WIRESHAPE_PADDING];
} WireShape;

typedef struct WireShapes
{
	uint64_t	last_number;
	int			victim;			/* the next to be replaced */
	int			current;		/* of the last good line; -1: none */
	uint64_t	hashes[WIRESHAPE_COUNT];	/* of the keys; 0: not in use */
	WireShape	shapes[WIRESHAPE_COUNT];
} WireShapes;

/* Keys of one line, as written. */
typedef struct WireKeys
{
	WireText	measurement;
	const WireText *keys;		/* tags, then fields */
	int			tag_count;
	int			field_count;
} WireKeys;

extern void wireshape_reset(WireShapes *shapes);

/*
 * The last line had these keys.  Returns the shape's place, kept from now on;
 * -1 when it has too many keys.
 */
extern int	wireshape_note(WireShapes *shapes, const WireKeys *keys);

/* The last line had the shape at a place (-1: none). */
extern void wireshape_follow(WireShapes *shapes, int place);

static inline size_t
wireshape_piece_len(const WireShape *shape, int piece)
{
	return (size_t) (shape->starts[piece + 1] - shape->starts[piece]);
}

#endif							/* RUSTS_WIRESHAPE_H */
