/*
 * alpscheme.h
 *	  Which arithmetic turns the floats of a block into integers and back.
 */
#ifndef RUSTS_ALPSCHEME_H
#define RUSTS_ALPSCHEME_H

#include "codec/alp.h"

/* powers of ten up to here are used; all are exact as doubles */
#define ALP_MAX_EXPONENT 18

/* integers beyond this in magnitude are not used (see alpscheme.c) */
#define ALP_MAX_INTEGER 2251799813685248.0	/* 2^51 */

/*
 * divide: value = integer / 10^exponent, factor is 0.
 * otherwise: value = integer * 10^factor * 10^-exponent, factor <= exponent.
 */
typedef struct AlpScheme
{
	unsigned	exponent;
	unsigned	factor;
	bool		divide;
} AlpScheme;

/* A scheme's constants: scale = up * down, value = integer * times1 * times2 */
typedef struct AlpConstants
{
	bool		divide;
	double		up;
	double		down;
	double		times1;
	double		times2;			/* or the divisor */
} AlpConstants;

extern void alpscheme_constants(const AlpScheme *scheme, AlpConstants *c);

/*
 * Turn the block into integers.  wrong[i] is zero where integer i gives the
 * pattern of value i back; returns how many do not.
 */
extern int alpscheme_apply(const AlpConstants *c, const AlpBlock *block,
						   int64_t *integers, uint64_t *wrong);

/* The way back.  Any integer is safe; beyond 2^51 the result is unspecified. */
extern void alpscheme_restore64(const AlpConstants *c, const int64_t *integers,
								int n, double *out);
extern void alpscheme_restore32(const AlpConstants *c, const int64_t *integers,
								int n, float *out);

/* The best scheme for a sample of the block; false when none is any good. */
extern bool alpscheme_choose(const AlpBlock *block, AlpScheme *scheme);

#endif							/* RUSTS_ALPSCHEME_H */
