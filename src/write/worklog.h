/*
 * worklog.h
 *	  What maintenance did: the rows behind view rusts.maintenance_log.
 */
#ifndef RUSTS_WORKLOG_H
#define RUSTS_WORKLOG_H

#include "write/progress.h"

/*
 * Record what an operation has done, in the transaction that did it.  Nothing
 * is recorded while somebody has the log locked, of temporary tables, and of
 * an operation that found nothing to do.
 */
extern void worklog_add(Relation rel, const Progress *progress);
/* Record a failure; the operation is named as progress_operation_name does. */
extern void worklog_add_failure(Oid relid, const char *operation,
								TimestampTz started_at, const char *message);

/*
 * Remove the oldest rows beyond rusts.maintenance_log_rows, in the current
 * transaction and if nobody else does; returns the log's OID if there were
 * any, else InvalidOid.
 */
extern Oid	worklog_trim(void);
/* Has enough been added since the last call that trimming is worth it? */
extern bool worklog_trim_due(void);

#endif							/* RUSTS_WORKLOG_H */
