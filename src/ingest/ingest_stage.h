/*
 * ingest_stage.h
 *	  Rows on their way into a table.
 */
#ifndef RUSTS_INGEST_STAGE_H
#define RUSTS_INGEST_STAGE_H

#include "executor/tuptable.h"
#include "ingest/ingest_target.h"
#include "nodes/execnodes.h"
#include "utils/resowner.h"
#include "wire/wire.h"

/* Where a row comes from. */
typedef struct StageOrigin
{
	int			request;		/* of the pass */
	long		line;
	WireText	source;
	WireText	measurement;	/* of length 0: not known */
} StageOrigin;

typedef struct Stage
{
	Target	   *target;
	int			room;			/* rows */
	int			rows;
	Datum	   *values;			/* room rows of natts; texts for columns that
								 * SQL casts */
	bool	   *nulls;
	StageOrigin *origins;
	Bitmapset  *used;			/* columns that rows have, by attnum */
	bool		as_statement;	/* some row needs more than a plain insert */
	MemoryContext context;		/* of the values */
	char	   *free;			/* of a piece of it */
	char	   *free_end;

	/* for plain inserts */
	ResourceOwner owner;		/* of the transaction */
	TupleTableSlot **slots;		/* NULL: none is needed */
} Stage;

/* In the current context.  Outside of subtransactions. */
extern Stage *ingest_stage_create(Target *target);

/* The next row, all NULL.  There is room. */
extern void ingest_stage_row(Stage *stage, Datum **values, bool **nulls);
/* A text for it. */
extern Datum ingest_stage_text(Stage *stage, WireText text);
/* It is complete. */
extern void ingest_stage_push(Stage *stage, StageOrigin origin);

/* Insert some of the rows.  Raises the errors that INSERT does. */
extern void ingest_stage_insert(Stage *stage, int from, int to);

extern void ingest_stage_reset(Stage *stage);

/* All rows are there (outside of subtransactions). */
extern void ingest_stage_end(Stage *stage);

#endif							/* RUSTS_INGEST_STAGE_H */
