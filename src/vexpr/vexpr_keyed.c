/*
 * vexpr_keyed.c
 *	  Values of an expression by an integer key, as a dictionary.
 *
 * A function of a time's hour, day or bucket has few values that come again in
 * every batch.  Kept by the bucket's start they are computed once, and a
 * consumer that knows dictionaries need not compare them.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/memutils.h"

#include "vexpr/vexpr_keyed.h"

KeyedValues *
vexpr_keyed_create(MemoryContext parent)
{
	KeyedValues *keyed = MemoryContextAllocZero(parent, sizeof(KeyedValues));

	keyed->memory = AllocSetContextCreate(parent, "rusts values by key",
										  ALLOCSET_SMALL_SIZES);
	return keyed;
}

void
vexpr_keyed_begin(KeyedValues *keyed, uint64 epoch)
{
	if (keyed->serial != 0 && keyed->epoch == epoch &&
		keyed->n + BATCH_ROWS < KEYED_CAPACITY)
		return;
	MemoryContextReset(keyed->memory);
	memset(keyed->table, 0, sizeof(keyed->table));
	keyed->n = 0;
	keyed->epoch = epoch;
	keyed->serial = vexpr_dictionary_next_serial();
}

static inline uint32
first_slot(int64 key)
{
	return murmurhash32((uint32) (key ^ (key >> 32))) % (2 * KEYED_CAPACITY);
}

int
vexpr_keyed_find(const KeyedValues *keyed, int64 key)
{
	uint32		slot = first_slot(key);

	while (keyed->table[slot] != 0)
	{
		int			code = keyed->table[slot] - 1;

		if (keyed->keys[code] == key)
			return code;
		slot = (slot + 1) % (2 * KEYED_CAPACITY);
	}
	return -1;
}

int
vexpr_keyed_add(KeyedValues *keyed, const VExpr *expr, Datum value, bool isnull)
{
	int			code = keyed->n;

	if (code == KEYED_CAPACITY)
		elog(ERROR, "too many values by key");
	keyed->values[code] = isnull ? 0 :
		vexpr_scalar_copy(expr, value, keyed->memory);
	keyed->isnull[code] = isnull;
	keyed->n++;
	return code;
}

void
vexpr_keyed_remember(KeyedValues *keyed, int64 key, int code)
{
	uint32		slot = first_slot(key);

	while (keyed->table[slot] != 0)
		slot = (slot + 1) % (2 * KEYED_CAPACITY);
	keyed->keys[code] = key;
	keyed->table[slot] = (uint16) (code + 1);
}
