/*
 * dict.h
 *	  Distinct byte strings and their codes, while a segment is built.
 */
#ifndef RUSTS_DICT_H
#define RUSTS_DICT_H

/* A growing run of bytes; entries are named by offset. */
typedef struct DictArena
{
	char	   *data;
	Size		used;
	Size		size;
} DictArena;

typedef struct DictEntry
{
	uint64		offset;
	uint32		len;
	uint32		hash;
} DictEntry;

typedef struct Dict
{
	DictEntry  *entries;
	uint32		n;
	uint32		capacity;
	uint32	   *table;			/* code + 1, 0 = free */
	uint32		mask;
	MemoryContext context;
} Dict;

extern uint64 dict_arena_add(DictArena *arena, MemoryContext context,
							 const char *bytes, uint32 len);
extern void dict_init(Dict *dict, MemoryContext context);
extern void dict_clear(Dict *dict);
/* Code of a byte string, entered when it is new. */
extern uint32 dict_code(Dict *dict, DictArena *arena, const char *bytes,
						uint32 len);

#endif							/* RUSTS_DICT_H */
