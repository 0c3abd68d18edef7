/*
 * progress.h
 *	  How far a flush, a compaction, retention or an index build has come.
 */
#ifndef RUSTS_PROGRESS_H
#define RUSTS_PROGRESS_H

#include "datatype/timestamp.h"
#include "utils/rel.h"

typedef enum ProgressOperation
{
	OPERATION_FLUSH = 1,
	OPERATION_COMPACTION,
	OPERATION_RETENTION,
	OPERATION_INDEX_BUILD
} ProgressOperation;

/* Of all operations; in the order in which one goes through its own. */
typedef enum ProgressPhase
{
	PHASE_STARTING,
	PHASE_COLLECTING_ROWS,
	PHASE_READING_SEGMENTS,
	PHASE_SORTING_ROWS,
	PHASE_MARKING_ROWS,
	PHASE_WRITING_SEGMENTS,
	PHASE_REPLACING_SEGMENTS,
	PHASE_DROPPING_ROWS,
	PHASE_SCANNING_HOT_ROWS,
	PHASE_SCANNING_SEGMENTS,
	PHASE_BUILDING_INDEX
} ProgressPhase;

/* An operation at work; its numbers can be read when it has ended, too. */
typedef struct Progress
{
	Oid			relid;
	ProgressOperation operation;
	ProgressPhase phase;
	bool		shown;
	int64		rows_done;
	int64		rows_total;		/* -1: nobody knows */
	int64		bytes_done;		/* of segments, compressed */
	TimestampTz started_at;
} Progress;

/* What is shown of a backend's operation. */
typedef struct ProgressReport
{
	int			pid;
	Oid			userid;
	Progress	progress;
} ProgressReport;

/*
 * Begin and end an operation.  One that runs inside of another command that
 * reports its progress keeps its numbers to itself.  After an error there is
 * nothing to do: the end of the transaction ends the report.
 */
extern void progress_begin(Progress *progress, Relation rel,
						   ProgressOperation operation, int64 rows_total);
extern void progress_enter(Progress *progress, ProgressPhase phase);
extern void progress_add(Progress *progress, int64 rows, int64 bytes);
extern void progress_end(Progress *progress);

/*
 * An index build is reported by the server; this adds what it does not know:
 * that the table is ours, and how many rows of segments have been read.
 * rows_total -1: hot rows are being read.
 */
extern void progress_index(int64 rows_done, int64 rows_total);

/* The operations in this database, as ProgressReports. */
extern List *progress_list(void);

extern const char *progress_operation_name(ProgressOperation operation);
extern const char *progress_phase_name(ProgressPhase phase);

#endif							/* RUSTS_PROGRESS_H */
