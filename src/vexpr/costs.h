/*
 * costs.h
 *	  What things cost, as measured.
 *
 * The planner's unit is a sequential page; a row of a heap scan is
 * cpu_tuple_cost, 0.01 of that, and takes some 50 ns where these were measured
 * (bench/README.md, "Costs").  So a nanosecond is 0.02 of cpu_tuple_cost.  A
 * new measurement changes a figure here and nothing else.
 */
#ifndef RUSTS_COSTS_H
#define RUSTS_COSTS_H

#include "optimizer/cost.h"

#define COST_OF_NS(ns) ((ns) * 0.02 * cpu_tuple_cost)

/* ---------- scans ---------- */

/* To begin a scan: opening the TOAST relation, its index, the directory. */
#define COST_SCAN_BEGIN_NS 13000.0
/* To open a segment: its header, the metadata of some columns, series. */
#define COST_SEGMENT_OPEN_NS 5000.0
/* Per row of a block that is read, before filters: selecting, bookkeeping. */
#define COST_ROW_NS 0.25
/* The share of that for rows which tags or zone maps skip. */
#define COST_SKIPPED_ROW_SHARE 0.1
/* To make a row for PostgreSQL's executor out of it. */
#define COST_ROW_OUT_NS 25.0
/* The time to read a compressed page, as a share of that for a heap page. */
#define COST_PAGE_SHARE 0.2
/* Share of a segment's cost when only the first rows of an order are wanted. */
#define COST_TOP_SHARE 0.05
/* To pick a row into a slice by time, and sort it. */
#define COST_SLICE_ROW_NS 60.0

/* ---------- expressions, per row ---------- */

/* A kernel's comparison or arithmetic. */
#define COST_KERNEL_NS 0.25
/* A step function of time; a dictionary's result looked up by code. */
#define COST_STEP_NS 1.25
#define COST_DICTIONARY_NS 1.25
/* To store a row in a slot for PostgreSQL's expressions, beside their cost. */
#define COST_SCALAR_ROW_NS 37.0

#endif							/* RUSTS_COSTS_H */
