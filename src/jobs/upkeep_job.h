/*
 * upkeep_job.h
 *	  Compaction and retention of a table that no user asked for.
 */
#ifndef RUSTS_UPKEEP_JOB_H
#define RUSTS_UPKEEP_JOB_H

/* Drop what is too old, in a transaction. */
extern void upkeep_job_retain(Oid relid);
/*
 * Compact what is worth it, a group of segments per transaction, until there
 * is nothing to do, or until told to stop.
 */
extern void upkeep_job_compact(Oid relid, bool (*stop) (void));

#endif							/* RUSTS_UPKEEP_JOB_H */
