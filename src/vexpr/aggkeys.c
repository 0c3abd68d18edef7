/*
 * aggkeys.c
 *	  Group keys: from vectors of a batch to numbers of groups.
 *
 * Every key is reduced to a word of 64 bits such that equal keys have equal
 * words (intern.c), and groups are found by comparing words.
 *
 * In sorted segments keys change seldom.  So first the rows are found at which
 * any word differs from the row before; when these are few, the batch is cut
 * into ranges with one lookup each.  Rows that are not selected may hold
 * rubbish; it can only cut a range in two.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "vector/compare.h"
#include "vector/selection.h"
#include "vexpr/aggkeys.h"
#include "vexpr/intern.h"
#include "vexpr/vexpr.h"

typedef struct AggKey
{
	VExpr	   *expr;
	AttrNumber	column;			/* the key is just this column; 0: not */
	VectorKind	kind;
	int16		typlen;
	bool		typbyval;
	Intern	   *intern;			/* of kind VECTOR_DATUM */

	const char *restored;		/* last, as it was serialised; NULL: none */

	/* of the current batch */
	const Vector *vector;
	bool		by_run;			/* vector has a row for each series run */
	bool		coded;			/* words are still codes */
	bool		constant;
	int64	   *words;			/* what the vector's values come to */
} AggKey;

struct AggKeys
{
	MemoryContext context;		/* groups and interned values */
	int			n;
	AggKey	   *keys;
	uint32		ngroups;
	uint32		capacity;
	int64	   *words;			/* n a group */
	Datum	   *datums;			/* n a group, as first seen */
	bool	   *nulls;			/* n a group */
	uint32	   *hashes;
	uint32	   *table;			/* group + 1, 0: free */
	uint32		mask;
	bool		frozen;			/* there will be no more groups */
	AggLeftOut	left_out;
	bool		any_left_out;
	BatchRuns	runs;			/* of the current batch, if any key is by_run */
	int			run;			/* of the row being looked up */
	int64	   *row_words;		/* of that row */
	Datum	   *row_datums;
	bool	   *row_nulls;
};

/* ---------- making ---------- */

AggKeys *
aggkeys_create(List *exprs, List *eqs, PlanState *parent, TupleDesc desc,
			   TupleTableSlot *slot)
{
	AggKeys    *keys = palloc0(sizeof(AggKeys));
	ListCell   *expr_cell;
	ListCell   *eq_cell;

	keys->n = list_length(exprs);
	keys->keys = palloc0(Max(1, keys->n) * sizeof(AggKey));
	keys->row_words = palloc(Max(1, keys->n) * sizeof(int64));
	keys->row_datums = palloc(Max(1, keys->n) * sizeof(Datum));
	keys->row_nulls = palloc(Max(1, keys->n) * sizeof(bool));
	keys->context = AllocSetContextCreate(CurrentMemoryContext, "rusts groups",
										  ALLOCSET_START_SMALL_SIZES);
	keys->n = 0;
	forboth(expr_cell, exprs, eq_cell, eqs)
	{
		AggKey	   *key = &keys->keys[keys->n++];
		Node	   *expr = lfirst(expr_cell);

		vexpr_check_function(get_opcode(lfirst_oid(eq_cell)));
		if (slot != NULL)
			key->expr = vexpr_compile((Expr *) expr, parent, desc, slot);
		key->kind = vexpr_type_kind(exprType(expr));
		get_typlenbyval(exprType(expr), &key->typlen, &key->typbyval);
		if (IsA(expr, Var) && ((Var *) expr)->varattno > 0)
			key->column = ((Var *) expr)->varattno;
		if (key->kind == VECTOR_DATUM)
			key->intern = intern_create(exprType(expr), exprCollation(expr),
										lfirst_oid(eq_cell), keys->context);
	}
	return keys;
}

void
aggkeys_rescan(AggKeys *keys)
{
	int			k;

	for (k = 0; k < keys->n; k++)
		if (keys->keys[k].expr != NULL)
			vexpr_rescan(keys->keys[k].expr);
}

void
aggkeys_reset(AggKeys *keys)
{
	int			k;

	MemoryContextReset(keys->context);
	keys->ngroups = keys->capacity = 0;
	keys->words = NULL;
	keys->table = NULL;
	keys->frozen = false;
	for (k = 0; k < keys->n; k++)
		if (keys->keys[k].intern != NULL)
			intern_reset(keys->keys[k].intern);
}

