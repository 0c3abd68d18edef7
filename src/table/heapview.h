/*
 * heapview.h
 *	  A rusts table as heapam wants to see it.
 */
#ifndef RUSTS_HEAPVIEW_H
#define RUSTS_HEAPVIEW_H

#include "access/relscan.h"
#include "utils/rel.h"

/*
 * A copy of the table's relcache entry that names heap's routine, for one call
 * of heapam's.  The table stays open, and locked, until the view is closed;
 * after an error the view goes by itself.
 */
extern Relation heapview_open(Relation table);
/* Turn heapam's own scan of the table into one of the view; heapam ends it. */
extern void heapview_take_scan(Relation view, TableScanDesc heap_scan);
extern void heapview_close(Relation view);

#endif							/* RUSTS_HEAPVIEW_H */
