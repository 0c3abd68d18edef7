/*
 * minor.h
 *	  Minor releases that are too old.
 *
 * A row of pg_class must not be changed while VACUUM changes it in place; what
 * keeps the two apart came in the minor releases of November 2024 (upstream "Fix
 * data loss at inplace update after heap_update()").  An older server does not
 * have the function.  It would refuse the library for a missing symbol, so the
 * symbol may be missing, and rusts.c says what is wrong.
 */
#ifndef RUSTS_MINOR_H
#define RUSTS_MINOR_H

#include "storage/lockdefs.h"
#include "utils/syscache.h"

#ifndef InplaceUpdateTupleLock
#error "rusts needs PostgreSQL 15.9, 16.5, 17.1 or a later minor release of these"
#endif

#pragma weak SearchSysCacheLockedCopy1
#define COMPAT_SERVER_IS_TOO_OLD (SearchSysCacheLockedCopy1 == NULL)

#endif							/* RUSTS_MINOR_H */
