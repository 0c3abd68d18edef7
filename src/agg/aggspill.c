/*
 * aggspill.c
 *	  What memory has no room for: on disk, by parts of the hash space.
 *
 * Records (of any kind: states of groups, rows, values) go to tapes, one for
 * each part of the hash space.  Later the tapes are read one after the other,
 * each in the order in which it was written, so that records of one group
 * meet.  A part that is still too large is cut in the same way, by the next
 * bits of the hash.
 *
 * All tapes share a temporary file (the server's logtape.c), and space that has
 * been read is written again: creating a file for each of some hundred parts
 * took longer than what was in them.  The file belongs to the transaction's
 * resource owner, which removes it after an error, counts against
 * temp_file_limit and lies in temp_tablespaces.
 */
#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/logtape.h"
#include "utils/memutils.h"

#include "agg/aggspill.h"

#define PART_BITS_MIN 4
#define PART_BITS_MAX 8
#define PARTS_MAX (1 << PART_BITS_MAX)

typedef struct SpillPart
{
	LogicalTape *tape;
	int			level;			/* how many times the hash space was cut */
} SpillPart;

struct AggSpill
{
	MemoryContext context;
	LogicalTapeSet *tapes;
	SpillPart  *reading;		/* NULL: none yet */
	List	   *pending;		/* SpillPart, to be read */
	int			part_bits;
	LogicalTape *parts[PARTS_MAX];	/* being written; NULL: nothing yet */
	bool		has_put;
	int			level;			/* of these */
};

static int
choose_part_bits(Size memory)
{
	int			bits = PART_BITS_MIN;

	while (bits < PART_BITS_MAX && ((Size) BLCKSZ << (bits + 1)) <= memory / 4)
		bits++;
	return bits;
}

int
aggspill_parts(Size memory)
{
	return 1 << choose_part_bits(memory);
}

AggSpill *
aggspill_create(MemoryContext parent, Size memory)
{
	MemoryContext context = AllocSetContextCreate(parent, "rusts spilled records",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	AggSpill   *spill = palloc0(sizeof(AggSpill));

	spill->context = context;
	spill->tapes = LogicalTapeSetCreate(true, NULL, -1);
	MemoryContextSwitchTo(old);
	spill->part_bits = choose_part_bits(memory);
	Assert(aggspill_can_put(spill));
	return spill;
}

void
aggspill_end(AggSpill *spill)
{
	LogicalTapeSetClose(spill->tapes);
	MemoryContextDelete(spill->context);
}

bool
aggspill_can_put(const AggSpill *spill)
{
	return (spill->level + 1) * spill->part_bits <= 32;
}

void
aggspill_put(AggSpill *spill, uint32 hash, const StringInfoData *record)
{
	uint32		mask = ((uint32) 1 << spill->part_bits) - 1;
	uint32		part = (hash >> (spill->level * spill->part_bits)) & mask;
	uint32		length = record->len;
	MemoryContext old = MemoryContextSwitchTo(spill->context);

	Assert(aggspill_can_put(spill));
	if (spill->parts[part] == NULL)
		spill->parts[part] = LogicalTapeCreate(spill->tapes);
	LogicalTapeWrite(spill->parts[part], &length, sizeof(length));
	LogicalTapeWrite(spill->parts[part], record->data, length);
	spill->has_put = true;
	MemoryContextSwitchTo(old);
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
		SpillPart  *part;

		if (spill->parts[i] == NULL)
			continue;
		LogicalTapeRewindForRead(spill->parts[i], BLCKSZ);
		part = palloc(sizeof(SpillPart));
		part->tape = spill->parts[i];
		part->level = spill->level + 1;
		spill->pending = lcons(part, spill->pending);
		spill->parts[i] = NULL;
	}
	MemoryContextSwitchTo(old);
	spill->has_put = false;
}

bool
aggspill_next(AggSpill *spill)
{
	if (spill->reading != NULL)
		LogicalTapeClose(spill->reading->tape);
	spill->reading = NULL;
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
aggspill_get(AggSpill *spill, StringInfo record)
{
	LogicalTape *tape = spill->reading->tape;
	MemoryContext old = MemoryContextSwitchTo(spill->context);
	uint32		length;
	size_t		got = LogicalTapeRead(tape, &length, sizeof(length));

	if (got == sizeof(length))
	{
		resetStringInfo(record);
		enlargeStringInfo(record, length);
		record->len = length;
		got += LogicalTapeRead(tape, record->data, length);
	}
	MemoryContextSwitchTo(old);
	if (got != 0 && got != sizeof(length) + record->len)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read from temporary file of an aggregation")));
	return got != 0;
}

int64
aggspill_bytes(const AggSpill *spill)
{
	return (int64) LogicalTapeSetBlocks(spill->tapes) * BLCKSZ;
}
