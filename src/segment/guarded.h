/*
 * guarded.h
 *	  Do something whose error is not to end the statement.
 */
#ifndef RUSTS_GUARDED_H
#define RUSTS_GUARDED_H

#include "utils/elog.h"

/* NULL: it went well.  Else its error, which is the caller's to free or throw. */
extern ErrorData *guarded_run(void (*step) (void *arg), void *arg);

#endif							/* RUSTS_GUARDED_H */
