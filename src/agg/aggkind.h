/*
 * aggkind.h
 *	  What an aggregate over batches is: its kind, and its states as arrays.
 *
 * This header has types only.  Recognising and compiling an aggregate is a
 * layer above the files that work on its states (aggfunc.h).
 */
#ifndef RUSTS_AGGKIND_H
#define RUSTS_AGGKIND_H

#include "fmgr.h"
#include "nodes/primnodes.h"
#include "vector/vsum.h"
#include "vexpr/vexpr.h"

/* What a state is. */
typedef enum AggKind
{
	AGG_COUNT,
	AGG_SUM_FLOAT,				/* count, sum */
	AGG_VAR_FLOAT,				/* Variance */
	AGG_SUM_INT,				/* count, 128-bit sum */
	AGG_VAR_INT,				/* count, sum, sum of squares */
	AGG_MIN_INT,				/* count, extreme */
	AGG_MAX_INT,
	AGG_MIN_FLOAT,
	AGG_MAX_FLOAT,
	AGG_FIRST,					/* value and its time */
	AGG_LAST,
	AGG_DISTINCT,				/* count, and the values seen */
	AGG_GENERIC					/* the transition function's state */
} AggKind;

/* How a result is made of a state. */
typedef enum AggResult
{
	RESULT_COUNT,
	RESULT_SUM_FLOAT8,
	RESULT_SUM_FLOAT4,
	RESULT_AVG_FLOAT,
	RESULT_VAR_POP,
	RESULT_VAR_SAMP,
	RESULT_STDDEV_POP,
	RESULT_STDDEV_SAMP,
	RESULT_SUM_INT8,
	RESULT_SUM_NUMERIC,
	RESULT_AVG_NUMERIC,
	RESULT_VALUE,				/* the extreme, as a Datum of its type */
	RESULT_FINALFN				/* PostgreSQL's final function */
} AggResult;

#define AGG_ARRAYS 3

/* A growing array with an element for each group. */
typedef struct AggArray
{
	void	   *raw;			/* as allocated */
	void	   *at;				/* aligned */
	int			width;			/* 0: not used */
} AggArray;

typedef struct AggGeneric AggGeneric;
typedef struct AggDistinct AggDistinct;

typedef struct AggFunc
{
	AggKind		kind;
	AggResult	result;
	Aggref	   *aggref;
	int			nargs;
	VExpr	  **args;
	VExpr	   *filter;			/* NULL: none */
	VectorKind	arg_kind;
	AttrNumber	column;			/* the argument is just this column; 0: not */
	int16		typlen;			/* of AGG_FIRST's and AGG_LAST's value */
	bool		typbyval;
	AggArray	arrays[AGG_ARRAYS];
	AggGeneric *generic;
	AggDistinct *distinct;
	struct AggState *fake;		/* what transition functions expect */
	MemoryContext context;		/* of states */
} AggFunc;

/* The arrays, as the kinds use them; those of AGG_GENERIC are agggeneric.c's. */
#define COUNTS(func) ((int64 *) (func)->arrays[0].at)
#define FLOATS(func) ((double *) (func)->arrays[1].at)
#define INTS(func) ((int64 *) (func)->arrays[1].at)
#define SUMS(func) ((VectorInt128 *) (func)->arrays[1].at)
#define SQUARES(func) ((VectorInt128 *) (func)->arrays[2].at)
/* did a group of float sums see an input that is infinite or NaN? */
#define INFINITE(func) ((bool *) (func)->arrays[2].at)
#define VARIANCES(func) ((Variance *) (func)->arrays[0].at)
/* of AGG_FIRST and AGG_LAST; COUNTS is 0: empty, 1: NULL, 2: a value */
#define TIMES(func) INTS(func)
#define VALUES(func) ((Datum *) (func)->arrays[2].at)

#endif							/* RUSTS_AGGKIND_H */
