/*
 * handler.h
 *	  The table access method's routine.
 */
#ifndef RUSTS_HANDLER_H
#define RUSTS_HANDLER_H

#include "access/tableam.h"
#include "utils/rel.h"

extern void handler_init(void);
extern bool handler_is_rusts(Relation rel);

#endif							/* RUSTS_HANDLER_H */
