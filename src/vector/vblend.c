/*
 * vblend.c
 *	  Put the selected rows of a vector into another.
 *
 * Words of a selection with few rows go row by row; in others every row is
 * written, either with the new value or with its own.
 */
#include "simd/codec_simd.h"
#include "vector/selection.h"
#include "vector/vblend.h"

#define SPARSE 8

CODEC_INLINE void
blend_word(uint64_t *out, const uint64_t *values, uint64_t word)
{
	int			i;

	if (__builtin_popcountll(word) < SPARSE)
	{
		for (; word != 0; word &= word - 1)
		{
			i = __builtin_ctzll(word);
			out[i] = values[i];
		}
		return;
	}
	for (i = 0; i < 64; i++)
		out[i] = (word >> i) & 1 ? values[i] : out[i];
}

CODEC_CLONES static void
blend_values(uint64_t *out, const uint64_t *values, const uint64_t *selection)
{
	int			w;

	for (w = 0; w < SELECTION_WORDS; w++)
	{
		if (selection[w] == ~UINT64_C(0))
			memcpy(out + w * 64, values + w * 64, 64 * sizeof(uint64_t));
		else if (selection[w] != 0)
			blend_word(out + w * 64, values + w * 64, selection[w]);
	}
}

void
vblend_values(uint64_t *out, const uint64_t *values, const uint64_t *selection)
{
	blend_values(out, values, selection);
}

CODEC_CLONES static void
blend_constant(uint64_t *out, uint64_t value, const uint64_t *selection)
{
	int			w;
	int			i;

	for (w = 0; w < SELECTION_WORDS; w++)
	{
		uint64_t   *o = out + w * 64;
		uint64_t	word = selection[w];

		if (word == 0)
			continue;
		for (i = 0; i < 64; i++)
			o[i] = (word >> i) & 1 ? value : o[i];
	}
}

void
vblend_constant(uint64_t *out, uint64_t value, const uint64_t *selection)
{
	blend_constant(out, value, selection);
}
