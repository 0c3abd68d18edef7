/*
 * utility.h
 *	  DDL on rusts tables: the ProcessUtility hook.
 */
#ifndef RUSTS_UTILITY_H
#define RUSTS_UTILITY_H

extern void utility_init(void);

#endif							/* RUSTS_UTILITY_H */
