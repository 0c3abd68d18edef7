/*
 * waiting.h
 *	  Sets of events that a process waits for.
 */
#ifndef RUSTS_WAITING_H
#define RUSTS_WAITING_H

#include "storage/latch.h"
#include "utils/memutils.h"

/*
 * PostgreSQL 17 has a resource owner look after such a set, or nobody, where
 * it was a memory context (upstream 50c67c2019).  This one lives as long as
 * the process.
 */
static inline WaitEventSet *
compat_create_wait_event_set(int nevents)
{
#if PG_VERSION_NUM >= 170000
	return CreateWaitEventSet(NULL, nevents);
#else
	return CreateWaitEventSet(TopMemoryContext, nevents);
#endif
}

#endif							/* RUSTS_WAITING_H */
