/*
 * vexpr_keyed.h
 *	  Values of an expression by an integer key, as a dictionary.
 */
#ifndef RUSTS_VEXPR_KEYED_H
#define RUSTS_VEXPR_KEYED_H

#include "vexpr/vexpr_node.h"

/* Room for the keys of a batch several times over. */
#define KEYED_CAPACITY (4 * BATCH_ROWS)

/*
 * Codes 0 .. n - 1 have values; a key has at most one code.  Codes and values
 * stay until vexpr_keyed_begin() finds too little room for another batch, or
 * another epoch: then serial changes.
 */
typedef struct KeyedValues
{
	MemoryContext memory;		/* of by-reference values */
	uint64		serial;
	uint64		epoch;
	int			n;
	int64		keys[KEYED_CAPACITY];
	Datum		values[KEYED_CAPACITY];
	bool		isnull[KEYED_CAPACITY];
	uint16		table[2 * KEYED_CAPACITY];	/* code + 1 by hash of the key */
} KeyedValues;

extern KeyedValues *vexpr_keyed_create(MemoryContext parent);
extern void vexpr_keyed_begin(KeyedValues *keyed, uint64 epoch);
/* The code of a key, or -1. */
extern int	vexpr_keyed_find(const KeyedValues *keyed, int64 key);
/* A new code for a value of expr, copied.  At most BATCH_ROWS a batch. */
extern int	vexpr_keyed_add(KeyedValues *keyed, const VExpr *expr, Datum value,
							bool isnull);
/* Have vexpr_keyed_find() give the code for the key. */
extern void vexpr_keyed_remember(KeyedValues *keyed, int64 key, int code);

#endif							/* RUSTS_VEXPR_KEYED_H */
