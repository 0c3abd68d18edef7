/*
 * vblend.h
 *	  Put the selected rows of a vector into another.
 */
#ifndef RUSTS_VBLEND_H
#define RUSTS_VBLEND_H

#include <stdint.h>

extern void vblend_values(uint64_t *out, const uint64_t *values,
						  const uint64_t *selection);
extern void vblend_constant(uint64_t *out, uint64_t value,
							const uint64_t *selection);

#endif							/* RUSTS_VBLEND_H */
