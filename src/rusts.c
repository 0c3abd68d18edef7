/*
 * rusts.c
 *	  Library entry point: settings, hooks, workers.
 */
#include "postgres.h"

#include "fmgr.h"

#include "table/handler.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	handler_init();
}
