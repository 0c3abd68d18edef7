/*
 * lanes.h
 *	  Running sums over a block in lane order, and the way back to row order.
 *
 * In lane order slot i * 32 + j holds row j * 32 + i: each lane is a run of 32
 * consecutive rows, and all lanes can be summed side by side.
 */
#ifndef RUSTS_LANES_H
#define RUSTS_LANES_H

#include <stdint.h>

#define LANES_COUNT 32
#define LANES_SLOT(row) (((row) % 32) * 32 + (row) / 32)

/*
 * What a slot's running sum is added to: slot i * 32 + j gets
 * start[j] + step * i.  Arithmetic is modulo 2^64.
 */
typedef struct LanesOffset
{
	uint64_t	start[LANES_COUNT];
	uint64_t	step;
} LanesOffset;

/*
 * Replace each slot by the sum of its lane up to and including it; totals gets
 * the lanes' sums.  32-bit sums are read as signed afterwards.
 */
extern void lanes_sum32(uint32_t *slots, uint64_t *totals);
extern void lanes_sum64(uint64_t *slots, uint64_t *totals);

/* Write sums plus offsets, in lane order or in row order. */
extern void lanes_add32(const uint32_t *sums, const LanesOffset *offset,
						uint64_t *slots);
extern void lanes_add64(const uint64_t *sums, const LanesOffset *offset,
						uint64_t *slots);
extern void lanes_rows32(const uint32_t *sums, const LanesOffset *offset,
						 uint64_t *rows);
extern void lanes_rows64(const uint64_t *sums, const LanesOffset *offset,
						 uint64_t *rows);

/* Bring rows into lane order, for encoders. */
extern void lanes_from_rows(const uint64_t *rows, uint64_t *slots);

#endif							/* RUSTS_LANES_H */
