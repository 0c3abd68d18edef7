/*
 * querying.h
 *	  Statements that are run from the inside, across versions.
 */
#ifndef RUSTS_QUERYING_H
#define RUSTS_QUERYING_H

#include "tcop/pquery.h"
#include "utils/wait_event.h"

/* PostgreSQL 18 finds out by itself that a portal runs once (upstream 3eea7a0c97). */
#if PG_VERSION_NUM >= 180000
#define compat_portal_run(portal, dest) \
	PortalRun(portal, FETCH_ALL, true, dest, dest, NULL)
#else
#define compat_portal_run(portal, dest) \
	PortalRun(portal, FETCH_ALL, true, true, dest, dest, NULL)
#endif

/* PostgreSQL 17 generates the names of wait events (upstream fa88928470). */
#if PG_VERSION_NUM < 170000
#define WAIT_EVENT_MESSAGE_QUEUE_SEND WAIT_EVENT_MQ_SEND
#endif

#endif							/* RUSTS_QUERYING_H */