void
aggkeys_freeze(AggKeys *keys)
{
	int			k;

	keys->frozen = true;
	for (k = 0; k < keys->n; k++)
		if (keys->keys[k].intern != NULL)
			intern_freeze(keys->keys[k].intern);
}

bool
aggkeys_is_frozen(const AggKeys *keys)
{
	return keys->frozen;
}

uint32
aggkeys_ngroups(const AggKeys *keys)
{
	return keys->ngroups;
}

Size
aggkeys_memory(const AggKeys *keys)
{
	return MemoryContextMemAllocated(keys->context, true);
}

/* ---------- groups ---------- */

static void *
group_array_grow(AggKeys *keys, void *array, Size width, uint32 capacity)
{
	Size		size = (Size) capacity * width * Max(keys->n, 1);

	if (array == NULL)
		return MemoryContextAllocHuge(keys->context, Max(size, 1));
	return repalloc_huge(array, Max(size, 1));
}

static void
groups_grow(AggKeys *keys)
{
	uint32		capacity = Max(64, keys->capacity * 2);
	uint32		group;

	if (keys->words == NULL)
	{
		keys->datums = NULL;
		keys->nulls = NULL;
		keys->hashes = NULL;
	}
	else
		pfree(keys->table);
	keys->words = group_array_grow(keys, keys->words, sizeof(int64), capacity);
	keys->datums = group_array_grow(keys, keys->datums, sizeof(Datum),
									capacity);
	keys->nulls = group_array_grow(keys, keys->nulls, sizeof(bool), capacity);
	keys->hashes = group_array_grow(keys, keys->hashes, sizeof(uint32),
									capacity);
	keys->capacity = capacity;
	keys->mask = capacity * 2 - 1;
	keys->table = MemoryContextAllocExtended(keys->context, (Size) capacity *
											 2 * sizeof(uint32),
											 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (group = 0; group < keys->ngroups; group++)
	{
		uint32		at = keys->hashes[group] & keys->mask;

		while (keys->table[at] != 0)
			at = (at + 1) & keys->mask;
		keys->table[at] = group + 1;
	}
}

static uint32
groups_add(AggKeys *keys, uint32 hash, uint32 at)
{
	uint32		group = keys->ngroups++;
	int			k;

	for (k = 0; k < keys->n; k++)
	{
		Size		i = (Size) group * keys->n + k;
		Intern	   *intern = keys->keys[k].intern;

		keys->words[i] = keys->row_words[k];
		keys->nulls[i] = keys->row_nulls[k];
		if (intern != NULL && !keys->row_nulls[k])
			keys->datums[i] = intern_datum(intern, keys->row_words[k]);
		else
			keys->datums[i] = keys->row_datums[k];
	}
	keys->hashes[group] = hash;
	keys->table[at] = group + 1;
	return group;
}

/* murmur3's finalizer over a running value. */
static inline uint64
mix_word(uint64 mixed, uint64 word)
{
	mixed ^= word;
	mixed = (mixed ^ (mixed >> 33)) * UINT64CONST(0xff51afd7ed558ccd);
	mixed = (mixed ^ (mixed >> 33)) * UINT64CONST(0xc4ceb9fe1a85ec53);
	return mixed ^ (mixed >> 33);
}

/*
 * The group of row_words, row_nulls; a NULL's word is 0.  AGG_NO_GROUP when
 * there is none and none can be made.
 */
static uint32
groups_find(AggKeys *keys)
{
	uint64		mixed = 0;
	uint32		hash;
	uint32		at;
	int			k;

	for (k = 0; k < keys->n; k++)
		mixed = mix_word(mixed, (uint64) keys->row_words[k] +
								 keys->row_nulls[k]);
	hash = (uint32) mixed;
	if (keys->ngroups == keys->capacity && !keys->frozen)
		groups_grow(keys);
	for (at = hash & keys->mask; keys->table[at] != 0;
		 at = (at + 1) & keys->mask)
	{
		uint32		group = keys->table[at] - 1;
		Size		i = (Size) group * keys->n;

		if (keys->hashes[group] != hash)
			continue;
		for (k = 0; k < keys->n; k++)
			if (keys->words[i + k] != keys->row_words[k] ||
				keys->nulls[i + k] != keys->row_nulls[k])
				break;
		if (k == keys->n)
			return group;
	}
	if (keys->frozen)
		return AGG_NO_GROUP;
	return groups_add(keys, hash, at);
}

/* ---------- words ---------- */

/* Words that can be compared with the row before. */
static void
key_begin_batch(AggKeys *keys, AggKey *key, Batch *batch)
{
	const Vector *vector = NULL;
	int			i;

	/* a tag is constant in a run: spare its rows */
	if (key->column > 0)
		vector = batch_run_column(batch, key->column, &keys->runs);
	key->by_run = vector != NULL;
	if (vector == NULL)
		vector = vexpr_eval(key->expr, batch);

	key->vector = vector;
	key->constant = vector->constant;
	key->coded = vector->dictionary != NULL;
	if (key->coded && key->intern != NULL)
		intern_begin_dictionary(key->intern, vector);
	if (key->constant || key->coded || key->kind == VECTOR_INT ||
		key->kind == VECTOR_FLOAT8)
		return;					/* the values themselves will do */
	if (key->words == NULL)
		key->words = MemoryContextAlloc(GetMemoryChunkContext(keys),
										BATCH_ROWS * sizeof(int64));
	for (SELECTION_EACH(i, batch->selected))
		key->words[i] = vector->isnull != NULL && vector->isnull[i] ? 0 :
			intern_word(key->intern, key->kind, vector->values[i]);
}

/* Fill in the row to be looked up. */
static inline void
key_load_row(AggKeys *keys, AggKey *key, int k, int row)
{
	const Vector *vector = key->vector;
	int			at = key->constant ? 0 :
	key->by_run ? keys->run : row;
	Datum		value;

	keys->row_nulls[k] = vector->isnull != NULL && vector->isnull[at];
	keys->row_datums[k] = (Datum) 0;
	keys->row_words[k] = 0;
	if (keys->row_nulls[k])
		return;
	value = vector->values[at];
	if (key->coded)
	{
		if (key->intern != NULL)
		{
			keys->row_words[k] = intern_code(key->intern, vector, value);
			return;
		}
		value = vector->dictionary[value];
	}
	keys->row_datums[k] = value;
	if (key->intern != NULL && !key->constant)
		keys->row_words[k] = key->words[at];
	else
		keys->row_words[k] = intern_word(key->intern, key->kind, value);
}

static uint32
row_group(AggKeys *keys, int row)
{
	int			k;

	/* rows come in order */
	while (keys->run < keys->runs.n - 1 && keys->runs.ends[keys->run] <= row)
		keys->run++;
	for (k = 0; k < keys->n; k++)
		key_load_row(keys, &keys->keys[k], k, row);
	return groups_find(keys);
}

/* Bits of the rows whose key differs from the row before. */
static void
key_mark_changes(const AggKey *key, int n, const BatchRuns *runs,
				 uint64 *changes)
{
	const Vector *vector = key->vector;
	const int64 *values = (const int64 *) vector->values;
	int			i;

	if (key->constant || n < 2)
		return;
	if (key->by_run)
	{
		/* runs with the same tag cost no more than a lookup */
		for (i = 0; i < runs->n - 1; i++)
			selection_add(changes, runs->ends[i]);
		return;
	}
	if (!key->coded && key->kind != VECTOR_INT && key->kind != VECTOR_FLOAT8)
		values = key->words;
	compare_mark_changes(values, n, changes);
	if (vector->isnull != NULL)
		for (i = 1; i < n; i++)
			if (vector->isnull[i] != vector->isnull[i - 1])
				selection_add(changes, i);
}

/* Of the values behind words. */
static uint32
words_hash(const AggKeys *keys, const int64 *words, const bool *nulls)
{
	uint64		mixed = 0;
	int			k;

	for (k = 0; k < keys->n; k++)
	{
		const Intern *intern = keys->keys[k].intern;
		uint64		word = words[k];

		if (intern != NULL && !nulls[k])
			word = intern_hash(intern, word);
		mixed = mix_word(mixed, word + nulls[k]);
	}
	return (uint32) (mixed >> 32);
}

/* More ranges than this in a batch: look up each row. */
#define MAX_RANGES 256

/* Rows of one group that is not at hand: the one that was looked up last. */
static void
leave_out(AggKeys *keys, Batch *batch, int from, int to)
{
	uint32		hash = words_hash(keys, keys->row_words, keys->row_nulls);
	int			row;

	keys->any_left_out = true;
	for (row = selection_next(batch->selected, from); row < to;
		 row = selection_next(batch->selected, row + 1))
	{
		selection_add(keys->left_out.rows, row);
		selection_remove(batch->selected, row);
		keys->left_out.hashes[row] = hash;
		batch->nselected--;
	}
}

static void
lookup_ranges(AggKeys *keys, Batch *batch, const uint64 *changes,
			  AggGroups *groups)
{
	int			from = 0;

	groups->nranges = 0;
	while (from < batch->n)
	{
		int			to = Min(selection_next(changes, from + 1), batch->n);
		int			row = selection_next(batch->selected, from);

		if (row < to)
		{
			AggRange   *range = &groups->ranges[groups->nranges++];

			range->from = from;
			range->to = to;
			range->group = row_group(keys, row);
			if (range->group == AGG_NO_GROUP)
			{
				leave_out(keys, batch, from, to);
				groups->nranges--;
			}
		}
		from = to;
	}
}


/*
 * Rows of one key that changes all the time but has few values: most are found
 * in a small table of the values met last in this batch.
 */
static void
lookup_single(AggKeys *keys, Batch *batch, AggGroups *groups)
{
	const Vector *vector = keys->keys[0].vector;
	uint64		values[257];
	uint32		known[257];		/* the last is for NULL */
	int			i;

	groups->nranges = -1;
	memset(known, 0xff, sizeof(known));
	values[256] = 0;
	for (SELECTION_EACH(i, batch->selected))
	{
		bool		isnull = vector->isnull != NULL && vector->isnull[i];
		uint64		value = isnull ? 0 : vector->values[i];
		int			at = isnull ? 256 : (int) (value & 255);

		if (known[at] == AGG_NO_GROUP || values[at] != value)
		{
			known[at] = row_group(keys, i);
			values[at] = value;
		}
		groups->groups[i] = known[at];
		if (known[at] == AGG_NO_GROUP)
			leave_out(keys, batch, i, i + 1);
	}
}

/* Can lookup_single tell its values apart? */
static bool
key_is_single(const AggKeys *keys)
{
	const AggKey *key = &keys->keys[0];

	return keys->n == 1 && !key->by_run && !key->constant &&
		(key->coded || key->kind == VECTOR_INT);
}

static void
lookup_rows(AggKeys *keys, Batch *batch, const uint64 *changes,
			AggGroups *groups)
{
	uint32		group = 0;
	int			last = -1;
	int			i;

	groups->nranges = -1;
	for (SELECTION_EACH(i, batch->selected))
	{
		if (last != i - 1 || last < 0 || selection_has(changes, i))
			group = row_group(keys, i);
		groups->groups[i] = group;
		last = i;
		if (group == AGG_NO_GROUP)
			leave_out(keys, batch, i, i + 1);
	}
}

void
aggkeys_lookup(AggKeys *keys, Batch *batch, AggGroups *groups)
{
	uint64		changes[SELECTION_WORDS];
	int			k;

	keys->any_left_out = false;
	if (keys->n == 0)
	{
		if (keys->ngroups == 0)
			(void) groups_find(keys);
		groups->nranges = 1;
		groups->ranges[0].from = 0;
		groups->ranges[0].to = batch->n;
		groups->ranges[0].group = 0;
		return;
	}
	selection_clear(changes);
	selection_clear(keys->left_out.rows);
	keys->run = 0;
	keys->runs.n = 0;
	for (k = 0; k < keys->n; k++)
	{
		key_begin_batch(keys, &keys->keys[k], batch);
		key_mark_changes(&keys->keys[k], batch->n, &keys->runs, changes);
	}
	Assert(selection_next(changes, batch->n) == SELECTION_ROWS);
	if (selection_count(changes) < MAX_RANGES)
		lookup_ranges(keys, batch, changes, groups);
	else if (key_is_single(keys))
		lookup_single(keys, batch, groups);
	else
		lookup_rows(keys, batch, changes, groups);
}

const AggLeftOut *
aggkeys_left_out(const AggKeys *keys)
{
	return keys->any_left_out ? &keys->left_out : NULL;
}

/* A key of the row to be looked up. */
static void
key_set_row(AggKeys *keys, int k, Datum value, bool isnull)
{
	keys->row_nulls[k] = isnull;
	keys->row_datums[k] = isnull ? (Datum) 0 : value;
	keys->row_words[k] = isnull ? 0 :
		intern_word(keys->keys[k].intern, keys->keys[k].kind, value);
}

uint32
aggkeys_lookup_row(AggKeys *keys, const Datum *values, const bool *isnull)
{
	int			k;

	for (k = 0; k < keys->n; k++)
		key_set_row(keys, k, values[k], isnull[k]);
	return groups_find(keys);
}

uint32
aggkeys_hash(const AggKeys *keys, uint32 group)
{
	Size		i = (Size) group * keys->n;

	return words_hash(keys, keys->words + i, keys->nulls + i);
}

void
aggkeys_serialize(const AggKeys *keys, uint32 group, StringInfo buffer)
{
	int			k;

	for (k = 0; k < keys->n; k++)
	{
		const AggKey *key = &keys->keys[k];
		Size		i = (Size) group * keys->n + k;
		Size		size = datumEstimateSpace(keys->datums[i], keys->nulls[i],
											  key->typbyval, key->typlen);
		char	   *at;

		enlargeStringInfo(buffer, size);
		at = buffer->data + buffer->len;
		datumSerialize(keys->datums[i], keys->nulls[i], key->typbyval,
					   key->typlen, &at);
		buffer->len += size;
	}
}

void
aggkeys_begin_restore(AggKeys *keys)
{
	int			k;

	for (k = 0; k < keys->n; k++)
		keys->keys[k].restored = NULL;
}

/* Bytes of what datumSerialize has written. */
static Size
serialized_size(const char *at)
{
	int			header;

	memcpy(&header, at, sizeof(header));
	if (header == -2)
		return sizeof(header);	/* NULL */
	return sizeof(header) + (header == -1 ? sizeof(Datum) : header);
}

/* Groups come as they were made, so a tag is often the one before. */
static Size
restore_key(AggKeys *keys, int k, char *at)
{
	AggKey	   *key = &keys->keys[k];
	Size		size = serialized_size(at);

	if (key->restored == NULL || memcmp(key->restored, at, size) != 0)
	{
		char	   *end = at;
		bool		isnull;
		Datum		value = datumRestore(&end, &isnull);

		key_set_row(keys, k, value, isnull);
	}
	key->restored = at;
	return size;
}

uint32
aggkeys_restore(AggKeys *keys, StringInfo buffer)
{
	int			k;

	for (k = 0; k < keys->n; k++)
		buffer->cursor += restore_key(keys, k, buffer->data + buffer->cursor);
	return groups_find(keys);
}

Datum
aggkeys_value(const AggKeys *keys, uint32 group, int key, bool *isnull)
{
	Size		i = (Size) group * keys->n + key;

	*isnull = keys->nulls[i];
	return keys->datums[i];
}

/* Numbers that order words which are integers or the bits of doubles. */
static inline uint64
word_place(int64 word, VectorKind kind)
{
	/* the larger its bits are, the smaller is a negative double */
	if (kind != VECTOR_INT && word < 0)
		word ^= PG_INT64_MAX;
	return (uint64) word ^ ((uint64) 1 << 63);
}

bool
aggkeys_places(const AggKeys *keys, int key, const uint32 *groups, uint32 n,
			   uint64 *places, bool *nulls)
{
	const AggKey *k = &keys->keys[key];
	bool		any = false;
	uint32		i;

	for (i = 0; i < n; i++)
	{
		uint32		group = groups == NULL ? i : groups[i];
		Size		at = (Size) group * keys->n + key;

		nulls[i] = keys->nulls[at];
		any |= nulls[i];
		places[i] = k->kind == VECTOR_DATUM ? keys->words[at] :
			word_place(keys->words[at], k->kind);
	}
	if (k->kind == VECTOR_DATUM)
		intern_place(k->intern, places, nulls, n);
	return any;
}

AggKeyValues
aggkeys_values(const AggKeys *keys, int key)
{
	return (AggKeyValues)
	{
		keys->words + key, keys->nulls + key, keys->n
	};
}

static int
compare_descending(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return x > y ? -1 : x < y;
}

bool
aggkeys_nth_largest(const AggKeys *keys, int key, uint32 n, int64 *value)
{
	int64	   *words;
	uint32		found = 0;
	uint32		group;

	if (keys->ngroups < n)
		return false;
	words = MemoryContextAllocHuge(CurrentMemoryContext,
								   keys->ngroups * sizeof(int64));
	for (group = 0; group < keys->ngroups; group++)
		if (!keys->nulls[(Size) group * keys->n + key])
			words[found++] = keys->words[(Size) group * keys->n + key];
	qsort(words, found, sizeof(int64), compare_descending);
	if (found >= n)
		*value = words[n - 1];
	pfree(words);
	return found >= n;
}
