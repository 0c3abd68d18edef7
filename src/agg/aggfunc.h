/*
 * aggfunc.h
 *	  Aggregates over batches: states per group, kept as arrays.
 */
#ifndef RUSTS_AGGFUNC_H
#define RUSTS_AGGFUNC_H

#include "vexpr/aggkeys.h"
#include "vexpr/vexpr.h"
#include "fmgr.h"
#include "nodes/primnodes.h"
#include "segment/directory.h"

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

/* How a result is made of it. */
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

/* Can this aggregate be computed here?  native: without calling functions. */
extern bool aggfunc_supported(Aggref *aggref, bool *native);

/*
 * Does it want no more than the row with the largest (desc) or smallest value
 * of a column?
 */
extern bool aggfunc_is_extreme_row(Aggref *aggref, AttrNumber *attno,
								   bool *desc);

extern void aggfunc_compile(AggFunc *func, Aggref *aggref, PlanState *parent,
							TupleDesc desc, TupleTableSlot *slot,
							struct AggState *fake);
extern void aggfunc_rescan(AggFunc *func);

/* Can metadata answer? */
extern bool aggfunc_may_take_summary(Aggref *aggref);
extern bool aggfunc_takes_summary(const AggFunc *func);

#endif							/* RUSTS_AGGFUNC_H */
