/*
 * dict.c
 *	  Distinct byte strings and their codes, while a segment is built.
 *
 * Open addressing over entries whose bytes lie in an arena.  Every tag value
 * that is written passes here, hence a hash function of our own that takes
 * eight bytes a step; hashes never leave memory.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "segment/dict.h"

#define DICT_FIRST_SIZE 64

static inline uint64
load64(const char *bytes)
{
	uint64		word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

/* Up to 7 bytes as a word, without a loop or a call. */
static inline uint64
load_short(const char *bytes, uint32 len)
{
	uint32		low;
	uint32		high;

	if (len >= 4)
	{
		memcpy(&low, bytes, 4);
		memcpy(&high, bytes + len - 4, 4);
		return low | (uint64) high << 32;
	}
	if (len == 0)
		return 0;
	return (uint8) bytes[0] | (uint64) (uint8) bytes[len / 2] << 8 |
		(uint64) (uint8) bytes[len - 1] << 16;
}

/* The last word overlaps the one before; the length tells them apart. */
static inline uint32
dict_hash(const char *bytes, uint32 len)
{
	const uint64 multiplier = UINT64CONST(0x9E3779B97F4A7C15);
	uint64		hash = len * multiplier;
	uint32		at;

	if (len < 8)
		hash = (hash ^ load_short(bytes, len)) * multiplier;
	else
	{
		for (at = 0; at + 8 < len; at += 8)
		{
			hash = (hash ^ load64(bytes + at)) * multiplier;
			hash ^= hash >> 29;
		}
		hash = (hash ^ load64(bytes + len - 8)) * multiplier;
	}
	hash ^= hash >> 29;
	return (uint32) ((hash * multiplier) >> 32);
}

static inline bool
dict_equal(const char *a, const char *b, uint32 len)
{
	uint32		at;

	if (len < 8)
		return load_short(a, len) == load_short(b, len);
	for (at = 0; at + 8 < len; at += 8)
		if (load64(a + at) != load64(b + at))
			return false;
	return load64(a + len - 8) == load64(b + len - 8);
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
			dict_equal(arena->data + entry->offset, bytes, len))
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
