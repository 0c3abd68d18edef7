/*
 * upkeep_job.h
 *	  Compaction and retention of a table that no user asked for.
 */
#ifndef RUSTS_UPKEEP_JOB_H
#define RUSTS_UPKEEP_JOB_H

#include "write/progress.h"

/*
 * Drop what is too old and compact what is worth it, a group of segments per
 * transaction, until there is nothing to do, or until told to stop.  operation
 * says which of them is, or was, at work.
 */
extern void upkeep_job_run(Oid relid, bool (*stop) (void),
						   ProgressOperation *operation);

#endif							/* RUSTS_UPKEEP_JOB_H */
