/*
 * aggsort.c
 *	  Groups in the order of their keys.
 *
 * Aggregation has reduced every key to a word (intern.c).  Integers and times
 * are ordered by it, floats nearly so; values of all other types are in a
 * table of distinct ones, often far fewer than groups.  So only distinct
 * values are compared, to number them in order, and the groups are sorted by
 * numbers: a radix sort, from the last key to the first, one byte a pass,
 * without the bytes that are the same in all groups.
 *
 * What is kept in memory for it, 20 bytes a group, is small beside the groups
 * and not counted against their limit.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/sortsupport.h"
#include "utils/tuplesort.h"
#include "utils/typcache.h"

#include "agg/aggsort.h"
#include "compat/planning.h"

typedef struct AggSortKey
{
	AttrNumber	key;			/* number of the group key, from 0 */
	Oid			op;				/* that sorts so */
	Oid			collation;
	bool		desc;
	bool		nulls_first;
} AggSortKey;

struct AggSort
{
	int			n;
	AggSortKey *keys;
	MemoryContext context;
	Tuplesortstate *rows;		/* NULL: not begun */
	TupleTableSlot *row;
	bool		sorted;
};

/* ---------- planning ---------- */

/* Which key is this pathkey about?  -1: none, or another order of its type. */
static int
aggsort_find_key(const PathKey *pathkey, List *keys, Oid *op)
{
	ListCell   *member_cell;
	ListCell   *cell;

	if (pathkey->pk_eclass->ec_has_volatile)
		return -1;
	foreach(member_cell, pathkey->pk_eclass->ec_members)
	{
		EquivalenceMember *member = lfirst(member_cell);

		foreach(cell, keys)
		{
			TypeCacheEntry *cache;

			if (!equal(lfirst(cell), member->em_expr))
				continue;
			cache = lookup_type_cache(exprType(lfirst(cell)),
									  TYPECACHE_LT_OPR | TYPECACHE_GT_OPR |
									  TYPECACHE_BTREE_OPFAMILY);
			*op = COMPAT_PATHKEY_DESC(pathkey) ? cache->gt_opr : cache->lt_opr;
			if (cache->btree_opf == pathkey->pk_opfamily && OidIsValid(*op) &&
				exprCollation(lfirst(cell)) == pathkey->pk_eclass->ec_collation)
				return foreach_current_index(cell);
		}
	}
	return -1;
}

/* Each pathkey becomes a list of integers: key, op, collation, flags. */
List *
aggsort_plan(PlannerInfo *root, List *keys, List **pathkeys)
{
	List	   *wanted = root->window_pathkeys != NIL ? root->window_pathkeys :
	root->sort_pathkeys;
	List	   *plan = NIL;
	ListCell   *cell;

	foreach(cell, wanted)
	{
		PathKey    *pathkey = lfirst_node(PathKey, cell);
		Oid			op;
		int			key = aggsort_find_key(pathkey, keys, &op);

		if (key < 0)
			return NIL;
		plan = lappend(plan,
					   list_make5_int(key, (int) op,
									  (int) pathkey->pk_eclass->ec_collation,
									  COMPAT_PATHKEY_DESC(pathkey),
									  pathkey->pk_nulls_first));
	}
	*pathkeys = wanted;
	return plan;
}

static void
aggsort_read_key(List *element, AggSortKey *key)
{
	key->key = (AttrNumber) linitial_int(element);
	key->op = (Oid) lsecond_int(element);
	key->collation = (Oid) lthird_int(element);
	key->desc = lfourth_int(element);
	key->nulls_first = list_nth_int(element, 4);
}

void
aggsort_read_first(List *plan, int *key, bool *desc, bool *nulls_first)
{
	AggSortKey	first;

	aggsort_read_key(linitial(plan), &first);
	*key = first.key;
	*desc = first.desc;
	*nulls_first = first.nulls_first;
}

char *
aggsort_describe(List *element, List *keys)
{
	AggSortKey	key;
	const char *nulls = "";

	aggsort_read_key(element, &key);
	if (key.nulls_first != key.desc)
		nulls = key.nulls_first ? " NULLS FIRST" : " NULLS LAST";
	return psprintf("%s%s%s", (char *) list_nth(keys, key.key),
					key.desc ? " DESC" : "", nulls);
}

AggSort *
aggsort_create(List *plan)
{
	AggSort    *sort = palloc0(sizeof(AggSort));
	ListCell   *cell;

	sort->context = CurrentMemoryContext;
	sort->keys = palloc0(list_length(plan) * sizeof(AggSortKey));
	foreach(cell, plan)
		aggsort_read_key(lfirst(cell), &sort->keys[sort->n++]);
	return sort;
}

/* ---------- groups ---------- */

/* Places of the groups' values of a key in ascending order, and of NULLs. */
typedef struct AggPlaces
{
	uint64	   *places;			/* a group each; rubbish for a NULL */
	bool	   *nulls;			/* NULL: there are none */
} AggPlaces;

