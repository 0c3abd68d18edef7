/*
 * utility.h
 *	  DDL on rusts tables: the ProcessUtility hook.
 */
#ifndef RUSTS_UTILITY_H
#define RUSTS_UTILITY_H

/* Is a statement under way that makes a table of a query's rows? */
extern bool utility_makes_table;

extern void utility_init(void);

/*
 * Should the table that is being created get segment storage (a TOAST
 * relation) although nothing about its columns asks for it?  Set for the
 * length of a statement.
 */
extern bool utility_storage_wanted;

#endif							/* RUSTS_UTILITY_H */
