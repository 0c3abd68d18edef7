/*
 * dbguard.h
 *	  Commands that need a database for themselves.
 */
#ifndef RUSTS_DBGUARD_H
#define RUSTS_DBGUARD_H

extern void dbguard_init(void);

#endif							/* RUSTS_DBGUARD_H */
