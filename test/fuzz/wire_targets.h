/*
 * wire_targets.h
 *	  Targets for line protocol; what they take is text (fuzz.h).
 */
#ifndef RUSTS_WIRE_TARGETS_H
#define RUSTS_WIRE_TARGETS_H

#include <stddef.h>
#include <stdint.h>

extern void wire_targets_lines(int argument, int n, const uint8_t *in,
							   size_t len);
extern size_t wire_targets_seed_lines(int argument, int i, int n, uint8_t *out,
									  size_t capacity);
extern void wire_targets_number(int argument, int n, const uint8_t *in,
								size_t len);
extern size_t wire_targets_seed_number(int argument, int i, int n,
									   uint8_t *out, size_t capacity);

#endif							/* RUSTS_WIRE_TARGETS_H */
