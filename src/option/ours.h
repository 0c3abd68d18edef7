/*
 * ours.h
 *	  Is it a rusts table?
 */
#ifndef RUSTS_OURS_H
#define RUSTS_OURS_H

#include "access/tableam.h"
#include "utils/rel.h"

/* Set the access method's routine, from a layer above, once, at load. */
extern void ours_set_routine(const TableAmRoutine *routine);

extern bool ours_is_table(Relation rel);
/* Is an access method ours, under whatever name?  Name NULL: the default. */
extern bool ours_is_method(Oid amoid);
extern bool ours_is_method_name(const char *name);
/* Is a relation ours?  It need not be open, nor exist. */
extern bool ours_is_relation(Oid relid);

#endif							/* RUSTS_OURS_H */
