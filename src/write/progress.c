/*
 * progress.c
 *	  How far a flush, a compaction, retention or an index build has come.
 *
 * The server keeps a place for each backend in which a command leaves a few
 * numbers, and takes the report back when a (sub)transaction fails or the
 * backend ends.  It tells commands apart by a number, and its own views show
 * only those that they know.  So an extension can use the place under a number
 * of its own: there is nothing to clean up, and nothing to ask of
 * shared_preload_libraries.  With track_activities off nothing is shown.
 *
 * A place holds one command.  Whoever finds another one's report there leaves
 * it alone, and what a failed subtransaction has taken back is put there again
 * with the next number (segment_drop.c has such subtransactions).
 *
 * An index build has the server's report, of which a few numbers are free.
 */
#include "postgres.h"

#include "commands/progress.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/backend_status.h"
#include "utils/timestamp.h"

#include "compat/tablestats.h"
#include "write/progress.h"

/* No command of the server's has this number: "rust" in ASCII. */
#define PROGRESS_COMMAND ((ProgressCommandType) 0x72757374)

/* Our numbers. */
typedef enum ProgressParam
{
	PARAM_OPERATION,
	PARAM_PHASE,
	PARAM_ROWS_DONE,
	PARAM_ROWS_TOTAL,
	PARAM_BYTES_DONE,
	PARAM_STARTED_AT,
	PARAM_COUNT
} ProgressParam;

/*
 * Numbers of an index build that no server version uses.  They are 0 when it
 * begins, so the number of rows is kept one higher.
 */
#define INDEX_ROWS_DONE 17
#define INDEX_ROWS_TOTAL 18
#define INDEX_IS_OURS 19

static void
progress_publish(const Progress *progress)
{
	static const int params[PARAM_COUNT] = {
		PARAM_OPERATION, PARAM_PHASE, PARAM_ROWS_DONE, PARAM_ROWS_TOTAL,
		PARAM_BYTES_DONE, PARAM_STARTED_AT
	};
	int64		values[PARAM_COUNT] = {
		progress->operation, progress->phase, progress->rows_done,
		progress->rows_total, progress->bytes_done, progress->started_at
	};

	if (!progress->shown || MyBEEntry == NULL)
		return;
	if (MyBEEntry->st_progress_command == PROGRESS_COMMAND_INVALID)
		pgstat_progress_start_command(PROGRESS_COMMAND, progress->relid);
	if (MyBEEntry->st_progress_command == PROGRESS_COMMAND)
		pgstat_progress_update_multi_param(PARAM_COUNT, params, values);
}

void
progress_begin(Progress *progress, Relation rel, ProgressOperation operation,
			   int64 rows_total)
{
	memset(progress, 0, sizeof(Progress));
	progress->relid = RelationGetRelid(rel);
	progress->operation = operation;
	progress->rows_total = rows_total;
	progress->started_at = GetCurrentTimestamp();
	progress->shown = MyBEEntry != NULL &&
		MyBEEntry->st_progress_command == PROGRESS_COMMAND_INVALID;
	progress_publish(progress);
}

void
progress_enter(Progress *progress, ProgressPhase phase)
{
	progress->phase = phase;
	progress_publish(progress);
}

/* What is done can turn out to be more than was thought to be there. */
void
progress_add(Progress *progress, int64 rows, int64 bytes)
{
	progress->rows_done += rows;
	progress->bytes_done += bytes;
	if (progress->rows_total >= 0)
		progress->rows_total = Max(progress->rows_total, progress->rows_done);
	progress_publish(progress);
}

void
progress_end(Progress *progress)
{
	if (progress->shown && MyBEEntry->st_progress_command == PROGRESS_COMMAND)
		pgstat_progress_end_command();
	progress->shown = false;
}

void
progress_index(int64 rows_done, int64 rows_total)
{
	static const int params[] = {INDEX_ROWS_DONE, INDEX_ROWS_TOTAL,
	INDEX_IS_OURS};
	int64		values[] = {rows_done, rows_total + 1, 1};

	if (MyBEEntry != NULL &&
		MyBEEntry->st_progress_command == PROGRESS_COMMAND_CREATE_INDEX)
		pgstat_progress_update_multi_param(lengthof(params), params, values);
}

