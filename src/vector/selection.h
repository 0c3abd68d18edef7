/*
 * selection.h
 *	  A set of the rows of a batch, as a bitmap.
 *
 * Row i is bit i % 64 of word i / 64.  A selection for n rows has all its
 * SELECTION_WORDS words; bits at and after n are 0, so that nothing that walks
 * or counts a selection needs to know n.
 */
#ifndef RUSTS_SELECTION_H
#define RUSTS_SELECTION_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define SELECTION_ROWS 1024
#define SELECTION_WORDS (SELECTION_ROWS / 64)

/* The bits [from, to) of a word; 0 <= from <= to <= 64. */
static inline uint64_t
selection_word_mask(int from, int to)
{
	uint64_t	low = to < 64 ? (UINT64_C(1) << to) - 1 : ~UINT64_C(0);

	return from < 64 ? low & (~UINT64_C(0) << from) : 0;
}

static inline bool
selection_has(const uint64_t *selection, int row)
{
	return (selection[row >> 6] >> (row & 63)) & 1;
}

static inline void
selection_add(uint64_t *selection, int row)
{
	selection[row >> 6] |= UINT64_C(1) << (row & 63);
}

static inline void
selection_remove(uint64_t *selection, int row)
{
	selection[row >> 6] &= ~(UINT64_C(1) << (row & 63));
}

static inline void
selection_clear(uint64_t *selection)
{
	memset(selection, 0, SELECTION_WORDS * sizeof(uint64_t));
}

static inline void
selection_copy(uint64_t *to, const uint64_t *from)
{
	memcpy(to, from, SELECTION_WORDS * sizeof(uint64_t));
}

static inline bool
selection_is_empty(const uint64_t *selection)
{
	uint64_t	any = 0;
	int			w;

	for (w = 0; w < SELECTION_WORDS; w++)
		any |= selection[w];
	return any == 0;
}

/* The first row at or after "from" that is in, or SELECTION_ROWS. */
static inline int
selection_next(const uint64_t *selection, int from)
{
	int			w = from >> 6;
	uint64_t	word;

	if (from >= SELECTION_ROWS)
		return SELECTION_ROWS;
	word = selection[w] & (~UINT64_C(0) << (from & 63));
	while (word == 0)
	{
		if (++w == SELECTION_WORDS)
			return SELECTION_ROWS;
		word = selection[w];
	}
	return w * 64 + __builtin_ctzll(word);
}

/* for (SELECTION_EACH(row, selection)): row is an int declared before */
#define SELECTION_EACH(row, selection) \
	(row) = selection_next(selection, 0); (row) < SELECTION_ROWS; \
	(row) = selection_next(selection, (row) + 1)

static inline void
selection_and(uint64_t *selection, const uint64_t *other)
{
	int			w;

	for (w = 0; w < SELECTION_WORDS; w++)
		selection[w] &= other[w];
}

static inline void
selection_and_not(uint64_t *selection, const uint64_t *other)
{
	int			w;

	for (w = 0; w < SELECTION_WORDS; w++)
		selection[w] &= ~other[w];
}

static inline void
selection_or(uint64_t *selection, const uint64_t *other)
{
	int			w;

	for (w = 0; w < SELECTION_WORDS; w++)
		selection[w] |= other[w];
}

extern int	selection_count(const uint64_t *selection);
/* Exactly the rows [from, to). */
extern void selection_set_range(uint64_t *selection, int from, int to);
/* Keep the rows [from, to) only. */
extern void selection_and_range(uint64_t *selection, int from, int to);
/* How many of [from, to) are in? */
extern int	selection_count_range(const uint64_t *selection, int from, int to);
/* Remove the rows i < n with flags[i]; flags may be NULL: nothing to do. */
extern void selection_and_not_bools(uint64_t *selection, const bool *flags,
									int n);
/* flags[i] = row i is in, for i < n. */
extern void selection_to_bools(const uint64_t *selection, bool *flags, int n);
/* The row numbers, ascending; rows has room for all.  Returns how many. */
extern int	selection_to_rows(const uint64_t *selection, uint16_t *rows);

#endif							/* RUSTS_SELECTION_H */
