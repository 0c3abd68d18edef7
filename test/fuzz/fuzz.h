/*
 * fuzz.h
 *	  The targets of fuzzing, one for each decoder, two for line protocol.
 *
 * Input of every target: two bytes with the number of values minus 1 (modulo
 * 1,024, little-endian), then what the decoder gets.
 */
#ifndef RUSTS_FUZZ_H
#define RUSTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* the largest input that targets look at */
#define FUZZ_MAX_INPUT 20000

typedef struct FuzzTarget
{
	const char *name;

	/* Decode; abort() when the decoder breaks a promise. */
	void		(*run) (int argument, int n, const uint8_t *in, size_t len);

	/* Valid input number i of n values, in out; 0 when there is none. */
	size_t		(*seed) (int argument, int i, int n, uint8_t *out,
						 size_t capacity);
	int			argument;
} FuzzTarget;

extern const FuzzTarget fuzz_targets[];
extern const int fuzz_target_count;

/* Run a target on bytes as a file or a fuzzer has them. */
extern void fuzz_run(const FuzzTarget *target, const uint8_t *data,
					 size_t size);

/* Write a seed in that form; 0 when there is none. */
extern size_t fuzz_seed(const FuzzTarget *target, int i, int n, uint8_t *out,
						size_t capacity);

/* NULL when there is no such target. */
extern const FuzzTarget *fuzz_find(const char *name);

#endif							/* RUSTS_FUZZ_H */