/* A stable pass by one byte of the places. */
static void
radix_pass(const uint64 *places, int shift, const uint32 *from, uint32 *to,
		   uint32 n)
{
	uint32		counts[256] = {0};
	uint32		sum = 0;
	uint32		i;

	for (i = 0; i < n; i++)
		counts[(places[i] >> shift) & 0xff]++;
	for (i = 0; i < 256; i++)
	{
		uint32		count = counts[i];

		counts[i] = sum;
		sum += count;
	}
	for (i = 0; i < n; i++)
		to[counts[(places[from[i]] >> shift) & 0xff]++] = from[i];
}

/* Move NULLs to one end. */
static void
null_pass(const bool *nulls, bool first, const uint32 *from, uint32 *to,
		  uint32 n)
{
	uint32		at = 0;
	uint32		i;

	for (i = 0; i < n; i++)
		if (nulls[from[i]] == first)
			to[at++] = from[i];
	for (i = 0; i < n; i++)
		if (nulls[from[i]] != first)
			to[at++] = from[i];
}

static void
swap_orders(uint32 **a, uint32 **b)
{
	uint32	   *kept = *a;

	*a = *b;
	*b = kept;
}

/* Order the groups by one key, those equal in it as they were. */
static void
aggsort_by_key(const AggSortKey *key, const AggPlaces *by, uint32 **order,
			   uint32 **other, uint32 n)
{
	uint64		differing = 0;
	int			shift;
	uint32		i;

	if (key->desc)
		for (i = 0; i < n; i++)
			by->places[i] = ~by->places[i];
	for (i = 1; i < n; i++)
		differing |= by->places[i] ^ by->places[0];
	for (shift = 0; shift < 64; shift += 8)
	{
		if (((differing >> shift) & 0xff) == 0)
			continue;
		CHECK_FOR_INTERRUPTS();
		radix_pass(by->places, shift, *order, *other, n);
		swap_orders(order, other);
	}
	if (by->nulls == NULL)
		return;
	null_pass(by->nulls, key->nulls_first, *order, *other, n);
	swap_orders(order, other);
}

uint32 *
aggsort_groups(AggSort *sort, const AggKeys *keys, const uint32 *groups,
			   uint32 n, MemoryContext context)
{
	Size		size = Max(n, 1);
	uint32	   *order = MemoryContextAllocHuge(context, size * sizeof(uint32));
	uint32	   *other = MemoryContextAllocHuge(context, size * sizeof(uint32));
	bool	   *nulls = MemoryContextAllocHuge(context, size * sizeof(bool));
	AggPlaces	by;
	uint32		i;
	int			k;

	by.places = MemoryContextAllocHuge(context, size * sizeof(uint64));
	for (i = 0; i < n; i++)
		order[i] = i;
	for (k = sort->n - 1; k >= 0; k--)
	{
		AggSortKey *key = &sort->keys[k];

		by.nulls = aggkeys_places(keys, key->key, groups, n, by.places,
								  nulls) ? nulls : NULL;
		aggsort_by_key(key, &by, &order, &other, n);
	}
	pfree(by.places);
	pfree(nulls);
	pfree(other);
	/* so far they are places in the list */
	for (i = 0; groups != NULL && i < n; i++)
		order[i] = groups[order[i]];
	return order;
}

/* ---------- rows ---------- */

static void
aggsort_begin_rows(AggSort *sort, TupleDesc desc)
{
	AttrNumber *attnos = palloc(sort->n * sizeof(AttrNumber));
	Oid		   *ops = palloc(sort->n * sizeof(Oid));
	Oid		   *collations = palloc(sort->n * sizeof(Oid));
	bool	   *nulls_first = palloc(sort->n * sizeof(bool));
	int			i;

	for (i = 0; i < sort->n; i++)
	{
		attnos[i] = sort->keys[i].key + 1;
		ops[i] = sort->keys[i].op;
		collations[i] = sort->keys[i].collation;
		nulls_first[i] = sort->keys[i].nulls_first;
	}
	sort->rows = tuplesort_begin_heap(desc, sort->n, attnos, ops, collations,
									  nulls_first, work_mem, NULL, false);
	sort->row = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	sort->sorted = false;
}

void
aggsort_put(AggSort *sort, TupleTableSlot *slot)
{
	if (sort->rows == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(sort->context);

		aggsort_begin_rows(sort, slot->tts_tupleDescriptor);
		MemoryContextSwitchTo(old);
	}
	Assert(!sort->sorted);
	tuplesort_puttupleslot(sort->rows, slot);
}

bool
aggsort_get(AggSort *sort, TupleTableSlot *slot)
{
	int			natts = slot->tts_tupleDescriptor->natts;

	Assert(sort->rows != NULL);
	if (!sort->sorted)
		tuplesort_performsort(sort->rows);
	sort->sorted = true;
	if (!tuplesort_gettupleslot(sort->rows, true, false, sort->row, NULL))
		return false;
	slot_getallattrs(sort->row);
	ExecClearTuple(slot);
	memcpy(slot->tts_values, sort->row->tts_values, natts * sizeof(Datum));
	memcpy(slot->tts_isnull, sort->row->tts_isnull, natts * sizeof(bool));
	ExecStoreVirtualTuple(slot);
	return true;
}

void
aggsort_end(AggSort *sort)
{
	if (sort->rows == NULL)
		return;
	tuplesort_end(sort->rows);
	ExecDropSingleTupleTableSlot(sort->row);
	sort->rows = NULL;
}
