/*
 * aggspill.c
 *	  Groups that memory has no room for: on disk, by parts of the hash space.
 *
 * When memory is full, all groups go to temporary files, one for each part of
 * the hash space, and reading goes on with none; a group may be written several
 * times.  At the end the files are read one after the other,
 * where the states of a group meet again.  A part that is still too much is cut
 * in the same way, by the next bits of the hash.
 *
 * Files belong to the transaction's resource owner, which removes them after
 * an error, count against temp_file_limit and lie in temp_tablespaces.
 */
#include "postgres.h"

#include "nodes/pg_list.h"
#include "storage/buffile.h"
#include "utils/memutils.h"

#include "exec/aggspill.h"

#define PART_BITS_MIN 4
#define PART_BITS_MAX 8
#define PARTS_MAX (1 << PART_BITS_MAX)

typedef struct SpillFile
{
	BufFile    *file;
	int			level;			/* how many times the hash space was cut */
} SpillFile;

struct AggSpill
{
	MemoryContext context;
	SpillFile  *reading;		/* NULL: none yet */
	List	   *pending;		/* SpillFile, to be read */
	int			part_bits;
	BufFile    *parts[PARTS_MAX];	/* being written; NULL: nothing yet */
	bool		has_put;
	int			level;			/* of these */
	int64		groups;
	int64		bytes;
};

AggSpill *
aggspill_create(MemoryContext parent, Size memory)
{
	MemoryContext context = AllocSetContextCreate(parent, "rusts spilled groups",
												  ALLOCSET_DEFAULT_SIZES);
	AggSpill   *spill = MemoryContextAllocZero(context, sizeof(AggSpill));

	spill->context = context;
	spill->part_bits = PART_BITS_MIN;
	while (spill->part_bits < PART_BITS_MAX &&
		   ((Size) BLCKSZ << (spill->part_bits + 1)) <= memory / 4)
		spill->part_bits++;
	return spill;
}

static void
close_reading(AggSpill *spill)
{
	if (spill->reading != NULL)
		BufFileClose(spill->reading->file);
	spill->reading = NULL;
}

void
aggspill_end(AggSpill *spill)
{
	ListCell   *cell;
	int			i;

	close_reading(spill);
	foreach(cell, spill->pending)
		BufFileClose(((SpillFile *) lfirst(cell))->file);
	for (i = 0; i < PARTS_MAX; i++)
		if (spill->parts[i] != NULL)
			BufFileClose(spill->parts[i]);
	MemoryContextDelete(spill->context);
}

bool
aggspill_can_put(const AggSpill *spill)
{
	return (spill->level + 1) * spill->part_bits <= 32;
}

void
aggspill_put(AggSpill *spill, uint32 hash, const StringInfoData *group)
{
	uint32		mask = ((uint32) 1 << spill->part_bits) - 1;
	uint32		part = (hash >> (spill->level * spill->part_bits)) & mask;
	uint32		length = group->len;

	if (spill->parts[part] == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(spill->context);

		spill->parts[part] = BufFileCreateTemp(false);
		MemoryContextSwitchTo(old);
	}
	BufFileWrite(spill->parts[part], &length, sizeof(length));
	BufFileWrite(spill->parts[part], group->data, length);
	spill->has_put = true;
	spill->groups++;
	spill->bytes += sizeof(length) + length;
}

bool
aggspill_has_put(const AggSpill *spill)
{
	return spill->has_put;
}

/* What was written is to be read. */
static void
finish_parts(AggSpill *spill)
{
	MemoryContext old = MemoryContextSwitchTo(spill->context);
	int			i;

	for (i = 0; i < PARTS_MAX; i++)
	{
		SpillFile  *file;

		if (spill->parts[i] == NULL)
			continue;
		if (BufFileSeek(spill->parts[i], 0, 0, SEEK_SET) != 0)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not rewind temporary file of groups")));
		file = palloc(sizeof(SpillFile));
		file->file = spill->parts[i];
		file->level = spill->level + 1;
		spill->pending = lcons(file, spill->pending);
		spill->parts[i] = NULL;
	}
	MemoryContextSwitchTo(old);
	spill->has_put = false;
}

bool
aggspill_next(AggSpill *spill)
{
	close_reading(spill);
	finish_parts(spill);
	if (spill->pending == NIL)
		return false;
	spill->reading = linitial(spill->pending);
	spill->pending = list_delete_first(spill->pending);
	spill->level = spill->reading->level;
	return true;
}

bool
aggspill_is_last(const AggSpill *spill)
{
	return spill->pending == NIL;
}

bool
aggspill_is_reading(const AggSpill *spill)
{
	return spill->reading != NULL;
}

bool
aggspill_get(AggSpill *spill, StringInfo group)
{
	BufFile    *file = spill->reading->file;
	uint32		length;
	size_t		got = BufFileRead(file, &length, sizeof(length));

	if (got == 0)
		return false;
	resetStringInfo(group);
	if (got == sizeof(length))
	{
		enlargeStringInfo(group, length);
		group->len = length;
		if (BufFileRead(file, group->data, length) == length)
			return true;
	}
	ereport(ERROR,
			(errcode_for_file_access(),
			 errmsg("could not read from temporary file of groups")));
}

int64
aggspill_groups(const AggSpill *spill)
{
	return spill->groups;
}

int64
aggspill_bytes(const AggSpill *spill)
{
	return spill->bytes;
}
