/*
 * bitmap.h
 *	  Bitmap heap scans.
 */
#ifndef RUSTS_BITMAP_H
#define RUSTS_BITMAP_H

#include "nodes/tidbitmap.h"
#include "table/scan.h"

extern bool bitmap_next_block(TableScanDesc sscan,
							  struct TBMIterateResult *tbmres);
extern bool bitmap_next_tuple(TableScanDesc sscan,
							  struct TBMIterateResult *tbmres,
							  TupleTableSlot *slot);
extern void bitmap_end(RustsScan scan);

#endif							/* RUSTS_BITMAP_H */
