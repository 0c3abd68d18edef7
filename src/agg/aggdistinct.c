/*
 * aggdistinct.c
 *	  count(DISTINCT value).
 *
 * One hash table of (group, word) pairs for all groups; a pair that is new
 * counts.  Words are those of intern.c, so a dictionary's entries are looked at
 * once each, not once a row.  Rows that repeat the value and group of the row
 * before are not looked up at all.
 *
 * When the pairs outgrow their memory, all of them go to disk, by parts of the
 * hash of group and value (aggspill.c), and the table starts empty, so a pair
 * may be written several times.  From then on nothing is counted until the
 * last row: each part is then read into the table, cut into smaller ones if it
 * is too large as well, and its pairs are counted.  Groups must keep their
 * numbers until then.  The choice not taken is to keep the pairs at hand and
 * write what is not among them: in sorted segments a value comes many times in
 * a row, and soon it would be written each time.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "agg/aggdistinct.h"
#include "agg/aggspill.h"
#include "vector/selection.h"
#include "vexpr/intern.h"

typedef struct DistinctPair
{
	int64		word;
	uint32		group;
	bool		used;
} DistinctPair;

struct AggDistinct
{
	MemoryContext query_memory;
	MemoryContext context;		/* of pairs and interned values */
	Intern	   *intern;			/* of kind VECTOR_DATUM */
	DistinctPair *pairs;
	uint64		n;
	uint64		mask;

	AggSpill   *spill;			/* NULL: all fitted so far, and counts */
	StringInfoData buffer;		/* a pair on its way out or in */
	int64		disk;			/* bytes in spills that are done with */
};

void
aggdistinct_compile(AggFunc *func)
{
	Aggref	   *aggref = func->aggref;
	SortGroupClause *clause = linitial_node(SortGroupClause,
											aggref->aggdistinct);
	Node	   *expr = (Node *) linitial_node(TargetEntry, aggref->args)->expr;
	AggDistinct *distinct = palloc0(sizeof(AggDistinct));

	func->distinct = distinct;
	distinct->query_memory = CurrentMemoryContext;
	distinct->context = AllocSetContextCreate(CurrentMemoryContext,
											  "rusts distinct values",
											  ALLOCSET_DEFAULT_SIZES);
	initStringInfo(&distinct->buffer);
	if (func->arg_kind == VECTOR_DATUM)
		distinct->intern = intern_create(exprType(expr), exprCollation(expr),
										 clause->eqop, distinct->context);
}

static void
pairs_forget(AggDistinct *distinct)
{
	MemoryContextReset(distinct->context);
	distinct->pairs = NULL;
	distinct->n = distinct->mask = 0;
	if (distinct->intern != NULL)
		intern_reset(distinct->intern);
}

static void
end_spill(AggDistinct *distinct)
{
	if (distinct->spill == NULL)
		return;
	distinct->disk += aggspill_bytes(distinct->spill);
	aggspill_end(distinct->spill);
	distinct->spill = NULL;
}

void
aggdistinct_forget(AggFunc *func)
{
	pairs_forget(func->distinct);
	end_spill(func->distinct);
}

Size
aggdistinct_memory(const AggFunc *func)
{
	return MemoryContextMemAllocated(func->distinct->context, true);
}

int64
aggdistinct_disk(const AggFunc *func)
{
	const AggDistinct *distinct = func->distinct;

	return distinct->disk +
		(distinct->spill != NULL ? aggspill_bytes(distinct->spill) : 0);
}

