/*
 * guarded.h
 *	  Run a step whose error must not end the statement.
 */
#ifndef RUSTS_GUARDED_H
#define RUSTS_GUARDED_H

#include "utils/elog.h"

/* Returns NULL if all went well, else the error, to be freed or thrown. */
extern ErrorData *guarded_run(void (*step) (void *arg), void *arg);

#endif							/* RUSTS_GUARDED_H */
