/*
 * scan.h
 *	  Table scans: heap's scan for the hot rows, a cursor for the segments.
 */
#ifndef RUSTS_SCAN_H
#define RUSTS_SCAN_H

#include "access/relscan.h"
#include "access/tableam.h"
#include "table/cursor.h"
#include "table/fetch.h"

/*
 * Where a scan stands.  The order of rows is: hot rows, segment rows.
 *
 *	  INITIAL --forward--> HOT --> SEGMENTS --> AFTER
 *	  INITIAL --backward-> AFTER
 *	  every arrow but INITIAL's can be walked back; before HOT is BEFORE
 */
typedef enum ScanPhase
{
	SCAN_INITIAL,
	SCAN_BEFORE,
	SCAN_HOT,
	SCAN_SEGMENTS,
	SCAN_AFTER
} ScanPhase;

struct AnalyzeState;
struct SampleState;
struct BitmapState;

typedef struct RustsScanData
{
	TableScanDescData base;
	TableScanDesc heap;			/* child scan with the same parameters */
	ScanPhase	phase;
	SegmentCursor cursor;
	MemoryContext parent;		/* where the scan was begun */

	/* of the kinds of scan that need more; allocated in parent */
	struct AnalyzeState *analyze;
	struct SampleState *sample;
	struct BitmapState *bitmap;
} RustsScanData;

typedef RustsScanData *RustsScan;

extern TableScanDesc scan_begin(Relation rel, Snapshot snapshot, int nkeys,
								struct ScanKeyData *key,
								ParallelTableScanDesc pscan, uint32 flags);
extern void scan_end(TableScanDesc sscan);
extern void scan_rescan(TableScanDesc sscan, struct ScanKeyData *key,
						bool set_params, bool allow_strat, bool allow_sync,
						bool allow_pagemode);
extern bool scan_getnextslot(TableScanDesc sscan, ScanDirection direction,
							 TupleTableSlot *slot);
extern void scan_set_tidrange(TableScanDesc sscan, ItemPointer mintid,
							  ItemPointer maxtid);
extern bool scan_getnextslot_tidrange(TableScanDesc sscan,
									  ScanDirection direction,
									  TupleTableSlot *slot);
/* Free all but the child scan, which has been ended elsewhere. */
extern void scan_free_wrapper(RustsScan scan);

#endif							/* RUSTS_SCAN_H */
