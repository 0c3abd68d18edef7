/*
 * ours.h
 *	  Is it a rusts table?
 */
#ifndef RUSTS_OURS_H
#define RUSTS_OURS_H

#include "access/tableam.h"
#include "utils/rel.h"

/* The access method's routine, which is a layer above: told once, at load. */
extern void ours_set_routine(const TableAmRoutine *routine);

extern bool ours_is_table(Relation rel);
/* An access method, under whatever name; by name: NULL is the default. */
extern bool ours_is_method(Oid amoid);
extern bool ours_is_method_name(const char *name);
/* A relation that need not be open, nor be there. */
extern bool ours_is_relation(Oid relid);

#endif							/* RUSTS_OURS_H */
