/*
 * handler.h
 *	  The table access method's routine.
 */
#ifndef RUSTS_HANDLER_H
#define RUSTS_HANDLER_H

#include "access/tableam.h"

extern void handler_init(void);

#endif							/* RUSTS_HANDLER_H */
