/*
 * unit.h
 *	  The harness of the unit tests: checks, random numbers, shapes of data.
 *
 * A test is a plain C program: main calls its cases and returns unit_finish().
 */
#ifndef RUSTS_UNIT_H
#define RUSTS_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/codec.h"

/* Count a check; a failed one is reported with its place and the label. */
#define UNIT_CHECK(ok, label) unit_check((ok), (label), __FILE__, __LINE__)

extern void unit_check(bool ok, const char *label, const char *file, int line);

/* Print "NAME: N passed, N failed"; the exit status of the program. */
extern int	unit_finish(const char *name);

/* Copy of len bytes that ends where the allocation ends; free() it. */
extern uint8_t *unit_exact_copy(const uint8_t *bytes, size_t len);

/* Deterministic random bits. */
extern uint64_t unit_random(void);

/* Standard normal deviate. */
extern double unit_normal(void);

/* Block sizes that matter: up to *n is set, false at the end. */
extern bool unit_size(int index, int *n);

/* Fill n integers or floats with shape number index; NULL at the end. */
extern const char *unit_integers(int index, int64_t *values, int n);
extern const char *unit_doubles(int index, double *values, int n);
extern const char *unit_floats(int index, float *values, int n);

#endif							/* RUSTS_UNIT_H */
