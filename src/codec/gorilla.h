/*
 * gorilla.h
 *	  XOR compression of floats (Pelkonen et al., VLDB 2015).
 */
#ifndef RUSTS_GORILLA_H
#define RUSTS_GORILLA_H

#include "codec/codec.h"

/* Bytes that gorilla_encode may write for n values of 64 or 32 bits. */
#define GORILLA_BOUND(n) (10 * (size_t) (n) + 16)

/* out has room for GORILLA_BOUND(n); returns the length. */
extern size_t gorilla_encode64(const double *values, int n, uint8_t *out);
extern size_t gorilla_encode32(const float *values, int n, uint8_t *out);

extern CodecStatus gorilla_decode64(const uint8_t *in, size_t len,
									double *values, int n);
extern CodecStatus gorilla_decode32(const uint8_t *in, size_t len,
									float *values, int n);

#endif							/* RUSTS_GORILLA_H */
