/*
 * vgrid.h
 *	  Starts of the ranges of one width that values lie in.
 */
#ifndef RUSTS_VGRID_H
#define RUSTS_VGRID_H

#include <stdint.h>

/*
 * out[i] = the largest anchor + k * width that is not greater than values[i],
 * width > 0.  Values and anchor are meant to be within +-2^61; others, in rows
 * that do not matter, give anything.
 */
extern void vgrid_floor(const int64_t *values, int n, int64_t anchor,
						int64_t width, int64_t *out);

#endif							/* RUSTS_VGRID_H */
