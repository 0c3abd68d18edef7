/*
 * jobs.h
 *	  Background work: what the rest of the library calls.
 */
#ifndef RUSTS_JOBS_H
#define RUSTS_JOBS_H

/* Register the launcher and what wakes it; called from _PG_init. */
extern void jobs_init(void);

#endif							/* RUSTS_JOBS_H */
