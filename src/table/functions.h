/*
 * functions.h
 *	  What SQL functions about tables share.
 */
#ifndef RUSTS_FUNCTIONS_H
#define RUSTS_FUNCTIONS_H

#include "utils/rel.h"

/* Open a rusts table that the caller may read; errors out otherwise. */
extern Relation functions_open_table(Oid relid, LOCKMODE lockmode);

#endif							/* RUSTS_FUNCTIONS_H */
