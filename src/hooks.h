/*
 * hooks.h
 *	  Where the server calls the library.
 */
#ifndef RUSTS_HOOKS_H
#define RUSTS_HOOKS_H

/* Install the hooks; called once, from _PG_init. */
extern void hooks_init(void);

#endif							/* RUSTS_HOOKS_H */
