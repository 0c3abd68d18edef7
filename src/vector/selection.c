/*
 * selection.c
 *	  Selections: ranges, conversions from and to flags and row numbers.
 */
#include "simd/codec_simd.h"
#include "vector/selection.h"

/* The part of [from, to) that lies in word w, as bits. */
static inline uint64_t
range_word(int w, int from, int to)
{
	int			first = from - w * 64;
	int			last = to - w * 64;

	if (first >= 64 || last <= 0)
		return 0;
	return selection_word_mask(first < 0 ? 0 : first, last > 64 ? 64 : last);
}

void
selection_set_range(uint64_t *selection, int from, int to)
{
	int			w;

	for (w = 0; w < SELECTION_WORDS; w++)
		selection[w] = range_word(w, from, to);
}

void
selection_and_range(uint64_t *selection, int from, int to)
{
	int			w;

	for (w = 0; w < SELECTION_WORDS; w++)
		selection[w] &= range_word(w, from, to);
}

/* In clones, because the baseline has no instruction for it. */
CODEC_CLONES static int
count_bits(const uint64_t *selection)
{
	int			count = 0;
	int			w;

	for (w = 0; w < SELECTION_WORDS; w++)
		count += __builtin_popcountll(selection[w]);
	return count;
}

int
selection_count(const uint64_t *selection)
{
	return count_bits(selection);
}

int
selection_count_range(const uint64_t *selection, int from, int to)
{
	uint64_t	part[SELECTION_WORDS];

	selection_copy(part, selection);
	selection_and_range(part, from, to);
	return count_bits(part);
}

/*
 * Eight flags, one a byte, gathered into the low eight bits: the
 * multiplication moves the lowest bit of byte k to bit 56 + k.
 */
CODEC_INLINE uint64_t
gather_flags(const bool *flags)
{
	uint64_t	bytes;

	memcpy(&bytes, flags, sizeof(bytes));
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	bytes = __builtin_bswap64(bytes);
#endif
	return (bytes * UINT64_C(0x0102040810204080)) >> 56;
}

static uint64_t
flags_word(const bool *flags, int n)
{
	uint64_t	word = 0;
	int			i;

	if (n >= 64)
	{
		for (i = 0; i < 8; i++)
			word |= gather_flags(flags + 8 * i) << (8 * i);
		return word;
	}
	for (i = 0; i < n; i++)
		word |= (uint64_t) flags[i] << i;
	return word;
}

void
selection_and_not_bools(uint64_t *selection, const bool *flags, int n)
{
	int			w;

	if (flags == NULL)
		return;
	for (w = 0; w * 64 < n; w++)
	{
		if (selection[w] != 0)
			selection[w] &= ~flags_word(flags + w * 64, n - w * 64);
	}
}

void
selection_to_bools(const uint64_t *selection, bool *flags, int n)
{
	int			i;

	for (i = 0; i < n; i++)
		flags[i] = selection_has(selection, i);
}

int
selection_to_rows(const uint64_t *selection, uint16_t *rows)
{
	int			count = 0;
	int			w;

	for (w = 0; w < SELECTION_WORDS; w++)
	{
		uint64_t	word = selection[w];

		while (word != 0)
		{
			rows[count++] = (uint16_t) (w * 64 + __builtin_ctzll(word));
			word &= word - 1;
		}
	}
	return count;
}
