/*
 * aggdistinct.c
 *	  count(DISTINCT value).
 *
 * One hash table of (group, word) pairs for all groups; a pair that is new
 * counts.  Words are those of intern.c, so a dictionary's entries are looked at
 * once each, not once a row.  Rows that repeat the value and group of the row
 * before are not looked up at all.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "utils/memutils.h"

#include "exec/aggdistinct.h"
#include "exec/aggstate.h"
#include "exec/intern.h"
#include "vector/selection.h"

typedef struct DistinctPair
{
	int64		word;
	uint32		group;
	bool		used;
} DistinctPair;

struct AggDistinct
{
	Intern	   *intern;			/* of kind VECTOR_DATUM */
	DistinctPair *pairs;
	uint64		n;
	uint64		mask;
};

void
aggdistinct_compile(AggFunc *func)
{
	Aggref	   *aggref = func->aggref;
	SortGroupClause *clause = linitial_node(SortGroupClause,
											aggref->aggdistinct);
	Node	   *expr = (Node *) linitial_node(TargetEntry, aggref->args)->expr;

	func->distinct = palloc0(sizeof(AggDistinct));
	if (func->arg_kind == VECTOR_DATUM)
		func->distinct->intern = intern_create(exprType(expr),
											   exprCollation(expr),
											   clause->eqop, func->context);
}

void
aggdistinct_forget(AggFunc *func)
{
	AggDistinct *distinct = func->distinct;

	distinct->pairs = NULL;
	distinct->n = distinct->mask = 0;
	if (distinct->intern != NULL)
		intern_reset(distinct->intern);
}

static inline uint64
pair_hash(uint32 group, int64 word)
{
	uint64		mixed = (uint64) word * UINT64CONST(0x9e3779b97f4a7c15);

	mixed ^= (mixed >> 32) ^ group;
	mixed *= UINT64CONST(0xff51afd7ed558ccd);
	return mixed ^ (mixed >> 29);
}

/* Enter a pair; true: it is new.  There must be room. */
static bool
pair_enter(AggDistinct *distinct, uint32 group, int64 word)
{
	uint64		at = pair_hash(group, word) & distinct->mask;

	while (distinct->pairs[at].used)
	{
		if (distinct->pairs[at].group == group &&
			distinct->pairs[at].word == word)
			return false;
		at = (at + 1) & distinct->mask;
	}
	distinct->pairs[at].word = word;
	distinct->pairs[at].group = group;
	distinct->pairs[at].used = true;
	distinct->n++;
	return true;
}

static void
pairs_reserve(AggFunc *func)
{
	AggDistinct *distinct = func->distinct;
	DistinctPair *old = distinct->pairs;
	uint64		size = old == NULL ? 0 : distinct->mask + 1;
	uint64		capacity = Max(size * 2, 256);
	uint64		i;

	if (old != NULL && distinct->n * 2 < size)
		return;
	distinct->pairs = MemoryContextAllocExtended(func->context, capacity *
												 sizeof(DistinctPair),
												 MCXT_ALLOC_HUGE |
												 MCXT_ALLOC_ZERO);
	distinct->mask = capacity - 1;
	distinct->n = 0;
	for (i = 0; i < size; i++)
		if (old[i].used)
			(void) pair_enter(distinct, old[i].group, old[i].word);
	if (old != NULL)
		pfree(old);
}

void
aggdistinct_update(AggFunc *func, const Vector *vector, const uint64 *selected,
				   const AggGroups *groups)
{
	AggDistinct *distinct = func->distinct;
	bool		coded = vector->dictionary != NULL && distinct->intern != NULL;
	int			range = 0;
	Datum		last = 0;
	uint32		last_group = PG_UINT32_MAX;
	int			row;

	if (coded)
		intern_begin_dictionary(distinct->intern, vector);
	for (SELECTION_EACH(row, selected))
	{
		int			at = vector->constant ? 0 : row;
		uint32		group = agggroups_of(groups, &range, row);
		Datum		value = vector->values[at];
		int64		word;

		if (vector->isnull != NULL && vector->isnull[at])
			continue;
		if (value == last && group == last_group)
			continue;
		last = value;
		last_group = group;
		if (coded)
			word = intern_code(distinct->intern, vector, value);
		else
			word = intern_word(distinct->intern, func->arg_kind,
							   vector->dictionary == NULL ? value :
							   vector->dictionary[value]);
		pairs_reserve(func);
		if (pair_enter(distinct, group, word))
			COUNTS(func)[group]++;
	}
}