/* ---------- reading ---------- */

static void
progress_read_own(const PgBackendStatus *status, Progress *progress)
{
	const int64 *params = status->st_progress_param;

	progress->operation = (ProgressOperation) params[PARAM_OPERATION];
	progress->phase = (ProgressPhase) params[PARAM_PHASE];
	progress->rows_done = params[PARAM_ROWS_DONE];
	progress->rows_total = params[PARAM_ROWS_TOTAL];
	progress->bytes_done = params[PARAM_BYTES_DONE];
	progress->started_at = params[PARAM_STARTED_AT];
}

static void
progress_read_index(const PgBackendStatus *status, Progress *progress)
{
	const int64 *params = status->st_progress_param;

	progress->operation = OPERATION_INDEX_BUILD;
	progress->rows_done = params[INDEX_ROWS_DONE];
	progress->rows_total = params[INDEX_ROWS_TOTAL] - 1;
	progress->bytes_done = -1;
	progress->started_at = status->st_activity_start_timestamp;
	if (progress->rows_total < 0)
		progress->phase = PHASE_SCANNING_HOT_ROWS;
	else if (progress->rows_done < progress->rows_total)
		progress->phase = PHASE_SCANNING_SEGMENTS;
	else
		progress->phase = PHASE_BUILDING_INDEX;
}

/* False: the backend is not at work on one of ours, in this database. */
static bool
progress_read(const PgBackendStatus *status, ProgressReport *report)
{
	bool		own = status->st_progress_command == PROGRESS_COMMAND;
	bool		index = status->st_progress_command ==
	PROGRESS_COMMAND_CREATE_INDEX &&
	status->st_progress_param[INDEX_IS_OURS] != 0;

	if (status->st_databaseid != MyDatabaseId || (!own && !index))
		return false;
	report->pid = status->st_procpid;
	report->userid = status->st_userid;
	report->progress.relid = status->st_progress_command_target;
	if (own)
		progress_read_own(status, &report->progress);
	else
		progress_read_index(status, &report->progress);
	/* between the start of the report and its first numbers */
	return report->progress.operation != 0;
}

List *
progress_list(void)
{
	int			n = pgstat_fetch_stat_numbackends();
	List	   *reports = NIL;
	int			i;

	for (i = 1; i <= n; i++)
	{
		LocalPgBackendStatus *status = compat_backend_status(i);
		ProgressReport *report = palloc0(sizeof(ProgressReport));

		if (status != NULL && progress_read(&status->backendStatus, report))
			reports = lappend(reports, report);
		else
			pfree(report);
	}
	return reports;
}

const char *
progress_operation_name(ProgressOperation operation)
{
	switch (operation)
	{
		case OPERATION_FLUSH:
			return "flush";
		case OPERATION_COMPACTION:
			return "compaction";
		case OPERATION_RETENTION:
			return "retention";
		case OPERATION_INDEX_BUILD:
			return "index build";
	}
	return NULL;
}

const char *
progress_phase_name(ProgressPhase phase)
{
	switch (phase)
	{
		case PHASE_STARTING:
			return "starting";
		case PHASE_COLLECTING_ROWS:
			return "collecting rows";
		case PHASE_READING_SEGMENTS:
			return "reading segments";
		case PHASE_SORTING_ROWS:
			return "sorting rows";
		case PHASE_MARKING_ROWS:
			return "marking rows";
		case PHASE_WRITING_SEGMENTS:
			return "writing segments";
		case PHASE_REPLACING_SEGMENTS:
			return "replacing segments";
		case PHASE_DROPPING_ROWS:
			return "dropping rows";
		case PHASE_SCANNING_HOT_ROWS:
			return "scanning hot rows";
		case PHASE_SCANNING_SEGMENTS:
			return "scanning segments";
		case PHASE_BUILDING_INDEX:
			return "building index";
	}
	return NULL;
}
