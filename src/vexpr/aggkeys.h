/*
 * aggkeys.h
 *	  Group keys: from vectors of a batch to numbers of groups.
 */
#ifndef RUSTS_AGGKEYS_H
#define RUSTS_AGGKEYS_H

#include "vexpr/batch.h"
#include "lib/stringinfo.h"
#include "nodes/execnodes.h"

typedef struct AggKeys AggKeys;

/* Rows [from, to) of a batch belong to one group. */
typedef struct AggRange
{
	uint16		from;
	uint16		to;
	uint32		group;
} AggRange;

/* Which rows belong to which group: ranges, or a group for each row. */
typedef struct AggGroups
{
	int			nranges;		/* < 0: see groups */
	AggRange	ranges[BATCH_ROWS];
	uint32		groups[BATCH_ROWS];
} AggGroups;

/* The group of a row.  *range is 0 at first; rows come in ascending order. */
static inline uint32
aggkeys_group_of(const AggGroups *groups, int *range, int row)
{
	if (groups->nranges < 0)
		return groups->groups[row];
	while (groups->ranges[*range].to <= row)
		(*range)++;
	return groups->ranges[*range].group;
}

/* The group is not at hand and cannot be made: such rows are left out. */
#define AGG_NO_GROUP PG_UINT32_MAX

/* exprs: the grouping expressions; eqs: their equality operators. */
extern AggKeys *aggkeys_create(List *exprs, List *eqs, PlanState *parent,
							   TupleDesc desc, TupleTableSlot *slot);
extern void aggkeys_rescan(AggKeys *keys);
/* Forget all groups. */
extern void aggkeys_reset(AggKeys *keys);
/* Until the next reset, make no more groups in aggkeys_lookup. */
extern void aggkeys_freeze(AggKeys *keys);
extern bool aggkeys_is_frozen(const AggKeys *keys);
/* Groups so far, and memory that they take. */
extern uint32 aggkeys_ngroups(const AggKeys *keys);
extern Size aggkeys_memory(const AggKeys *keys);

/*
 * Find or make the groups of a batch's selected rows.  Rows that are left out
 * are not selected any more.
 */
extern void aggkeys_lookup(AggKeys *keys, Batch *batch, AggGroups *groups);

/* Rows that were left out of the last batch; NULL: none. */
typedef struct AggLeftOut
{
	uint64		rows[BATCH_WORDS];	/* a selection */
	uint32		hashes[BATCH_ROWS]; /* as aggkeys_hash */
} AggLeftOut;

extern const AggLeftOut *aggkeys_left_out(const AggKeys *keys);
/* The group of one row of Datums. */
extern uint32 aggkeys_lookup_row(AggKeys *keys, const Datum *values,
								 const bool *isnull);
/*
 * The n-th largest of the groups' values of a key of kind VECTOR_INT; false:
 * there are fewer groups.
 */
extern bool aggkeys_nth_largest(const AggKeys *keys, int key, uint32 n,
								int64 *value);
/* The groups' values of such a key; valid until groups are added. */
typedef struct AggKeyValues
{
	const int64 *values;		/* of the first group */
	const bool *nulls;
	int			step;			/* from one group to the next */
} AggKeyValues;

extern AggKeyValues aggkeys_values(const AggKeys *keys, int key);
/*
 * For each of n groups (NULL: the first n), set places to a number that orders
 * it by a key, as the key's type does by default, and nulls to whether the key
 * is NULL (the number then means nothing).  False: none is NULL.
 */
extern bool aggkeys_places(const AggKeys *keys, int key, const uint32 *groups,
						   uint32 n, uint64 *places, bool *nulls);
/* A hash of a group's key values, which is the same after aggkeys_reset. */
extern uint32 aggkeys_hash(const AggKeys *keys, uint32 group);
/*
 * Append a group's keys to a buffer; find or make the group with the keys at a
 * buffer's cursor.  The latter allocates values for the caller to free.  Call
 * aggkeys_begin_restore after freeing them, and before restoring from another
 * buffer.
 */
extern void aggkeys_serialize(const AggKeys *keys, uint32 group,
							  StringInfo buffer);
extern void aggkeys_begin_restore(AggKeys *keys);
extern uint32 aggkeys_restore(AggKeys *keys, StringInfo buffer);
/* The value of a group's key. */
extern Datum aggkeys_value(const AggKeys *keys, uint32 group, int key,
						   bool *isnull);

#endif							/* RUSTS_AGGKEYS_H */
