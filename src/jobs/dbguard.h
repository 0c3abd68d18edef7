/*
 * dbguard.h
 *	  Commands that need a database for themselves.
 */
#ifndef RUSTS_DBGUARD_H
#define RUSTS_DBGUARD_H

#include "nodes/nodes.h"

/* Called once, while libraries are preloaded. */
extern void dbguard_init(void);
/* Called before a utility statement: stop workers that are in its way. */
extern void dbguard_clear(Node *statement);

#endif							/* RUSTS_DBGUARD_H */
