/*
 * residentcount.c
 *	  How many resident workers the server has.
 *
 * A resident worker holds its place among max_worker_processes while it waits.
 * Others need places too, above all the maintenance worker, so half of them
 * are left.  Sessions that look at the same time may go beyond by a few.
 * Without shared_preload_libraries nothing is counted.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/shmem.h"

#include "resident/residentcount.h"

static pg_atomic_uint32 *count = NULL;

void
residentcount_shmem_request(void)
{
	RequestAddinShmemSpace(sizeof(pg_atomic_uint32));
}

void
residentcount_shmem_startup(void)
{
	bool		found;

	count = ShmemInitStruct("rusts resident workers",
							sizeof(pg_atomic_uint32), &found);
	if (!found)
		pg_atomic_init_u32(count, 0);
}

bool
residentcount_has_room(void)
{
	return count == NULL ||
		pg_atomic_read_u32(count) < Max(max_worker_processes / 2, 1);
}

static void
residentcount_leave(int code, Datum arg)
{
	pg_atomic_fetch_sub_u32(count, 1);
}

void
residentcount_join(void)
{
	if (count == NULL)
		return;
	pg_atomic_fetch_add_u32(count, 1);
	before_shmem_exit(residentcount_leave, (Datum) 0);
}
