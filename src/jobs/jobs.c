/*
 * jobs.c
 *	  Background work: launcher, workers, and what they share.
 */
#include "postgres.h"

#include "jobs/dbguard.h"
#include "jobs/jobs.h"
#include "jobs/jobslot.h"
#include "jobs/launcher.h"
#include "miscadmin.h"
#include "write/hotstats.h"

/*
 * Nothing runs when the library is loaded on demand: shared memory and static
 * workers exist only from the server's start.  pg_upgrade starts servers with
 * this library too, and wants nothing to move there.
 */
void
jobs_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	hotstats_wake = jobslot_wake;
	dbguard_init();
	if (!IsBinaryUpgrade)
		launcher_register();
}
