/*
 * residentplace.h
 *	  On which processor a resident worker wakes up.
 */
#ifndef RUSTS_RESIDENTPLACE_H
#define RUSTS_RESIDENTPLACE_H

/* This process is a worker: where it runs is where it may run. */
extern void residentplace_init(void);
/* Keep a worker that sleeps off the caller's processor, if it has others. */
extern void residentplace_keep_off(pid_t worker);
/* This worker may run anywhere again. */
extern void residentplace_release(void);

#endif							/* RUSTS_RESIDENTPLACE_H */
