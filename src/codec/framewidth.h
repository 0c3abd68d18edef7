/*
 * framewidth.h
 *	  Which window of values a frame packs; the rest becomes patches.
 */
#ifndef RUSTS_FRAMEWIDTH_H
#define RUSTS_FRAMEWIDTH_H

#include <stdint.h>

typedef struct FrameWindow
{
	uint64_t	base;			/* smallest value that needs no patch */
	unsigned	width;			/* bits; the window is 2^width values wide */
} FrameWindow;

/*
 * Row number i of a sample of count rows out of n: one from each of count
 * equal stretches, but not at equal distances, which would see only one phase
 * of data that repeats.
 */
static inline int
framewidth_sample_row(int i, int count, int n)
{
	uint32_t	start = (uint32_t) i * (uint32_t) n / (uint32_t) count;
	uint32_t	stretch = (uint32_t) n / (uint32_t) count;

	return (int) (start + (uint32_t) i * UINT32_C(2654435769) / 4096 % stretch);
}

/*
 * full: the window that holds every value, so that there are no patches.
 * window: the one with the least estimated total size, maybe the same.
 */
extern void framewidth_choose(const uint64_t *values, int n,
							  FrameWindow *full, FrameWindow *window);

#endif							/* RUSTS_FRAMEWIDTH_H */
