/*
 * launcher.h
 *	  The process that starts a maintenance worker where one is needed.
 */
#ifndef RUSTS_LAUNCHER_H
#define RUSTS_LAUNCHER_H

extern void launcher_register(void);

#endif							/* RUSTS_LAUNCHER_H */
