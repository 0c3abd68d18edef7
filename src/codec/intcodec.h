/*
 * intcodec.h
 *	  The integer encodings behind intcodec_encode and intcodec_decode.
 *
 * Encoders write at most intcodec_bound(n) bytes to out, which has that much
 * room, and return the end.  Decoders read from a reader and leave it after
 * the last byte they used.
 */
#ifndef RUSTS_INTCODEC_H
#define RUSTS_INTCODEC_H

#include "codec/codec_bytes.h"

/* the most bytes that any integer encoding of n values takes */
#define INTCODEC_BOUND(n) (10 * (size_t) (n) + 128)

extern uint8_t *intrle_write(const uint64_t *values, int n, uint8_t *out);
extern CodecStatus intrle_read(CodecReader *r, uint64_t *values, int n);

extern uint8_t *intvarint_write(const uint64_t *values, int n, uint8_t *out);
extern CodecStatus intvarint_read(CodecReader *r, uint64_t *values, int n);

extern uint8_t *intplanes_write(const uint64_t *values, int n, uint8_t *out);
extern CodecStatus intplanes_read(CodecReader *r, uint64_t *values, int n);

/*
 * *transposed: on input, whether lane order is allowed; on output, whether the
 * values are in it (see intcodec_decode_unordered)
 */
extern uint8_t *intscaled_write(const uint64_t *values, int n, uint8_t *out);
extern CodecStatus intscaled_read(CodecReader *r, uint64_t *values, int n,
								  bool *transposed);
extern CodecStatus intcodec_read(CodecEncoding encoding, CodecReader *r,
								 uint64_t *values, int n, bool *transposed);

/* differences[i] = values[i] - values[i - 1], with before as values[-1] */
extern void intcodec_differences(const uint64_t *values, int n,
								 uint64_t before, uint64_t *differences);

#endif							/* RUSTS_INTCODEC_H */
