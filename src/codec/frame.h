/*
 * frame.h
 *	  Frame of reference with patches: what all integer encodings build on.
 *
 * A value is base + low + (high << width) modulo 2^64, with low packed in
 * width bits and high, a signed number, zero for all but a few: the patches.
 *
 * Layout:
 *	  1 byte      width (0..64), plus 128 when there are patches
 *	  varint      base, zigzag
 *	  packed      low parts (see bitpack.h)
 *	  patches     (see patches.h) values are zigzag(high) - 1
 */
#ifndef RUSTS_FRAME_H
#define RUSTS_FRAME_H

#include "codec/codec_bytes.h"
#include "codec/patches.h"

/* Which row goes to which slot of a full block. */
typedef enum FrameOrder
{
	FRAME_ROWS,					/* slot = row */
	FRAME_LANES					/* see lanes.h */
} FrameOrder;

/* A frame read but not yet unpacked; packed points into the input. */
typedef struct Frame
{
	int			n;
	unsigned	width;
	uint64_t	base;
	const uint8_t *packed;
	Patches		patches;		/* values: what to add, high << width */
} Frame;

/* the most bytes that a frame of n values takes */
#define FRAME_BOUND(n) (8 * (size_t) (n) + 1 + CODEC_VARINT_MAX)

/* Returns the end of what it wrote, at most FRAME_BOUND(n) bytes. */
extern uint8_t *frame_write(const uint64_t *values, int n, FrameOrder order,
							uint8_t *out);

extern CodecStatus frame_read(CodecReader *r, int n, Frame *frame);

/* Unpack the values of a frame that was written in FRAME_ROWS order. */
extern void frame_values(const Frame *frame, uint64_t *values);

/*
 * Compute the running sums of a frame that was written in FRAME_LANES order:
 * row r gets before + value 0 + ... + value r.  They come as rows or, for a
 * full block, in lane order.
 */
extern void frame_sums(const Frame *frame, uint64_t before, uint64_t *rows);
extern void frame_sums_lanes(const Frame *frame, uint64_t before,
							 uint64_t *slots);

#endif							/* RUSTS_FRAME_H */
