/*
 * bytescodec.h
 *	  What precedes byte strings: their lengths, encoded the smaller way.
 */
#ifndef RUSTS_BYTESCODEC_H
#define RUSTS_BYTESCODEC_H

#include "codec/intcodec.h"

/* the most bytes that n numbers take here */
#define BYTESHEAD_BOUND(n) (INTCODEC_BOUND(n) + 1 + CODEC_VARINT_MAX)

/* Write encoding, size and n numbers; out has room for the bound. */
extern uint8_t *bytescodec_write_head(const int64_t *values, int n, uint8_t *out);
extern CodecStatus bytescodec_read_head(CodecReader *r, int64_t *values, int n);

#endif							/* RUSTS_BYTESCODEC_H */
