/*
 * alp.h
 *	  Floats that are decimals, as integers (Afroozeh and Boncz, SIGMOD 2023).
 */
#ifndef RUSTS_ALP_H
#define RUSTS_ALP_H

#include "codec/codec_bytes.h"

/* Bytes that alp_write may write for n values. */
#define ALP_BOUND(n) (16 * (size_t) (n) + 128)

/*
 * One block to encode, double or single precision: values as doubles (what
 * NaNs become does not matter) and the patterns that must come back.
 */
typedef struct AlpBlock
{
	int			n;
	bool		single;
	double		values[CODEC_BLOCK_ROWS];
	uint64_t	bits[CODEC_BLOCK_ROWS];
} AlpBlock;

/*
 * integers says how the integers are stored: CODEC_INT_FOR, CODEC_INT_DELTA or
 * CODEC_INT_PLANES.  CODEC_UNFIT when more than half of the values are not
 * short decimals.
 */
extern CodecStatus alp_write(const AlpBlock *block, CodecEncoding integers,
							 uint8_t *out, size_t *len);

/* *transposed: as in floatcodec_decode_unordered, but also an input */
extern CodecStatus alp_read64(const uint8_t *in, size_t len,
							  CodecEncoding integers, double *out, int n,
							  bool *transposed);
extern CodecStatus alp_read32(const uint8_t *in, size_t len,
							  CodecEncoding integers, float *out, int n);

#endif							/* RUSTS_ALP_H */
