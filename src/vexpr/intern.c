/*
 * intern.c
 *	  Values reduced to words of 64 bits: equal values have equal words.
 *
 * Integers and times are their own words, floats their bits with one zero and
 * one NaN.  The word of any other type is the number of the value in a table
 * of distinct values, found by the type's own hash function and equality under
 * the column's collation.  So two numerics that print differently, or two
 * strings that a collation calls equal, have the same word when they are
 * equal.  A dictionary's codes are translated once per entry that occurs.
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/sortsupport.h"
#include "utils/typcache.h"

#include "vexpr/intern.h"

struct Intern
{
	MemoryContext context;
	Oid			type;
	Oid			collation;
	FmgrInfo	hash;
	FmgrInfo	equal;
	int16		typlen;
	bool		typbyval;
	uint32		n;
	uint32		capacity;
	Datum	   *values;
	uint32	   *hashes;
	uint32	   *table;			/* number + 1, 0: free */
	uint32		mask;
	bool		frozen;

	/* code to word, or number + 1, of the dictionary with this serial */
	uint64		serial;
	int64	   *codes;
	uint32		ncodes;

	/* of all words in the order of values, when there were nplaces */
	uint32	   *places;
	uint32		nplaces;
};

Intern *
intern_create(Oid type, Oid collation, Oid equal, MemoryContext context)
{
	Intern	   *intern = palloc0(sizeof(Intern));
	TypeCacheEntry *cache = lookup_type_cache(type, TYPECACHE_HASH_PROC);
	Oid			hash = cache->hash_proc;
	RegProcedure left;
	RegProcedure right;

	if (get_op_hash_functions(equal, &left, &right))
		hash = left;
	if (!OidIsValid(hash))
		elog(ERROR, "type %u cannot be hashed", type);
	intern->context = context;
	intern->type = type;
	intern->collation = collation;
	fmgr_info(hash, &intern->hash);
	fmgr_info(get_opcode(equal), &intern->equal);
	get_typlenbyval(type, &intern->typlen, &intern->typbyval);
	return intern;
}

void
intern_reset(Intern *intern)
{
	intern->n = intern->capacity = 0;
	intern->values = NULL;
	intern->hashes = NULL;
	intern->table = NULL;
	intern->frozen = false;
	intern->serial = 0;
	intern->codes = NULL;
	intern->ncodes = 0;
	intern->places = NULL;
	intern->nplaces = 0;
}

