/*
 * slotops.h
 *	  Callbacks of slots.
 */
#ifndef RUSTS_SLOTOPS_H
#define RUSTS_SLOTOPS_H

#include "executor/tuptable.h"

/*
 * PostgreSQL 17 asks a slot whether its row is the current transaction's
 * (upstream 0997e0af27).
 */
#if PG_VERSION_NUM >= 170000
#define COMPAT_SLOT_TELLS_XACT 1
#define COMPAT_SLOT_CALLBACKS 12
#else
#define COMPAT_SLOT_TELLS_XACT 0
#define COMPAT_SLOT_CALLBACKS 11
#endif

/*
 * PostgreSQL 18 lets callers have room in front of a minimal tuple (upstream
 * "Add ExecCopySlotMinimalTupleExtra()").
 */
#if PG_VERSION_NUM >= 180000
#define COMPAT_EXTRA_PARAMETER , Size extra
#define COMPAT_EXTRA , extra
#else
#define COMPAT_EXTRA_PARAMETER
#define COMPAT_EXTRA
#endif

#endif							/* RUSTS_SLOTOPS_H */
