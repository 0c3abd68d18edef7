/*
 * scandelete.h
 *	  A DELETE takes the rows of a batch out before they are handed out.
 */
#ifndef RUSTS_SCANDELETE_H
#define RUSTS_SCANDELETE_H

#include "block/blockscan.h"
#include "executor/execdesc.h"

typedef struct ScanDelete
{
	EState	   *estate;
	Store	   *store;
	bool		counts;			/* rows count for the command's tag */
	uint64		rows;
} ScanDelete;

/* Let the scans of a DELETE whose rows nobody else looks at do so. */
extern void scandelete_executor_start(QueryDesc *query, int eflags);
/* Delete what can be deleted at once; false: no row of the batch is left. */
extern bool scandelete_batch(ScanDelete *erase, BlockScan *scan);
extern void scandelete_end(ScanDelete *erase);

#endif							/* RUSTS_SCANDELETE_H */