static void
intern_grow(Intern *intern)
{
	MemoryContext context = intern->context;
	uint32		capacity = Max(64, intern->capacity * 2);
	uint32		i;

	if (intern->values == NULL)
	{
		intern->values = MemoryContextAllocHuge(context, capacity *
												sizeof(Datum));
		intern->hashes = MemoryContextAllocHuge(context, capacity *
												sizeof(uint32));
	}
	else
	{
		intern->values = repalloc_huge(intern->values, capacity *
									   sizeof(Datum));
		intern->hashes = repalloc_huge(intern->hashes, capacity *
									   sizeof(uint32));
		pfree(intern->table);
	}
	intern->capacity = capacity;
	intern->mask = capacity * 2 - 1;
	intern->table = MemoryContextAllocExtended(context, (Size) capacity * 2 *
											   sizeof(uint32),
											   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (i = 0; i < intern->n; i++)
	{
		uint32		at = intern->hashes[i] & intern->mask;

		while (intern->table[at] != 0)
			at = (at + 1) & intern->mask;
		intern->table[at] = i + 1;
	}
}

/* The word of a value that is not taken in, and back: negative. */
#define UNKNOWN_WORD(hash) (-1 - (int64) (hash))

void
intern_freeze(Intern *intern)
{
	intern->frozen = true;
}

static int64
intern_value(Intern *intern, Datum value)
{
	uint32		hash;
	uint32		at;
	MemoryContext old;

	hash = murmurhash32(DatumGetUInt32(FunctionCall1Coll(&intern->hash,
														 intern->collation,
														 value)));
	if (intern->n == intern->capacity && !intern->frozen)
		intern_grow(intern);
	if (intern->capacity == 0)
		return UNKNOWN_WORD(hash);
	for (at = hash & intern->mask; intern->table[at] != 0;
		 at = (at + 1) & intern->mask)
	{
		uint32		i = intern->table[at] - 1;

		if (intern->hashes[i] == hash &&
			DatumGetBool(FunctionCall2Coll(&intern->equal, intern->collation,
										   intern->values[i], value)))
			return i;
	}
	if (intern->frozen)
		return UNKNOWN_WORD(hash);
	old = MemoryContextSwitchTo(intern->context);
	intern->values[intern->n] = datumCopy(value, intern->typbyval,
										  intern->typlen);
	MemoryContextSwitchTo(old);
	intern->hashes[intern->n] = hash;
	intern->table[at] = ++intern->n;
	return intern->n - 1;
}

static inline int64
float_word(double value)
{
	int64		word;

	if (value == 0)
		value = 0;				/* -0 too */
	else if (isnan(value))
		value = get_float8_nan();
	memcpy(&word, &value, sizeof(word));
	return word;
}

int64
intern_word(Intern *intern, VectorKind kind, Datum value)
{
	switch (kind)
	{
		case VECTOR_INT:
			return (int64) value;
		case VECTOR_FLOAT8:
			return float_word(DatumGetFloat8(value));
		case VECTOR_FLOAT4:
			return float_word(DatumGetFloat4(value));
		case VECTOR_DATUM:
			break;
	}
	return intern_value(intern, value);
}

Datum
intern_datum(const Intern *intern, int64 word)
{
	return intern->values[word];
}

uint32
intern_hash(const Intern *intern, int64 word)
{
	return word < 0 ? (uint32) UNKNOWN_WORD(word) : intern->hashes[word];
}

typedef struct InternOrder
{
	const Intern *intern;
	SortSupport support;
} InternOrder;

static int
compare_interned(const void *a, const void *b, void *arg)
{
	InternOrder *order = arg;

	CHECK_FOR_INTERRUPTS();
	return ApplySortComparator(order->intern->values[*(const uint32 *) a], false,
							   order->intern->values[*(const uint32 *) b], false,
							   order->support);
}

/* Sort words by their values, and number them; places: by word. */
static void
sort_words(const Intern *intern, uint32 *sorted, uint32 n, uint32 *places)
{
	TypeCacheEntry *cache = lookup_type_cache(intern->type, TYPECACHE_LT_OPR);
	SortSupportData support = {0};
	InternOrder order = {intern, &support};
	uint32		i;

	support.ssup_cxt = CurrentMemoryContext;
	support.ssup_collation = intern->collation;
	PrepareSortSupportFromOrderingOp(cache->lt_opr, &support);
	qsort_arg(sorted, n, sizeof(uint32), compare_interned, &order);
	for (i = 0; i < n; i++)
		places[sorted[i]] = i;
}

/* For all words, and to be kept until there are more. */
static void
place_all(Intern *intern)
{
	Size		size = Max(intern->n, 1) * sizeof(uint32);
	uint32	   *sorted = MemoryContextAllocHuge(CurrentMemoryContext, size);
	uint32		i;

	if (intern->places != NULL)
		pfree(intern->places);
	intern->places = MemoryContextAllocHuge(intern->context, size);
	intern->nplaces = intern->n;
	for (i = 0; i < intern->n; i++)
		sorted[i] = i;
	sort_words(intern, sorted, intern->n, intern->places);
	pfree(sorted);
}

/* For the words that occur. */
static uint32 *
place_some(const Intern *intern, const uint64 *words, const bool *nulls,
		   uint32 n)
{
	uint32	   *sorted = MemoryContextAllocHuge(CurrentMemoryContext,
												n * sizeof(uint32));
	uint32	   *places = MemoryContextAllocExtended(CurrentMemoryContext,
													intern->n * sizeof(uint32),
													MCXT_ALLOC_HUGE |
													MCXT_ALLOC_ZERO);
	uint32		different = 0;
	uint32		i;

	for (i = 0; i < n; i++)
	{
		if (nulls[i] || places[words[i]] != 0)
			continue;
		places[words[i]] = 1;
		sorted[different++] = (uint32) words[i];
	}
	sort_words(intern, sorted, different, places);
	pfree(sorted);
	return places;
}

void
intern_place(Intern *intern, uint64 *words, const bool *nulls, uint32 n)
{
	uint32	   *some = NULL;
	uint32	   *places;
	uint32		i;

	if (intern->nplaces != intern->n && n >= intern->n)
		place_all(intern);
	if (intern->nplaces != intern->n)
		some = place_some(intern, words, nulls, n);
	places = some != NULL ? some : intern->places;
	for (i = 0; i < n; i++)
		words[i] = nulls[i] ? 0 : places[words[i]];
	if (some != NULL)
		pfree(some);
}

/* ---------- dictionaries ---------- */

int64
intern_code(Intern *intern, const Vector *vector, uint64 code)
{
	int64	   *known = &intern->codes[code];

	if (*known == 0)
	{
		int64		word = intern_value(intern, vector->dictionary[code]);

		*known = word < 0 ? word : word + 1;
	}
	return *known < 0 ? *known : *known - 1;
}

void
intern_begin_dictionary(Intern *intern, const Vector *vector)
{
	if (intern->serial == vector->serial && intern->codes != NULL)
		return;
	if (intern->ncodes < vector->entries || intern->codes == NULL)
	{
		if (intern->codes != NULL)
			pfree(intern->codes);
		intern->ncodes = Max(vector->entries, 64);
		intern->codes = MemoryContextAllocHuge(intern->context,
											   intern->ncodes *
											   sizeof(int64));
	}
	memset(intern->codes, 0, vector->entries * sizeof(int64));
	intern->serial = vector->serial;
}
