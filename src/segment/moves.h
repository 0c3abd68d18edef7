/*
 * moves.h
 *	  Where the rows of a segment went that is no longer there.
 */
#ifndef RUSTS_MOVES_H
#define RUSTS_MOVES_H

#include "segment/counter.h"
#include "segment/store.h"

#define MOVES_VERSION 1
#define MOVES_GONE PG_UINT32_MAX
#define MOVES_MAX_PIECES 900

/* On disk (format 3.4); npieces pairs of (start, first block) follow. */
typedef struct MovesData
{
	uint16		version;
	uint16		npieces;
	uint32		rows;
	Oid			chunk_id;		/* of the stream */
	uint32		length;
} MovesData;

/* A record in memory. */
typedef struct Moves
{
	MovesData	d;
	uint32		first_block;
	uint32		pieces[MOVES_MAX_PIECES][2];
} Moves;

/* A segment the rows of which were written anew, in several pieces. */
typedef struct MovesSegment
{
	uint32		first_block;
	uint32		rows;
	const uint32 *place;		/* of each row among the new ones; MOVES_GONE;
								 * NULL: all rows were dropped */
	int			npieces;
	const uint32 *start;		/* first place of each piece */
	const uint32 *piece_block;	/* its first virtual block */
} MovesSegment;

/* Record a segment, by the transaction that deletes its directory row. */
extern void moves_write(Store *store, const MovesSegment *segment,
						CommandId cid);
/* The stream of a record; InvalidOid: none. */
extern Oid	moves_stream(Store *store, HeapTuple tuple);
/* Take back the record of a segment, made by this transaction. */
extern void moves_delete(Store *store, uint32 first_block, CommandId cid);
/* Where is a row now, or where did it come from?  False: nowhere. */
extern bool moves_find(Store *store, uint64 number, uint64 *moved_to);
extern bool moves_find_source(Store *store, uint64 number,
							  uint64 *moved_from);
/*
 * All records that a snapshot sees, in memory; damage, if not NULL, is told of
 * those that cannot be read.
 */
typedef void (*MovesDamage) (void *arg, int64 segment, const char *what);
extern List *moves_list(Store *store, Snapshot snapshot, MovesDamage damage,
						void *arg);
/*
 * Read all of a record; returns a number that is larger than any place that it
 * leads to.  Damage is an error.
 */
extern int64 moves_count_places(Store *store, const Moves *moves);
/*
 * Delete the records of segments that nobody can see any more, and the stubs
 * of their rows.
 */
extern void moves_expire(Store *store, CommandId cid);

#endif							/* RUSTS_MOVES_H */
