/*
 * packed.h
 *	  Arrays of numbers in a segment's sections.
 */
#ifndef RUSTS_PACKED_H
#define RUSTS_PACKED_H

#include "codec/codec.h"

/* A growing byte buffer without StringInfo's limit of 1 GB. */
typedef struct PackedBuffer
{
	uint8	   *data;
	Size		used;
	Size		size;
} PackedBuffer;

extern void packed_init(PackedBuffer *buffer);
/* Make room for n more bytes; returns data + used. */
extern uint8 *packed_reserve(PackedBuffer *buffer, Size n);
extern void packed_append(PackedBuffer *buffer, const void *bytes, Size n);

/* Arrays, in pieces of 1,024: length, encoding, bytes (format 5.6). */
extern void packed_put_ints(PackedBuffer *buffer, const int64 *values,
							uint32 n);
extern void packed_put_floats(PackedBuffer *buffer, const double *values,
							  uint32 n);

/* Reading: a cursor over bytes; every call checks what is left. */
typedef struct PackedReader
{
	const uint8 *at;
	Size		left;
} PackedReader;

extern CodecStatus packed_get_ints(PackedReader *reader, int64 *values,
								   uint32 n);
extern CodecStatus packed_get_floats(PackedReader *reader, double *values,
									 uint32 n);

#endif							/* RUSTS_PACKED_H */
