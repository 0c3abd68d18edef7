/*
 * commitflush.h
 *	  rusts.flush_every_commit.
 */
#ifndef RUSTS_COMMITFLUSH_H
#define RUSTS_COMMITFLUSH_H

extern void commitflush_init(void);

#endif							/* RUSTS_COMMITFLUSH_H */
