/*
 * wireshape.c
 *	  Shapes of lines: their measurement, tag keys and field keys.
 */
#include "wire/wireshape.h"

#include <string.h>

void
wireshape_reset(WireShapes *shapes)
{
	int			i;

	shapes->last_number = 0;
	shapes->victim = 0;
	shapes->current = -1;
	for (i = 0; i < WIRESHAPE_COUNT; i++)
		shapes->hashes[i] = 0;
}

/* ---------- comparing ---------- */

/* FNV-1a over eight bytes at a time; it only has to tell most shapes apart. */
static uint64_t
hash_text(uint64_t hash, WireText text)
{
	size_t		i;
	uint64_t	word = 0;

	for (i = 0; i + 8 <= text.len; i += 8)
	{
		memcpy(&word, text.data + i, 8);
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	word = text.len;
	if (text.len > i)
		memcpy(&word, text.data + i, text.len - i);
	hash = (hash ^ word ^ text.len << 56) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

/* Never 0. */
static uint64_t
hash_keys(const WireKeys *keys)
{
	uint64_t	hash = hash_text((uint64_t) keys->tag_count, keys->measurement);
	int			i;

	for (i = 0; i < keys->tag_count + keys->field_count; i++)
		hash = hash_text(hash, keys->keys[i]);
	return hash | 1;
}

/* A piece without the byte that ends it. */
static bool
piece_is(const WireShape *shape, int piece, WireText text)
{
	return wireshape_piece_len(shape, piece) == text.len + 1 &&
		memcmp(shape->bytes + shape->starts[piece], text.data, text.len) == 0;
}

static bool
shape_is(const WireShape *shape, const WireKeys *keys)
{
	int			i;

	if (shape->tag_count != keys->tag_count ||
		shape->field_count != keys->field_count ||
		!piece_is(shape, 0, keys->measurement))
		return false;
	for (i = 0; i < keys->tag_count + keys->field_count; i++)
		if (!piece_is(shape, i + 1, keys->keys[i]))
			return false;
	return true;
}

/* ---------- keeping ---------- */

static bool
fits(const WireKeys *keys)
{
	int			count = keys->tag_count + keys->field_count;
	size_t		bytes = keys->measurement.len + 1;
	int			i;

	if (count > WIRESHAPE_KEYS)
		return false;
	for (i = 0; i < count; i++)
		bytes += keys->keys[i].len + 1;
	return bytes <= WIRESHAPE_BYTES;
}

static void
put_piece(WireShape *shape, int piece, WireText text, char stop)
{
	char	   *out = shape->bytes + shape->starts[piece];

	memcpy(out, text.data, text.len);
	out[text.len] = stop;
	shape->starts[piece + 1] = (uint16_t) (shape->starts[piece] + text.len + 1);
	if (memchr(text.data, '\\', text.len) != NULL)
		shape->plain = false;
}

static int
keep_shape(WireShapes *shapes, const WireKeys *keys, uint64_t hash)
{
	int			place = shapes->victim;
	WireShape  *shape = &shapes->shapes[place];
	int			i;

	shapes->victim = (place + 1) % WIRESHAPE_COUNT;
	if (shapes->current == place)
		shapes->current = -1;
	shape->number = ++shapes->last_number;
	shapes->hashes[place] = hash;
	shape->tag_count = keys->tag_count;
	shape->field_count = keys->field_count;
	shape->plain = true;
	shape->starts[0] = 0;
	for (i = 0; i < WIRESHAPE_GUESSES; i++)
		shape->guesses[i] = -1;
	put_piece(shape, 0, keys->measurement, keys->tag_count > 0 ? ',' : ' ');
	for (i = 0; i < keys->tag_count + keys->field_count; i++)
		put_piece(shape, i + 1, keys->keys[i], '=');
	memset(shape->bytes + shape->starts[i + 1], 0, WIRESHAPE_PADDING);
	return place;
}

int
wireshape_note(WireShapes *shapes, const WireKeys *keys)
{
	uint64_t	hash = hash_keys(keys);
	int			place;

	for (place = 0; place < WIRESHAPE_COUNT; place++)
		if (shapes->hashes[place] == hash &&
			shape_is(&shapes->shapes[place], keys))
			break;
	if (place == WIRESHAPE_COUNT)
		place = fits(keys) ? keep_shape(shapes, keys, hash) : -1;
	wireshape_follow(shapes, place);
	return place;
}

/*
 * The first guess is what followed last, the second what followed before it
 * was something else: many lines of one shape, then one of the next.
 */
void
wireshape_follow(WireShapes *shapes, int place)
{
	int		   *guesses;

	if (shapes->current >= 0 && place >= 0)
	{
		guesses = shapes->shapes[shapes->current].guesses;
		if (guesses[0] != place)
		{
			guesses[1] = guesses[0];
			guesses[0] = place;
		}
	}
	shapes->current = place;
}