/* ---------- pairs ---------- */

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

	Assert(distinct->n <= distinct->mask);
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
pairs_reserve(AggDistinct *distinct)
{
	DistinctPair *old = distinct->pairs;
	uint64		size = old == NULL ? 0 : distinct->mask + 1;
	uint64		capacity = Max(size * 2, 256);
	uint64		i;

	if (old != NULL && distinct->n * 2 < size)
		return;
	distinct->pairs = MemoryContextAllocExtended(distinct->context,
												 capacity *
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

	/* once values come back from disk, no row comes any more */
	Assert(distinct->spill == NULL || !aggspill_is_reading(distinct->spill));
	if (coded)
		intern_begin_dictionary(distinct->intern, vector);
	for (SELECTION_EACH(row, selected))
	{
		int			at = vector->constant ? 0 : row;
		uint32		group = aggkeys_group_of(groups, &range, row);
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
		pairs_reserve(distinct);
		if (pair_enter(distinct, group, word) && distinct->spill == NULL)
			COUNTS(func)[group]++;
	}
}

/* ---------- on disk ---------- */

/* The group, and the word or the value that it stands for. */
static void
pair_serialize(AggFunc *func, const DistinctPair *pair)
{
	AggDistinct *distinct = func->distinct;
	StringInfo	buffer = &distinct->buffer;
	Datum		value;
	Size		size;
	char	   *at;

	resetStringInfo(buffer);
	appendBinaryStringInfo(buffer, (const char *) &pair->group,
						   sizeof(pair->group));
	if (distinct->intern == NULL)
	{
		appendBinaryStringInfo(buffer, (const char *) &pair->word,
							   sizeof(pair->word));
		return;
	}
	value = intern_datum(distinct->intern, pair->word);
	size = datumEstimateSpace(value, false, func->typbyval, func->typlen);
	enlargeStringInfo(buffer, size);
	at = buffer->data + buffer->len;
	datumSerialize(value, false, func->typbyval, func->typlen, &at);
	buffer->len += size;
}

static void
pair_restore(AggFunc *func)
{
	AggDistinct *distinct = func->distinct;
	char	   *at = distinct->buffer.data;
	uint32		group;
	int64		word;

	memcpy(&group, at, sizeof(group));
	at += sizeof(group);
	if (distinct->intern == NULL)
		memcpy(&word, at, sizeof(word));
	else
	{
		bool		isnull;
		Datum		value = datumRestore(&at, &isnull);

		word = intern_word(distinct->intern, VECTOR_DATUM, value);
		if (!func->typbyval)
			pfree(DatumGetPointer(value));
	}
	pairs_reserve(distinct);
	(void) pair_enter(distinct, group, word);
}

/* Parts of the hash space must not depend on what number a value has. */
static uint32
pair_part(const AggDistinct *distinct, const DistinctPair *pair)
{
	int64		word = pair->word;

	if (distinct->intern != NULL)
		word = intern_hash(distinct->intern, word);
	return (uint32) (pair_hash(pair->group, word) >> 32);
}

static void
write_pairs(AggFunc *func)
{
	AggDistinct *distinct = func->distinct;
	uint64		i;

	for (i = 0; distinct->pairs != NULL && i <= distinct->mask; i++)
	{
		const DistinctPair *pair = &distinct->pairs[i];

		CHECK_FOR_INTERRUPTS();
		if (!pair->used)
			continue;
		pair_serialize(func, pair);
		aggspill_put(distinct->spill, pair_part(distinct, pair),
					 &distinct->buffer);
	}
	pairs_forget(distinct);
}

/* Take the pairs back that have counted: none does before the last row. */
static void
begin_spill(AggFunc *func, Size limit)
{
	AggDistinct *distinct = func->distinct;
	uint64		i;

	distinct->spill = aggspill_create(distinct->query_memory, limit);
	for (i = 0; distinct->pairs != NULL && i <= distinct->mask; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!distinct->pairs[i].used)
			continue;
		Assert(COUNTS(func)[distinct->pairs[i].group] > 0);
		COUNTS(func)[distinct->pairs[i].group]--;
	}
}

void
aggdistinct_spill(AggFunc *func, Size limit)
{
	if (func->distinct->spill == NULL)
		begin_spill(func, limit);
	write_pairs(func);
}

/* Read a part into memory, or, if it is too much, cut it. */
static void
read_part(AggFunc *func, Size limit)
{
	AggDistinct *distinct = func->distinct;

	while (aggspill_get(distinct->spill, &distinct->buffer))
	{
		CHECK_FOR_INTERRUPTS();
		pair_restore(func);
		if (distinct->n > 1 && aggdistinct_memory(func) > limit &&
			aggspill_can_put(distinct->spill))
			write_pairs(func);
	}
	if (aggspill_has_put(distinct->spill))
		write_pairs(func);
}

void
aggdistinct_finish(AggFunc *func, Size limit)
{
	AggDistinct *distinct = func->distinct;
	uint64		i;

	if (distinct->spill == NULL)
		return;
	write_pairs(func);
	while (aggspill_next(distinct->spill))
	{
		read_part(func, limit);
		for (i = 0; distinct->pairs != NULL && i <= distinct->mask; i++)
		{
			CHECK_FOR_INTERRUPTS();
			if (distinct->pairs[i].used)
				COUNTS(func)[distinct->pairs[i].group]++;
		}
		pairs_forget(distinct);
	}
	end_spill(distinct);
}
