/*
 * vgrid.h
 *	  The starts of the equally wide ranges that values lie in.
 */
#ifndef RUSTS_VGRID_H
#define RUSTS_VGRID_H

#include <stdbool.h>
#include <stdint.h>

/*
 * out[i] = the largest anchor + k * width that is not greater than values[i],
 * width > 0.  Values and anchor are meant to be within +-2^61; others, in rows
 * that do not matter, give anything.
 */
extern void vgrid_floor(const int64_t *values, int n, int64_t anchor,
						int64_t width, int64_t *out);

/* Are all n starts equal to start, and all values less than start + limit? */
extern bool vgrid_all_in(const int64_t *starts, const int64_t *values, int n,
						 int64_t start, int64_t limit);

#endif							/* RUSTS_VGRID_H */
