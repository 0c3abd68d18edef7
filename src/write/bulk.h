/*
 * bulk.h
 *	  Large writes go straight into segments.
 */
#ifndef RUSTS_BULK_H
#define RUSTS_BULK_H

#include "access/heapam.h"
#include "executor/execdesc.h"
#include "executor/tuptable.h"
#include "utils/rel.h"

extern void bulk_init(void);

/* Called when a plan has been started: a command may buffer from now on. */
extern void bulk_executor_start(QueryDesc *query, int eflags);
/* Called when all its rows are there, before AFTER STATEMENT triggers run. */
extern void bulk_executor_finish(QueryDesc *query);

/*
 * Offer rows that are being inserted.  Returns how many of the first slots
 * the heap should take (the rest is in the buffer, with invalid TIDs).
 */
extern int	bulk_offer(Relation rel, TupleTableSlot **slots, int nslots,
					   CommandId cid, int options, bool bulk_command);
/* Called when the command is done with a table: write what is buffered. */
extern void bulk_finish(Relation rel);
/* Write rows of this table that this transaction has buffered, if any. */
extern void bulk_write_pending(Relation rel);

#endif							/* RUSTS_BULK_H */
