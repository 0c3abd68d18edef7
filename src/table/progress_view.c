/*
 * progress_view.c
 *	  The function behind view rusts.progress.
 *
 * As in the server's views of progress, everybody sees that a backend is at
 * work, and what it does only who is, or may act as, its user, or reads all
 * statistics.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "compat/compat.h"
#include "compat/privilege.h"
#include "write/progress.h"

#define PROGRESS_VIEW_COLUMNS 8

PG_FUNCTION_INFO_V1(rusts_progress);

PGDLLEXPORT Datum rusts_progress(PG_FUNCTION_ARGS);

static void
progress_view_put(ReturnSetInfo *result, const ProgressReport *report)
{
	const Progress *progress = &report->progress;
	Datum		values[PROGRESS_VIEW_COLUMNS] = {
		Int32GetDatum(report->pid),
		ObjectIdGetDatum(progress->relid),
		CStringGetTextDatum(progress_operation_name(progress->operation)),
		CStringGetTextDatum(progress_phase_name(progress->phase)),
		Int64GetDatum(progress->rows_done),
		Int64GetDatum(progress->rows_total),
		Int64GetDatum(progress->bytes_done),
		TimestampTzGetDatum(progress->started_at)
	};
	bool		isnull[PROGRESS_VIEW_COLUMNS] = {false};
	int			i;

	isnull[5] = progress->rows_total < 0;
	isnull[6] = progress->bytes_done < 0;
	if (!compat_may_see_backend(report->userid))
		for (i = 1; i < PROGRESS_VIEW_COLUMNS; i++)
			isnull[i] = true;
	tuplestore_putvalues(result->setResult, result->setDesc, values, isnull);
}

Datum
rusts_progress(PG_FUNCTION_ARGS)
{
	ListCell   *cell;

	compat_init_materialized_srf(fcinfo);
	foreach(cell, progress_list())
		progress_view_put((ReturnSetInfo *) fcinfo->resultinfo, lfirst(cell));
	return (Datum) 0;
}
