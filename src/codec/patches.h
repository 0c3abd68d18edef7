/*
 * patches.h
 *	  The few values of a block that are stored apart, so that they do not
 *	  widen all the others.
 *
 * Layout, count being at least 1:
 *	  varint      count - 1
 *	  1 byte      width of a value in bits, 0..64, or 255: varints
 *	  bits        count row numbers, as wide as n - 1 needs, strictly ascending
 *	  bits        count values (or count varints)
 */
#ifndef RUSTS_PATCHES_H
#define RUSTS_PATCHES_H

#include "codec/codec_bytes.h"

typedef struct Patches
{
	int			count;
	uint16_t	rows[CODEC_BLOCK_ROWS];
	uint64_t	values[CODEC_BLOCK_ROWS];
} Patches;

/* bits that a row number takes in a block of n rows */
#define PATCHES_ROW_BITS(n) codec_bit_length((uint64_t) (n) - 1)

/* Exactly what patches_write will write. */
extern size_t patches_size(const Patches *patches, int n);

/* Returns the end of what it wrote. */
extern uint8_t *patches_write(const Patches *patches, int n, uint8_t *out);

/* Fills patches with 1..n checked entries. */
extern CodecStatus patches_read(CodecReader *r, int n, Patches *patches);

#endif							/* RUSTS_PATCHES_H */
