/*
 * bitpack.h
 *	  Fixed-width bit packing of one block.
 *
 * A full block has 1,024 slots; slot i * 32 + j is the i-th value of lane j.
 * Which row goes to which slot is the caller's business (see frame.h).
 */
#ifndef RUSTS_BITPACK_H
#define RUSTS_BITPACK_H

#include <stddef.h>
#include <stdint.h>

#define BITPACK_LANES 32

/* Bytes that n values of width bits take, 0 <= width <= 64. */
extern size_t bitpack_size(int n, unsigned width);

/* Only the low width bits of each value are stored. */
extern void bitpack_pack(const uint64_t *slots, int n, unsigned width,
						 uint8_t *out);

/* in holds bitpack_size(n, width) bytes; the caller has checked that. */
extern void bitpack_unpack(const uint8_t *in, int n, unsigned width,
						   uint64_t *slots);

/*
 * Pack or unpack values one after the other, whatever n is; the layout is that
 * of the above for less than a full block.
 */
extern void bitpack_pack_sequence(const uint64_t *values, int n,
								  unsigned width, uint8_t *out);
extern void bitpack_unpack_sequence(const uint8_t *in, int n, unsigned width,
									uint64_t *values);

/* A full block of at most 32 bits a value: the fast way. */
extern void bitpack_unpack32(const uint8_t *in, unsigned width,
							 uint32_t *slots);

#endif							/* RUSTS_BITPACK_H */
