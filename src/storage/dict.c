/*
 * dict.c
 *	  Distinct byte strings and their codes, while a segment is built.
 *
 * Open addressing over entries whose bytes lie in an arena.  Sits on the path
 * of every tag value that is written, hence a hash of its own that takes
 * eight bytes a step; it never leaves memory.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "storage/dict.h"

#define DICT_FIRST_SIZE 64

static inline uint32
dict_hash(const char *bytes, uint32 len)
{
	const uint64 multiplier = UINT64CONST(0x9E3779B97F4A7C15);
	uint64		hash = len * multiplier;
	uint64		word;

	while (len >= 8)
	{
		memcpy(&word, bytes, 8);
		hash = (hash ^ word) * multiplier;
		hash ^= hash >> 29;
		bytes += 8;
		len -= 8;
	}
	if (len > 0)
	{
		word = 0;
		memcpy(&word, bytes, len);
		hash = (hash ^ word) * multiplier;
		hash ^= hash >> 29;
	}
	return (uint32) ((hash * multiplier) >> 32);
}

/* Append bytes; returns where they begin. */
uint64
dict_arena_add(DictArena *arena, MemoryContext context, const char *bytes,
			   uint32 len)
{
	uint64		offset = arena->used;

	if (arena->used + len > arena->size)
	{
		Size		size = Max(arena->size * 2, (Size) 8192);

		while (size < arena->used + len)
			size *= 2;
		if (arena->data == NULL)
			arena->data = MemoryContextAllocHuge(context, size);
		else
			arena->data = repalloc_huge(arena->data, size);
		arena->size = size;
	}
	memcpy(arena->data + offset, bytes, len);
	arena->used += len;
	return offset;
}

void
dict_init(Dict *dict, MemoryContext context)
{
	dict->context = context;
	dict->n = 0;
	dict->capacity = DICT_FIRST_SIZE;
	dict->mask = 2 * DICT_FIRST_SIZE - 1;
	dict->entries = MemoryContextAlloc(context,
									   dict->capacity * sizeof(DictEntry));
	dict->table = MemoryContextAllocZero(context,
										 (dict->mask + 1) * sizeof(uint32));
}

void
dict_clear(Dict *dict)
{
	dict->n = 0;
	memset(dict->table, 0, ((Size) dict->mask + 1) * sizeof(uint32));
}

static void
dict_grow(Dict *dict)
{
	uint32		size = (dict->mask + 1) * 2;
	uint32		i;

	dict->capacity *= 2;
	dict->entries = repalloc_huge(dict->entries,
								  dict->capacity * sizeof(DictEntry));
	pfree(dict->table);
	dict->table = MemoryContextAllocExtended(dict->context,
											 size * sizeof(uint32),
											 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	dict->mask = size - 1;
	for (i = 0; i < dict->n; i++)
	{
		uint32		at = dict->entries[i].hash & dict->mask;

		while (dict->table[at] != 0)
			at = (at + 1) & dict->mask;
		dict->table[at] = i + 1;
	}
}

uint32
dict_code(Dict *dict, DictArena *arena, const char *bytes, uint32 len)
{
	uint32		hash = dict_hash(bytes, len);
	uint32		at = hash & dict->mask;
	DictEntry  *entry;

	while (dict->table[at] != 0)
	{
		uint32		code = dict->table[at] - 1;

		entry = &dict->entries[code];
		if (entry->hash == hash && entry->len == len &&
			memcmp(arena->data + entry->offset, bytes, len) == 0)
			return code;
		at = (at + 1) & dict->mask;
	}
	if (dict->n == dict->capacity)
	{
		dict_grow(dict);
		at = hash & dict->mask;
		while (dict->table[at] != 0)
			at = (at + 1) & dict->mask;
	}
	entry = &dict->entries[dict->n];
	entry->offset = dict_arena_add(arena, dict->context, bytes, len);
	entry->len = len;
	entry->hash = hash;
	dict->table[at] = ++dict->n;
	return dict->n - 1;
}

Size
dict_memory(const Dict *dict)
{
	return dict->capacity * sizeof(DictEntry) +
		(Size) (dict->mask + 1) * sizeof(uint32);
}
