/*
 * residentcount.h
 *	  How many resident workers the server has.
 */
#ifndef RUSTS_RESIDENTCOUNT_H
#define RUSTS_RESIDENTCOUNT_H

/* Called once, while libraries are preloaded. */
extern void residentcount_init(void);
/* May there be another one? */
extern bool residentcount_has_room(void);
/* This process is one from now until it exits. */
extern void residentcount_join(void);

#endif							/* RUSTS_RESIDENTCOUNT_H */
