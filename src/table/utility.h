/*
 * utility.h
 *	  DDL on rusts tables: the ProcessUtility hook.
 */
#ifndef RUSTS_UTILITY_H
#define RUSTS_UTILITY_H

/* Is a statement under way that makes a table of a query's rows? */
extern bool utility_makes_table;

extern void utility_init(void);

#endif							/* RUSTS_UTILITY_H */
