/*
 * residentcount.h
 *	  How many resident workers the server has.
 */
#ifndef RUSTS_RESIDENTCOUNT_H
#define RUSTS_RESIDENTCOUNT_H

/* While libraries are preloaded: ask for shared memory, and set it up. */
extern void residentcount_shmem_request(void);
extern void residentcount_shmem_startup(void);
/* May there be another one? */
extern bool residentcount_has_room(void);
/* Count this process as one from now until it exits. */
extern void residentcount_join(void);

#endif							/* RUSTS_RESIDENTCOUNT_H */
