/*
 * sample.h
 *	  TABLESAMPLE.
 */
#ifndef RUSTS_SAMPLE_H
#define RUSTS_SAMPLE_H

#include "table/scan.h"

struct SampleScanState;

extern bool sample_next_block(TableScanDesc sscan,
							  struct SampleScanState *scanstate);
extern bool sample_next_tuple(TableScanDesc sscan,
							  struct SampleScanState *scanstate,
							  TupleTableSlot *slot);
extern void sample_end(RustsScan scan);

#endif							/* RUSTS_SAMPLE_H */
