/*
 * rowspill.h
 *	  Rows of a batch put to disk, and batches of such rows.
 */
#ifndef RUSTS_ROWSPILL_H
#define RUSTS_ROWSPILL_H

#include "agg/aggspill.h"
#include "block/blockscan.h"
#include "vexpr/aggkeys.h"

typedef struct RowSpill RowSpill;

/* Create one for rows of scan, with the columns that exprs read. */
extern RowSpill *rowspill_create(BlockScan *scan, List *exprs,
								 EState *estate);
/* Write the rows of the scan's batch that were left out of its groups. */
extern void rowspill_put(RowSpill *rows, AggSpill *files,
						 const AggLeftOut *left_out);
/*
 * Make the next rows of the part at hand the scan's batch; false: there are no
 * more.  The scan must be at its end.
 */
extern bool rowspill_next(RowSpill *rows, AggSpill *files);

#endif							/* RUSTS_ROWSPILL_H */
