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

/*
 * Should the table that is being created get segment storage (a TOAST
 * relation) although nothing about its columns asks for it?  Set by the
 * utility hook for the length of a statement.
 */
extern bool handler_storage_wanted;

#endif							/* RUSTS_HANDLER_H */
