/*
 * rusts.c
 *	  Library entry point: settings, hooks, workers.
 */
#include "postgres.h"

#include "commands/extension.h"
#include "fmgr.h"
#include "agg/aggupper.h"
#include "agg/aggwork.h"
#include "compat/minor.h"
#include "hooks.h"
#include "ingest/ingest_settings.h"
#include "ingest/ingest_worker.h"
#include "jobs/jobs.h"
#include "scan/scanpath.h"
#include "miscadmin.h"
#include "option/settings.h"
#include "option/utility.h"
#include "resident/resident.h"
#include "resident/residentplace.h"
#include "table/handler.h"
#include "write/bulk.h"
#include "write/hotstats.h"
#include "utils/guc.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

/*
 * Loaded on demand, the library misses statements that run before it is, and
 * nobody flushes.  It works for the session at hand, so this is a warning.
 */
static void
warn_unless_preloaded(void)
{
	if (process_shared_preload_libraries_in_progress || !creating_extension)
		return;
	ereport(WARNING,
			(errmsg("rusts is not in shared_preload_libraries"),
			 errdetail("No background worker moves rows into segments, and statements with rusts.* parameters fail in sessions that have not used a rusts table yet."),
			 errhint("Add rusts to shared_preload_libraries and restart the server.")));
}

static void
refuse_old_server(void)
{
	if (COMPAT_SERVER_IS_TOO_OLD)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("rusts needs a later minor release than PostgreSQL %s",
						GetConfigOption("server_version", false, false)),
				 errdetail("It works with 15.9, 16.5, 17.1 and later ones: older servers can lose a change of pg_class that meets VACUUM."),
				 errhint("Install the latest minor release of PostgreSQL %s.",
						 PG_MAJORVERSION)));
}

void
_PG_init(void)
{
	refuse_old_server();
	warn_unless_preloaded();
	settings_init();
	ingest_settings_init();
	handler_init();
	scanpath_init();
	aggupper_init();
	resident_work = aggwork_run;
	residentplace_setting = &settings_place_workers;
	utility_init();
	hotstats_init();
	bulk_init();
	jobs_init();
	hooks_init();
	MarkGUCPrefixReserved("rusts");
	if (process_shared_preload_libraries_in_progress)
		ingest_worker_register();
}
