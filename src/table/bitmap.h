/*
 * bitmap.h
 *	  Bitmap heap scans.
 */
#ifndef RUSTS_BITMAP_H
#define RUSTS_BITMAP_H

#include "compat/scans.h"
#include "table/scan.h"

#if COMPAT_SCAN_ITERATES_BITMAP
extern bool bitmap_next_tuple(TableScanDesc sscan, TupleTableSlot *slot,
							  bool *recheck, uint64 *lossy_pages,
							  uint64 *exact_pages);
#else
extern bool bitmap_next_block(TableScanDesc sscan,
							  struct TBMIterateResult *tbmres);
extern bool bitmap_next_tuple(TableScanDesc sscan,
							  struct TBMIterateResult *tbmres,
							  TupleTableSlot *slot);
#endif
/* The next page is of another bitmap. */
extern void bitmap_restart(RustsScan scan);
extern void bitmap_end(RustsScan scan);

#endif							/* RUSTS_BITMAP_H */
