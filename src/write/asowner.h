/*
 * asowner.h
 *	  Maintenance with the rights of a table's owner.
 */
#ifndef RUSTS_ASOWNER_H
#define RUSTS_ASOWNER_H

#include "utils/rel.h"

/*
 * Index expressions and predicates may call functions of the table's owner:
 * run as the owner, restricted, with settings put back afterwards, as VACUUM
 * and REINDEX do.
 */
extern void asowner_run(Relation rel, void (*run) (void *arg), void *arg);

#endif							/* RUSTS_ASOWNER_H */
